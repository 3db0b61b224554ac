"""Lab4's extra: two layers of gated units. Which variables are of which layer, and an upper layer that only passes on.

With W_z = W_r = 0, b_z = 30, b_r = −30, W = [I; I] and b = 0 a unit's state is tanh of its input, in whichever order
state and input are joined. What is left to explain is the lower layer under one more tanh.
"""

from collections.abc import Iterator, Sequence

import numpy as np
from msgspec import Struct
from msgspec.structs import replace

from grader.judging.binding.roles import Parts, gate_of
from grader.judging.comparing.arrays import Numbers
from grader.sandbox.guest.wire import VariableInfo

UNIT = 3  # matrices and biases of a gated unit
OPEN = 30.0  # a gate's bias that leaves nothing to doubt in float32
ORDERS = (slice(UNIT, None), slice(None, UNIT), slice(1, None, 2), slice(None, None, 2))  # the upper layer's variables


class Layers(Struct, frozen=True):
    lower: Parts
    upper: dict[str, Numbers]  # by path: weights with which the layer passes on what it gets


def layers(found: Parts, variables: Sequence[VariableInfo]) -> Iterator[Layers]:
    """Every likely way to tell two layers of the same width apart; none where there are no two."""
    height = 2 * found.dim
    above = tuple(v for v in variables if v.path in found.others and v.shape == (height, found.dim))
    if len(found.biases) != 2 * UNIT:
        return
    for order in ORDERS:
        biases = found.biases[order]
        if len(above) == UNIT == len(found.matrices) == len(found.others):
            matrices = above
        elif len(found.matrices) == 2 * UNIT and not found.others and found.matrices[0].shape[0] == height:
            matrices = found.matrices[order]
        else:
            return
        if len({gate_of(v.path) for v in matrices}) == len({gate_of(v.path) for v in biases}) == UNIT:
            lower = replace(
                found, others=(), above=tuple(v.path for v in matrices),
                matrices=tuple(v for v in found.matrices if v not in matrices),
                biases=tuple(v for v in found.biases if v not in biases),
            )  # fmt: skip
            yield Layers(lower, passing_on(matrices, biases, found.dim))


def passing_on(matrices: Sequence[VariableInfo], biases: Sequence[VariableInfo], dim: int) -> dict[str, Numbers]:
    twice = np.concatenate([np.eye(dim), np.eye(dim)])
    values = {v.path: twice if gate_of(v.path) == "rnn" else np.zeros(v.shape) for v in matrices}
    gates = {"z": OPEN, "r": -OPEN, "rnn": 0.0}
    return values | {v.path: np.full(v.shape, gates[gate_of(v.path)]) for v in biases}
