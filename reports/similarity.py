"""Pairs of notebooks that look alike, side by side, for the teacher alone: a question and no verdict."""

from collections.abc import Sequence

from markupsafe import Markup
from msgspec import Struct

from reports.notebook import highlighted, plain
from reports.pages import page

_LONG = 40_000  # characters of a cell that are coloured
MOST = 30  # pairs that are shown whole


class Side(Struct, frozen=True):
    student: str
    cells: tuple[tuple[str, str, frozenset[int]], ...]  # name, source, lines that the other has too


class Twins(Struct, frozen=True):
    first: Side
    second: Side
    share: str  # in words


class ShownCell(Struct, frozen=True):
    name: str
    lines: tuple[tuple[Markup, bool], ...]  # and whether the other has it too


def similarity_page(title: str, twins: Sequence[Twins], groups: Sequence[Sequence[str]], compared: int) -> str:
    shown = [(pair, _cells(pair.first), _cells(pair.second)) for pair in twins[:MOST]]
    return page(
        "similarity.html", title=title, twins=shown, left=len(twins) - len(shown), groups=groups, compared=compared
    )


def _cells(side: Side) -> tuple[ShownCell, ...]:
    return tuple(ShownCell(name, _lines(source, marked)) for name, source, marked in side.cells)


def _lines(source: str, marked: frozenset[int]) -> tuple[tuple[Markup, bool], ...]:
    lines = plain(source) if len(source) > _LONG else highlighted(source)
    return tuple((line, n in marked) for n, line in enumerate(lines, 1))
