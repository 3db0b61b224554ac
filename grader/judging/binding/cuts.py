"""How a variable may hold what the slide has: gates side by side, stacked, one after another, rows and columns turned.

- [20, 36]: W[:, 0:12], W[:, 12:24], W[:, 24:36], three gates side by side;
- [36, 20]: W[0:12, :], …, the same for states that are columns, each turned;
- [3, 20, 12]: W[0, :, :], W[1, :, :], W[2, :, :], one gate after another;
- [3, 12]: b[0, :], b[1, :], b[2, :], biases as rows;
- [21, 12]: W[0:20, :], W[20, :], a bias as one row more, for a 1 beside word and state.
"""

from collections.abc import Collection, Iterator

import numpy as np
from msgspec import Struct
from msgspec.structs import replace

from grader.judging.comparing.arrays import Numbers
from grader.sandbox.guest.wire import VariableInfo

GATES = 4  # in one variable at most: an LSTM's
STACKED = 8  # on an axis of their own at most: an LSTM's for words and for states

Range = int | tuple[int, int] | None  # one index, from-to, all
Ranges = tuple[Range, ...]  # of each axis


class Piece(Struct, frozen=True):
    """A part of a variable as the slide has it."""

    path: str
    ranges: tuple[Range, ...] = ()  # of each axis; (): the whole variable
    turned: bool = False  # its rows are the slide's columns

    @property
    def name(self) -> str:
        """As the student would write it."""
        if all(part is None for part in self.ranges):
            return self.path
        return f"{self.path}[{', '.join(map(range_text, self.ranges))}]"

    @property
    def view(self) -> str:
        """A path of its own, for the variable as the slide has it."""
        return f"{self.name} turned" if self.turned else self.name

    @property
    def index(self) -> tuple[int | slice, ...]:
        return tuple(slice(None) if r is None else slice(*r) if isinstance(r, tuple) else r for r in self.ranges)

    def of(self, value: Numbers) -> Numbers:
        part: Numbers = value[self.index]
        return part.T if self.turned else part

    def put(self, value: Numbers, part: Numbers) -> Numbers:
        """The variable's value with this part replaced."""
        changed = np.array(value)
        changed[self.index] = part.T if self.turned else part
        return changed

    def seen(self, v: VariableInfo) -> VariableInfo:
        shape = self.of(np.empty(v.shape, np.bool_)).shape
        return v if self.view == v.path else replace(v, path=self.view, shape=shape, value=None)


def range_text(part: Range) -> str:
    return ":" if part is None else f"{part[0]}:{part[1]}" if isinstance(part, tuple) else str(part)


class Cut(Struct, frozen=True):
    """One way to see a variable as gates."""

    pieces: tuple[Piece, ...]
    turned: bool | None = None  # None: a vector, which has no other side


def cuts(v: VariableInfo, width: int, dim: int) -> list[Cut]:
    """Every way to see it as gates [width + dim, dim], [width, dim], [dim, dim] or [dim]; none where it is no such."""
    long = [axis for axis, size in enumerate(v.shape) if size > 1]
    found = {1: of_vector, 2: of_matrix, 3: of_stack}.get(len(long))
    return list(dict.fromkeys(found(v, long, width, dim))) if found else []


def of_vector(v: VariableInfo, long: list[int], width: int, dim: int) -> Iterator[Cut]:
    if gates := times(v.shape[long[0]], dim):
        yield cut(v, long[0], gates)


def of_matrix(v: VariableInfo, long: list[int], width: int, dim: int) -> Iterator[Cut]:
    one, other = long
    for rows, columns, turned in ((one, other, False), (other, one, True)):
        high, wide = v.shape[rows], v.shape[columns]
        if high in (width + dim, width, dim) and (gates := times(wide, dim)):
            yield cut(v, columns, gates, turned)
        for size in (width + dim, width, dim) if wide == dim else ():
            if (gates := times(high, size)) > 1:
                yield cut(v, rows, gates, turned)
        if wide == dim and 2 <= high <= GATES:
            yield cut(v, rows, high)
        if high - 1 == width + dim and (gates := times(wide, dim)):
            yield from (with_a_row(v, (rows, columns), gates, turned, at) for at in (high - 1, 0))


def of_stack(v: VariableInfo, long: list[int], width: int, dim: int) -> Iterator[Cut]:
    for gate in long:
        rows, columns = (axis for axis in long if axis != gate)
        for high, wide, turned in ((rows, columns, False), (columns, rows, True)):
            fits = v.shape[high] in (width + dim, width, dim) and v.shape[wide] == dim
            if fits and v.shape[gate] <= GATES:
                yield cut(v, gate, v.shape[gate], turned)


def with_a_row(v: VariableInfo, axes: tuple[int, int], gates: int, turned: bool, at: int) -> Cut:
    """Gates side by side, each with its bias as the last row, or the first."""
    rows, columns = axes
    matrix: Range = (1, v.shape[rows]) if at == 0 else (0, at)
    each = v.shape[columns] // gates
    pieces = []
    for gate in range(gates):
        start: Ranges = tuple(0 if size == 1 else None for size in v.shape)
        beside = placed(start, columns, None if gates == 1 else (gate * each, (gate + 1) * each))
        pieces += [Piece(v.path, placed(beside, rows, matrix), turned), Piece(v.path, placed(beside, rows, at))]
    return Cut(tuple(pieces), turned)


def times(size: int, one: int) -> int:
    """How often one gate fits; 0 where it does not, or too often."""
    gates, rest = divmod(size, one)
    return gates if not rest and gates <= GATES else 0


def cut(v: VariableInfo, axis: int, gates: int, turned: bool | None = None) -> Cut:
    """Into so many equal parts along one axis; an axis of length 1 is left out, but for a bias written as [1, d]."""
    if turned is None and gates == 1 and v.shape[:-1] in ((), (1,)):
        return Cut((Piece(v.path),))
    each = v.shape[axis] // gates
    pieces = []
    for gate in range(gates):
        part: Range = None if gates == 1 else gate if each == 1 else (gate * each, (gate + 1) * each)
        ranges: list[Range] = [0 if size == 1 else None for size in v.shape]
        ranges[axis] = part
        pieces.append(Piece(v.path, tuple(ranges), bool(turned)))
    return Cut(tuple(pieces), turned)


def blocks(v: VariableInfo, heights: Collection[int], dim: int, turned: bool = False) -> list[Piece]:
    """Its matrices [height, dim], or vectors [dim]: beside each other, one below the other, or on axes of their own.

    `turned`: where both fit, its rows are the columns. None where its shape is made of no such blocks.
    """
    start: Ranges = tuple(0 if size == 1 else None for size in v.shape)
    found = block_ranges(v.shape, start, heights, dim, turned) or block_ranges(v.shape, start, heights, dim, not turned)
    return [Piece(v.path, ranges, sideways) for ranges, sideways in found]


def block_ranges(
    shape: tuple[int, ...], at: Ranges, heights: Collection[int], dim: int, turned: bool
) -> list[tuple[Ranges, bool]]:
    """Of each block, and whether it is turned; a vector is not."""
    free = [axis for axis, part in enumerate(at) if part is None]
    if len(free) == 1:
        return [(placed(at, free[0], part), False) for part in equal_parts(shape[free[0]], dim)]
    if len(free) == 2:
        rows, columns = reversed(free) if turned else free
        if shape[rows] in heights and (parts := equal_parts(shape[columns], dim)):
            return [(placed(at, columns, part), turned) for part in parts]
        for high in sorted(heights, reverse=True) if shape[columns] == dim else ():
            if parts := equal_parts(shape[rows], high):
                return [(placed(at, rows, part), turned) for part in parts]
    for axis in (axis for axis in free if shape[axis] <= STACKED and len(free) > 1):
        each = [block_ranges(shape, placed(at, axis, i), heights, dim, turned) for i in range(shape[axis])]
        if all(each):
            return [block for some in each for block in some]
    return []


def placed(at: Ranges, axis: int, part: Range) -> Ranges:
    return (*at[:axis], part, *at[axis + 1 :])


def equal_parts(size: int, one: int) -> list[Range]:
    count, rest = divmod(size, one)
    if rest or not count:
        return []
    return [None] if count == 1 else [(i * one, (i + 1) * one) for i in range(count)]
