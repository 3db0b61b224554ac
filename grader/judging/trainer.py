"""The process that trains classifiers outside notebooks, by the reference's compiled loop, and keeps what they reach.

What a notebook's settings reach from one start is kept by those settings: in memory for a batch, and on disk for those
that come later. Nothing of a notebook is carried out here; it is numbers that come in, and numbers that go out.
"""

import hashlib
import importlib.metadata
import os
from collections.abc import Callable
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import suppress
from functools import cache
from multiprocessing import active_children, get_context
from multiprocessing.process import BaseProcess
from pathlib import Path
from threading import Lock
from typing import Any

import msgspec
import platformdirs
from msgspec import Struct

from grader.calibration.plan import Plan
from grader.data.cache import write_whole
from grader.errors import OurFault
from grader.judging.comparing.arrays import Numbers
from grader.judging.oracle import prepare

Encoded = dict[str, tuple[tuple[str, ...], Numbers, Numbers]]  # by split: sentences, their ids, their labels


PATIENCE = 1800.0  # seconds for one training and those that wait before it


class Trace(Struct, frozen=True):
    """One training: shares of right answers on dev and test at the epochs at which it was looked at."""

    epochs: tuple[int, ...]
    dev: tuple[float, ...]
    test: tuple[float, ...]

    @property
    def best(self) -> int:
        """The place of the first epoch that is best on dev."""
        return max(range(len(self.dev)), key=lambda i: (self.dev[i], -i))


class Data(Struct, frozen=True):
    """The parts of the course's data that are trained on, with all labels as they are; `digest` of what they hold."""

    digest: str
    folders: tuple[Path, ...]


class Trainer:
    """Its process starts with the first question; threads share it."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._kept: dict[str, Future[Any]] = {}
        self._pool: ProcessPoolExecutor | None = None
        self._processes: set[BaseProcess] = set()

    def trace(self, data: Data, plan: Plan, seed: int) -> Trace:
        """Raises OurFault when the process dies of it."""
        key = key_of("trace", plan, data.digest, seed)
        known = read(key)
        if known is not None:
            return known
        found: Trace = self._answer(key, trained, plan, data.folders, seed)
        keep(key, found)
        return found

    def other_encoding(self, lab: str, data: Data, own: Encoded, padding: int | None, vectors: Numbers | None) -> str:
        """Why the word ids, the counts or the vectors of words are not the lab's, as a clause; empty where they are."""
        told = [(name, texts, x.tobytes(), y.tobytes()) for name, (texts, x, y) in own.items()]
        key = key_of("ids", lab, told, data.digest, padding, vectors.tobytes() if vectors is not None else b"")
        said: str = self._answer(key, compared, lab, data.folders, own, padding, vectors)
        return said

    def _answer(self, key: str, function: Callable[..., Any], *given: Any) -> Any:
        with self._lock:
            if self._pool is None:
                before = set(active_children())
                self._pool = ProcessPoolExecutor(1, get_context("spawn"), begin)
            if key not in self._kept:
                self._kept[key] = self._pool.submit(function, *given)
                self._processes |= set(active_children()) - before if not self._processes else set()
            waiting = self._kept[key]
        try:
            return waiting.result(PATIENCE)
        except BrokenProcessPool as error:
            with self._lock:
                self._pool, self._processes = None, set()
                self._kept = {k: f for k, f in self._kept.items() if f.done() and f.exception() is None}
            raise OurFault("The process that trains outside notebooks died: is memory short?") from error

    def close(self) -> None:
        """At once, whatever it still trains."""
        for process in self._processes:
            process.kill()
        if self._pool is not None:
            self._pool.shutdown(wait=True, cancel_futures=True)

    def __enter__(self) -> "Trainer":
        return self

    def __exit__(self, *error: object) -> None:
        self.close()


class Outside(Struct, frozen=True):
    """How the classifiers of one lab are trained outside their notebooks."""

    trainer: Trainer
    data: Data

    def trace(self, plan: Plan, seed: int) -> Trace:
        return self.trainer.trace(self.data, plan, seed)

    def other_encoding(self, lab: str, own: Encoded, padding: int | None, vectors: Numbers | None) -> str:
        return self.trainer.other_encoding(lab, self.data, own, padding, vectors)


def begin() -> None:
    prepare()
    os.environ["TF_NUM_INTRAOP_THREADS"] = os.environ["TF_NUM_INTEROP_THREADS"] = "1"  # so small, it uses one anyway


def trained(plan: Plan, folders: tuple[Path, ...], seed: int) -> Trace:
    import reference  # noqa: PLC0415 - the trainer's own process alone imports it

    told = reference.started(plan, folders, [seed])
    return Trace(told.epochs, tuple(told.dev[0].tolist()), tuple(told.test[0].tolist()))


def compared(lab: str, folders: tuple[Path, ...], own: Encoded, padding: int | None, vectors: Numbers | None) -> str:
    import reference  # noqa: PLC0415 - the trainer's own process alone imports it

    return reference.other_encoding(lab, folders, own, padding, vectors)


def key_of(what: str, *parts: Any) -> str:
    return hashlib.sha256(msgspec.msgpack.encode((what, parts, code()))).hexdigest()


@cache
def code() -> str:
    """Of what trains, and by which versions."""
    folder = Path(__file__).parents[2] / "reference"
    files = sorted([*(folder / "trainings").glob("*.py"), *(folder / "steps").glob("*.py"), *folder.glob("*.py")])
    packages = [f"{name} {importlib.metadata.version(name)}" for name in ("tensorflow-cpu", "tensorflow", "numpy")
                if importlib.metadata.packages_distributions().get(name.partition("-")[0], []).count(name)]  # fmt: skip
    return hashlib.sha256(b"".join(file.read_bytes() for file in files) + repr(packages).encode()).hexdigest()


def kept(key: str) -> Path:
    return Path(platformdirs.user_cache_dir("grader", appauthor=False), "trained", f"{key}.json")


def read(key: str) -> Trace | None:
    """None as well for what was cut short when a machine went down, or cannot be read."""
    try:
        return msgspec.json.decode(kept(key).read_bytes(), type=Trace)
    except (OSError, msgspec.MsgspecError):
        return None


def keep(key: str, trace: Trace) -> None:
    """Where it cannot be written, the next batch trains again."""
    with suppress(OurFault):
        write_whole(kept(key), msgspec.json.encode(trace))
