"""Which variables of an attentive classifier play which role: by shape, then by name, else in the order they come."""

import re
from collections.abc import Mapping, Sequence
from itertools import product
from typing import Any

import numpy as np
from msgspec import Struct
from msgspec.structs import replace

from grader.judging.binding.roles import gate_of
from grader.judging.comparing.arrays import Numbers
from grader.sandbox.guest.wire import VariableInfo

CLASSES = 3
GATES, ENCODERS = ("rnn", "r", "z"), ("p", "h")
PLACES = tuple(f"{gate}_{name}" for name in ENCODERS for gate in ("z", "r", "rnn"))
ENCODER = (
    ("p", re.compile(r"prem|(\b|_)p(\b|_)|\[0\]")),
    ("h", re.compile(r"hyp|hip|(\b|_)h(\b|_)|\[1\]")),
)
CANDIDATE = re.compile(r"rnn|cand|tilde")
PROJECTIONS = (
    ("W_y", re.compile(r"prem|(\b|_)y(\b|_|\d)")),
    ("W_h", re.compile(r"hyp|(\b|_)h(\b|_|\d)")),
)
COMBINES = re.compile(r"comb|star|join|mix|final|proj|_x|_p\b")
ATTENDS = re.compile(r"at(t|en)|alpha|arreta|aten|score")


class Layout(Struct, frozen=True):
    roles: Mapping[str, str]  # role, as in the reference, -> path; what the class does not have is left out
    dim: int  # of a state
    width: int  # of a word vector
    cells: tuple[str, ...] = ()  # the GRUs' matrices and the biases as wide, in the order they were found
    biases: tuple[str, ...] = ()
    others: tuple[str, ...] = ()  # variables with no part in this
    looks: int = 0  # width of the attention's own sum M, where that is not a state's

    @property
    def attention(self) -> tuple[str, ...]:
        return tuple(self.roles[role] for role in ("W_y", "W_h", "w"))

    @property
    def reads_out(self) -> bool:
        return "W_combination" in self.roles and "W_cl" in self.roles


def layout(variables: Sequence[VariableInfo], vocabulary: int) -> Layout | None:
    """None when the variables are not those of two GRUs and an attention with two matrices and a vector."""
    matrices = [v for v in variables if len(v.shape) == 2 and min(v.shape) > 1]
    tables = sorted(matrices, key=lambda v: (v.shape[0] != vocabulary, "e" not in v.path.lower(), -v.shape[0]))
    for table in (*tables[:2], None):
        rest = [v for v in matrices if v is not table]
        for dim in dict.fromkeys(v.shape[1] for v in rest):
            found = of_width(variables, rest, table, dim)
            if found is not None:
                return found
    return None


def of_width(
    variables: Sequence[VariableInfo], matrices: list[VariableInfo], table: VariableInfo | None, dim: int
) -> Layout | None:
    """The layout with states of this width; the word vectors need be no variable."""
    lists = [v for v in variables if v.shape and len(v.shape) <= 2 and (len(v.shape) == 1 or min(v.shape) == 1)]
    looks, squares, vector = attention_of(matrices, lists, dim)
    cells, combination = parted([v for v in matrices if v.shape[1] == dim and v.shape != (dim, dim)], dim)
    if len(squares) != 2 or vector is None or len(cells) != 6:
        return None
    width = cells[0].shape[0] - dim
    if table is not None and table.shape[1] != width:
        return None
    known = {"E": table, "W_y": squares[0], "W_h": squares[1], "w": vector, "W_combination": combination}
    biases = [v for v in lists if max(v.shape) == dim and v is not vector]
    paths = tuple(v.path for v in cells), tuple(v.path for v in biases)
    return replace(
        complete({**known, **recurrent(cells, biases)}, variables, (dim, width)),
        cells=paths[0], biases=paths[1], looks=looks,
    )  # fmt: skip


def attention_of(
    matrices: list[VariableInfo], lists: list[VariableInfo], dim: int
) -> tuple[int, list[VariableInfo], VariableInfo | None]:
    """The matrices of the two projections and w, which may be of a width of their own; that width."""
    squares = named([v for v in matrices if v.shape == (dim, dim)], ATTENDS, 2)
    vector = vector_of([v for v in lists if max(v.shape) == dim])
    if len(squares) == 2 and vector is not None:
        return 0, squares, vector
    for column in [v for v in lists if max(v.shape) not in (dim, 1)]:
        wide = [v for v in matrices if v.shape == (dim, max(column.shape))]
        if len(wide) == 2 and vector_of([column]) is not None:
            return max(column.shape), wide, column
    return 0, squares, vector


def named(found: list[VariableInfo], pattern: re.Pattern[str], count: int) -> list[VariableInfo]:
    """All, or those with such a name where there are more than so many."""
    fitting = [v for v in found if pattern.search(v.path.lower())]
    return fitting if len(found) > count else found


def vector_of(found: list[VariableInfo]) -> VariableInfo | None:
    """w: a column, else what is called so."""
    columns = [v for v in found if len(v.shape) == 2 and v.shape[1] == 1]
    return next((v for v in (*columns, *found) if v in columns or ATTENDS.search(v.path.lower())), None)


def parted(found: list[VariableInfo], dim: int) -> tuple[list[VariableInfo], VariableInfo | None]:
    """The six matrices of the GRUs, and the one that joins context and state: [2 dim, dim]."""
    joining = [v for v in found if v.shape[0] == 2 * dim]
    joining = [v for v in joining if COMBINES.search(v.path.lower())] or joining[-1:]
    heights = {v.shape[0] for v in found if v not in joining[:1]}
    return [v for v in found if v not in joining[:1]] if len(heights) == 1 else [], next(iter(joining), None)


def recurrent(cells: Sequence[VariableInfo], biases: Sequence[VariableInfo]) -> dict[str, VariableInfo | None]:
    slots = [(gate, name) for gate, name in product(GATES, ENCODERS)]
    found: dict[str, VariableInfo | None] = {}
    for kind, group in (("W", cells), ("b", biases)):
        told = {(gate_of(v.path), encoder_of(v.path)): v for v in reversed(group) if encoder_of(v.path)}
        by_name = [told.get(slot) for slot in slots]
        chosen = by_name if all(by_name) or len(group) < len(slots) else list(group[: len(slots)])
        found |= {f"{kind}_{gate}_{name}": v for (gate, name), v in zip(slots, chosen, strict=True)}
    rest = sorted((v for v in biases if v not in found.values()), key=lambda v: not COMBINES.search(v.path.lower()))
    return {**found, "b_combination": next(iter(rest), None)}


def encoder_of(path: str) -> str:
    name = path.removeprefix("c.").lower()
    return next((encoder for encoder, pattern in ENCODER if pattern.search(name)), "")


def names_tell(found: Layout) -> bool:
    """Whether each of the GRUs' matrices says of which sentence and of which gate it is."""
    told = {(gate_of(path), encoder_of(path)) for path in found.cells}
    return len(told) == len(PLACES) and all(encoder for _, encoder in told)


def names_exchanged(found: Layout, given_to: str) -> bool:
    """Whether two gates, encoders or projections have each other's names; names that tell nothing are no one's.

    given_to: whose weights, by the layout, the roles p h z r rnn W_y W_h take.
    """
    roles = ("p", "h", "z", "r", "rnn", "W_y", "W_h")
    taken = dict(zip(roles, given_to.split(), strict=False))
    path = {role: found.roles.get(given, "") for role, given in taken.items() if role.startswith("W_")}
    path |= {gate: found.roles.get(f"W_{taken[gate]}_{taken['p']}", "") for gate in GATES}
    path |= {encoder: found.roles.get(f"W_{taken['z']}_{taken[encoder]}", "") for encoder in ENCODERS}
    told = {role: name_of(role, at.removeprefix("c.").lower()) for role, at in path.items() if at}
    return any(other != role and told.get(other) == role for role, other in told.items())


def name_of(role: str, name: str) -> str:
    """Which role of the same kind a name tells of; empty where it tells none."""
    if role in ENCODERS:
        return encoder_of(name)
    if role in GATES:
        gate = gate_of(name)
        return gate if gate != "rnn" or CANDIDATE.search(name) else ""
    return next((projection for projection, pattern in PROJECTIONS if pattern.search(name)), "")


def complete(
    found: dict[str, VariableInfo | None], variables: Sequence[VariableInfo], sizes: tuple[int, int]
) -> Layout:
    """With the matrix that tells the classes."""
    dim, width = sizes
    used = [v for v in found.values() if v is not None]
    rest = [v for v in variables if v not in used]
    out = next((v for v in rest if len(v.shape) == 2 and v.shape[0] == dim and 1 < v.shape[1] < dim), None)
    bias = next((v for v in rest if out and v is not out and max(v.shape, default=0) == out.shape[1]), None)
    found |= {"W_cl": out, "b_cl": bias}
    roles = {role: v.path for role, v in found.items() if v is not None}
    return Layout(roles, dim, width, others=tuple(v.path for v in rest if v not in (out, bias)))


def values(found: Layout, weights: Mapping[str, Numbers], E: Numbers) -> dict[str, Any]:
    """The weights as the oracle takes them; a bias that is not there is zero."""
    given = {role: weights[path] for role, path in found.roles.items() if role != "E"}
    empty = {f"b_{gate}_{name}": np.zeros(found.dim) for gate, name in product(GATES, ENCODERS)}
    told: dict[str, Any] = {**empty, **{role: flat(value, role) for role, value in given.items()}, "E": E}
    if found.reads_out:
        told.setdefault("b_combination", np.zeros(found.dim))
        told.setdefault("b_cl", np.zeros(told["W_cl"].shape[1]))
    return told


def flat(value: Numbers, role: str) -> Numbers:
    return value.reshape(-1) if role == "w" or role.startswith("b") else value
