"""What the instructor sees of a class: what to decide, who earned what, which mistakes, how hard the checks were."""

import base64
import hashlib
from collections import Counter
from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import Path

from markupsafe import Markup
from msgspec import Struct

from grader.model import Outcome, Report, Verdict
from reports import items, matrix, words
from reports.decisions import decisions
from reports.pages import page
from reports.timeline import timeline

SCRIPT = Path(__file__).parent / "templates" / "class.js"


class Row(Struct, frozen=True):
    report: Report
    href: str
    mistakes: tuple[str, ...]


class Mistake(Struct, frozen=True):
    title: str
    made_by: tuple[Row, ...]


class LabMistakes(Struct, frozen=True):
    """Which mistakes were named in a lab, the commonest first."""

    lab: str
    notebooks: int
    mistakes: tuple[Mistake, ...]


class Script(Struct, frozen=True):
    """Sorts and filters; the page's policy lets this one run and no other."""

    source: Markup
    hash: str


def class_page(reports: Sequence[Report], links: Sequence[str], labs: Sequence[str] = ()) -> str:
    """`links` holds, for each report, its page relative to this one; `labs` the slugs as the course orders them."""
    rows = class_rows(reports, links)
    ordered, hrefs = [row.report for row in rows], [row.href for row in rows]
    table = matrix.matrix(ordered, hrefs, labs)
    order = [column.lab for column in table.columns]
    return page(
        "class.html",
        rows=rows,
        matrix=table,
        labs=common_mistakes(rows, order),
        figures=items.lab_figures(sorted(ordered, key=lambda report: order.index(report.submission.lab or ""))),
        outcomes=outcomes(reports),
        unread=[row for row in rows if row.report.outcome is Outcome.UNREADABLE],
        ours=[row for row in rows if row.report.outcome is Outcome.GRADER_ERROR],
        decisions=decisions(ordered, hrefs),
        timeline=timeline(ordered, hrefs),
        unisolated=sum(words.ran_unisolated(report) for report in reports),
        least=items.LEAST,
        script=script(),
    )


def class_rows(reports: Sequence[Report], links: Sequence[str]) -> list[Row]:
    rows = [Row(report, href, named_mistakes(report)) for report, href in zip(reports, links, strict=True)]
    return sorted(rows, key=lambda r: (r.report.submission.student.casefold(), r.report.submission.lab or "~", r.href))


def named_mistakes(report: Report) -> tuple[str, ...]:
    """In the words of the rubric, each once."""
    failed = (check for check in report.card.checks if check.mistake and check.verdict is Verdict.FAIL)
    return tuple(dict.fromkeys(check.mistake_title or str(check.mistake) for check in failed))


def common_mistakes(rows: Iterable[Row], order: Sequence[str]) -> tuple[LabMistakes, ...]:
    """A mistake counts once for each notebook that shows it. `order`: slugs, "" for what is of no lab we know."""
    by_lab: dict[str, list[Row]] = {lab: [] for lab in order}
    for row in rows:
        if row.report.outcome is not Outcome.UNREADABLE:
            by_lab[row.report.submission.lab or ""].append(row)
    return tuple(
        LabMistakes(words.lab_name(same[0].report), len(same), mistakes_of(same)) for same in by_lab.values() if same
    )


def mistakes_of(rows: Sequence[Row]) -> tuple[Mistake, ...]:
    titles = dict.fromkeys(title for row in rows for title in row.mistakes)
    made = [Mistake(title, tuple(row for row in rows if title in row.mistakes)) for title in titles]
    return tuple(sorted(made, key=lambda mistake: (-len(mistake.made_by), mistake.title)))


def outcomes(reports: Iterable[Report]) -> tuple[tuple[str, int], ...]:
    """How many notebooks ended in which way, in the order of Outcome."""
    counts = Counter(report.outcome for report in reports)
    return tuple((words.OUTCOMES[outcome], counts[outcome]) for outcome in Outcome if counts[outcome])


@cache
def script() -> Script:
    source = SCRIPT.read_text("utf-8")
    digest = base64.b64encode(hashlib.sha256(source.encode()).digest()).decode()
    return Script(Markup(source), f"'sha256-{digest}'")
