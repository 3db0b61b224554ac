"""The shared task of a lab: who reached what, by our own figures, as a table, a page and JSON."""

from collections.abc import Iterator
from pathlib import Path

import msgspec
from msgspec import Struct
from msgspec.structs import replace
from rich.console import RenderableType

from grader.certificates.issuing import graded_rows
from grader.certificates.signing import derived
from grader.course.folder import current_course, lab_slug, title_of
from grader.errors import UsageError
from grader.intake.whole_files import write_whole
from grader.leaderboard.places import Contestant, Entry, ranked
from grader.leaderboard.pseudonyms import pseudonyms
from grader.scoring.results import SubmissionRow
from grader.wording.counting import quantity
from reports.leaderboard import Board, leaderboard_page, leaderboard_table


class Listed(Struct, frozen=True):
    """What --json prints. It may be published, so it does not tell which answers on the blind test are right."""

    schema: int
    lab: str
    title: str
    intervals: str
    entries: tuple[Entry, ...]
    unplaced: int  # notebooks of this lab without a figure that compares


def told_of_leaderboard(lab: str, out: Path, has_pseudonyms: bool) -> Iterator[RenderableType]:
    board = board_of(lab_slug(lab), out, has_pseudonyms)
    yield leaderboard_table(board)
    if has_pseudonyms:
        yield "Only this table says whose the pseudonyms are; the page and --json do not."
    yield f"Page: {_page(board, out).resolve()}"


def leaderboard_json(lab: str, out: Path, has_pseudonyms: bool) -> str:
    board = board_of(lab_slug(lab), out, has_pseudonyms)
    _page(board, out)
    entries = tuple(replace(entry, measured=replace(entry.measured, right="")) for entry in board.entries)
    listed = Listed(1, board.lab, board.title, "Wilson, 95 %", entries, board.unplaced)
    return msgspec.json.format(msgspec.json.encode(listed), indent=2).decode()


def _page(board: Board, out: Path) -> Path:
    """Beside index.html, where no student's page lies: those have folders."""
    return write_whole(out / f"leaderboard-{board.lab}.html", leaderboard_page(board).encode())


def board_of(lab: str, out: Path, has_pseudonyms: bool) -> Board:
    """Raises UsageError where nothing of this lab was measured."""
    rows = [row for row in graded_rows(out) if row.lab == lab]
    names = pseudonyms(rows, derived(current_course().folder, "leaderboard")) if has_pseudonyms else None
    called = names or tuple(row.student for row in rows)
    whose = dict(zip(names or (), (row.student for row in rows), strict=True)) if names else {}
    compared = _compared(rows)
    if not compared:
        raise UsageError(
            f"{out}: of {quantity(len(rows), 'notebook')} of {lab} none has a measured accuracy. Grade this lab with "
            "its data and without --train none; labs without labels of their own have no leaderboard."
        )
    contestants = [
        Contestant(name, row.measured)
        for name, row in zip(called, rows, strict=True)
        if row in compared and row.measured is not None
    ]
    return Board(lab, title_of(lab), ranked(contestants), len(rows) - len(contestants), whose)


def _compared(rows: list[SubmissionRow]) -> list[SubmissionRow]:
    """Those that were measured on one and the same data: the data of most, the latest of equals."""
    measured = [row for row in rows if row.measured]
    sets = [row.measured.test_set for row in measured if row.measured]
    if not sets:
        return []
    chosen = max(reversed(sets), key=sets.count)
    return [row for row in measured if row.measured and row.measured.test_set == chosen]
