"""Attention as a heat map with the words at its sides: where each square stands, and what the map says in words."""

import math

from msgspec import Struct

from grader.figures import AttentionMap
from grader.model import Report

MOST = 6  # maps on a page
MOST_WORDS = 64  # on a side
LONGEST = 14  # letters of a word

# Units of the viewBox; on a phone one of them is nearly a pixel.
WIDTH, MARGIN, LEAST_SIDE, SIDE = 360.0, 4.0, 12.0, 30.0
LETTER = 6.3  # width of one, about
TOLD_FROM = 0.095  # smaller weights are not written into their square


class Square(Struct, frozen=True):
    x: float
    y: float
    strength: float  # between 0 and 1
    text: str  # in percent; empty where small
    title: str


class Label(Struct, frozen=True):
    x: float
    y: float
    text: str


class Heat(Struct, frozen=True):
    id: str
    map: AttentionMap
    width: float
    height: float
    side: float
    rows: tuple[Label, ...]
    columns: tuple[Label, ...]
    squares: tuple[Square, ...]
    sentences: tuple[str, ...]
    table: tuple[tuple[str, tuple[str, ...]], ...]


def heats(report: Report) -> tuple[Heat, ...]:
    drawable = [one for one in report.attention if is_drawable(one) and not one.photo]
    return tuple(heat(one, f"attention-{number}") for number, one in enumerate(drawable[:MOST], 1))


def is_drawable(one: AttentionMap) -> bool:
    """As many weights as words, and each a share."""
    return (
        0 < len(one.rows) <= MOST_WORDS
        and 0 < len(one.columns) <= MOST_WORDS
        and len(one.weights) == len(one.rows)
        and all(len(row) == len(one.columns) for row in one.weights)
        and all(math.isfinite(weight) and -1e-3 <= weight <= 1.001 for row in one.weights for weight in row)
    )


def heat(one: AttentionMap, identity: str) -> Heat:
    rows, columns = (tuple(map(short, words)) for words in (one.rows, one.columns))
    left = MARGIN + LETTER * max(map(len, rows)) + 6
    top = MARGIN + LETTER * max(map(len, columns)) * 0.72 + 12  # these stand at 45 degrees
    beyond = LETTER * len(columns[-1]) * 0.72
    side = round(min(SIDE, max(LEAST_SIDE, (WIDTH - left - beyond - MARGIN) / len(columns))), 1)
    squares = tuple(
        Square(
            round(left + side * j, 1),
            round(top + side * i, 1),
            round(min(max(weight, 0.0), 1.0), 3),
            f"{100 * weight:.0f}" if weight >= TOLD_FROM and side > 18 else "",
            f"{one.rows[i]} → {one.columns[j]}: {share(weight)}",
        )
        for i, row in enumerate(one.weights)
        for j, weight in enumerate(row)
    )
    return Heat(
        identity,
        one,
        round(max(WIDTH, left + side * len(columns) + beyond + MARGIN), 1),
        round(top + side * len(rows) + MARGIN, 1),
        side,
        tuple(Label(round(left - 6, 1), round(top + side * (i + 0.5) + 4, 1), word) for i, word in enumerate(rows)),
        tuple(Label(round(left + side * (j + 0.4), 1), round(top - 6, 1), word) for j, word in enumerate(columns)),
        squares,
        tuple(sentence(one.rows[i], one.columns, row) for i, row in enumerate(one.weights)),
        tuple((one.rows[i], tuple(map(share, row))) for i, row in enumerate(one.weights)),
    )


def short(word: str) -> str:
    return word if len(word) <= LONGEST else f"{word[: LONGEST - 1]}…"


def share(weight: float) -> str:
    return f"{100 * weight:.1f}\u00a0%"


def sentence(looking: str, columns: tuple[str, ...], row: tuple[float, ...]) -> str:
    most = max(range(len(row)), key=lambda j: row[j])
    if max(row) - min(row) < 1e-4:
        return f"{looking} looks everywhere alike."
    return f"{looking} looks most at {columns[most]} ({share(row[most])})."
