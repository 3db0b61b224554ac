"""Trainings that take hours: in processes of their own, told of while they run, and kept where they end."""

import importlib.metadata
import multiprocessing
import os
import platform
import signal
from collections.abc import Iterator
from concurrent.futures import Executor, ProcessPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

import msgspec
import numpy as np
from msgspec import Struct

from grader.calibration.bounds import Environment
from grader.errors import UsageError
from grader.judging.oracle import prepare

Training = TypeVar("Training", bound=Struct)  # one, as it is kept on disk


class Told(Struct, frozen=True):
    line: str
    passing: bool = False  # of no interest once the next one is there


@contextmanager
def refusing_to_lose(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise UsageError(
            f"{path}: cannot be written ({error.strerror}). Make room or make it writable, and run the "
            "command again: the trainings that are kept are not done twice."
        ) from error


def kept_trainings(path: Path, kind: type[Training]) -> Iterator[Training]:
    for line in path.read_bytes().splitlines() if path.is_file() else ():
        try:
            yield msgspec.json.decode(line, type=kind)
        except msgspec.MsgspecError:
            continue  # cut short when the machine went down: trained again


def keep(path: Path, *trainings: Struct) -> None:
    """A line for each, at the end of those that are there."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("ab") as lines:
        lines.write(b"".join(msgspec.json.encode(one) + b"\n" for one in trainings))


def duration(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 90 else f"{seconds / 60:.0f} minutes"


@contextmanager
def processes(count: int, variables: dict[str, str]) -> Iterator[Executor]:
    """Ended at once when this is left, whatever they are doing."""
    pool = ProcessPoolExecutor(max(count, 1), multiprocessing.get_context("spawn"), begin, (variables,))
    try:
        yield pool
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
        for child in multiprocessing.active_children():
            child.terminate()


def begin(variables: dict[str, str]) -> None:
    prepare()
    os.environ |= {"TRANSFORMERS_VERBOSITY": "error", **variables}
    os.environ["TF_NUM_INTRAOP_THREADS"] = os.environ["TF_NUM_INTEROP_THREADS"] = "1"  # so small, it uses one anyway
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # Ctrl-C ends it without a traceback


def environment() -> Environment:
    (tensorflow, *_) = importlib.metadata.packages_distributions()["tensorflow"]
    return Environment(
        platform.python_version(),
        importlib.metadata.version(tensorflow),
        np.__version__,
        f"{platform.system()} {platform.machine()}",
    )
