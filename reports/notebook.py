"""How the student's notebook is shown: prose rendered, code highlighted, what the run said about each cell."""

from collections.abc import Mapping

from markdown_it import MarkdownIt
from markupsafe import Markup, escape
from msgspec import Struct
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import PythonLexer

from grader.model import Cell, CellRun, Report
from grader.wording.cell_names import cell_names
from reports.maths import with_formulas
from reports.outputs import Shown, clean_html, shown
from reports.scrub import said, visible
from reports.words import cell_sentence

_SOURCE_LIMIT = 40_000
_MADE_UP = {"code": 200_000, "markdown": 400_000}  # characters on a page; 40,000 of them may take a second
_FORMULAS = 40_000  # characters of text on a page that holds formulas; MathML is thirty times as long
_MARKDOWN = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
_WITH_FORMULAS = with_formulas(MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"]))
_LEXER = PythonLexer(stripnl=False, stripall=False, ensurenl=False)
_FORMATTER = HtmlFormatter(nowrap=True, classprefix="c-")


class ShownCell(Struct, frozen=True):
    index: int
    kind: str  # code | markdown | raw
    anchor: str
    name: str  # what a person calls it
    prose: Markup = Markup()
    lines: tuple[Markup, ...] = ()
    marked: int | None = None  # the line, from 1, that the error points to
    sentence: str | None = None
    outputs: tuple[Shown, ...] = ()
    notice: str = ""


def shown_cells(report: Report) -> tuple[ShownCell, ...]:
    runs = {run.index: run for run in report.run.cells}
    names = cell_names(report.submission.cells)
    left = dict(_MADE_UP)
    formulas = _FORMULAS
    cells = []
    for cell in report.submission.cells:
        left[cell.kind] = left.get(cell.kind, 0) - len(cell.source[:_SOURCE_LIMIT])
        if cell.kind == "markdown" and left[cell.kind] >= 0:
            formulas -= len(cell.source) if _may_hold_formulas(cell.source) else 0
            cells.append(_shown_text(cell, names[cell.index], formulas >= 0))
        else:
            cells.append(_shown_cell(cell, runs, names, left[cell.kind] < 0))
    return tuple(cells)


def anchor(index: int) -> str:
    """Where a cell stands on the page."""
    return f"cell-{index + 1}"


def highlighted(source: str) -> tuple[Markup, ...]:
    """Python source as lines of escaped HTML; a span never crosses a line's end."""
    html = highlight(visible(source), _LEXER, _FORMATTER)
    return tuple(Markup(line) for line in html.rstrip("\n").split("\n"))  # escaped by the formatter


def plain(source: str) -> tuple[Markup, ...]:
    return tuple(escape(line) for line in visible(source).split("\n"))


def rendered(markdown: str, formulas: bool = True) -> Markup:
    """Markdown as sanitised HTML whose headings stand below those of the page."""
    parser = _WITH_FORMULAS if formulas else _MARKDOWN
    tokens = parser.parse(visible(markdown))
    for token in tokens:
        if token.type in ("heading_open", "heading_close"):
            token.tag = f"h{min(int(token.tag[1]) + 3, 6)}"
    return clean_html(parser.renderer.render(tokens, parser.options, {}), prose=True)


def _may_hold_formulas(markdown: str) -> bool:
    return "$" in markdown or "\\begin" in markdown


def _shown_text(cell: Cell, name: str, formulas: bool) -> ShownCell:
    source, notice = _begun(cell)
    return ShownCell(cell.index, "markdown", anchor(cell.index), name, prose=rendered(source, formulas), notice=notice)


def _begun(cell: Cell) -> tuple[str, str]:
    """As much of a cell as is shown, and a sentence where that is not all."""
    source = cell.source[:_SOURCE_LIMIT]
    return source, "" if source == cell.source else "The rest of this very long cell is left out here."


def _shown_cell(cell: Cell, runs: Mapping[int, CellRun], names: Mapping[int, str], bare: bool) -> ShownCell:
    """`bare`: neither coloured nor rendered."""
    source, notice = _begun(cell)
    name = names[cell.index]
    if cell.kind != "code":
        return ShownCell(cell.index, "raw", anchor(cell.index), name, lines=plain(source), notice=notice)
    run = runs.get(cell.index)
    sentence = cell_sentence(run, names) if source.strip() else None
    return ShownCell(
        cell.index,
        "code",
        anchor(cell.index),
        name,
        lines=plain(source) if bare else highlighted(source),
        marked=_marked_line(cell, run),
        sentence=said(sentence) if sentence else None,
        outputs=tuple(part for output in (run.outputs if run else ()) for part in shown(output)),
        notice=notice,
    )


def _marked_line(cell: Cell, run: CellRun | None) -> int | None:
    trouble = run.trouble if run else None
    return trouble.line if trouble and trouble.cell in (None, cell.index) else None
