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
    """As many as `made` has seeds, for as many epochs; returns Starts."""
    head = load_rubric(made.lab).head
    plan = replace(handed_out(made.lab, head, reference.STARTED[made.lab]), epochs=made.rows[-1].epochs)
    kept, what = place(plan, made.digest), f"{made.lab} on {made.data}"
    done = {one.seed: one.curve for one in kept_trainings(kept, Started)}
    groups = [range(first, first + GROUP) for first in range(0, made.seeds, GROUP) if first not in done]
    yield Told(f"{what}: {quantity(made.seeds, 'start')} of {quantity(plan.epochs, 'epoch')}, in groups of {GROUP}.")
    with processes(min(jobs, len(groups)), head.environment) as pool:
        waiting = [pool.submit(group, plan, tuple(folders), tuple(seeds)) for seeds in groups]
        try:
            for count, future in enumerate(as_completed(waiting), 1):
                with refusing_to_lose(kept):
                    keep(kept, *future.result())
                done |= {one.seed: one.curve for one in future.result()}
                yield Told(f"{what}: {count} of {quantity(len(groups), 'group')}", passing=True)
        except BrokenProcessPool as error:
            raise OurFault(f"A training of {made.lab} ended without a word; run the command again.") from error
    marks = tuple(mark for mark in MARKS if mark < plan.epochs)
    curves = [done[seed] for seed in range(made.seeds)]
    return starts(curves, (*marks, plan.epochs), made.dev.majority, date.today().isoformat())


def group(plan: Plan, folders: tuple[Path, ...], seeds: tuple[int, ...]) -> list[Started]:
    told = reference.started(plan, folders, seeds)
    return [
        Started(seed, Curve(told.epochs, tuple(told.dev[i].tolist()), tuple(told.test[i].tolist())))
        for i, seed in enumerate(seeds)
    ]


def place(plan: Plan, digest: str) -> Path:
    """Another one when data, settings, versions or what is trained are others."""
    key = hashlib.sha256(msgspec.json.encode((plan, digest, environment())))
    for module in ("starts", "pair_starts", "drawing", "training", "training_pairs"):
        key.update((Path(reference.__file__).parent / "trainings" / f"{module}.py").read_bytes())
    folder = Path(platformdirs.user_cache_dir("grader", appauthor=False), "calibrating")
    return folder / f"{plan.lab}-starts-{key.hexdigest()[:16]}.jsonl"
