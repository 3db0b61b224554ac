"""What a student handed in before for the same work, and which checks pass or fail now that did not then."""

import sqlite3
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from msgspec import Struct

from grader.errors import UsageError
from grader.gradebook.book import FILE, opened
from grader.model import Report, Verdict

_BEFORE = """
    SELECT results.id, earned, possible, batches.time
    FROM results JOIN attempts ON attempts.id = results.attempt JOIN batches ON batches.id = results.batch
    WHERE student = ? AND student_id = ? AND lab = ? AND content != ? AND possible > 0
    ORDER BY results.id DESC LIMIT 1
"""


class Earlier(Struct, frozen=True):
    """What the notebook handed in before this one earned, by the same student for the same work."""

    time: str  # when it was graded, UTC
    earned: float
    possible: float
    newly_right: tuple[str, ...] = ()  # titles of checks that pass now and did not
    newly_wrong: tuple[str, ...] = ()  # that passed and fail now


def earlier_attempts(reports: Sequence[Report], grades: Path) -> list[Earlier | None]:
    """For each, before or after it is entered itself. A gradebook that cannot be read is told of when it is written."""
    if not (grades / FILE).is_file():
        return [None] * len(reports)
    with ExitStack() as stack:
        try:
            book = stack.enter_context(opened(grades))
        except UsageError:
            return [None] * len(reports)
        return [earlier(book, report) for report in reports]


def earlier(book: sqlite3.Connection, report: Report) -> Earlier | None:
    """None where this is the first that could be graded."""
    of = report.submission
    if not of.lab or not of.content or not report.card.checks:
        return None
    row = book.execute(_BEFORE, (of.student, of.student_id, of.lab, of.content)).fetchone()
    if row is None:
        return None
    result, earned, possible, time = row
    before = dict(book.execute("SELECT name, verdict FROM checks WHERE result = ?", (result,)))
    right = [c.title for c in report.card.checks if c.verdict is Verdict.PASS and before.get(c.id, "pass") != "pass"]
    wrong = [c.title for c in report.card.checks if c.verdict is Verdict.FAIL and before.get(c.id) == "pass"]
    return Earlier(time, earned, possible, tuple(right), tuple(wrong))
