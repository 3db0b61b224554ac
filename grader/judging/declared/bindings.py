"""Which variable of a notebook is which of the model answer's, or a piece of it: in other sizes, turned, cut, stacked.

A role is a variable of the model answer. The model answer's numbers stand for letters: of W [64, 32] and b [32] the
notebook may have W [64, 50] and b [50], and 32 stands for 50 then. Numbers the task fixes stand for themselves; a
number of rows that is the sum of two others, 32 = 8 + 24, may be cut there: the notebook may have two matrices, or
the two parts in the other order.
"""

import difflib
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import combinations, islice, permutations, product

import numpy as np
from msgspec import Struct

from grader.judging.comparing.arrays import Numbers
from grader.sandbox.guest.wire import VariableInfo

Shape = tuple[int, ...]
Letters = Mapping[int, int]  # a number of the model answer -> the notebook's
Range = tuple[int, int] | int | None  # along an axis: from, to; one place, which takes the axis away; all of it

WAYS = 48  # to give variables to roles, of one way to cut them
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


class Placed(Struct, frozen=True):
    """The pieces of one role, one below the other, and which rows of the role each holds."""

    pieces: tuple[Piece, ...]
    rows: tuple[tuple[int, int] | None, ...] = (None,)  # of the role, for each piece

    @property
    def shape(self) -> Shape:
        height = sum(piece.shape[0] for piece in self.pieces) if len(self.pieces) > 1 else self.pieces[0].shape[0]
        return (height, *self.pieces[0].shape[1:])

    def overlaps(self, other: "Placed") -> bool:
        return any(one.overlaps(two) for one in self.pieces for two in other.pieces)


class Binding(Struct, frozen=True):
    places: Mapping[str, Placed]  # by role; a role that the notebook lacks is not among them
    letters: Letters
    shapes: Mapping[str, Shape]  # of roles, in the notebook's sizes

    @property
    def sizes(self) -> dict[int, int]:
        return {old: new for old, new in self.letters.items() if old != new}

    def planted(self, values: Mapping[str, Numbers], variables: Sequence[VariableInfo]) -> dict[str, Numbers]:
        """The notebook's variables with these values of roles; a variable without a role is not among them."""
        shapes = {v.path: v.shape for v in variables}
        found: dict[str, Numbers] = {}
        for role, place in self.places.items():
            for piece, rows in zip(place.pieces, place.rows, strict=True):
                value = values[role] if rows is None else values[role][slice(*rows)]
                whole = found.get(piece.path, np.zeros(shapes[piece.path], np.float32))
                found[piece.path] = piece.put(whole, value)
        return found

    def by_role(self, arrays: Mapping[str, Numbers | None]) -> dict[str, Numbers | None]:
        """What notebook's variables have, as the model answer's would; None where a piece has none."""
        found: dict[str, Numbers | None] = {}
        for role, place in self.places.items():
            parts = [arrays.get(piece.path) for piece in place.pieces]
            if any(part is None for part in parts):
                found[role] = None
                continue
            value = np.zeros(self.shapes[role], np.float64)
            for piece, rows, part in zip(place.pieces, place.rows, parts, strict=True):
                assert part is not None
                value[slice(*rows) if rows else slice(None)] = piece.of(np.asarray(part))
            found[role] = value
        return found


def bindings(roles: Mapping[str, Shape], fixed: Iterable[int], variables: Sequence[VariableInfo]) -> Iterator[Binding]:
    """The likeliest first: names, then the order of creation; whole variables before pieces of them.

    Where there are fewer variables than roles, some roles are left without one: biases sooner than matrices.
    """
    solver = Solver(roles, frozenset(fixed))
    any_yet = False
    for places in ways_to_cut(variables):
        for binding in islice(solver.solutions(tuple(roles), places), WAYS):
            any_yet = True
            yield from reordered(binding, solver)
    lacking = len(roles) - len(variables)
    if any_yet or lacking <= 0:
        return
    least = sorted(roles, key=lambda role: len(roles[role]))
    whole = [Placed((piece,)) for v in variables for piece in wholes(v)]
    for dropped in islice(combinations(least, lacking), WAYS):
        left = tuple(role for role in roles if role not in dropped)
        for binding in islice(solver.solutions(left, whole), 2):
            yield from reordered(binding, solver)


class Solver:
    """Finds places for roles so that every number of the model answer stands for one of the notebook's."""

    def __init__(self, roles: Mapping[str, Shape], fixed: frozenset[int]) -> None:
        self.roles, self.fixed = roles, fixed
        numbers = sorted({n for shape in roles.values() for n in shape} | fixed)
        rows = {shape[0] for shape in roles.values() if len(shape) == 2}
        self.sums = {n: self._summands(n, numbers) for n in sorted(rows - fixed)}

    def _summands(self, total: int, numbers: Sequence[int]) -> list[tuple[int, int]]:
        """Pairs that make it up; of numbers that the task fixes only where there are no others."""
        pairs = [(a, b) for a in numbers for b in numbers if a + b == total and a > 1 < b]
        return [pair for pair in pairs if not self.fixed & set(pair)] or pairs

    def solutions(self, roles: Sequence[str], places: Sequence[Placed]) -> Iterator[Binding]:
        order = sorted(roles, key=lambda role: -len(self.roles[role]))
        options = {role: sorted(places, key=lambda p, r=role: -likeness(r, p.pieces[0].path)) for role in order}  # type: ignore[misc]
        for chosen, letters in self._chosen(order, options, {}, {}):
            shapes = {role: tuple(letters.get(n, n) for n in shape) for role, shape in self.roles.items()}
            yield Binding(chosen, letters, shapes)

    def _chosen(
        self,
        order: Sequence[str],
        options: Mapping[str, Sequence[Placed]],
        taken: Mapping[str, Placed],
        letters: Letters,
    ) -> Iterator[tuple[Mapping[str, Placed], Letters]]:
        if not order:
            if self._holds(letters):
                yield taken, letters
            return
        role, *rest = order
        for place in options[role]:
            more = self._solved(self.roles[role], place.shape, letters)
            if more is not None and not any(place.overlaps(other) for other in taken.values()):
                yield from self._chosen(rest, options, {**taken, role: place}, more)

    def _solved(self, shape: Shape, theirs: Shape, letters: Letters) -> Letters | None:
        if len(shape) != len(theirs):
            return None
        found = dict(letters)
        for old, new in zip(shape, theirs, strict=True):
            if (old in self.fixed and old != new) or found.setdefault(old, new) != new:
                return None
        return found

    def _holds(self, letters: Letters) -> bool:
        """A number that is a sum of others in the model answer is one in the notebook as well."""
        for n, pairs in self.sums.items():
            known = [letters.get(a, a) + letters.get(b, b) for a, b in pairs]
            if known and n in letters and letters[n] not in known:
                return False
        return True


@lru_cache(20_000)
def likeness(role: str, path: str) -> float:
    """Of two names, from 0 to 2, which equal ones have."""
    one, other = plain(role), plain(path)
    return 2.0 if one == other else difflib.SequenceMatcher(None, one, other).ratio()


def plain(path: str) -> str:
    return re.sub(r"[^a-z0-9]", "", path.removeprefix("c.").lower())


def ways_to_cut(variables: Sequence[VariableInfo]) -> Iterator[list[Placed]]:
    """As they are, some turned; two that belong one below the other; several in one."""
    whole = [piece for v in variables for piece in wholes(v)]
    yield [Placed((piece,)) for piece in whole]
    yield [*(Placed((piece,)) for piece in whole), *joined(whole)]
    for count in BLOCKS:
        parts = [piece for v in variables for piece in blocks(v, count)]
        if parts:
            yield [Placed((piece,)) for piece in (*whole, *parts)]
            yield [Placed((piece,)) for piece in (*whole, *parts)] + list(joined([*whole, *parts]))


def joined(pieces: Sequence[Piece]) -> Iterator[Placed]:
    flat = [piece for piece in pieces if len(piece.shape) == 2 and min(piece.shape) > 1]
    for one, other in permutations(flat, 2):
        if one.shape[1] == other.shape[1] and one.path != other.path:
            yield Placed((one, other), ((0, one.shape[0]), (one.shape[0], one.shape[0] + other.shape[0])))


def wholes(v: VariableInfo) -> Iterator[Piece]:
    every = (None,) * len(v.shape)
    yield Piece(v.path, v.shape, every)
    if len(v.shape) == 2:
        if 1 in v.shape:
            yield Piece(v.path, (max(v.shape),), every)
        yield Piece(v.path, v.shape[::-1], every, turned=True)
    elif len(v.shape) == 1:
        yield Piece(v.path, (1, *v.shape), every)
        yield Piece(v.path, (*v.shape, 1), every)


def blocks(v: VariableInfo, count: int) -> Iterator[Piece]:
    """`count` equal pieces along one axis, which takes the axis away where it is as long."""
    for axis, size in enumerate(v.shape):
        if size % count or size < count or len(v.shape) == 1 and size == count:
            continue
        one = size // count
        for i in range(count):
            part: Range = i if one == 1 else (i * one, (i + 1) * one)
            at = (*(None,) * axis, part, *(None,) * (len(v.shape) - axis - 1))
            shape = (*v.shape[:axis], *((one,) if one > 1 else ()), *v.shape[axis + 1 :])
            yield Piece(v.path, shape, at)
            if len(shape) == 2:
                yield Piece(v.path, shape[::-1], at, turned=True)


def reordered(binding: Binding, solver: Solver) -> Iterator[Binding]:
    """With the two parts of matrices that join two things in either order: all alike first."""
    joining = [
        (role, binding.letters.get(a, a))
        for role, shape in solver.roles.items()
        if len(shape) == 2 and shape[0] in solver.sums and role in binding.places
        for a, b in solver.sums[shape[0]][:1]
    ]
    yield binding
    if not joining or len(joining) > 4:
        return
    orders = [order for order in product((False, True), repeat=len(joining)) if any(order)]
    for order in sorted(orders, key=lambda order: len(set(order))):
        for first in (True, False):
            places = dict(binding.places)
            for (role, size), swapped in zip(joining, order, strict=True):
                if swapped:
                    places[role] = swapped_rows(places[role], binding.shapes[role][0], size, first)
            yield Binding(places, binding.letters, binding.shapes)


def swapped_rows(place: Placed, height: int, size: int, first: bool) -> Placed:
    """The role's first rows stand last in the notebook's variable: `size` of them, or all but `size`."""
    if len(place.pieces) != 1:
        return place
    (piece,) = place.pieces
    cut = size if first else height - size
    return Placed((rows_of(piece, height - cut, height), rows_of(piece, 0, height - cut)), ((0, cut), (cut, height)))


def rows_of(piece: Piece, start: int, stop: int) -> Piece:
    """Of a piece [rows, columns], some rows."""
    free = [axis for axis, part in enumerate(piece.at) if not isinstance(part, int)]
    axis = free[1] if piece.turned else free[0]
    part = piece.at[axis]
    offset = part[0] if isinstance(part, tuple) else 0
    at = (*piece.at[:axis], (offset + start, offset + stop), *piece.at[axis + 1 :])
    return Piece(piece.path, (stop - start, *piece.shape[1:]), at, piece.turned)
