"""From a form or a line of a table to marks: what may be entered, and what is said of what may not."""

import math
from collections.abc import Iterable, Mapping, Sequence

from msgspec import Struct

from grader.errors import UsageError
from grader.gradebook.decisions import Wish
from grader.review.desk import Case, Desk
from grader.scoring.score import PENDING
from reports.scrub import visible
from reports.words import number

REASONS = (
    "Right",
    "Right in part",
    "Not right",
    "Nothing was handed in for this",
    "A right way that the grader does not know",
    "The grader was mistaken",
)
COMMENT_LENGTH = 5000


class Mark(Struct, frozen=True):
    """As it was written."""

    points: str = ""
    reason: str = ""
    comment: str = ""


def wishes(cases: Iterable[tuple[Case, int]], mark: Mark, reviewer: str) -> list[Wish]:
    """One for each case, with the decision that was shown beside it. Raises UsageError with what has to be mended."""
    comment = clean(mark.comment)
    return [wish(case, mark, comment, reviewer, seen) for case, seen in cases]


def wish(case: Case, mark: Mark, comment: str, reviewer: str, seen: int) -> Wish:
    points = points_of(mark.points, case.check.possible)
    if mark.reason and mark.reason not in REASONS:
        raise UsageError(f"{mark.reason!r} is no reason of the list. Take one of: {'; '.join(REASONS)}.")
    if not mark.reason and not comment and case.check.verdict not in PENDING:
        raise UsageError(
            "Choose a reason or write a comment: the grader had decided this, and the student will ask why."
        )
    return _wish(case, points, (mark.reason, comment), reviewer, seen)


def taking_back(cases: Iterable[tuple[Case, int]], reviewer: str) -> list[Wish]:
    return [_wish(case, None, ("", ""), reviewer, seen) for case, seen in cases if case.decision]


def points_of(text: str, possible: float) -> float:
    try:
        points = float(text.strip().replace(",", "."))
    except ValueError:
        points = math.nan
    if not 0 <= points <= possible or round(points, 2) != points:
        limit = f"0 to {number(possible)}" if possible else "0, as this check has no points"
        what = f"{text!r} is not" if text.strip() else "There are no points. Write"
        raise UsageError(f"{what} a number from {limit}, with two decimals at most.")
    return points + 0.0


def clean(text: str) -> str:
    """Without what steers a terminal or hides text, and with one sort of line end."""
    lines = visible(text.replace("\r\n", "\n").replace("\r", "\n")).strip()
    if len(lines) > COMMENT_LENGTH:
        raise UsageError(f"The comment has {len(lines)} characters. Shorten it to {COMMENT_LENGTH}.")
    return lines


def chosen(desk: Desk, values: Sequence[str]) -> list[tuple[Case, int]]:
    """Cases as forms name them, row:check:decision, each once. Raises UsageError for what is not there any more."""
    named: Mapping[tuple[str, str], int] = {
        (ref, check): int(seen) for ref, check, seen in (_parts(value) for value in values)
    }
    found = []
    for (ref, check), seen in named.items():
        case = next((case for case in desk.cases(ref) if case.check.id == check), None) if ref in desk.rows else None
        if case is None:
            raise UsageError(
                "This was graded again since the page was made, and is not there any more. Go back to the queue."
            )
        found.append((case, seen))
    if not found:
        raise UsageError("Nobody was chosen. Tick at least one student.")
    return found


def named(case: Case) -> str:
    """As `chosen` reads it."""
    return f"{case.ref}:{case.check.id}:{case.seen}"


def _parts(value: str) -> tuple[str, str, str]:
    ref, _, rest = value.partition(":")
    check, _, seen = rest.rpartition(":")
    if not (ref and check and seen.isascii() and seen.isdigit() and len(seen) < 18):
        raise UsageError("This form was not made by this page. Go back to the queue.")
    return ref, check, seen


def _wish(case: Case, points: float | None, words: tuple[str, str], reviewer: str, seen: int) -> Wish:
    return Wish(
        student=case.row.student,
        student_id=case.row.student_id,
        lab=case.row.lab or "",
        check=case.check.id,
        points=points,
        reason=words[0],
        comment=words[1],
        reviewer=reviewer,
        automatic=case.automatic,
        seen=seen,
    )
