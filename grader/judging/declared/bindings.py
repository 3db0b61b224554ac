"""Which variable of a notebook is which of the model answer's, or a piece of it: in other sizes, turned, cut, stacked.

A role is a variable of the model answer. The model answer's numbers stand for letters: of W [64, 32] and b [32] the
notebook may have W [64, 50] and b [50], and 32 stands for 50 then. Numbers the task fixes stand for themselves; a
number of rows that is the sum of two others, 32 = 8 + 24, may be cut there: the notebook may have two matrices, or
the two parts in the other order.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain, combinations, count, islice

import numpy as np
from msgspec import Struct

from grader.judging.comparing.arrays import Numbers
from grader.judging.declared.cuts import (
    Piece,
    Placed,
    Shape,
    likeness,
    part_at,
    ways_to_cut,
    ways_to_fold,
    ways_to_part,
    wholes,
)
from grader.sandbox.guest.wire import VariableInfo

Letters = Mapping[int, int]  # a number of the model answer -> the notebook's

WAYS = 24  # to leave roles out, where a notebook has too few variables
STEPS = 20_000  # of the search in one way to cut the variables
BEFORE_PARTS = 4  # ways without some roles, where others use parts of a variable
LACKING = 3  # more roles than have to be are left out, at most
SQUARES = 2  # so many matrices as high as they are wide may be turned one by one


class Binding(Struct, frozen=True):
    places: Mapping[str, Placed]  # by role; a role that the notebook lacks is not among them
    letters: Letters
    shapes: Mapping[str, Shape]  # of roles, in the notebook's sizes

    @property
    def sizes(self) -> dict[int, int]:
        return {old: new for old, new in self.letters.items() if old != new}

    @property
    def paths(self) -> set[str]:
        return {piece.path for place in self.places.values() for piece in place.pieces}

    def covers(self, variables: Sequence[VariableInfo]) -> bool:
        """Whether all of each variable that has a part is used: a column of a table of words is no bias."""
        used: dict[str, int] = {}
        for piece in (piece for place in self.places.values() for piece in place.pieces):
            used[piece.path] = used.get(piece.path, 0) + int(np.prod(piece.shape))
        return all(used.get(v.path) in (None, int(np.prod(v.shape))) for v in variables)

    def planted(self, values: Mapping[str, Numbers], variables: Sequence[VariableInfo]) -> dict[str, Numbers]:
        """The notebook's variables with these values of roles; a variable without a role is not among them."""
        shapes = {v.path: v.shape for v in variables}
        found: dict[str, Numbers] = {}
        for role, place in self.places.items():
            for piece, rows in zip(place.pieces, place.rows, strict=True):
                value = values[role][part_at(rows, place.beside)]
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
                value[part_at(rows, place.beside) or ...] = piece.of(np.asarray(part))
            found[role] = value
        return found


def bindings(roles: Mapping[str, Shape], fixed: Iterable[int], variables: Sequence[VariableInfo]) -> Iterator[Binding]:
    """One for each way to see the variables, the likeliest first: whole ones before pieces of them.

    Which of several variables of one shape is which role is guessed by their names: `identified` tells better. Where
    there are fewer variables than roles, some roles are left without one: biases sooner than matrices.
    """
    solver = Solver(roles, frozenset(fixed))
    cut = solved(solver, chain(ways_to_cut(variables), ways_to_fold(variables, roles.values())), ())
    found = [*cut, *solved(solver, ways_to_part(variables, solver.fixed), cut)]
    whole = [way for way in found if way.covers(variables)]
    partial = [way for way in found if way not in whole]  # what is left of a variable has a part that nobody knows
    fewer = len(variables) < len(roles)  # then a role is missing sooner than that it is a part of another's variable
    lacking: list[Binding] = []
    if not any(way in cut for way in whole) and (fewer or not partial):
        lacking = list(islice(with_roles_left_out(solver, roles, variables), BEFORE_PARTS if found else None))
    every = {v.path for v in variables}
    whole.sort(key=lambda way: len(every - way.paths))
    for ways in ([way for way in lacking if way.paths == every], whole):
        yield from ways
        yield from (turned for way in ways for turned in with_squares_turned(way))
    yield from (way for way in lacking if way.paths != every and not whole)
    yield from partial
    yield from (turned for way in partial for turned in with_squares_turned(way))


def solved(solver: "Solver", cuts: Iterable[list[Placed]], known: Sequence[Binding]) -> list[Binding]:
    """The first way of each cut that none before it has."""
    found: list[Binding] = []
    for places in cuts:
        ways = islice(solver.solutions(tuple(solver.roles), places), 1)
        found += [way for way in ways if way not in found and way not in known]
    return found


def with_roles_left_out(
    solver: "Solver", roles: Mapping[str, Shape], variables: Sequence[VariableInfo]
) -> Iterator[Binding]:
    pieces = [Placed((piece,)) for v in variables for piece in wholes(v)]
    least = max(1, len(roles) - len(variables))
    for number in range(least, min(least + LACKING, len(roles))):
        for left in left_of(roles, variables, number):
            yield from islice(solver.solutions(left, pieces), 1)


def with_squares_turned(way: Binding) -> Iterator[Binding]:
    """A square matrix looks the same turned: all of them first, as where every matrix is, then some."""
    squares = [
        (role, i)
        for role, place in way.places.items()
        for i, piece in enumerate(place.pieces)
        if len(piece.shape) == 2 and piece.shape[0] == piece.shape[1] > 1
    ]
    for number in range(len(squares), 0, -1 if len(squares) <= SQUARES else -len(squares)):
        for some in combinations(squares, number):
            places = {role: turned(place, [i for r, i in some if r == role]) for role, place in way.places.items()}
            yield Binding(places, way.letters, way.shapes)


def turned(place: Placed, numbers: Sequence[int]) -> Placed:
    pieces = tuple(
        Piece(p.path, p.shape, p.at, not p.turned) if i in numbers else p for i, p in enumerate(place.pieces)
    )
    return Placed(pieces, place.rows, place.beside)


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
        own = {n for shape in roles.values() for n in (shape[1:] if len(shape) == 2 else shape)}  # sizes by themselves
        self.sums = {n: self._summands(n, numbers) for n in sorted(rows - own - fixed)}

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
            yield taken, letters
            return
        role, *rest = order
        for place in options[role]:
            if next(steps) > STEPS:
                return
            more = self._solved(self.roles[role], place.shape, letters)
            if more is None or not self._holds(more, [self.roles[r] for r in rest]):
                continue
            if not any(place.overlaps(other) for other in taken.values()):
                yield from self._chosen(rest, options, {**taken, role: place}, more, steps)

    def _solved(self, shape: Shape, theirs: Shape, letters: Letters) -> Letters | None:
        if len(shape) != len(theirs):
            return None
        found = dict(letters)
        for old, new in zip(shape, theirs, strict=True):
            if (old in self.fixed and old != new) or found.setdefault(old, new) != new:
                return None
        return found

    def _holds(self, letters: Letters, open_shapes: Sequence[Shape]) -> bool:
        """A number that is a sum of others in the model answer is one in the notebook as well.

        `open_shapes`: of the roles that have no place yet, whose numbers may still stand for any.
        """
        unknown = {n for shape in open_shapes for n in shape if n not in letters and n not in self.fixed}
        for n, pairs in self.sums.items():
            if n not in letters or any({a, b} & unknown for a, b in pairs):
                continue
            if pairs and letters[n] not in [letters.get(a, a) + letters.get(b, b) for a, b in pairs]:
                return False
        return True


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
