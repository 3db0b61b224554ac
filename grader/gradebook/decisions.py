"""Marks that people gave in the place of the grader's: who, when, why. Rows are added and never changed.

They belong to a student, a lab and a check, so grading again does not touch them. The latest one holds, unless it was
taken back. Whoever decides says which decision they saw: where another came since, nothing is entered.
"""

import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from msgspec import Struct

from grader.gradebook.book import FILE, opened, writing
from grader.intake.person import same
from grader.model import Automatic, Decision, Verdict
from grader.scoring.results import SubmissionRow

_COLUMNS = (
    "student, student_id, lab, name, points, reason, comment, reviewer, time, "
    "verdict, automatic, mistake, message, content, follows"
)
_LATEST_CONTENT = """
    SELECT student, student_id, lab, content FROM attempts JOIN results ON attempt = attempts.id
    WHERE results.id IN (
        SELECT max(results.id) FROM results JOIN attempts ON attempts.id = results.attempt
        GROUP BY student, student_id, lab
    )
"""
Place = tuple[str, str, str]  # a student as names are compared, a lab, a check
Owner = tuple[str, str, str]  # a student, an id, a lab


class Wish(Struct, frozen=True):
    """What somebody wants to enter."""

    student: str
    student_id: str
    lab: str
    check: str
    points: float | None  # None takes back what was decided
    reason: str
    comment: str
    reviewer: str
    automatic: Automatic  # what the grader said when it was decided
    seen: int = 0  # the decision that was shown to whoever decided
    time: str = ""  # now, when empty

    @property
    def place(self) -> Place:
        return same(self.student), self.lab, self.check


class Entry(Struct, frozen=True):
    """A row of `decisions`."""

    id: int
    wish: Wish
    content: str  # of the notebook that was graded then

    @property
    def decision(self) -> Decision | None:
        """None where it took back the one before."""
        own = self.wish
        if own.points is None:
            return None
        return Decision(own.points, own.reason, own.comment, own.reviewer, own.time, own.automatic)


Entries = Mapping[Place, Entry]


class Entered(Struct, frozen=True):
    wishes: tuple[Wish, ...]
    conflicts: tuple[tuple[Wish, Entry], ...] = ()  # with what somebody else decided meanwhile


def latest(grades: Path) -> Entries:
    """Those that took back another among them."""
    if not (grades / FILE).is_file():
        return {}
    with opened(grades) as book:
        return _latest(book)


def history(grades: Path, place: Place) -> list[Entry]:
    with opened(grades) as book:
        return [entry for entry in _entries(book, *place[1:]) if entry.wish.place == place]


def holding(entries: Entries, row: SubmissionRow) -> dict[str, Entry]:
    """The latest of each check of this row. Two people of one name are told apart by their ids, where both have one."""
    found = ((check.id, entries.get((same(row.student), row.lab or "", check.id))) for check in row.checks)
    return {
        check: entry
        for check, entry in found
        if entry and (row.student_id == entry.wish.student_id or not (row.student_id and entry.wish.student_id))
    }


def decisions_of(entries: Entries, row: SubmissionRow) -> dict[str, Decision]:
    return {check: entry.decision for check, entry in holding(entries, row).items() if entry.decision}


def contents(grades: Path) -> dict[Owner, str]:
    """Of the notebooks that were graded last."""
    if not (grades / FILE).is_file():
        return {}
    with opened(grades) as book:
        return {(student, id, lab): content for student, id, lab, content in book.execute(_LATEST_CONTENT)}


def decide(grades: Path, wishes: Sequence[Wish], all_or_none: bool = False) -> Entered:
    """On disk when it returns. What conflicts is not entered; with `all_or_none` nothing is, then."""
    with opened(grades) as book, writing(book):
        there = _latest(book)
        late = [(wish, there[wish.place]) for wish in wishes if wish.place in there]
        conflicts = tuple((wish, entry) for wish, entry in late if entry.id != wish.seen)
        refused = {wish.place for wish, _ in conflicts}
        entered = tuple(wish for wish in wishes if wish.place not in refused)
        if all_or_none and conflicts:
            return Entered((), conflicts)
        _enter(book, entered, there)
    return Entered(entered, conflicts)


def _enter(book: sqlite3.Connection, wishes: Iterable[Wish], there: Entries) -> None:
    known = {(student, id, lab): content for student, id, lab, content in book.execute(_LATEST_CONTENT)}
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    for wish in wishes:
        own, before = wish.automatic, there.get(wish.place)
        row = (
            *(wish.student, wish.student_id, wish.lab, wish.check, wish.points, wish.reason, wish.comment),
            *(wish.reviewer, wish.time or now, own.verdict.value, own.points, own.mistake, own.message),
            *(known.get((wish.student, wish.student_id, wish.lab), ""), before.id if before else None),
        )
        book.execute(f"INSERT INTO decisions ({_COLUMNS}) VALUES ({', '.join('?' * len(row))})", row)


def _latest(book: sqlite3.Connection) -> dict[Place, Entry]:
    return {entry.wish.place: entry for entry in _entries(book)}


def _entries(book: sqlite3.Connection, lab: str | None = None, check: str | None = None) -> list[Entry]:
    """In the order in which they were made."""
    rows = book.execute(
        f"SELECT id, {_COLUMNS} FROM decisions WHERE (? IS NULL OR lab = ?) AND (? IS NULL OR name = ?) ORDER BY id",
        (lab, lab, check, check),
    )
    return [_entry(*row) for row in rows]


def _entry(id: int, *row: object) -> Entry:
    (student, number, lab, check, points, reason, comment, reviewer, time, verdict, automatic, *rest) = row
    mistake, message, content, follows = rest
    own = Automatic(Verdict(verdict), automatic, mistake, message)  # type: ignore[arg-type]
    wish = Wish(student, number, lab, check, points, reason, comment, reviewer, own, follows or 0, time)  # type: ignore[arg-type]
    return Entry(id, wish, content)  # type: ignore[arg-type]
