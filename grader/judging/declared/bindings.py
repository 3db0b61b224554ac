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
from itertools import combinations, count, islice, permutations

import numpy as np
from msgspec import Struct

from grader.judging.comparing.arrays import Numbers
from grader.sandbox.guest.wire import VariableInfo

Shape = tuple[int, ...]
Letters = Mapping[int, int]  # a number of the model answer -> the notebook's
Range = tuple[int, int] | int | None  # along an axis: from, to; one place, which takes the axis away; all of it

WAYS = 24  # to leave roles out, where a notebook has too few variables
STEPS = 20_000  # of the search in one way to cut the variables
LACKING = 3  # more roles than have to be are left out, at most
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
        if len(self.pieces) == 1:
            return self.pieces[0].shape
        return (sum(piece.shape[0] for piece in self.pieces), *self.pieces[0].shape[1:])

    def likeness(self, role: str) -> float:
        return sum(likeness(role, piece.path) for piece in self.pieces) / len(self.pieces)

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
                value[slice(*rows) if rows else ...] = piece.of(np.asarray(part))
            found[role] = value
        return found


def bindings(roles: Mapping[str, Shape], fixed: Iterable[int], variables: Sequence[VariableInfo]) -> Iterator[Binding]:
    """One for each way to see the variables, the likeliest first: whole ones before pieces of them.

    Which of several variables of one shape is which role is guessed by their names: `identified` tells better. Where
    there are fewer variables than roles, some roles are left without one: biases sooner than matrices.
    """
    solver = Solver(roles, frozenset(fixed))
    found = False
    for places in ways_to_cut(variables):
        for way in islice(solver.solutions(tuple(roles), places), 1):
            found = True
            yield way
    whole = [Placed((piece,)) for v in variables for piece in wholes(v)]
    least = max(1, len(roles) - len(variables))
    for number in range(least, min(least + LACKING, len(roles))) if not found else ():
        for left in left_of(roles, variables, number):
            yield from islice(solver.solutions(left, whole), 1)


def left_of(roles: Mapping[str, Shape], variables: Sequence[VariableInfo], number: int) -> Iterator[tuple[str, ...]]:
    """All roles but so many: first those that no variable is called like, biases before matrices."""
    called = {role: max((likeness(role, v.path) for v in variables), default=0.0) for role in roles}
    ways = list(combinations(roles, number))
    ways.sort(key=lambda dropped: sum(called[role] + len(roles[role]) for role in dropped))
    for dropped in ways[:WAYS]:
        yield tuple(role for role in roles if role not in dropped)


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
        options = {role: sorted(places, key=lambda p, r=role: -p.likeness(r)) for role in order}  # type: ignore[misc]
        for chosen, letters in self._chosen(order, options, {}, {}, count()):
            shapes = {role: tuple(letters.get(n, n) for n in shape) for role, shape in self.roles.items()}
            yield Binding(chosen, letters, shapes)

    def _chosen(
        self,
        order: Sequence[str],
        options: Mapping[str, Sequence[Placed]],
        taken: Mapping[str, Placed],
        letters: Letters,
        steps: Iterator[int],
    ) -> Iterator[tuple[Mapping[str, Placed], Letters]]:
        if not order:
            if self._holds(letters):
                yield taken, letters
            return
        role, *rest = order
        for place in options[role]:
            if next(steps) > STEPS:
                return
            more = self._solved(self.roles[role], place.shape, letters)
            if more is not None and not any(place.overlaps(other) for other in taken.values()):
                yield from self._chosen(rest, options, {**taken, role: place}, more, steps)

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
    for number in BLOCKS:
        parts = [piece for v in variables for piece in blocks(v, number)]
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
    if np.prod(v.shape) == 1:  # one number, with axes or without
        yield from (Piece(v.path, shape, every) for shape in ((), (1,), (1, 1)) if shape != v.shape)
    elif len(v.shape) == 2:
        if 1 in v.shape:
            yield Piece(v.path, (max(v.shape),), every)
        yield Piece(v.path, v.shape[::-1], every, turned=True)
    elif len(v.shape) == 1:
        yield Piece(v.path, (1, *v.shape), every)
        yield Piece(v.path, (*v.shape, 1), every)


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
            yield Piece(v.path, shape, at)
            if len(shape) == 2:
                yield Piece(v.path, shape[::-1], at, turned=True)


def orders(role: str, binding: Binding, solver: Solver) -> Iterator[Placed]:
    """A role's place as it is, and with the parts of a matrix that joins two things in the other order."""
    place, shape = binding.places[role], solver.roles[role]
    yield place
    if len(shape) == 2:
        for a, _ in solver.sums.get(shape[0], ()):
            size = binding.letters.get(a, a)
            if 0 < size < binding.shapes[role][0]:
                yield swapped_rows(place, binding.shapes[role][0], size)


def swapped_rows(place: Placed, height: int, cut: int) -> Placed:
    """The role's first `cut` rows stand last in the notebook's variable."""
    if len(place.pieces) != 1:
        return place
    (piece,) = place.pieces
    return Placed((rows_of(piece, height - cut, height), rows_of(piece, 0, height - cut)), ((0, cut), (cut, height)))


def rows_of(piece: Piece, start: int, stop: int) -> Piece:
    """Of a piece [rows, columns], some rows."""
    free = [axis for axis, part in enumerate(piece.at) if not isinstance(part, int)]
    axis = free[1] if piece.turned else free[0]
    part = piece.at[axis]
    offset = part[0] if isinstance(part, tuple) else 0
    at = (*piece.at[:axis], (offset + start, offset + stop), *piece.at[axis + 1 :])
    return Piece(piece.path, (stop - start, *piece.shape[1:]), at, piece.turned)
