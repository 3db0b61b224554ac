"""How a course stands: for each lab what was handed in, graded and is still open."""

from collections.abc import Iterator, Mapping
from pathlib import Path

from msgspec import Struct

from grader.errors import UsageError
from grader.gradebook.book import FILE, opened

_SUMS = """
    SELECT lab, count(*), sum(pending > 0), sum(outcome IN ('unreadable', 'grader_error', 'unattempted')),
           avg(CASE WHEN possible > 0 THEN 100 * earned / possible END), max(time)
    FROM grades GROUP BY lab
"""
_HISTORY = """
    SELECT lab, count(DISTINCT attempts.id), count(*)
    FROM results JOIN attempts ON attempts.id = results.attempt GROUP BY lab
"""


class LabStanding(Struct, frozen=True):
    lab: str  # empty for hand-ins of no lab we know
    students: int
    open: int  # with points that are open
    nothing: int  # unreadable, not begun, or not graded through a fault of ours
    mean: float | None  # percent that is earned
    attempts: int
    results: int
    time: str  # of the last result


def standing(grades: Path, titles: Mapping[str, str]) -> Iterator[LabStanding]:
    """In the order of the course. Raises UsageError where nothing was graded."""
    if not (grades / FILE).is_file():
        raise UsageError(f"{grades} holds no {FILE}. Name the folder that `grader grade --out` wrote.")
    with opened(grades) as book:
        history = {lab: (attempts, results) for lab, attempts, results in book.execute(_HISTORY)}
        sums = {lab: rest for lab, *rest in book.execute(_SUMS)}
    for lab in (*(lab for lab in titles if lab in sums), *sorted(set(sums) - set(titles))):
        students, pending, nothing, mean, time = sums[lab]
        yield LabStanding(lab, students, pending, nothing, mean, *history[lab], time)
