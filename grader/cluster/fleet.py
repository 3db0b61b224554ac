"""Which workers of a cluster are at work, and what becomes of a notebook whose worker is gone.

A worker that is lost takes with it only what it was grading. That is graded again elsewhere, up to three times in all;
in its own place a new worker is started, twice at most. Of the cluster itself nothing is known here.
"""

import threading
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from functools import partial
from typing import Protocol

from msgspec import Struct
from msgspec.structs import replace

from grader.batch import keys
from grader.batch.shared import Batch
from grader.batch.store import packed, unpacked
from grader.cluster.messages import Done, Errand
from grader.errors import OurFault
from grader.model import Report, Submission, TrainPolicy
from grader.pipeline import Told, ToldOf, failed
from grader.scoring.summing_up import unread

ATTEMPTS = 3  # of one notebook
STARTS = 3  # of a worker in one place


class Lost(Exception):
    """A worker is gone, its process or its whole machine; what it was doing is to be done again."""


class Failed(Exception):
    """A worker could not do this, and lives."""


class Worker(Protocol):
    def grade(self, errand: bytes) -> bytes:
        """From an Errand to a Done, both packed. Raises Lost and Failed."""

    def end(self) -> None: ...


class Place(Struct, frozen=True):
    """Where a worker can be started."""

    name: str
    size: int  # notebooks at a time
    start: Callable[[], Worker]  # takes a while; raises Lost where there is none to be had


class Fleet:
    def __init__(self, places: Sequence[Place], say: Callable[[str], None]) -> None:
        self._say = say
        self._changed = threading.Condition()
        self._free: list[tuple[Place, Worker]] = []
        self._at_work: dict[int, Worker] = {}  # by their id
        self._starting = 0
        self._started: defaultdict[str, int] = defaultdict(int)
        self._over = False
        for place in places:
            self._start(place)

    @contextmanager
    def lent(self) -> Iterator[tuple[Place, Worker]]:
        """One place of a worker. Raises OurFault where no worker is left; one that raises Lost is not used again."""
        with self._changed:
            self._changed.wait_for(lambda: self._free or not (self._at_work or self._starting) or self._over)
            if not self._free or self._over:
                raise OurFault("No node of the cluster is left. What was graded is kept: give the same command again.")
            lent = place, worker = self._free.pop(0)
        try:
            yield lent
        except Lost as lost:
            self._gone(place, worker, lost)
            raise
        finally:
            with self._changed:
                if id(worker) in self._at_work:
                    self._free.append(lent)
                    self._changed.notify_all()

    def end(self) -> None:
        with self._changed:
            self._over = True
            ending = list(self._at_work.values())
            self._changed.notify_all()
        for worker in ending:
            worker.end()

    def _start(self, place: Place) -> None:
        with self._changed:
            if self._over or self._started[place.name] >= STARTS:
                return
            self._started[place.name] += 1
            self._starting += 1
        threading.Thread(target=self._welcome, args=[place], daemon=True).start()

    def _welcome(self, place: Place) -> None:
        worker = None
        try:
            worker = place.start()
        except Lost as why:
            self._say(f"{place.name} is not used: {why}")
        with self._changed:
            self._starting -= 1
            if worker is not None and not self._over:
                self._at_work[id(worker)] = worker
                self._free += [(place, worker)] * place.size
            self._changed.notify_all()
        if worker is not None and self._over:
            worker.end()

    def _gone(self, place: Place, worker: Worker, lost: Lost) -> None:
        """Told once, however many of its notebooks were under way."""
        with self._changed:
            first = self._at_work.pop(id(worker), None) is not None
            self._free = [lent for lent in self._free if lent[1] is not worker]
            over = self._over
            self._changed.notify_all()
        if first and not over:
            worker.end()
            self._say(f"{place.name} is lost ({lost}). What it was grading is graded again.")
            self._start(place)


class Errands:
    """Sends each submission to a worker, unless its report is kept; keeps what comes back."""

    def __init__(self, batch: Batch, fleet: Fleet) -> None:
        self._batch, self._fleet = batch, fleet
        self._lock = threading.Lock()
        self._under_way: defaultdict[str, threading.Lock] = defaultdict(threading.Lock)  # by key

    def report(self, submission: Submission, told: Told) -> Report:
        rubric = self._batch.rubrics.get(submission.lab or "")
        if submission.fault or rubric is None:
            return unread(submission, self._batch)
        store, key = self._batch.store, keys.of_report(submission, self._batch)
        with self._lock:
            own = self._under_way[key]
        with own:  # the same content of two people is sent once
            if store and (known := store.report(key)):
                return replace(known, submission=submission)
            for _ in range(ATTEMPTS):
                try:
                    return self._sent(submission, told)
                except (Lost, Failed) as trouble:
                    fault = str(trouble)
            return failed(submission, self._batch, rubric, given_up(fault), 0.0)

    def _sent(self, submission: Submission, told: Told) -> Report:
        store = self._batch.store
        with self._fleet.lent() as (place, worker):
            told(f"is graded on {place.name}")
            errand = Errand(submission, store.rows(runs_of(submission, self._batch)) if store else {})
            done = unpacked(worker.grade(packed(errand)), Done)
        if store:
            store.add(done.rows)
        return replace(done.report, submission=submission)


def runs_of(submission: Submission, batch: Batch) -> tuple[str, ...]:
    """The keys under which runs of it may be kept: as it trains by itself, and cut to a glance."""
    glance = replace(batch, train=TrainPolicy.NONE)
    return tuple(dict.fromkeys((keys.of_run(submission, batch), keys.of_run(submission, glance))))


def given_up(fault: str) -> str:
    return (
        f"The grader itself failed, {ATTEMPTS} times on nodes of a cluster ({fault}); nothing is lost, your instructor "
        "will grade this again."
    )


def graded_by(
    fleet: Fleet, places: int, submissions: Sequence[Submission], batch: Batch, told: ToldOf
) -> Iterator[Report]:
    """Reports as they are done."""
    errands = Errands(batch, fleet)
    with ThreadPoolExecutor(places) as pool:
        waiting = [pool.submit(errands.report, submission, partial(told, submission)) for submission in submissions]
        try:
            for done in as_completed(waiting):
                yield done.result()
        except BaseException:
            fleet.end()
            pool.shutdown(wait=False, cancel_futures=True)
            raise
