"""What a student reads, in which order: score, what to fix first, every check, how it was run, the notebook."""

from itertools import groupby

from msgspec import Struct

from grader.gradebook.earlier import Earlier
from grader.model import CheckResult, Level, Report, Scorecard, Verdict
from grader.wording.cell_names import cell_names
from reports import words
from reports.drawing import figures
from reports.heat import heats
from reports.looks import looks
from reports.maths import formula
from reports.notebook import anchor, shown_cells
from reports.pages import page

_LEVELS = list(Level)


class LevelGroup(Struct, frozen=True):
    level: Level
    checks: tuple[CheckResult, ...]


class Meter(Struct, frozen=True):
    """Widths in percent of what is won and what is open; the rest is lost."""

    won: float
    still_open: float


def feedback_page(report: Report, earlier: Earlier | None = None) -> str:
    """A single HTML file that needs no network and no script. `earlier`: what was handed in before it."""
    return page(
        "feedback.html",
        set_in_mathml=formula,
        report=report,
        earlier=earlier,
        card=report.card,
        lab=words.lab_name(report),
        score=words.score(report.card, report.outcome),
        meter=_meter(report.card),
        groups=by_level(report.card.checks),
        first=first_to_fix(report.card),
        figures=figures(report),
        heats=heats(report),
        looks=looks(report),
        changes=(*report.submission.repairs, *report.run.changes),
        unisolated=words.ran_unisolated(report),
        cells=shown_cells(report),
        names=cell_names(report.submission.cells),
        anchor=anchor,
        extras=[remark for remark in report.remarks if remark.extra],
        remarks=[remark for remark in report.remarks if not remark.extra],
        measured=any(row.error is not None for row in report.gradients),
        Verdict=Verdict,
    )


def by_level(checks: tuple[CheckResult, ...]) -> tuple[LevelGroup, ...]:
    """In the order in which one level depends on another, whatever order the rubric has."""
    ordered = sorted(checks, key=lambda check: _LEVELS.index(check.level))
    return tuple(LevelGroup(level, tuple(group)) for level, group in groupby(ordered, key=lambda check: check.level))


def first_to_fix(card: Scorecard) -> CheckResult | None:
    return next((check for check in card.checks if check.id == card.fix_first), None)


def _meter(card: Scorecard) -> Meter | None:
    if card.possible <= 0:
        return None
    won = min(max(100 * card.earned / card.possible, 0.0), 100.0)
    return Meter(round(won, 1), round(min(max(100 * card.pending / card.possible, 0.0), 100.0 - won), 1))
