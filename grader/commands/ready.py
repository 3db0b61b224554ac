"""Whether a notebook is ready to be sent: run from top to bottom as the course will, with what only its author can see.

A kernel that has run for an evening holds what cells made that were moved, changed or deleted since. What ran there and
fails here is told so; so is a link that others cannot open.
"""

import re
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import nbformat
from msgspec import Struct
from rich.console import Console

from grader.commands.exit_codes import of_own_check
from grader.commands.own_check import own_checks, told_of_passes
from grader.course.folder import load_rubric
from grader.errors import UsageError
from grader.inbox.fetching import Came, Web
from grader.inbox.links import target
from grader.model import Cell, CellStatus, Report
from grader.scoring.results import submission_row
from grader.wording.cell_names import cell_name
from reports.languages import gettext, translated

MEND = "`grader check` says what to mend."
SHARE = "In Colab choose Share, then General access: Anyone with the link, and copy the link"
LINK, LAB = "(the share link of your notebook)", "(the lab)"


class Saved(Struct, frozen=True):
    """What the file itself says of its cells: by index, as they were last run."""

    counts: dict[int, int | None]  # of code cells that hold something
    went_well: frozenset[int]  # they have outputs, and no error among these


class Readiness(Struct, frozen=True):
    lines: tuple[str, ...]  # the mail stands last
    ready: bool  # every cell runs, and every public check passes


def readiness(place: str, lab: str | None, name: str, data: Path | None) -> Readiness:
    """Raises UsageError where nothing can be read at this place, or nobody else could."""
    console = Console(stderr=True, highlight=False)
    is_link = re.match(r"https?://", place) is not None
    with tempfile.TemporaryDirectory() as folder:
        file = fetched(place, Path(folder)) if is_link else Path(place)
        (report, *others) = own_checks(file, lab, data, None, console.print, console)
        before = saved(file)
    if others:
        raise UsageError(f"{place} holds {1 + len(others)} notebooks; give the one that you want to send.")
    failing = tuple(failures(report, before))
    good = not failing and bool(report.card.checks) and of_own_check(report) == 0
    lines = (
        *map(translated, failing),
        *map(translated, out_of_order(report.submission.cells, before)),
        told_of_passes(submission_row(report)) + ("" if good else f" {translated(MEND)}"),
        *mail(report.submission.lab or "", name, place if is_link else LINK),
    )
    return Readiness(lines, good)


def fetched(link: str, folder: Path) -> Path:
    """A file with what is at the end of it. Raises UsageError where others could not open it."""
    where = target(link)
    if where is None:
        raise UsageError(f"{link} is no link to a notebook of Drive, Colab or GitHub. {SHARE}.")
    if where.fault:
        raise UsageError(f"{link}: {where.fault}")
    came = Web().fetch(where)
    if came.came is Came.NO_PERMISSION:
        raise UsageError(f"{link}: nobody but you can open this notebook. {SHARE}.")
    if came.came is not Came.WHOLE:
        raise UsageError(f"{link}: {came.reason}")
    file = folder / "notebook.ipynb"
    file.write_bytes(came.data)
    return file


def saved(file: Path) -> Saved:
    """Nothing of a file that is no notebook of Jupyter's, such as a script."""
    try:
        cells = nbformat.read(file, as_version=4).cells
    except Exception:  # whatever it is, the reader of hand-ins has read it, or has said why not
        return Saved({}, frozenset())
    code = {i: cell for i, cell in enumerate(cells) if cell.cell_type == "code" and cell.source.strip()}
    ran = {i for i, cell in code.items() if cell.outputs and all(one.output_type != "error" for one in cell.outputs)}
    return Saved({i: cell.execution_count for i, cell in code.items()}, frozenset(ran))


def failures(report: Report, before: Saved) -> Iterator[str]:
    """Cells that fail by themselves, from a fresh kernel on."""
    cells = report.submission.cells
    for run in report.run.cells:
        if run.status in (CellStatus.OK, CellStatus.SKIPPED) or run.excuse:
            continue
        name = capital(cell_name(cells, run.index))
        said = f"{run.trouble.kind}: {run.trouble.message[:200]}" if run.trouble else run.status.value
        if run.index in before.went_well:
            yield (
                f"{name} went well when you last ran it, and fails in a fresh kernel with {said} It needs something "
                "that is made further below, or in a cell that you have changed or deleted since."
            )
        else:
            yield f"{name} fails in a fresh kernel with {said}"


def out_of_order(cells: Sequence[Cell], before: Saved) -> Iterator[str]:
    """Costs nothing by itself."""
    highest = 0
    for index, count in before.counts.items():
        if count is not None and count < highest:
            name = capital(cell_name(cells, index))
            yield f"{name} was last run before a cell above it. It is graded in the order in which cells stand."
            return
        highest = max(highest, count or 0)


def capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def mail(lab: str, name: str, link: str) -> tuple[str, ...]:
    alias = next(iter(load_rubric(lab).head.aliases), lab) if lab else LAB
    return "", f"{gettext('Subject')}: {translated(alias)} - {name}", "", translated(link)
