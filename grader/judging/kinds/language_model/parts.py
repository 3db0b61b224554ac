"""Which variables of a language model are what, by shape: four matrices or one cut in four, joined or split in two."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import permutations

import numpy as np
from msgspec import Struct

from grader.judging.binding.cuts import blocks
from grader.judging.comparing.arrays import Numbers
from grader.sandbox.guest.wire import VariableInfo

GATES = "ifoj"
PAIRS = 2  # ways to tell the embedding from the output matrix that are tried
MOST = 20  # matrices, and biases, whose gates are sought: every three of them are tried together
Weights = Mapping[str, Numbers]  # path -> value


class Block(Struct, frozen=True, eq=False):
    """What one gate may read of one variable: entries of the flat variable, as [rows, d], or [d] for a bias."""

    path: str
    places: Numbers
    rows: str  # of the matrix: "eh" for word and state in either order, "e", "h", "?" for one of the two; "" for a bias

    def of(self, weights: Weights) -> Numbers:
        return weights[self.path].reshape(-1)[self.places]


class Part(Struct, frozen=True, eq=False):
    """A block as a whole matrix [e + d, d], the rows of the word first; zeros where the block has none."""

    block: Block
    rows: Numbers  # of the block, for each row of the whole; -1 for zeros

    def of(self, weights: Weights) -> Numbers:
        own = self.block.of(weights)
        return np.concatenate([own, np.zeros((1, own.shape[1]))])[self.rows]


class Table(Struct, frozen=True):
    """The embedding [V, e] or the output matrix [d, V] of the slide, from a variable that may keep it turned."""

    path: str
    shape: tuple[int, int]  # as on the slide
    turned: bool = False

    def of(self, weights: Weights) -> Numbers:
        return self.kept(weights[self.path])

    def kept(self, value: Numbers) -> Numbers:
        """As the variable keeps what the slide has, or the other way round."""
        return np.ascontiguousarray(value.T) if self.turned else value


class Layout(Struct, frozen=True):
    embedding: Table
    out: Table
    out_bias: VariableInfo | None
    matrices: tuple[Block, ...]
    biases: tuple[Block, ...]
    others: tuple[str, ...]  # paths with no part in this

    @property
    def width(self) -> int:
        return self.embedding.shape[1]

    @property
    def dim(self) -> int:
        return self.out.shape[0]

    @property
    def cut_up(self) -> bool:
        """Some variable holds several gates, or columns for rows: which part is whose is our guess."""
        turned = any(np.any(np.diff(block.places.reshape(-1)) < 0) for block in self.matrices)
        return turned or len({block.path for block in self.matrices}) < len(self.matrices)

    @property
    def overfull(self) -> bool:
        """More matrices than one LSTM has."""
        return len(self.joined) > len(GATES) or len(self.matrices) > 2 * len(GATES)

    @property
    def tied(self) -> bool:
        """One table for the words on the way in and on the way out."""
        return self.embedding.path == self.out.path

    @property
    def joined(self) -> tuple[Block, ...]:
        return tuple(block for block in self.matrices if block.rows == "eh")

    @property
    def bias_paths(self) -> frozenset[str]:
        return frozenset([b.path for b in self.biases] + ([self.out_bias.path] if self.out_bias else []))

    def wholes(self, block: Block) -> list[Part]:
        """What a block may be as a whole matrix: in both orders where it takes word and state."""
        e, d = self.width, self.dim
        word, state = np.arange(e), np.arange(d)
        if block.rows == "eh":
            return [Part(block, np.arange(e + d)), Part(block, np.concatenate([word + d, state]))]
        found = []
        if block.rows in ("e", "?"):
            found.append(Part(block, np.concatenate([word, np.full(d, -1)])))
        if block.rows in ("h", "?"):
            found.append(Part(block, np.concatenate([np.full(e, -1), state])))
        return found


def layouts(variables: Sequence[VariableInfo], vocabulary: int) -> Iterator[Layout]:
    """The likelier first; none without an embedding and a way from a state to the words.

    Where variables may as well hold columns for rows, or the two tables be each other, there are several.
    """
    found = {pair: laid_out(variables, vocabulary, pair) for pair in tables(variables, vocabulary)}
    known = [(pair, made) for pair, made in found.items() if made]
    known.sort(key=lambda one: (len(one[1].others), one[1].overfull, sum(table.turned for table in one[0])))
    for pair, straight in known[:PAIRS]:
        if straight.others == known[0][1].others and straight.overfull == known[0][1].overfull:
            yield straight
            turned = laid_out(variables, vocabulary, pair, turned=True)
            if turned and not all(map(same_block, straight.matrices, turned.matrices)):
                yield turned


def layout(variables: Sequence[VariableInfo], vocabulary: int) -> Layout | None:
    return next(layouts(variables, vocabulary), None)


def same_block(one: Block, other: Block) -> bool:
    return one.path == other.path and np.array_equal(one.places, other.places)


def tables(variables: Sequence[VariableInfo], vocabulary: int) -> list[tuple[Table, Table]]:
    """What may be the embedding and the output matrix; pairs that their names speak for come first.

    A single one may be both (Press and Wolf, 2017).
    """
    flat = [v for v in variables if len(v.shape) == 2 and vocabulary in v.shape and min(v.shape) > 1]
    pairs = sorted(permutations(flat, 2), key=lambda pair: "e" not in pair[0].path.lower())
    pairs = pairs or [(v, v) for v in flat]
    return [
        (
            Table(words.path, by_word(words, vocabulary), words.shape[0] != vocabulary),
            Table(out.path, by_word(out, vocabulary)[::-1], out.shape[1] != vocabulary),
        )
        for words, out in pairs
    ]


def by_word(v: VariableInfo, vocabulary: int) -> tuple[int, int]:
    one, other = v.shape
    return (one, other) if one == vocabulary else (other, one)


def laid_out(
    variables: Sequence[VariableInfo], vocabulary: int, pair: tuple[Table, Table], turned: bool = False
) -> Layout | None:
    """None where no variable is left that could be a gate's matrix."""
    words, out = pair
    bias = next((v for v in variables if v.shape in ((vocabulary,), (1, vocabulary), (vocabulary, 1))), None)
    rest = [v for v in variables if v.path not in (words.path, out.path) and v is not bias]
    cuts = {v.path: cut(v, words.shape[1], out.shape[0], turned) for v in rest}
    found = [block for parts in cuts.values() for block in parts]
    others = tuple(path for path, parts in cuts.items() if not parts)
    matrices = tuple(block for block in found if block.rows)
    biases = tuple(block for block in found if not block.rows)
    return Layout(words, out, bias, matrices[:MOST], biases[:MOST], others) if matrices else None


def cut(v: VariableInfo, e: int, d: int, turned: bool = False) -> list[Block]:
    """The blocks of a variable; none when its shape has no place in an LSTM of these sizes."""
    places = np.arange(int(np.prod(v.shape))).reshape(v.shape)
    kinds = {e + d: "eh", **({e: "?"} if e == d else {e: "e", d: "h"})}
    parts = [piece.of(places) for piece in blocks(v, kinds, d, turned)]
    return [Block(v.path, part, kinds[len(part)] if part.ndim == 2 else "") for part in parts]


def only(weights: Weights, kept: Sequence[Block], paths: Sequence[str]) -> dict[str, Numbers]:
    """The variables at `paths` with zeros in all but the blocks kept."""
    found = {path: np.zeros_like(weights[path]) for path in paths}
    for block in kept:
        if block.path in found:
            found[block.path].reshape(-1)[block.places] = block.of(weights)
    return found


class Roles(Struct, frozen=True):
    """Which parts make the pre-activation of each gate."""

    matrices: Mapping[str, tuple[Part, ...]]
    biases: Mapping[str, tuple[Block, ...]] = {}
    besides: Mapping[str, Block] = {}  # vectors that the equations do not have, as the oracle calls them

    def values(self, layout: Layout, weights: Weights) -> dict[str, Numbers]:
        """The weights by role, as the oracle takes them; what a class does not have is zero."""
        e, d, out = layout.width, layout.dim, layout.out_bias
        found: dict[str, Numbers] = {"E": layout.embedding.of(weights), "W_out": layout.out.of(weights)}
        found["b_out"] = weights[out.path].reshape(-1) if out else np.zeros(found["W_out"].shape[1])
        for gate in GATES:
            found[f"W_{gate}"] = sum((p.of(weights) for p in self.matrices.get(gate, ())), np.zeros((e + d, d)))
            found[f"b_{gate}"] = sum((b.of(weights) for b in self.biases.get(gate, ())), np.zeros(d))
        return found | {role: block.of(weights) for role, block in self.besides.items()}

    @property
    def shared(self) -> tuple[str, str] | None:
        """Two gates that read the same block."""
        blocks = {gate: [part.block for part in parts] for gate, parts in self.matrices.items()}
        pairs = [(a, b) for i, a in enumerate(GATES) for b in GATES[i + 1 :]]
        return next((p for p in pairs if any(x is y for x in blocks.get(p[0], []) for y in blocks.get(p[1], []))), None)

    @property
    def with_shared_bias(self) -> tuple[str, ...]:
        """Gates that have a bias, and none that is not another's as well."""
        others = {gate: [b for other in GATES if other != gate for b in self.biases.get(other, ())] for gate in GATES}
        return tuple(gate for gate, own in self.biases.items() if own and all(b in others[gate] for b in own))

    def reads_both(self, gate: str, width: int) -> bool:
        """Whether a gate has rows for the word and rows for the state."""
        rows = [part.rows >= 0 for part in self.matrices.get(gate, ())]
        return any(np.any(own[:width]) for own in rows) and any(np.any(own[width:]) for own in rows)

    def paths(self, layout: Layout) -> tuple[str, ...]:
        parts = [part.block.path for gate in self.matrices.values() for part in gate]
        biases = [block.path for gate in (*self.biases.values(), tuple(self.besides.values())) for block in gate]
        out = [layout.out_bias.path] if layout.out_bias else []
        return tuple(dict.fromkeys([layout.embedding.path, *parts, *biases, layout.out.path, *out]))
