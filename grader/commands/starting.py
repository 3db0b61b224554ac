"""Trains labs from many starts, several at once; what they reach is `starts` of a calibration."""

import hashlib
from collections.abc import Generator, Sequence
from concurrent.futures import as_completed
from concurrent.futures.process import BrokenProcessPool
from datetime import date
from pathlib import Path

import msgspec
import platformdirs
from msgspec import Struct
from msgspec.structs import replace

import reference
from grader.calibration.bounds import Calibration
from grader.calibration.plan import Plan, handed_out
from grader.calibration.starts import Curve, Starts, starts
from grader.commands.long_work import Told, environment, keep, kept_trainings, processes, refusing_to_lose
from grader.course.folder import load_rubric
from grader.errors import OurFault
from grader.wording.counting import quantity

MARKS = (1, 2, 3, 5, 7, 10, 15, 20, 25, 30, 40, 50, 60, 80, 100, 125, 150, 175, 200, 250, 300, 350, 400, 450, 500)
GROUP = 5  # starts that train at once: a graph of so many costs per start two thirds of that of one


class Started(Struct, frozen=True):
    """One training, as it is kept on disk."""

    seed: int
    curve: Curve


def starts_of(made: Calibration, folders: Sequence[Path], jobs: int) -> Generator[Told, None, Starts]:
    """As many as `made` has seeds, for as many epochs."""
    curves = yield from curves_of(made.lab, (made.data, made.digest), folders, made.seeds, made.rows[-1].epochs, jobs)
    return starts_in(curves, made.rows[-1].epochs, made.dev.majority)


def starts_in(curves: Sequence[Curve], epochs: int, majority: float) -> Starts:
    marks = tuple(mark for mark in MARKS if mark < epochs)
    return starts(curves, (*marks, epochs), majority, date.today().isoformat())


def curves_of(
    lab: str, data: tuple[str, str], folders: Sequence[Path], seeds: int, epochs: int, jobs: int
) -> Generator[Told, None, list[Curve]]:
    """Of trainings of so many epochs from each of the seeds; `data`: what they are called, and their digest."""
    head, (name, digest) = load_rubric(lab).head, data
    plan = replace(handed_out(lab, head, reference.STARTED[lab]), epochs=epochs)
    kept, what = place(plan, digest), f"{lab} on {name}"
    done = {one.seed: one.curve for one in kept_trainings(kept, Started)}
    groups = [range(first, first + GROUP) for first in range(0, seeds, GROUP) if first not in done]
    yield Told(f"{what}: {quantity(seeds, 'start')} of {quantity(plan.epochs, 'epoch')}, in groups of {GROUP}.")
    with processes(min(jobs, len(groups)), head.environment) as pool:
        waiting = [pool.submit(group, plan, tuple(folders), tuple(seeds)) for seeds in groups]
        try:
            for count, future in enumerate(as_completed(waiting), 1):
                with refusing_to_lose(kept):
                    keep(kept, *future.result())
                done |= {one.seed: one.curve for one in future.result()}
                yield Told(f"{what}: {count} of {quantity(len(groups), 'group')}", passing=True)
        except BrokenProcessPool as error:
            raise OurFault(f"A training of {lab} ended without a word; run the command again.") from error
    return [done[seed] for seed in range(seeds)]


def looked_at_each_epoch(lab: str) -> bool:
    """Then one training tells what it reaches after every number of epochs, and at its best."""
    known = reference.STARTED.get(lab)
    return known is not None and handed_out(lab, load_rubric(lab).head, known).looks == 1


def group(plan: Plan, folders: tuple[Path, ...], seeds: tuple[int, ...]) -> list[Started]:
    told = reference.started(plan, folders, seeds)
    return [
        Started(seed, Curve(told.epochs, tuple(told.dev[i].tolist()), tuple(told.test[i].tolist())))
        for i, seed in enumerate(seeds)
    ]


def place(plan: Plan, digest: str) -> Path:
    """Another one when data, settings, versions or what is trained are others."""
    key = hashlib.sha256(msgspec.json.encode((plan, digest, environment())))
    for module in ("starts", "pair_starts", "bag_starts", "schedule", "training", "training_pairs"):
        key.update((Path(reference.__file__).parent / "trainings" / f"{module}.py").read_bytes())
    folder = Path(platformdirs.user_cache_dir("grader", appauthor=False), "calibrating")
    return folder / f"{plan.lab}-starts-{key.hexdigest()[:16]}.jsonl"
