"""How a class did in each check, how hard each was, and how well it tells strong work from weak.

Classical item analysis (L. Crocker, J. Algina, Introduction to Classical and Modern Test Theory, 1986, chapter 14):
difficulty is the mean share of a check's points, and discrimination the corrected item-total correlation

    r = corr(x, T - x)

of the share x of this check's points with the share T - x of all other points, over the notebooks of a lab. Where x is
only 0 or 1 it is the point-biserial correlation. The check itself is left out of the total, which would otherwise hold
a part of what it is compared with (S. Henrysson, Correction of item-total correlations in item analysis, Psychometrika
28, 1963). Points that are open count on neither side. A check that waits for another counts as not earned, so checks
that need one another agree more than their contents do.
"""

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from statistics import mean

from msgspec import Struct

from grader.model import CheckResult, Outcome, Report, Verdict
from reports import words

# With 20 notebooks the standard error of a correlation of 0.3 is (1 - r²)/√(n - 1) = 0.21: with fewer it says nothing.
LEAST = 20
WEAK = 0.2  # below, a check hardly tells strong work from weak (R. Ebel, Measuring Educational Achievement, 1965)
PENDING = (Verdict.UNSURE, Verdict.MANUAL)
WITHOUT_WORK = (Outcome.UNREADABLE, Outcome.UNATTEMPTED, Outcome.GRADER_ERROR)


class CheckFigures(Struct, frozen=True):
    id: str
    title: str
    passed: int
    part: int  # failed, with a share of the points
    failed: int
    blocked: int
    pending: int
    difficulty: float | None  # mean share of the points, of those that are decided
    discrimination: float | None

    @property
    def notebooks(self) -> int:
        return self.passed + self.part + self.failed + self.blocked + self.pending

    @property
    def weak(self) -> bool:
        return self.discrimination is not None and self.discrimination < WEAK


class LabFigures(Struct, frozen=True):
    lab: str
    title: str
    notebooks: int  # in which there is work
    checks: tuple[CheckFigures, ...]

    @property
    def large(self) -> bool:
        """Whether there are enough notebooks to speak of discrimination."""
        return self.notebooks >= LEAST


def lab_figures(reports: Iterable[Report]) -> tuple[LabFigures, ...]:
    """Of each lab in the order in which they come; what could not be graded or was not begun is left out."""
    by_lab: dict[str, list[Report]] = {}
    for report in reports:
        if report.submission.lab and report.outcome not in WITHOUT_WORK and report.card.checks:
            by_lab.setdefault(report.submission.lab, []).append(report)
    return tuple(
        LabFigures(lab, words.lab_name(same[0]), len(same), tuple(check_figures(same))) for lab, same in by_lab.items()
    )


def check_figures(reports: Sequence[Report]) -> Iterable[CheckFigures]:
    """Of one lab's checks, in the rubric's order."""
    titles = {check.id: check.title for report in reports for check in report.card.checks}
    for name, title in titles.items():
        results = [check for report in reports for check in report.card.checks if check.id == name]
        counts = Counter(map(kind, results))
        decided = [share(check) for check in results if check.verdict not in PENDING]
        yield CheckFigures(
            name,
            title,
            counts["passed"],
            counts["part"],
            counts["failed"],
            counts["blocked"],
            counts["pending"],
            mean(decided) if decided else None,
            discrimination(name, reports),
        )


def kind(check: CheckResult) -> str:
    if check.verdict in PENDING:
        return "pending"
    if check.verdict is Verdict.FAIL:
        return "part" if check.points > 0 else "failed"
    return "passed" if check.verdict is Verdict.PASS else "blocked"


def share(check: CheckResult) -> float:
    """Of the points; what is worth none counts by its verdict."""
    return check.points / check.possible if check.possible else float(check.verdict is Verdict.PASS)


def discrimination(name: str, reports: Sequence[Report]) -> float | None:
    """None below `LEAST` notebooks, and where all did alike: a correlation with what does not vary is none."""
    pairs = [pair for report in reports if (pair := item_and_rest(name, report.card.checks))]
    return correlation(pairs) if len(pairs) >= LEAST else None


def item_and_rest(name: str, checks: Sequence[CheckResult]) -> tuple[float, float] | None:
    decided = [check for check in checks if check.verdict not in PENDING]
    own = [share(check) for check in decided if check.id == name]
    rest = [check for check in decided if check.id != name]
    possible = sum(check.possible for check in rest)
    return (own[0], sum(check.points for check in rest) / possible) if own and possible else None


def correlation(pairs: Sequence[tuple[float, float]]) -> float | None:
    """Pearson's; None where one side does not vary."""
    means = [mean(side) for side in zip(*pairs, strict=True)]
    x, y = ([value - middle for value in side] for side, middle in zip(zip(*pairs, strict=True), means, strict=True))
    spread = math.sqrt(sum(value * value for value in x) * sum(value * value for value in y))
    return sum(a * b for a, b in zip(x, y, strict=True)) / spread if spread > 1e-12 else None
