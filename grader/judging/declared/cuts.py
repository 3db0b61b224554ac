"""How a notebook's variables may be laid out: each as a whole or turned, two that belong together, several in one."""

import difflib
import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import permutations, product

import numpy as np
from msgspec import Struct

from grader.judging.comparing.arrays import Numbers
from grader.sandbox.guest.wire import VariableInfo

Shape = tuple[int, ...]
Range = tuple[int, int] | int | None  # along an axis: from, to; one place, which takes the axis away; all of it
BLOCKS = (2, 3, 4)  # variables that may stand side by side in one


class Piece(Struct, frozen=True):
    """A part of a notebook's variable: what it holds, and how it is looked at."""

    path: str
    shape: Shape  # as the model answer has it
    at: tuple[Range, ...]  # for each axis of the variable
    turned: bool = False

    @property
    def index(self) -> tuple[slice | int, ...]:
        return tuple(slice(*o) if isinstance(o, tuple) else slice(None) if o is None else o for o in self.at)

    def of(self, whole: Numbers) -> Numbers:
        part = whole[self.index]
        return np.reshape(part.T if self.turned else part, self.shape)

    def put(self, whole: Numbers, value: Numbers) -> Numbers:
        changed = np.array(whole)
        changed[self.index] = np.reshape(value.T if self.turned else value, changed[self.index].shape)
        return changed

    def overlaps(self, other: "Piece") -> bool:
        return self.path == other.path and all(map(meet, self.at, other.at))


def meet(one: Range, other: Range) -> bool:
    if one is None or other is None:
        return True
    (a, b), (c, d) = (part if isinstance(part, tuple) else (part, part + 1) for part in (one, other))
    return a < d and c < b


def part_at(rows: tuple[int, int] | None, beside: bool) -> tuple[slice, ...]:
    if rows is None:
        return ()
    return (slice(None), slice(*rows)) if beside else (slice(*rows),)


class Placed(Struct, frozen=True):
    """The pieces of one role, one below the other, and which rows of the role each holds."""

    pieces: tuple[Piece, ...]
    rows: tuple[tuple[int, int] | None, ...] = (None,)  # of the role, for each piece
    beside: bool = False  # the pieces stand side by side, and each holds columns

    @property
    def shape(self) -> Shape:
        if len(self.pieces) == 1:
            return self.pieces[0].shape
        if self.beside:
            return self.pieces[0].shape[0], len(self.pieces)
        return (sum(piece.shape[0] for piece in self.pieces), *self.pieces[0].shape[1:])

    def likeness(self, role: str) -> float:
        return sum(likeness(role, piece.path) for piece in self.pieces) / len(self.pieces)

    def overlaps(self, other: "Placed") -> bool:
        return any(one.overlaps(two) for one in self.pieces for two in other.pieces)


def ways_to_cut(variables: Sequence[VariableInfo]) -> Iterator[list[Placed]]:
    """As they are, some turned; two that belong one below the other; several in one."""
    whole = [piece for v in variables for piece in wholes(v)]
    yield [Placed((piece,)) for piece in whole]
    yield [*(Placed((piece,)) for piece in whole), *joined(whole)]
    for number in BLOCKS:
        parts = [piece for v in variables for piece in blocks(v, number)]
        if parts:
            yield [Placed((piece,)) for piece in (*whole, *parts)]
            yield [Placed((piece,)) for piece in (*whole, *parts)] + list(joined([*whole, *parts]))


def ways_to_part(variables: Sequence[VariableInfo], fixed: Collection[int]) -> Iterator[list[Placed]]:
    """Two that stand one below the other in one. `fixed`: sizes that need not be those of a variable."""
    whole = [piece for v in variables for piece in wholes(v)]
    sizes = {1, *fixed, *(size for v in variables for size in v.shape)}
    for number, larger_first in product((1, *BLOCKS), (False, True)):
        parts = [piece for v in variables for piece in stacked(v, sizes, larger_first, number)]
        if parts:
            yield [Placed((piece,)) for piece in (*whole, *parts)]


def ways_to_fold(variables: Sequence[VariableInfo], shapes: Iterable[Shape]) -> Iterator[list[Placed]]:
    """What has three axes or more, as a kernel [width, channels, filters], may be a matrix or a list of matrices."""
    whole = [Placed((piece,)) for v in variables for piece in wholes(v)]
    deep = [shape for shape in shapes if len(shape) > 2]
    folded = [
        Placed((Piece(v.path, (*shape[:-1], v.shape[1]), (None, None)),))
        for v, shape in product(variables, deep)
        if len(v.shape) == 2 and v.shape[0] == np.prod(shape[:-1])
    ]
    groups = lists(variables)
    listed = [one for group in groups if (one := below_each_other(group)).shape[0] in {s[0] for s in deep}]
    if folded or listed:
        yield [*whole, *folded, *listed]
    columns = [beside_each_other(group) for group in groups if len(group) > 1 and len(group[0].shape) < 3]
    if columns and any(one is not None for one in columns):
        yield [*whole, *(one for one in columns if one is not None)]


def lists(variables: Sequence[VariableInfo]) -> list[list[VariableInfo]]:
    """Those of one shape that stand in one list, or in objects of one list, in its order."""
    found: dict[tuple[str, str, Shape], list[VariableInfo]] = {}
    for v in variables:
        if match := re.fullmatch(r"(.*)\[\d+\](\D*)", v.path):
            found.setdefault((match[1], match[2], v.shape), []).append(v)
    return [sorted(group, key=lambda v: (len(v.path), v.path)) for group in found.values()]


def below_each_other(group: Sequence[VariableInfo]) -> Placed:
    pieces = tuple(Piece(v.path, (1, *v.shape), (None,) * len(v.shape)) for v in group)
    return Placed(pieces, tuple((i, i + 1) for i in range(len(pieces))))


def beside_each_other(group: Sequence[VariableInfo]) -> Placed | None:
    """Vectors as the columns of a matrix, numbers as a vector."""
    long = [n for n in group[0].shape if n > 1]
    if len(long) > 1:
        return None
    pieces = tuple(Piece(v.path, (*long, 1), (None,) * len(v.shape)) for v in group)
    return Placed(pieces, tuple((i, i + 1) for i in range(len(pieces))), beside=bool(long))


def joined(pieces: Sequence[Piece]) -> Iterator[Placed]:
    flat = [piece for piece in pieces if len(piece.shape) == 2 and min(piece.shape) > 1]
    for one, other in permutations(flat, 2):
        if one.shape[1] == other.shape[1] and one.path != other.path:
            yield Placed((one, other), ((0, one.shape[0]), (one.shape[0], one.shape[0] + other.shape[0])))


def wholes(v: VariableInfo) -> Iterator[Piece]:
    yield from looks(v.path, v.shape, (None,) * len(v.shape))


def looks(path: str, shape: Shape, at: tuple[Range, ...]) -> Iterator[Piece]:
    """Ways to look at a part of a variable: as it is, turned, without axes of one, or with one more."""
    yield Piece(path, shape, at)
    if np.prod(shape) == 1:  # one number, with axes or without
        yield from (Piece(path, other, at) for other in ((), (1,), (1, 1)) if other != shape)
        return
    long = tuple(size for size in shape if size > 1)
    if long != shape:
        yield Piece(path, long, at)
    if len(shape) == 2:
        yield Piece(path, shape[::-1], at, turned=True)
    elif len(shape) == 1:
        yield Piece(path, (1, *shape), at)
        yield Piece(path, (*shape, 1), at)


def blocks(v: VariableInfo, number: int) -> Iterator[Piece]:
    """`number` equal pieces along one axis, which takes the axis away where it is as long."""
    for axis, size in enumerate(v.shape):
        if size % number or size < number or (len(v.shape) == 1 and size == number):
            continue
        one = size // number
        for i in range(number):
            part: Range = i if one == 1 else (i * one, (i + 1) * one)
            at = (*(None,) * axis, part, *(None,) * (len(v.shape) - axis - 1))
            shape = (*v.shape[:axis], *((one,) if one > 1 else ()), *v.shape[axis + 1 :])
            yield from looks(v.path, shape, at)


def stacked(v: VariableInfo, sizes: Collection[int], larger_first: bool, number: int) -> Iterator[Piece]:
    """Two parts along one axis of a matrix, of sizes that there are elsewhere; each of `number` equal pieces across.

    [word + state, units] holds the matrix of the words and that of the state; a part of one row is a bias.
    """
    for axis, size in enumerate(v.shape if len(v.shape) == 2 else ()):
        width = v.shape[1 - axis]
        if width % number or width == number > 1 or size == 1:
            continue
        one = width // number
        across = [None] if number == 1 else [(i * one, (i + 1) * one) for i in range(number)]
        for small in sorted(n for n in sizes if n <= size - n and size - n in sizes):
            middle = size - small if larger_first else small
            for (start, stop), other in product(((0, middle), (middle, size)), across):
                part: Range = start if stop - start == 1 else (start, stop)
                shape = (one,) if stop - start == 1 else (stop - start, one)
                at = (part, other)
                yield from looks(v.path, shape if axis == 0 else shape[::-1], at if axis == 0 else at[::-1])


@lru_cache(20_000)
def likeness(role: str, path: str) -> float:
    """Of two names, from 0 to 2, which equal ones have."""
    one, other = plain(role), plain(path)
    return 2.0 if one == other else difflib.SequenceMatcher(None, one, other).ratio()


def plain(path: str) -> str:
    return re.sub(r"[^a-z0-9]", "", path.removeprefix("c.").lower())
