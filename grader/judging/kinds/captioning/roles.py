"""Lab 6: which variable of a decoder plays which part of the course's step."""

from collections.abc import Mapping
from itertools import islice, permutations

import numpy as np
from msgspec import Struct

from grader.judging.comparing.arrays import Numbers
from grader.judging.examiner import Examiner
from grader.judging.kinds.captioning.contact import Decoder, Sizes
from grader.sandbox.guest.wire import VariableInfo


class Group(Struct, frozen=True):
    """The variables of one layer: what stands in one object."""

    owner: str
    matrices: tuple[VariableInfo, ...]
    vectors: tuple[VariableInfo, ...]


def groups(variables: tuple[VariableInfo, ...]) -> list[Group]:
    found: dict[str, list[VariableInfo]] = {}
    for v in variables:
        owner = v.path[: max(v.path.rfind("."), v.path.rfind("["))]
        found.setdefault(owner if owner != "d" else v.path, []).append(v)
    return [
        Group(owner, tuple(v for v in own if len(v.shape) == 2 and not is_bias(v)), tuple(v for v in own if is_bias(v)))
        for owner, own in found.items()
    ]


def is_bias(v: VariableInfo) -> bool:
    return len(v.shape) == 1 or (len(v.shape) == 2 and v.shape[0] == 2 and v.shape[1] % 3 == 0)


Roles = dict[str, str]  # role as in reference/lab6_captioning.py -> path of its variable


def assignments(decoder: Decoder, state: int) -> tuple[list[Roles], tuple[str, ...]]:
    """Possible roles of the variables, the likeliest first, and the paths that have none; `state` is U."""
    every = groups(decoder.variables)
    cells = [(group, pair) for group in every if (pair := cell_of(group, state))]
    cells.sort(key=lambda cell: cell[1][0].shape[0] == state)  # the lower one reads context and word
    roles: dict[str, str] = {}
    for (group, (kernel, recurrent)), (K, R, b) in zip(cells, (("K", "R", "b"), ("K2", "R2", "b2_")), strict=False):
        roles |= {K: kernel.path, R: recurrent.path} | ({b: group.vectors[0].path} if group.vectors else {})
    dense = []
    for group in every:
        if len(group.matrices) != 1 or cell_of(group, state):
            continue
        if not group.vectors and "E" not in roles:
            roles["E"] = group.matrices[0].path
        else:
            dense.append(group)
    found = [roles | chosen for chosen in layered(dense, state, decoder.sizes)]
    best = found or [roles]
    others = tuple(v.path for v in decoder.variables if v.path not in best[0].values())
    return best, others


def cell_of(group: Group, state: int) -> tuple[VariableInfo, VariableInfo] | None:
    """Kernel and recurrent kernel of a GRU, or of an LSTM."""
    fitting = [m for m in group.matrices if m.shape in ((state, 3 * state), (state, 4 * state))]
    recurrent = next((m for m in fitting if "recurrent" in m.path), next(iter(fitting), None))
    kernels = [m for m in group.matrices if recurrent and m is not recurrent and m.shape[1] == recurrent.shape[1]]
    return (kernels[0], recurrent) if recurrent and kernels else None


LAYERS = (("W1", "b1"), ("W2", "b2"), ("v", "bv"), ("F1", "f1"), ("F2", "f2"))


def layered(dense: list[Group], state: int, sizes: Sizes) -> list[Roles]:
    """Ways to take dense layers as those of attention and output; where some are not there, the others alone."""
    depth, vocabulary = sizes.embedding, sizes.vocabulary

    def inner(rows: int) -> list[Group]:
        """Layers inside, neither the scores of places nor those of words."""
        shapes = [(g, g.matrices[0].shape) for g in dense]
        return [g for g, shape in shapes if shape[0] == rows and shape[1] not in (1, vocabulary)]

    known = {
        "v": [g for g in dense if g.matrices[0].shape[1] == 1],
        "F2": [g for g in dense if g.matrices[0].shape[1] == vocabulary],
        "W1": inner(depth),
    }
    fixed = {role: found[0] for role, found in known.items() if found}
    left = [g for g in inner(state) if g not in fixed.values()]
    near = fixed.get("v") or fixed.get("W1")
    beside = near.owner.rpartition(".")[0] if near else "?"
    left.sort(key=lambda g: g.owner.rpartition(".")[0] != beside)
    if len(left) == 1:
        is_attention = left[0].owner.rpartition(".")[0] == beside != "d" or "F2" not in fixed
        pairs = [{"W2": left[0]}, {"F1": left[0]}]
        pairs = pairs if is_attention else pairs[::-1]
    else:
        pairs = [{"W2": one, "F1": other} for one, other in islice(permutations(left, 2), 6)] or [{}]
    return [paths(fixed | pair) for pair in pairs]


def paths(layers: Mapping[str, Group]) -> Roles:
    found: dict[str, str] = {}
    for matrix, bias in LAYERS:
        if group := layers.get(matrix):
            found[matrix] = group.matrices[0].path
            found |= {bias: group.vectors[0].path} if group.vectors else {}
    return found


def case_of(x: Examiner, decoder: Decoder, weights: Mapping[str, Numbers], roles: Roles) -> dict[str, Numbers]:
    """A value for each role; roles that no variable has get numbers that nothing can agree with by chance."""
    state = units_of(decoder)
    depth, vocabulary = decoder.sizes.embedding, decoder.sizes.vocabulary

    def of(role: str, shape: tuple[int, ...]) -> Numbers:
        return weights[roles[role]] if role in roles else x.normal(f"no {role}", shape, 1.0)

    def bias(role: str, shape: tuple[int, ...]) -> Numbers:
        return weights[roles[role]] if role in roles else np.zeros(shape, np.float32)

    W1, W2, F1 = of("W1", (depth, state)), of("W2", (state, state)), of("F1", (state, state))
    R = of("R", (state, 3 * state))
    upper: dict[str, Numbers] = {role: weights[roles[role]] for role in ("K2", "R2", "b2_") if role in roles}
    if "K2" in upper:
        upper.setdefault("b2_", np.zeros(upper["K2"].shape[1], np.float32))
    width = W1.shape[1]
    return {
        "E": of("E", (vocabulary, depth)), "W1": W1, "b1": bias("b1", (width,)), "W2": W2, "b2": bias("b2", (width,)),
        "v": of("v", (width, 1)), "bv": bias("bv", (1,)), "K": of("K", (2 * depth, 3 * state)),
        "R": R, "b": bias("b", (R.shape[1],)), "F1": F1, "f1": bias("f1", (F1.shape[1],)),
        "F2": of("F2", (F1.shape[1], vocabulary)), "f2": bias("f2", (vocabulary,)),
        **upper,
    }  # fmt: skip


def units_of(decoder: Decoder) -> int:
    """Of the GRU or LSTM, by its recurrent matrix; the constructor may not have taken ours."""
    square = [v for v in decoder.variables if len(v.shape) == 2 and v.shape[1] in (3 * v.shape[0], 4 * v.shape[0])]
    recurrent = [v.shape[0] for v in sorted(square, key=lambda v: "recurrent" not in v.path)]
    return next(iter(recurrent), decoder.sizes.units)


def attends(case: Mapping[str, Numbers]) -> bool:
    """Whether the products of the attention exist, whatever the layers behind the GRU are."""
    width = case["v"].shape[0]
    return bool(case["W1"].shape[1] == width == case["W2"].shape[1] and case["R"].shape[0] == case["W2"].shape[0])


def consistent(case: Mapping[str, Numbers]) -> bool:
    """Whether products of these matrices exist."""
    joints = (("W1", "v"), ("W2", "v"), ("F1", "F2"), ("R", "W2"))
    fits = [case[one].shape[1 if one != "R" else 0] == case[other].shape[0] for one, other in joints]
    return all(fits) or (case["R"].shape[0] == case["F2"].shape[0] and all(fits[:2]))
