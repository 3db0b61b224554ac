"""Lab 6: decoders with layers of their own behind the GRU. Context, word and state are judged without them."""

from collections.abc import Mapping, Sequence

import numpy as np
from msgspec import Struct

from grader.judging.comparing.arrays import Numbers
from grader.judging.comparing.compare import agree
from grader.judging.kinds.captioning.contact import Decoder
from grader.judging.kinds.captioning.roles import Roles, groups

MOST = 5  # dense layers; all orders of them are tried


class Layer(Struct, frozen=True):
    """F [rows, columns], f [columns]."""

    F: Numbers
    f: Numbers


def layers_behind(decoder: Decoder, roles: Roles, weights: Mapping[str, Numbers]) -> tuple[Layer, ...]:
    """Dense layers with no part in attention, embedding or GRU; none where there are other variables too, or many."""
    taken = {roles.get(role) for role in ("E", "W1", "W2", "v", "K", "R", "K2", "R2")}
    found = []
    for group in groups(decoder.variables):
        if any(v.path in taken for v in group.matrices):
            continue
        if len(group.matrices) != 1 or len(group.vectors) > 1:
            return ()
        F = weights[group.matrices[0].path]
        found.append(Layer(F, weights[group.vectors[0].path] if group.vectors else np.zeros(F.shape[1])))
    return tuple(found) if len(found) <= MOST else ()


def leads_to(state: Numbers, logits: Numbers, layers: Sequence[Layer]) -> bool:
    """Whether all of these layers, in some order, with ReLU, tanh or nothing after each, make logits of the state."""
    if not layers:
        return agree(logits, state)
    for number, layer in enumerate(layers):
        if layer.F.shape[0] != state.shape[1]:
            continue
        line = state @ layer.F + layer.f
        left = [*layers[:number], *layers[number + 1 :]]
        if any(leads_to(values, logits, left) for values in (line, np.maximum(line, 0), np.tanh(line))):
            return True
    return False
