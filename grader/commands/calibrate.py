"""Trains the reference over many seeds, in processes of their own, and makes of the accuracies what calibrations hold.

A training that is done is kept at once, so that a command broken off goes on where it was, and one with more seeds
trains only those; the calibration is written at the end, whole.
"""

import hashlib
import json
import tempfile
import time
from collections import Counter
from collections.abc import Generator, Iterator, Sequence
from concurrent.futures import as_completed
from concurrent.futures.process import BrokenProcessPool
from datetime import date
from pathlib import Path

import platformdirs
from msgspec import Struct
from msgspec.structs import asdict, replace

import reference
from grader.calibration.bounds import (
    Calibration,
    Row,
    Split,
    SplitName,
    read_calibration,
    written,
)
from grader.calibration.measured import bounds_of
from grader.calibration.starts import Curve, Starts
from grader.commands.long_work import (
    Told,
    duration,
    environment,
    keep,
    kept_trainings,
    processes,
    refusing_to_lose,
)
from grader.commands.starting import curves_of, looked_at_each_epoch, starts_in, starts_of
from grader.course.folder import current_course, lab_slug, load_rubric
from grader.course.head import Head, Labels, Settings
from grader.data.cache import write_whole
from grader.data.folder import DataFolder, data_folder, with_vectors
from grader.data.packing import content
from grader.data.pairs import LABELS, file_of
from grader.data.parts import BERT, EMBEDDINGS, SNLI, TREES, Part
from grader.data.truths import truths_of
from grader.errors import OurFault, RubricError, UsageError
from grader.wording.counting import quantity
from reference import Accuracies

MARKS = (1, 2, 3, 5, 7, 10, 15, 20, 25, 30, 40, 50, 60, 80, 100, 125, 150, 175, 200, 250, 300, 350, 400, 450, 500)
SPLITS: tuple[SplitName, ...] = ("dev", "test")
NAMES = {TREES: "treebank", SNLI: "snli"}


class Plan(Struct, frozen=True):
    """One lab on one set of data."""

    lab: str
    data: str
    digest: str
    folders: tuple[Path, ...]  # of the parts it is trained on
    dev: Split
    test: Split
    folder: Path  # where the calibration goes
    seeds: int
    marks: tuple[int, ...]  # epochs after which accuracies are taken
    settings: Settings
    environment: dict[str, str]


class Done(Struct, frozen=True):
    """One training, as it is kept on disk."""

    seed: int
    accuracies: Accuracies


def calibrations(
    labs: Sequence[str],
    configured: Path | None,
    seeds: int,
    jobs: int,
    epochs: int | None,
    folder: Path | None = None,
) -> Iterator[Told]:
    """Makes and stores the calibration of each lab; raises before the first training when one cannot be made."""
    slugs = [calibrated(lab) for lab in labs]
    folder, data = folder or current_course().calibrations, data_folder(configured)
    for slug in slugs:
        insist_on(trained_on(load_rubric(slug).head)[0], data, configured)
    with refusing_to_lose(folder):
        folder.mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=folder).close()  # whether it can be written, before an hour is spent
    truths = truths_of(data)
    for lab in slugs:
        head = load_rubric(lab).head
        assert head.settings is not None, lab  # which `calibrated` has seen to
        part, *more = trained_on(head)
        digest, there = truths[lab].digest, with_vectors(data) if EMBEDDINGS in more else data.parts
        folders = tuple(there[one.name] for one in (part, *more))
        longest = min(epochs or head.settings.epochs, head.settings.epochs)
        marks = (*(mark for mark in MARKS if mark < longest), longest)
        own, toy = "toy" if part.name in data.toy else NAMES[part], {part.name, *(p.name for p in more)} <= {*data.toy}
        name = own if toy else name_of(own, folder / f"{lab}.{own}.json", digest)
        dev, test = (split_facts(labels_in(folders[0], part, split)) for split in SPLITS)
        plan = Plan(
            lab, name, digest, folders, dev, test, folder, seeds, marks,
            replace(head.settings, epochs=longest), head.environment,
        )  # fmt: skip
        yield from stored(plan, jobs)


def trained_on(head: Head) -> tuple[Part, ...]:
    """The first decides the accuracies."""
    begun_with = BERT if BERT.name in head.data else EMBEDDINGS
    return (SNLI, begun_with) if head.labels is Labels.INFERENCE else (TREES,)


def insist_on(part: Part, data: DataFolder, configured: Path | None) -> None:
    where = data.parts[part.name]
    if (configured and part.name in data.toy) or part.missing(where):
        raise UsageError(
            f"{configured or where} does not hold {', '.join(part.files)}, which calibrations are made "
            "on. Name a folder that has them by --data, or leave --data out for toy data."
        )


def calibrated(lab: str) -> str:
    slug = lab_slug(lab)
    heads = {lab: rubric.head for lab, rubric in current_course().labs.items() if lab in reference.TRAINED}
    measured = [lab for lab, head in heads.items() if head.settings and head.labels]
    if slug not in measured:
        raise UsageError(f"{slug} has no accuracy to calibrate; these have: {', '.join(measured) or 'none'}.")
    return slug


def name_of(own: str, there: Path, digest: str) -> str:
    """Another name for a second set of data, so that the file `there` stays as it is; a spoilt file is made anew."""
    try:
        same = not there.is_file() or read_calibration(there).digest == digest
    except RubricError:
        same = True
    return own if same else f"{own}-{digest[:8]}"


def stored(plan: Plan, jobs: int) -> Iterator[Told]:
    """Trains what is missing and writes the file."""
    if looked_at_each_epoch(plan.lab):
        data, last = (plan.data, plan.digest), plan.marks[-1]
        curves = yield from curves_of(plan.lab, data, plan.folders, plan.seeds, last, jobs)
        made = calibration(plan, [at_marks(curve, plan.marks) for curve in curves])
        starts: Starts | None = starts_in(curves, last, made.dev.majority)
    else:
        made = calibration(plan, (yield from runs_of(plan, jobs)))
        starts = (yield from starts_of(made, plan.folders, jobs)) if plan.lab in reference.STARTED else None
    path = plan.folder / f"{plan.lab}.{plan.data}.json"
    with refusing_to_lose(path):
        write_whole(path, written(replace(made, starts=starts)))
    yield Told(f"{plan.lab} on {plan.data}: written to {path}")


def at_marks(curve: Curve, marks: Sequence[int]) -> Accuracies:
    told = dict(zip(curve.epochs, zip(curve.dev, curve.test, strict=True), strict=True))
    return {mark: dict(zip(SPLITS, told[mark], strict=True)) for mark in marks}


def runs_of(plan: Plan, jobs: int) -> Generator[Told, None, list[Accuracies]]:
    kept = trainings(plan)
    done = {run.seed: run.accuracies for run in kept_trainings(kept, Done) if run.seed < plan.seeds}
    what = f"{plan.lab} on {plan.data}"
    yield Told(
        f"{what}: {quantity(plan.seeds, 'seed')} of {quantity(plan.marks[-1], 'epoch')}"
        + (f", of which {len(done)} were done before." if done else ".")
    )
    missing = [seed for seed in range(plan.seeds) if seed not in done]
    begun = time.monotonic()
    for count, run in enumerate(trained(plan, missing, jobs), 1):
        with refusing_to_lose(kept):
            keep(kept, run)
        done[run.seed] = run.accuracies
        left = (time.monotonic() - begun) / count * (len(missing) - count)
        last = run.accuracies[plan.marks[-1]]["dev"]
        yield Told(
            f"{what}: seed {run.seed} reaches {last:.3f} on dev ({len(done)} of {plan.seeds}, "
            f"about {duration(left)} to go)",
            passing=True,
        )
    return [done[seed] for seed in range(plan.seeds)]


def trainings(plan: Plan) -> Path:
    """Where they are kept; another place when data, settings, versions or what is trained are others."""
    key = hashlib.sha256(repr((plan.digest, plan.settings, plan.marks, environment())).encode())
    trainer = "trainings/fine_tuning" if reference.fine_tunes(plan.lab) else "trainings/training"
    for module in (trainer, "trainings/training_pairs", "steps/recurrent", plan.lab):
        key.update((Path(reference.__file__).parent / f"{module}.py").read_bytes())
    folder = Path(platformdirs.user_cache_dir("grader", appauthor=False), "calibrating")
    return folder / f"{plan.lab}-{key.hexdigest()[:16]}.jsonl"


def trained(plan: Plan, seeds: Sequence[int], jobs: int) -> Iterator[Done]:
    with processes(min(jobs, len(seeds)), plan.environment) as pool:
        waiting = [pool.submit(one, plan, seed) for seed in seeds]
        try:
            for future in as_completed(waiting):
                yield future.result()
        except BrokenProcessPool as error:
            raise OurFault(
                f"A training of {plan.lab} ended without a word; memory may have run out. "
                "Run the command again with fewer --jobs: what is done is kept."
            ) from error


def one(plan: Plan, seed: int) -> Done:
    return Done(seed, reference.trained(plan.lab, plan.settings, plan.folders, seed, plan.marks))


def calibration(plan: Plan, runs: Sequence[Accuracies]) -> Calibration:
    bounds = {
        "dev": bounds_of(plan.marks, runs, "dev", plan.dev.examples),
        "test": bounds_of(plan.marks, runs, "test", plan.test.examples),
    }
    return Calibration(
        plan.lab,
        plan.data,
        plan.digest,
        plan.seeds,
        asdict(plan.settings),
        plan.dev,
        plan.test,
        environment(),
        date.today().isoformat(),
        tuple(Row(mark, bounds["dev"][i], bounds["test"][i]) for i, mark in enumerate(plan.marks)),
    )


def split_facts(labels: Sequence[object]) -> Split:
    return Split(len(labels), round(max(Counter(labels).values()) / len(labels), 4))


def labels_in(folder: Path, part: Part, split: SplitName) -> list[object]:
    """Of all examples that notebooks use; sentences labelled 2, neither good nor bad, are left out."""
    if part is SNLI:
        labels = (json.loads(line)["gold_label"] for line in content(folder, file_of(split)).splitlines())
        return [label for label in labels if label in LABELS]
    return [line[1:2] > b"2" for line in content(folder, f"{split}.txt").splitlines() if line[1:2] in b"0134"]
