"""What a student handed in before for the same work, and which checks pass or fail now that did not then."""

import sqlite3
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from msgspec.structs import replace

from grader.errors import UsageError
from grader.gradebook.book import FILE, opened
from grader.model import Earlier, Report, Verdict

_BEFORE = """
    SELECT results.id, earned, possible, batches.time
    FROM results JOIN attempts ON attempts.id = results.attempt JOIN batches ON batches.id = results.batch
    WHERE student = ? AND student_id = ? AND lab = ? AND content != ? AND possible > 0
    ORDER BY results.id DESC LIMIT 1
"""


def with_earlier(reports: Sequence[Report], grades: Path) -> list[Report]:
    """Before or after they are entered themselves. A gradebook that cannot be read is told of when it is written."""
    if not (grades / FILE).is_file():
        return list(reports)
    with ExitStack() as stack:
        try:
            book = stack.enter_context(opened(grades))
        except UsageError:
            return list(reports)
        return [replace(report, earlier=earlier(book, report)) for report in reports]


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
