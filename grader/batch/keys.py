"""What a result depends on, as one word: equal words mean that grading again would tell nothing new."""

import hashlib
import platform
from collections.abc import Iterable
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import msgspec

from grader.batch.shared import Batch
from grader.course.folder import FILE, current_course
from grader.data.folder import DataFolder
from grader.model import Submission
from grader.running.gpus import Inventory
from grader.sandbox.guest.wire import Question

HERE = Path(__file__).parents[1]
# What runs a notebook, and what makes the data it sees. How it was read shows in its cells.
RUNS_BY = (HERE / "sandbox", HERE / "data", HERE / "batch" / "hidden_labels.py")
JUDGES_BY = (HERE, HERE.parent / "reference")
PACKAGES = ("tensorflow", "tensorflow-cpu", "numpy", "keras", "tf-keras", "transformers")


def of_run(submission: Submission, batch: Batch) -> str:
    """Of what a notebook does when it is run: its cells, the data, the limits, and the code that runs it.

    Of its course as much as is no question of judging.
    """
    rubric = batch.rubrics.get(submission.lab or "")
    return digest(
        *(f"{cell.index} {cell.kind} {cell.source}" for cell in submission.cells),
        *map(repr, submission.modules),
        str(submission.lab),
        current_course().title,
        repr(rubric.head.environment if rubric else {}),
        batch.data_key,
        repr((batch.isolation, batch.train, batch.seed, batch.accelerate, batch.blind_test)),
        repr((batch.deadline, batch.memory)),
        repr((rubric.deadline, rubric.training) if rubric else None),
        of_code(RUNS_BY),
        *ENVIRONMENT,
        of_devices(batch.inventory),
    )


def of_report(submission: Submission, batch: Batch) -> str:
    """Of what is said about a run: the run, the course, and all code that judges."""
    rubric = msgspec.json.encode(batch.rubrics.get(submission.lab or "")).decode()
    return digest(
        of_run(submission, batch),
        submission.content,
        rubric,
        of_code(JUDGES_BY),
        of_course(),
        str((batch.public_only, batch.equal_training)),
    )


def of_course() -> str:
    """Of everything in the folder of the course by which it judges."""
    folder = current_course().folder
    return of_code((folder / FILE, folder / "rubrics", folder / "reference"))


def of_question(question: Question) -> str:
    return hashlib.sha256(msgspec.msgpack.encode(question)).hexdigest()


def of_data(data: DataFolder) -> str:
    """By names, sizes and times: the files of a course's folder are too large to read for this."""
    told = [data.description]
    for name, folder in sorted(data.parts.items()):
        files = sorted(file for file in folder.rglob("*") if file.is_file()) if name not in data.toy else []
        told += [f"{name} {folder}", *(f"{f} {f.stat().st_size} {f.stat().st_mtime_ns}" for f in files)]
    return digest(*told)


@cache
def of_code(folders: tuple[Path, ...]) -> str:
    """Of every source, rubric and calibration in these folders, and of these files."""
    inside = (file for folder in folders for kind in ("py", "yaml", "json") for file in folder.rglob(f"*.{kind}"))
    files = (*inside, *(file for file in folders if file.is_file()))
    return digest(*sorted(f"{file.name} {hashlib.sha256(file.read_bytes()).hexdigest()}" for file in files))


@cache
def of_devices(inventory: Inventory) -> str:
    """Of the kinds of GPUs, each of which adds up in an order of its own."""
    return digest(*sorted({gpu.name for gpu in inventory().gpus}))


def installed(packages: Iterable[str]) -> Iterable[str]:
    for name in packages:
        try:
            yield f"{name} {version(name)}"
        except PackageNotFoundError:
            yield f"{name} -"


ENVIRONMENT = (platform.python_version(), *installed(PACKAGES))


def digest(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()
