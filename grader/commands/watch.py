"""Looks again and again at where hand-ins come in, and grades each as it comes.

Nothing is remembered here that a kill could lose: what was taken in lies in the folder of `grader intake`, what was
graded in the out folder. The first look of each start hands out again what is kept there, which changes nothing.
"""

import signal
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from itertools import chain, islice
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from grader.batch import keys
from grader.batch.preparing import batch_asked, handed_in, resumed
from grader.batch.shared import Batch
from grader.batch.store import Asked, opened
from grader.commands.handing_out import handed_out
from grader.commands.intake import sentence_of, told_of
from grader.course.folder import current_course
from grader.errors import GraderError, NothingReadable, UsageError
from grader.inbox import imap
from grader.inbox.fetching import Web
from grader.inbox.settling import Look, Settling, state_of, states
from grader.inbox.shelf import shelf
from grader.inbox.taking_in import take_in
from grader.intake.ledger import FILE, Became, Message
from grader.judging.oracle import Oracle
from grader.model import Report, Submission, TrainPolicy
from grader.pipeline import grade_batch
from grader.sandbox.walls.isolation import best_isolation, insist_on_isolation
from grader.scoring.results import ensure_writable
from grader.scoring.summing_up import unread
from grader.wording.counting import quantity
from reports import words
from reports.scrub import name, said

AGAIN = 600.0  # seconds until a link that is not shared, or a server that was silent, is tried once more

Grading = Callable[[Sequence[Submission], Batch], Iterator[Report]]


class How(Struct, frozen=True):
    data: Path | None = None
    train: TrainPolicy = TrainPolicy.BUDGET
    jobs: int | None = None
    allow_unisolated: bool = False


class Places(Struct, frozen=True):
    source: str | None  # None: the mailbox of course.yaml
    hand_ins: Path
    grades: Path

    @property
    def folder(self) -> Path | None:
        """None for what lies on a server."""
        return Path(self.source).expanduser() if self.source and not imap.is_address(self.source) else None


class Watch:
    """`look` may be called at any time; between two calls nothing is open."""

    def __init__(self, places: Places, how: How, grading: Grading | None = None) -> None:
        self._places, self._how = places, how
        self._grading = grading or self._in_kernels
        self._settling = Settling()
        self._seen: object = None
        self._graded: object = None
        self._tried = float("-inf")
        self._told: dict[str, str] = {}  # of messages and files, what was said last
        self._done: set[tuple[str, ...]] = set()

    def look(self) -> Iterator[str]:
        """What is new is taken in and graded. Raises what stands in the way of the whole; the next look tries again."""
        is_due = time.monotonic() - self._tried >= AGAIN
        now = self._state()
        if is_due or now != self._seen or self._settling.waiting or self._places.folder is None:
            yield from self._take_in(is_due)
            self._seen = now
        ledger = state_of(self._places.hand_ins / FILE)
        if ledger != self._graded:
            yield from self._grade()
            self._graded = ledger

    def _state(self) -> object:
        course, folder = current_course(), self._places.folder
        return states(folder) if folder else (), state_of(course.folder / course.sheet.roster)

    def _take_in(self, is_due: bool) -> Iterator[str]:
        self._settling.begin()
        with shelf(self._places.hand_ins) as opened_shelf:
            look = Look(is_due, self._settling.is_whole)
            try:
                done = take_in(self._places.source, opened_shelf, current_course(), Web(), look)
            except NothingReadable:
                return  # an empty folder
        is_first = self._tried == float("-inf")
        if is_due:
            self._tried = time.monotonic()
        new = [line for message in done.messages for line in self._once(message.key, _line(message))]
        yield from told_of(done, self._places.hand_ins) if is_first else new
        for file, reason in self._settling.closed.items():
            yield from self._once(str(file), f"{said(str(file))} cannot be read ({reason}). Change its permissions.")

    def _once(self, key: str, sentence: str) -> Iterator[str]:
        """What became of a message may change, and is said then."""
        if self._told.get(key) != sentence:
            self._told[key] = sentence
            yield sentence

    def _grade(self) -> Iterator[str]:
        places, how = self._places, self._how
        try:
            found, _ = handed_in([places.hand_ins], None, None, places.grades)
        except NothingReadable:
            return
        new = tuple(each for each in found if _key(each) not in self._done)
        if not new:
            return
        asked = Asked(new, how.data and how.data.absolute(), how.train, None, True, True)
        with opened(places.grades) as store:
            batch = resumed(batch_asked(asked, None, how.allow_unisolated), asked, store, None)
            kept = [report for each in new if (report := _kept(each, batch))]
            if kept:
                yield from self._hand_out(kept, f"Without grading, {quantity(len(kept), 'row')}.")
            left = [each for each in new if _key(each) not in self._done]
            if left:
                yield f"{quantity(len(left), 'notebook')} to grade."
                for report in self._grading(left, batch):
                    yield from self._hand_out([report], _result(report))

    def _hand_out(self, reports: Sequence[Report], sentence: str) -> Iterator[str]:
        _, where = handed_out(reports, self._places.grades)
        self._done.update(_key(report.submission) for report in reports)
        yield f"{sentence} {where}"

    def _in_kernels(self, submissions: Sequence[Submission], batch: Batch) -> Iterator[Report]:
        with Oracle() as oracle:
            yield from grade_batch(submissions, batch, oracle, self._how.jobs, lambda submission, what: None)


def _key(submission: Submission) -> tuple[str, ...]:
    return str(submission.path), submission.student, submission.lab or "", submission.content


def _kept(submission: Submission, batch: Batch) -> Report | None:
    """What is told of it without running it."""
    if submission.fault or submission.lab not in batch.rubrics:
        return unread(submission, batch)
    known = batch.store.report(keys.of_report(submission, batch)) if batch.store else None
    return replace(known, submission=submission) if known else None


def _line(message: Message) -> str:
    if message.became is Became.TAKEN:
        labs = ", ".join(dict.fromkeys(held.lab for held in message.held if held.lab))
        return f"  taken: {name(message.student)}, {labs}."
    return sentence_of(message)


def _result(report: Report) -> str:
    card, own = report.card, report.submission
    points = f"{words.points(card.earned, card.possible)}, " if card.checks else ""
    return f"{name(own.student)}, {own.lab}: {points}{words.OUTCOMES[report.outcome]}."


def told_of_watch(places: Places, how: How, every: float, grading: Grading | None = None) -> Iterator[str]:
    """Without an end. What is wrong at the first look ends it; later on it is said, and tried again."""
    _insist_on_places(places)
    insist_on_isolation(best_isolation(), 2, how.allow_unisolated)
    ensure_writable(places.grades)
    with suppress(ValueError):  # in a thread; a service is ended by SIGTERM, and as tidily as by Ctrl-C
        signal.signal(signal.SIGTERM, signal.default_int_handler)
    watch, trouble = Watch(places, how, grading), ""
    first = watch.look()
    begun = [*islice(first, 1)]  # what cannot be is told alone
    where = said(places.source or "the mailbox")
    yield f"Watching {where}, every {every:g} s; Ctrl-C ends it. Pages: {places.grades.resolve()}"
    yield from chain(begun, first)
    while True:
        time.sleep(every)
        try:
            yield from watch.look()
            trouble = ""
        except (GraderError, OSError) as error:
            if str(error) != trouble:
                trouble = str(error)
                yield f"{trouble} Tried again at every look."


def _insist_on_places(places: Places) -> None:
    """What the grader writes itself is no hand-in."""
    if places.folder is None:
        return
    source = places.folder.resolve()
    for option, folder in (("--hand-ins", places.hand_ins), ("--out", places.grades)):
        if folder.resolve().is_relative_to(source):
            raise UsageError(f"{option} {folder} lies in {places.source}, which is watched. Name a folder outside it.")
