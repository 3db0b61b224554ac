"""The leaderboard of a lab, as a table in a terminal and as a page; every figure on it was measured."""

from collections.abc import Iterator, Mapping

from msgspec import Struct
from rich.box import SIMPLE_HEAD
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from grader.leaderboard.places import Entry, Interval
from grader.model import Measured
from grader.wording.counting import quantity
from reports.pages import page
from reports.scrub import name

HOW = (
    "A place is a range where the figures do not tell who is better: two are a tie where chance alone makes such a "
    "difference once in twenty times or more. {test} Each pair is looked at by itself, so among many notebooks a few "
    "differences will look real that are not."
)
_PAIRED = "That is told answer by answer, by McNemar's exact test, since all answered the same examples."
_APART = "Which of their answers are right is not known, so two whose intervals overlap are a tie."
_MIXED = (
    "That is told answer by answer, by McNemar's exact test, where it is known of both which answers are right; "
    "else two whose intervals overlap are a tie."
)
_SETTINGS = {
    "learning_rate": "learning rate",
    "batch": "batch",
    "l2": "L2",
    "dropout": "dropout",
    "clip": "clip",
    "optimizer": "optimizer",
    "embedding": "embedding",
    "hidden": "hidden",
}


class Board(Struct, frozen=True):
    lab: str
    title: str
    entries: tuple[Entry, ...]
    unplaced: int  # notebooks of this lab without a figure that compares
    whose: Mapping[str, str] = {}  # students by pseudonym; shown in no page

    @property
    def has_pseudonyms(self) -> bool:
        return bool(self.whose)

    @property
    def how(self) -> str:
        paired = [entry.is_paired for entry in self.entries]
        return HOW.format(test=_PAIRED if all(paired) else _MIXED if any_pair(self.entries) else _APART)


def any_pair(entries: tuple[Entry, ...]) -> bool:
    return sum(bool(entry.measured.right) for entry in entries) > 1


def leaderboard_page(board: Board) -> str:
    return page(
        "leaderboard.html",
        board=board,
        place=place,
        percent=percent,
        span=span,
        settings=settings,
        sizes=sizes,
        epochs=epochs,
        claim=claim,
        parameters=parameters,
    )


def leaderboard_table(board: Board) -> RenderableType:
    table = Table(width=80, box=SIMPLE_HEAD, show_edge=False, pad_edge=False, header_style="bold")
    table.add_column("Place", no_wrap=True)
    table.add_column("Pseudonym, student" if board.has_pseudonyms else "Student", overflow="fold", ratio=3)
    table.add_column("Test, 95 %", no_wrap=True)
    table.add_column("Dev", no_wrap=True)
    table.add_column("Trained with", overflow="fold", ratio=6)
    for entry in board.entries:
        m = entry.measured
        with_what = "; ".join(filter(None, (epochs(m), *settings(m.settings), sizes(m))))
        table.add_row(
            place(entry),
            Text(", ".join(name(each) for each in (entry.name, board.whose.get(entry.name)) if each)),
            f"{100 * m.test:.1f} ({span(entry.test)})",
            f"{100 * m.dev:.1f}",
            Text(with_what or "–"),
        )
    more = f"{quantity(board.unplaced, 'notebook')} of this lab without such a figure." if board.unplaced else ""
    return Group(Text(board.title, style="bold"), table, Text(" ".join(filter(None, (board.how, more))), style="dim"))


def place(entry: Entry) -> str:
    return str(entry.first) if entry.first == entry.last else f"{entry.first}–{entry.last}"


def percent(share: float) -> str:
    return f"{100 * share:.1f} %"


def span(interval: Interval) -> str:
    return f"{100 * interval.low:.1f}–{100 * interval.high:.1f}"


def settings(given: Mapping[str, float | str]) -> Iterator[str]:
    """In an order of ours; nothing of it is text of a student."""
    for key, word in _SETTINGS.items():
        value = given.get(key)
        if value is not None and not (value == 0 and key in ("clip", "dropout", "l2")):
            yield f"{word} {value:g}" if isinstance(value, float | int) else f"{value}"


def epochs(m: Measured) -> str:
    where = ", by the lab's own loop" if m.outside else ""
    return f"{m.epochs:.0f} {'epoch' if round(m.epochs) == 1 else 'epochs'}{where}" if m.epochs else ""


def sizes(m: Measured) -> str:
    return ", ".join("×".join(map(str, shape)) for shape in m.sizes if len(shape) > 1)


def parameters(m: Measured) -> str:
    total = 0
    for shape in m.sizes:
        size = 1
        for length in shape:
            size *= length
        total += size
    return f"{total:,}" if total else "–"


def claim(m: Measured) -> str:
    said = [f"{word} {percent(value)}" for word, value in (("dev", m.claimed_dev), ("test", m.claimed_test)) if value]
    return ", ".join(said) or "–"
