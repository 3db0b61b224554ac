"""Which variable of several alike is which role, by one question: all are given the same numbers, and gradients tell.

W_z, W_r and W_h of a gated unit have one shape. With the same value in all three it does not matter which is which,
nor, where all rows of that value are equal, whether word or state stands first. But the cost's gradient differs: that
of the variable which plays W_z in the notebook is that of W_z in the model answer, row by row. So roles are found in
one question, however many permutations there are.
"""

from collections.abc import Mapping
from itertools import product

import numpy as np

from grader.judging.comparing.arrays import Numbers
from grader.judging.declared.bindings import Binding, Placed, Solver, orders
from grader.judging.examiner import Examiner

Gradients = Mapping[str, Numbers | None]


def even_values(x: Examiner, values: Mapping[str, Numbers], solver: Solver) -> dict[str, Numbers]:
    """`values` by role, with one for all roles of a shape; of a matrix whose parts may be swapped all rows equal."""
    shapes = [value.shape for value in values.values()]
    found: dict[str, Numbers] = {}
    for role, value in values.items():
        shape = value.shape
        joins = len(shape) == 2 and solver.roles[role][0] in solver.sums
        if shapes.count(shape) == 1 and not joins:
            found[role] = value
            continue
        row = x.normal(f"even {shape} ", shape[-1:], 0.5 if len(shape) == 1 else 1.0 / np.sqrt(shape[0]))
        found[role] = (
            np.broadcast_to(row, shape).astype(np.float32)
            if joins or len(shape) == 1
            else x.normal(f"even {shape} ", shape, 1.5 / np.sqrt(shape[0]))
        )
    return found


def identified(
    binding: Binding, solver: Solver, values: Mapping[str, Numbers], seen: Gradients, expected: Gradients
) -> Binding:
    """The binding with places of equal shape exchanged, and parts swapped, so that gradients are most like.

    `seen`: gradients of the notebook's variables, by path; `expected`: of roles. Both under even values.
    """
    places = dict(binding.places)
    for shape in dict.fromkeys(binding.shapes[role] for role in binding.places):
        group = [role for role in binding.places if binding.shapes[role] == shape]
        options: list[tuple[str, Placed]] = [(role, place) for role in group for place in orders(role, binding, solver)]
        if len(options) == 1:
            continue
        ranked: list[tuple[float, int, int, int, str, str, Placed]] = []
        for role, (origin, place) in product(group, options):
            own = Binding({role: place}, binding.letters, binding.shapes).by_role(seen)[role]
            likeness = cosine(own, expected.get(role), values[role])
            ranked.append((-likeness, group.index(role), group.index(origin), len(ranked), role, origin, place))
        left, free = set(group), set(group)
        for _, _, _, _, role, origin, place in sorted(ranked, key=lambda entry: entry[:4]):
            if role in left and origin in free:
                places[role] = place
                left.discard(role)
                free.discard(origin)
    return Binding(places, binding.letters, binding.shapes)


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
