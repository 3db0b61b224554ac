"""Enters graded hand-ins into the gradebook: a new attempt for a new notebook, a new result where anything changed."""

import sqlite3
from collections.abc import Iterable
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from grader.gradebook.book import opened, writing
from grader.model import Report
from grader.scoring.results import SubmissionRow, submission_row

_SAME_CHECKS = (
    "SELECT name, level, verdict, points, possible, mistake, message FROM checks WHERE result = ? ORDER BY rowid"
)


def record(reports: Iterable[Report], grades: Path, course: str) -> int:
    """How many results are new; the same batch again adds none."""
    with opened(grades) as book, writing(book):
        batch = _batch(book, course)
        return sum(_entered(book, submission_row(report), report.submission.content, batch) for report in reports)


def record_decided(rows: Iterable[SubmissionRow], grades: Path, course: str) -> None:
    """Results that people's decisions changed, each for the notebook of the result before it."""
    with opened(grades) as book, writing(book):
        batch = _batch(book, course)
        for row in rows:
            _entered(book, row, _content(book, row), batch)


def _batch(book: sqlite3.Connection, course: str) -> int:
    time = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    made = book.execute(
        "INSERT INTO batches (time, course, grader) VALUES (?, ?, ?)", (time, course, version("grader"))
    )
    return made.lastrowid or 0


def _content(book: sqlite3.Connection, row: SubmissionRow) -> str:
    latest = _latest(book, row)
    found = book.execute("SELECT content FROM attempts WHERE id = ?", (latest[0] if latest else 0,)).fetchone()
    return str(found[0]) if found else ""


def _entered(book: sqlite3.Connection, row: SubmissionRow, content: str, batch: int) -> bool:
    attempt = _attempt(book, row, content, batch)
    latest = _latest(book, row)
    if latest and latest[0] == attempt and _is_same(book, latest[1], row):
        return False
    made = book.execute(
        "INSERT INTO results (attempt, batch, outcome, earned, possible, pending, reason) VALUES (?, ?, ?, ?, ?, ?, ?)",
        (attempt, batch, row.outcome.value, row.earned, row.possible, row.pending, row.reason),
    )
    book.executemany(
        "INSERT INTO checks VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        [(made.lastrowid, *check) for check in _checks(row)],
    )
    return True


def _attempt(book: sqlite3.Connection, row: SubmissionRow, content: str, batch: int) -> int:
    key = (row.student, row.student_id, row.lab or "", content)
    book.execute(
        "INSERT OR IGNORE INTO attempts (student, student_id, lab, content, file, batch) VALUES (?, ?, ?, ?, ?, ?)",
        (*key, row.file, batch),
    )
    found = book.execute(
        "SELECT id FROM attempts WHERE student = ? AND student_id = ? AND lab = ? AND content = ?", key
    ).fetchone()
    return int(found[0])


def _latest(book: sqlite3.Connection, row: SubmissionRow) -> tuple[int, int] | None:
    """Of this student's work on this lab: attempt and result."""
    found: tuple[int, int] | None = book.execute(
        "SELECT attempts.id, results.id FROM results JOIN attempts ON attempts.id = results.attempt "
        "WHERE student = ? AND student_id = ? AND lab = ? ORDER BY results.id DESC LIMIT 1",
        (row.student, row.student_id, row.lab or ""),
    ).fetchone()
    return found


def _is_same(book: sqlite3.Connection, result: int, row: SubmissionRow) -> bool:
    sums = book.execute(
        "SELECT outcome, earned, possible, pending, reason FROM results WHERE id = ?", (result,)
    ).fetchone()
    told = (row.outcome.value, row.earned, row.possible, row.pending, row.reason)
    return tuple(sums) == told and book.execute(_SAME_CHECKS, (result,)).fetchall() == _checks(row)


def _checks(row: SubmissionRow) -> list[tuple[object, ...]]:
    return [
        (each.id, each.level.value, each.verdict.value, each.points, each.possible, each.mistake, each.message)
        for each in row.checks
    ]
