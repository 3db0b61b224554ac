"""Which variables of a recurrent classifier play which role: by shape, then by name, then by trying."""

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import islice, permutations, product

from msgspec import Struct
from msgspec.structs import replace

from grader.judging.binding.layers import Chain, LayerPaths, assigned, longest
from grader.sandbox.guest.wire import VariableInfo

# Ways tried at most, of classes that hold hundreds of variables: six matrices in three gates have 120 orders.
HEADS, ORDERS = 24, 150

Roles = Mapping[str, str | None]  # role -> path; None where the class has no such variable

# What people call the gates, in English, Spanish, Basque and letters.
GATES = (
    ("z", re.compile(r"(?<!berre)z|upd|actual|eguner|[wbxh]_?u(\b|_|\d|$)")),
    ("r", re.compile(r"reset|reini|berrez|(\b|_|[wubxh])r(\b|_|\d|$)")),
)


class Parts(Struct, frozen=True):
    """The variables by what their shapes allow."""

    embedding: VariableInfo
    matrices: tuple[VariableInfo, ...]  # [e + d, d]
    biases: tuple[VariableInfo, ...]  # [d]
    head: Chain  # from the state to the logits: one layer, more with an MLP on top
    dim: int
    word_gate: tuple[str, str | None] | None = None  # W and b of a gate as wide as a word, [e + d, e]
    others: tuple[str, ...] = ()  # matrices with no part in this: of an extra we do not know
    above: tuple[str, ...] = ()  # matrices of a second layer, which only passes on tanh of the states

    @property
    def both_ways(self) -> bool:
        """The head reads two states, as a bidirectional network has them."""
        return self.head[0].shape[0] == 2 * self.dim

    @property
    def readout(self) -> LayerPaths:
        return self.head[-1]


def parts(variables: Sequence[VariableInfo], vocabulary: int) -> Parts | None:
    """None when there is no embedding, no recurrent matrix or no way from the state to the classes."""
    matrices = [v for v in variables if len(v.shape) == 2 and v.shape[0] > 1]
    vectors = [v for v in variables if v not in matrices and len(v.shape) in (1, 2)]
    for embedding in sorted((v for v in matrices if v.shape[0] == vocabulary), key=lambda v: "e" not in v.path.lower()):
        rest = [v for v in matrices if v is not embedding]
        recurrent = [v for v in rest if v.shape[0] == embedding.shape[1] + v.shape[1]]
        for dim in dict.fromkeys(v.shape[1] for v in recurrent):
            own = [v for v in recurrent if v.shape[1] == dim]
            above = [v for v in rest if v not in own]
            for width in (dim, 2 * dim):
                for order in longest(above, width)[:1]:
                    head = next(assigned([order], [v for v in vectors if v.shape[-1] != dim], []))
                    biases = tuple(v for v in vectors if v.shape[-1] == dim)
                    gate = word_gate(above, vectors, embedding.shape[1], own[0].shape[0])
                    others = tuple(v.path for v in above if v not in order and v.path not in (gate or ()))
                    return Parts(embedding, tuple(own), biases, head, dim, gate, others)
    return None


def headed(found: Parts) -> Iterator[Parts]:
    """Every way to give biases to layers of the head that are as wide as a state, then none."""
    bare = [n for n, layer in enumerate(found.head) if layer.b is None and layer.shape[1] == found.dim]
    for chosen in islice(permutations(found.biases, len(bare)), HEADS) if bare else ():
        head = list(found.head)
        for n, bias in zip(bare, chosen, strict=True):
            head[n] = replace(head[n], b=bias.path)
        left = tuple(bias for bias in found.biases if bias not in chosen)
        yield replace(found, head=tuple(head), biases=left)
    yield found


def word_gate(
    matrices: Sequence[VariableInfo], vectors: Sequence[VariableInfo], width: int, rows: int
) -> tuple[str, str | None] | None:
    W = next((v.path for v in matrices if v.shape == (rows, width)), None)
    b = next((v.path for v in vectors if v.shape[-1] == width), None)
    return (W, b) if W is not None else None


@lru_cache(10_000)
def gate_of(path: str) -> str:
    """z, r or rnn (the candidate), by name."""
    name = path.removeprefix("c.").lower()
    return next((gate for gate, pattern in GATES if pattern.search(name)), "rnn")


def assignments(found: Parts, gates: Sequence[str]) -> Iterator[Roles]:
    """Every way to give matrices and biases to the gates: that of their names, then those that leave pairs together."""
    fixed: dict[str, str | None] = {
        "E": found.embedding.path,
        "W_cl": found.readout.W,
        "b_cl": found.readout.b,
    }
    if found.word_gate and "r" in gates:
        fixed |= {"W_r": found.word_gate[0], "b_r": found.word_gate[1]}
        gates = [gate for gate in gates if gate != "r"]
    seen: list[Roles] = []
    natural, *others = product(ways(found.matrices, gates), ways(found.biases, gates))
    order = {v.path: n for kind in (found.matrices, found.biases) for n, v in enumerate(kind)}

    def parted(way: tuple[tuple[str | None, ...], tuple[str | None, ...]]) -> int:
        """How many matrices are given another bias than the one they have by name, or were made with."""
        pairs = [(m, b) for m, b in zip(*way, strict=True) if m and b]
        return sum(gate_of(m) != gate_of(b) and order[m] != order[b] for m, b in pairs)

    for matrices, biases in (natural, *sorted(others, key=parted)):
        roles = {
            **fixed,
            **{f"W_{g}": m for g, m in zip(gates, matrices, strict=True)},
            **{f"b_{g}": b for g, b in zip(gates, biases, strict=True)},
        }
        if roles not in seen:
            seen.append(roles)
            yield roles


def ways(variables: Sequence[VariableInfo], gates: Sequence[str]) -> list[tuple[str | None, ...]]:
    """By name first; then every order, with repetition where there are fewer variables than gates."""
    paths = [v.path for v in variables]
    named = tuple(next((p for p in paths if gate_of(p) == gate), None) for gate in gates)
    if len(paths) >= len(gates):
        rest: list[tuple[str | None, ...]] = list(islice(permutations(paths, len(gates)), ORDERS))
    else:
        rest = list(product([*paths, None], repeat=len(gates)))
    distinct = len({path for path in named if path}) == min(len(paths), len(gates))
    return [named, *rest] if distinct else rest
