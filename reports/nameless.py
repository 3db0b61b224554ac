"""The class without names, to be shown in class: nothing on this page belongs to one person.

There is no row for a student, under whatever name, and no link: every figure is one of many notebooks. A work of which
there are few is left out. The page is the same whoever the students are and in whatever order they come.
"""

from collections import Counter
from collections.abc import Sequence
from statistics import median

from msgspec import Struct

from grader.model import Report
from reports import items, matrix, words
from reports.classpage import named_mistakes
from reports.items import WITHOUT_WORK, LabFigures
from reports.pages import page

FEWEST = 5  # notebooks: of fewer a figure may tell who did what


class LabSummary(Struct, frozen=True):
    lab: str
    title: str
    notebooks: int
    steps: tuple[int, ...]  # how many earned up to a fifth of the points, up to two …
    median: float  # share of the points that are decided
    figures: LabFigures
    mistakes: tuple[tuple[str, int], ...]


def nameless_page(reports: Sequence[Report], labs: Sequence[str] = ()) -> str:
    """`labs`: slugs as the course orders them."""
    columns = [column for column in matrix.works(reports, labs) if column.lab]
    summaries = [summary(column, reports) for column in columns]
    return page(
        "nameless.html",
        labs=[one for one in summaries if one],
        left_out=[column.title for column, one in zip(columns, summaries, strict=True) if not one],
        fewest=FEWEST,
        least=items.LEAST,
    )


def summary(column: matrix.Column, reports: Sequence[Report]) -> LabSummary | None:
    """None where too few handed in work that could be graded."""
    own = [r for r in reports if r.submission.lab == column.lab and r.outcome not in WITHOUT_WORK]
    shares = [decided for report in own if (decided := decided_share(report)) is not None]
    if len(shares) < FEWEST:
        return None
    steps = Counter(map(matrix.step, shares))
    counts = Counter(title for report in own for title in named_mistakes(report))
    (figures,) = items.lab_figures(own)
    return LabSummary(
        column.lab,
        words.lab_name(own[0]),
        len(shares),
        tuple(steps[n] for n in range(matrix.STEPS)),
        median(shares),
        figures,
        tuple(sorted(counts.items(), key=lambda one: (-one[1], one[0]))),
    )


def decided_share(report: Report) -> float | None:
    card = report.card
    decided = card.possible - card.pending
    return card.earned / decided if decided > 0 else None
