"""Reads tables of words and numbers from what a function printed or returned, and tells which scoring they follow."""

import math
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from msgspec import Struct

from grader.judging.comparing.arrays import Numbers, array
from grader.judging.formulas import Answers
from grader.sandbox.guest.wire import Listing
from grader.sandbox.guest.wire import Mapping as WireMapping

TOKEN = re.compile(r"[^\s|,;:()\[\]{}'\"`│║<>=]+")
DECIMAL = re.compile(r"([-+−]?\d*\.\d+(e[-+]?\d+)?%?|[-+−]?\d+%)$", re.IGNORECASE)
SIGN_APART = re.compile(r"(?<=\d)\s+%")  # 85 %
COMMA = re.compile(r"(?<![\d.,])(\d+),(?=\d+(?![\d.,]))")  # 0,8547, as in Spanish and Basque
COLOURS = re.compile(r"\x1b\[[0-9;]*m")
TAIL = 3  # rows at the end of a table that may show the end of the vocabulary
FEWEST = 3  # rows that make a table
WITHIN = 2e-3  # of the largest score; sums over 50 columns stay below it, in float16 too


class Row(Struct, frozen=True):
    word: str
    numbers: tuple[float, ...]  # those with a decimal point that stand beside the word
    steps: tuple[float, ...]  # what the last decimal of each is worth


def printed_rows(text: str, known: Collection[str]) -> tuple[Row, ...]:
    """Known words with the decimals after them, or, alone in a line, before them; words only where no number is."""
    plain = SIGN_APART.sub("%", COLOURS.sub("", text))
    for written in (plain, COMMA.sub(r"\1.", plain)):
        lines = [TOKEN.findall(line) for line in written.splitlines()]
        rows = [row for line in lines for row in rows_of_line(line, known) if row.numbers]
        if rows:
            return tuple(rows)
    alone = [[token for token in line if token in known] for line in lines]
    return tuple(Row(words[0], (), ()) for words in alone if len(words) == 1)


def rows_of_line(tokens: Sequence[str], known: Collection[str]) -> Iterable[Row]:
    places = [i for i, token in enumerate(tokens) if token in known]
    if len(places) == 1:
        return [row(tokens[places[0]], tokens)]
    return [row(tokens[i], tokens[i + 1 : j]) for i, j in pairwise([*places, len(tokens)])]


def row(word: str, tokens: Iterable[str]) -> Row:
    decimals = [token for token in tokens if DECIMAL.match(token)]
    numbers = [float(token.replace("−", "-").rstrip("%")) for token in decimals]
    return Row(word, tuple(numbers), tuple(map(step, decimals)))


def step(token: str) -> float:
    mantissa, _, exponent = token.rstrip("%").lower().partition("e")
    return float(10.0 ** (int(exponent or 0) - len(mantissa.partition(".")[2])))


def returned_rows(value: Any, words: Sequence[str]) -> tuple[Row, ...]:
    """Of pairs, of a dict word -> number, of words or their numbers, alone or with similarities; of a single word."""
    if isinstance(value, str):
        return (Row(value, (), ()),) if value in words else ()
    if isinstance(value, WireMapping):
        pairs = [Listing((word, item)) for word, item in value.items.items()]
        return returned_rows(Listing(tuple(pairs)), words)
    items = items_of(value)
    if len(items) == 2 and all(len(items_of(item)) >= FEWEST for item in items):
        return joined(items, words)
    rows = [row for item in items if (row := returned_row(item, words))]
    return tuple(rows) if len(rows) == len(items) else ()


def items_of(value: Any) -> Sequence[Any]:
    if isinstance(value, Listing):
        return value.items
    found = array(value)
    return found.tolist() if found is not None and found.ndim == 1 else ()


def returned_row(item: Any, words: Sequence[str]) -> Row | None:
    parts = items_of(item) or [item]
    named = [part for part in parts if isinstance(part, str)]
    numbers = [n for part in parts if (n := plain_number(part)) is not None]
    if not named:
        ids = [n for n in numbers if isinstance(n, int) and 0 <= n < len(words)]
        named = [words[ids[-1]]] if ids else []
    floats = tuple(n for n in numbers if isinstance(n, float))
    return Row(named[0], floats, (0.0,) * len(floats)) if named and named[0] in words else None


def plain_number(part: Any) -> int | float | None:
    found = array(part)
    if found is None or found.size != 1 or found.dtype.kind not in "iuf":
        return None
    number: int | float = found.reshape(-1)[0].item()
    return number


def joined(items: Sequence[Any], words: Sequence[str]) -> tuple[Row, ...]:
    """Words or their numbers in one list, similarities in the other: of each in turn, or of the whole vocabulary."""
    for first, second in (items, items[::-1]):
        rows = returned_rows(Listing(tuple(items_of(first))), words)
        numbers = [plain_number(part) for part in items_of(second)]
        if not rows or any(row.numbers for row in rows) or not all(isinstance(n, float) for n in numbers):
            continue
        whole = len(numbers) == len(words) and len(rows) <= len(words)
        at = [words.index(row.word) for row in rows] if whole else range(min(len(rows), len(numbers)))
        return tuple(Row(row.word, (float(numbers[i] or 0.0),), (0.0,)) for row, i in zip(rows, at, strict=False))
    return ()


def tables(rows: Sequence[Row]) -> tuple[tuple[Row, ...], ...]:
    """A word that comes again begins another table."""
    found: list[list[Row]] = [[]]
    for one in rows:
        if any(one.word == before.word for before in found[-1]):
            found.append([])
        found[-1].append(one)
    return tuple(tuple(table) for table in found)


def follows(table: Sequence[int], score: Numbers, free: Collection[int]) -> bool:
    """Whether rows are the best words in order, the last few perhaps the worst; where `free` words stand says nothing.

    Words of equal score may stand in any order.
    """
    shown = [i for i in table if i not in free]
    order = [i for i in np.argsort(-score, kind="stable") if i not in free]
    if not FEWEST <= len(shown) <= len(order) or len(set(shown)) < len(shown):
        return False
    close = WITHIN * max(float(np.max(np.abs(score))), 1e-3)
    for tail in range(min(TAIL, len(shown) - FEWEST) + 1):
        top = len(shown) - tail
        expected = np.array([*order[:top], *order[len(order) - tail :]])
        if np.all(np.abs(score[expected] - score[np.array(shown)]) <= close):
            return True
    return False


def numbered(table: Sequence[Row], shown: Mapping[str, float]) -> bool:
    """Whether the same column of every row is what `shown` says of its word; words that it leaves out say nothing."""
    rows = [one for one in table if one.word in shown]
    scale = max((abs(shown[one.word]) for one in rows), default=0.0)
    return len(rows) >= FEWEST and any(
        all(
            math.isfinite(one.numbers[i]) and abs(one.numbers[i] - shown[one.word]) <= one.steps[i] + WITHIN * scale
            for one in rows
        )
        for i in range(min(len(one.numbers) for one in rows))
    )


class Shown(Struct, frozen=True):
    """One table, and what every explanation says of its words."""

    rows: tuple[Row, ...]
    words: tuple[str, ...]  # the words that `answers` are about, in their order
    free: frozenset[str]  # query words, which may be left out
    answers: Answers

    def in_order(self, explanation: str) -> bool:
        place = {word: i for i, word in enumerate(self.words)}
        free = {place[word] for word in self.free}
        return follows([place[one.word] for one in self.rows], self.answers[explanation]["score"], free)

    def in_numbers(self, explanation: str) -> bool:
        values = self.answers[explanation]["shown"]
        return numbered(
            self.rows,
            {word: float(value) for word, value in zip(self.words, values, strict=True) if word not in self.free},
        )


def explanation_of(shown: Sequence[Shown], order: bool, numbers: bool) -> str | None:
    """The first explanation of all tables' order, numbers or both; None when none is."""
    for name in shown[0].answers if shown else ():
        if all((not order or s.in_order(name)) and (not numbers or s.in_numbers(name)) for s in shown):
            return name
    return None
