"""Which variable of several alike is which role, by one question: all are given the same numbers, and gradients tell.

W_z, W_r and W_h of a gated unit have one shape. With the same value in all three it does not matter which is which,
nor, where all rows of that value are equal, whether word or state stands first. But the cost's gradient differs: that
of the variable which plays W_z in the notebook is that of W_z in the model answer, row by row. So roles are found in
one question, however many permutations there are.
"""

from collections.abc import Iterator, Mapping
from itertools import product

import numpy as np
from msgspec import Struct

from grader.judging.comparing.arrays import Numbers
from grader.judging.declared.bindings import Binding, Solver, orders
from grader.judging.declared.cuts import Placed, part_at
from grader.judging.examiner import Examiner

Gradients = Mapping[str, Numbers | None]


def even_values(x: Examiner, values: Mapping[str, Numbers], solver: Solver) -> dict[str, Numbers]:
    """`values` by role, with one for all roles of a shape; of a matrix whose parts may be swapped all rows equal.

    So are those of a matrix that has the shape of such a part: the part may be a variable of its own.
    """
    shapes = [value.shape for value in values.values()]
    joining = {role for role in values if len(shape := solver.roles[role]) == 2 and shape[0] in solver.sums}
    highest: dict[int, int] = {}  # of the matrices that join, by their width
    for rows, width in (values[role].shape for role in joining):
        highest[width] = max(rows, highest.get(width, 0))
    found: dict[str, Numbers] = {}
    for role, value in values.items():
        shape = value.shape
        if len(shape) == 2 and shape[0] <= highest.get(shape[1], 0):
            row = x.normal(f"even rows {shape[1]} ", shape[1:], 1.0 / np.sqrt(highest[shape[1]]))
            found[role] = np.broadcast_to(row, shape).astype(np.float32)
        elif shapes.count(shape) == 1:
            found[role] = value
        elif len(shape) == 1:
            found[role] = x.normal(f"even {shape} ", shape, 0.5)
        else:
            found[role] = x.normal(f"even {shape} ", shape, 1.5 / np.sqrt(shape[0]))
    return found


class Unit(Struct, frozen=True):
    """A role, or the rows of one that are a variable by themselves."""

    role: str
    rows: tuple[int, int] | None
    shape: tuple[int, ...]
    beside: bool = False  # columns, not rows

    def of(self, array: Numbers | None) -> Numbers | None:
        return array if array is None else array[part_at(self.rows, self.beside)]

    def orders(self, place: Placed, binding: Binding, solver: Solver) -> Iterator[Placed]:
        yield from orders(self.role, binding, solver) if self.rows is None else (place,)


def units_of(binding: Binding) -> dict[Unit, Placed]:
    found: dict[Unit, Placed] = {}
    for role, place in binding.places.items():
        if len(place.pieces) == 1:
            found[Unit(role, place.rows[0], binding.shapes[role])] = place
            continue
        for piece, rows in zip(place.pieces, place.rows, strict=True):
            found[Unit(role, rows, piece.shape, place.beside)] = Placed((piece,))
    return found


def identified(
    binding: Binding, solver: Solver, values: Mapping[str, Numbers], seen: Gradients, expected: Gradients
) -> Binding:
    """The binding with places of equal shape exchanged, and parts swapped, so that gradients are most like.

    `seen`: gradients of the notebook's variables, by path; `expected`: of roles. Both under even values.
    """
    units = units_of(binding)
    chosen = dict(units)
    for shape in dict.fromkeys(unit.shape for unit in units):
        group = [unit for unit in units if unit.shape == shape]
        options = [(unit, place) for unit in group for place in unit.orders(units[unit], binding, solver)]
        if len(options) == 1:
            continue
        ranked: list[tuple[float, int, int, int, Unit, Unit, Placed]] = []
        for unit, (origin, place) in product(group, options):
            own = Binding({"": place}, binding.letters, {"": shape}).by_role(seen)[""]
            value = unit.of(values[unit.role])
            assert value is not None
            likeness = cosine(own, unit.of(expected.get(unit.role)), value)
            ranked.append((-likeness, group.index(unit), group.index(origin), len(ranked), unit, origin, place))
        left, free = set(group), set(group)
        for _, _, _, _, unit, origin, place in sorted(ranked, key=lambda entry: entry[:4]):
            if unit in left and origin in free:
                chosen[unit] = place
                left.discard(unit)
                free.discard(origin)
    return Binding(joined_again(binding, chosen), binding.letters, binding.shapes)


def joined_again(binding: Binding, chosen: Mapping[Unit, Placed]) -> dict[str, Placed]:
    found: dict[str, Placed] = {}
    for role in binding.places:
        own = [(unit, place) for unit, place in chosen.items() if unit.role == role]
        if len(own) == 1:
            found[role] = own[0][1]
        else:
            pieces = tuple(place.pieces[0] for _, place in own)
            found[role] = Placed(pieces, tuple(unit.rows for unit, _ in own), own[0][0].beside)
    return found


def cosine(seen: Numbers | None, expected: Numbers | None, value: Numbers) -> float:
    """Of the angle between two gradients, without what a penalty may have added: a multiple of the value."""
    if seen is None or expected is None:
        return -1.0 if (seen is None) != (expected is None) else 0.0
    one, other = without(seen, value), without(expected, value)
    length = float(np.linalg.norm(one) * np.linalg.norm(other))
    return float(np.sum(one * other)) / length if length else 0.0


def without(gradient: Numbers, value: Numbers) -> Numbers:
    plain: Numbers = gradient - float(np.sum(gradient * value) / max(float(np.sum(value * value)), 1e-30)) * value
    return plain
