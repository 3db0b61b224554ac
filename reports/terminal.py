"""What `grader check` and a batch show in a terminal: words first, no meaning in colour alone, at most 80 columns."""

from collections.abc import Iterable, Sequence

from rich.box import SIMPLE_HEAD
from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from grader.data.inventory import Row
from grader.data.parts import KNOWN
from grader.model import CellStatus, CheckResult, Report, Verdict
from grader.wording.cell_names import cell_name
from grader.wording.counting import quantity
from reports import words
from reports.classpage import named_mistakes
from reports.feedback import by_level, first_to_fix
from reports.languages import translated
from reports.pages import said, titled
from reports.scrub import name, visible
from reports.scrub import said as plain

_WIDTH = 80
_HOW_TO_GET_DATA = """\
`grader data --to DIR` puts real trees, snli and embeddings into DIR;
with names, these alone. train2014-subset and bert-base-cased are copied there
by hand. Then use --data DIR, or export GRADER_DATA=DIR."""
_STYLES = {
    Verdict.PASS: "green",
    Verdict.FAIL: "bold red",
    Verdict.BLOCKED: "dim",
    Verdict.UNSURE: "yellow",
    Verdict.MANUAL: "magenta",
}


def complaint(sentence: str) -> Text:
    """On one line: names of files that were handed in may stand in it, with whatever steers a terminal."""
    return Text(f"grader: {translated(visible(sentence))}".replace("\n", " "), style="red")


def check_view(report: Report) -> RenderableType:
    """One notebook: score, what to fix first, then every check."""
    parts: list[RenderableType] = [
        Text(titled(words.lab_name(report)), style="dim"),
        Text(said(words.score(report.card, report.outcome)), style="bold"),
    ]
    parts += [Text(said(line)) for line in _opening(report)]
    first = first_to_fix(report.card)
    if first:
        parts += [Text(), Panel(_advice(first, report), title=said("Fix this first"), title_align="left", width=_WIDTH)]
    for group in by_level(report.card.checks):
        parts += [Text(), Text(said(words.LEVELS[group.level]), style="underline")]
        parts += [_check(check, report) for check in group.checks]
    if report.remarks:
        parts += [Text(), Text(said("Good to know (costs nothing)"), style="underline")]
        parts += [_indented(said(remark.message)) for remark in report.remarks]
    return Group(*parts)


def batch_table(reports: Sequence[Report]) -> RenderableType:
    """A class: a row for each notebook, and below it whatever the instructor has to know."""
    table = Table(width=_WIDTH, box=SIMPLE_HEAD, show_edge=False, pad_edge=False, header_style="bold")
    table.add_column("Student", overflow="fold", ratio=3)
    table.add_column("Work", overflow="fold", ratio=3)
    table.add_column("Points", justify="right", no_wrap=True)
    table.add_column("Open", justify="right", no_wrap=True)
    table.add_column("How it ended, and named mistakes", overflow="fold", ratio=6)
    for report in reports:
        card = report.card
        table.add_row(
            Text(name(report.submission.student)),
            Text(name(report.submission.lab or "–")),
            f"{words.number(card.earned)}/{words.number(card.possible)}",
            words.number(card.pending) if card.pending else "–",
            Text("; ".join((words.OUTCOMES[report.outcome], *map(plain, named_mistakes(report))))),
        )
    loose = sum(words.ran_unisolated(report) for report in reports)
    warning = f"NOT isolated: {loose} of {quantity(len(reports), 'notebook')} ran without a jail. See `grader doctor`."
    return Group(table, Text(), Text(warning, style="bold red")) if loose else table


def data_table(rows: Sequence[Row]) -> RenderableType:
    """A row for each part of the course's data, and below it how to get what is missing."""
    table = Table(width=_WIDTH, box=SIMPLE_HEAD, show_edge=False, pad_edge=False, header_style="bold")
    table.add_column("Part", no_wrap=True)
    table.add_column("For", overflow="fold", ratio=2)
    table.add_column("State", overflow="fold", ratio=2)
    table.add_column("Where", overflow="fold", ratio=4)
    table.add_column("Size", justify="right", no_wrap=True)
    for row in rows:
        size = f"{row.size / 1e6:.1f} MB" if row.size else "–"
        table.add_row(row.part.name, ", ".join(row.readers), row.state, str(row.where or "–"), size)
    if all(row.state == "there" or row.part.name not in KNOWN for row in rows):
        return table
    return Group(table, Text(), Text(_HOW_TO_GET_DATA))


def _opening(report: Report) -> Iterable[str]:
    if report.card.pending:
        yield words.STILL_OPEN
    fault = report.submission.fault or report.run.fault or ""
    yield from dict.fromkeys(sentence for sentence in (fault, report.summary) if sentence)
    yield from _error_text(report)
    if words.ran_unisolated(report):
        yield f"{words.ISOLATIONS[report.run.isolation]}."


def _error_text(report: Report) -> Iterable[str]:
    """What the first error said, and where."""
    failed = next((run for run in report.run.cells if run.status is CellStatus.ERROR and run.trouble), None)
    if failed is None or failed.trouble is None:
        return
    place = failed.trouble.cell if failed.trouble.cell is not None else failed.index
    where = cell_name(report.submission.cells, place)
    line = failed.trouble.line
    yield f"The error, in line {line} of {where}:" if line else f"The error, in {where}:"
    yield f"    {words.error_text(failed.trouble)}"


def _advice(check: CheckResult, report: Report) -> Text:
    lines = [check.mistake_title or check.message, check.hint, _place(check, report)]
    return Text("\n".join(said(line) for line in lines if line))


def _check(check: CheckResult, report: Report) -> RenderableType:
    """A line; below it, unless it passed, what was seen and what to do."""
    line = Table.grid(padding=(0, 1), expand=False)
    line.width = _WIDTH
    line.add_column(width=1)
    line.add_column(ratio=1, overflow="fold")
    line.add_column(justify="right", no_wrap=True)
    style = _STYLES[check.verdict]
    title = said(check.title) + ("" if check.verdict is Verdict.PASS else f" ({said(words.VERDICTS[check.verdict])})")
    points = words.check_points(check.verdict, check.points, check.possible)
    line.add_row(Text(words.SIGNS[check.verdict], style=style), Text(title), Text(said(points), style="dim"))
    return line if check.verdict is Verdict.PASS else Group(line, *_below(check, report))


def _below(check: CheckResult, report: Report) -> Iterable[RenderableType]:
    for text in (check.mistake_title, check.message):
        if text:
            yield _indented(said(text))
    if check.difference:
        yield _indented(said(check.difference.sentence))
    if check.verdict is Verdict.FAIL and check.hint:
        yield _indented(f"{said('Hint')}: {said(check.hint)}")
    if check.verdict is Verdict.FAIL and _place(check, report):
        yield _indented(_place(check, report))


def _place(check: CheckResult, report: Report) -> str:
    """The cell to look at, and its line where the run stopped there."""
    if check.cell is None:
        return ""
    troubles = (run.trouble for run in report.run.cells if run.index == check.cell and run.trouble)
    line = next((trouble.line for trouble in troubles if trouble.cell in (None, check.cell)), None)
    place = cell_name(report.submission.cells, check.cell)
    return said(f"Look at {place}, line {line}" if line else f"Look at {place}")


def _indented(text: str) -> RenderableType:
    return Padding(Text(text), (0, 0, 0, 2))
