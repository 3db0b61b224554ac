"""Assignment 4: variables cut into blocks as high as the equations need them, and the places a block may have there.

Letters of rows: x a word's vector, h the encoder's state; a the average of the premise, t the state of the hypothesis,
m the matching state. Read by mistake, w the average of the premise's word vectors, and x where a state is meant.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import permutations, product

import numpy as np
from msgspec import Struct
from msgspec.structs import replace

from grader.judging.binding import cuts
from grader.judging.binding.cuts import Piece
from grader.judging.comparing.arrays import Numbers
from grader.sandbox.guest.wire import VariableInfo

SOURCES = {"p": "xh", "h": "xh", "m": "atm", "attn": "tm"}
BESIDE = {"m": "atxwm", "attn": "tmx"}  # with word vectors beside the states
FEW = 6  # rows of a variable that is no matrix
CLASSES = 3
MOST = 40  # matrices, and biases, whose places are sought

Weights = Mapping[str, Numbers]  # by path


class Block(Struct, frozen=True):
    """A matrix [rows, d], or a bias [d] (no rows), inside a variable."""

    piece: Piece
    rows: int

    @property
    def path(self) -> str:
        return self.piece.path

    def view(self, weights: Weights) -> Numbers:
        return self.piece.of(weights[self.path])


class Way(Struct, frozen=True):
    """A block's place: what it adds to, with the rows in this order, and what else is so where it stands there."""

    roles: tuple[str, ...]
    sources: str = ""
    sign: float = 1.0  # of an update gate
    turned: bool = False
    numbers: Mapping[str, float] = {}  # of the equations' form, as differences to the usual one


class Sizes(Struct, frozen=True):
    word: int
    dim: int
    beside: bool = False  # word vectors may stand where states are meant

    def heights(self) -> set[int]:
        usual = {self.word, self.dim, self.word + self.dim, 2 * self.dim, 3 * self.dim}
        mistaken = {2 * self.word, 2 * self.word + self.dim, self.word + 2 * self.dim}
        return usual | mistaken if self.beside else usual

    def of(self, source: str) -> int:
        return self.word if source in "xw" else self.dim

    def sources(self, network: str) -> str:
        return BESIDE.get(network, SOURCES[network]) if self.beside else SOURCES[network]


class Variables(Struct, frozen=True):
    sizes: Sizes
    matrices: tuple[Block, ...]
    biases: tuple[Block, ...]
    E: Block | None  # a row for each word
    W_cl: Block
    b_cl: str | None
    others: tuple[str, ...] = ()  # of a shape with no place in the equations

    @property
    def columns(self) -> bool:
        """Something shows that states may be columns."""
        return bool(self.others) or any(block.piece.turned for block in (self.W_cl, *self.matrices))

    @property
    def cells(self) -> set[str]:
        """What has to be silent while something else is asked."""
        return {block.path for block in (*self.matrices, *self.biases)}


def sorted_out(
    variables: Sequence[VariableInfo],
    vocabulary: int,
    width: int,
    turned: bool = False,
    out: str | None = None,
    beside: bool = False,
) -> Variables | None:
    """None where nothing can be the classifier on the last state; `width` of a word where E is no variable.

    `out` is that classifier where it is known.
    """
    shapes = {v.path: tuple(n for n in v.shape if n > 1) for v in variables}
    tables = [(p, s[0] != vocabulary) for p, s in by_name(shapes, "e") if len(s) == 2 and vocabulary in s]
    E, E_turned = min(tables, key=lambda table: table[1], default=(None, False))
    out = out or next((p for p, s in shapes.items() if p != E and len(s) == 2 and s[1] == CLASSES), None)
    out = out or next((p for p, s in shapes.items() if p != E and len(s) == 2 and s[0] == CLASSES), None)
    if out is None:
        return None
    sideways = shapes[out][1] != CLASSES
    dim = shapes[out][1 if sideways else 0]
    b_cl = next((p for p, s in shapes.items() if s == (CLASSES,)), None)
    sizes = Sizes(shapes[E][0 if E_turned else 1] if E else width, dim, beside)
    matrices: list[Block] = []
    biases: list[Block] = []
    others: list[str] = []
    for v in variables:
        found = [] if v.path in (E, out, b_cl) else blocks(v, sizes, turned)
        matrices += [block for block in found if block.rows]
        biases += [block for block in found if not block.rows]
        others += [] if found or v.path in (E, out, b_cl) else [v.path]
    made = {v.path: v for v in variables}
    words = entire(made[E], E_turned, vocabulary) if E else None
    W_cl = entire(made[out], sideways, dim)
    return Variables(sizes, tuple(matrices[:MOST]), tuple(biases[:MOST]), words, W_cl, b_cl, tuple(others))


def entire(v: VariableInfo, turned: bool, rows: int) -> Block:
    """The variable as one matrix; axes of length 1 are left out."""
    return Block(Piece(v.path, tuple(0 if size == 1 else None for size in v.shape), turned), rows)


def by_name(shapes: Mapping[str, tuple[int, ...]], letter: str) -> list[tuple[str, tuple[int, ...]]]:
    return sorted(shapes.items(), key=lambda item: letter not in item[0].lower())


def blocks(v: VariableInfo, sizes: Sizes, turned: bool) -> list[Block]:
    """Gates may stand beside each other in one variable, or one behind the other in a cube of them."""
    found = cuts.blocks(v, sizes.heights(), sizes.dim, turned)
    shapes = [piece.seen(v).shape for piece in found]
    return [Block(piece, shape[0] if len(shape) == 2 else 0) for piece, shape in zip(found, shapes, strict=True)]


def orders(rows: int, sources: str, sizes: Sizes) -> Iterator[str]:
    """In which orders some of the sources are so many rows together."""
    for count in range(1, len(sources) + 1):
        for order in permutations(sources, count):
            instead = not any(set(both) <= set(order) for both in ("tx", "aw"))  # of a state, not besides
            if sum(sizes.of(source) for source in order) == rows and instead:
                yield "".join(order)


def places(rows: int, gate: str, sizes: Sizes, cells: Sequence[str]) -> Iterator[Way]:
    """Of a matrix: of this gate, in one of these networks; "ph" is an encoder of both sentences."""
    for cell in cells:
        roles = tuple(f"W_{gate}_{one}" for one in cell)
        for order in orders(rows, sizes.sources(cell[0]), sizes):
            yield Way(roles, order)


def gates(rows: int, sizes: Sizes, cells: Sequence[str]) -> Iterator[Way]:
    """All places of a matrix in the networks. Mirrored update gates are those of the negative sum.

    One matrix may be that of both gates, by mistake.
    """
    for gate in "czr":
        for way in places(rows, gate, sizes, cells):
            yield way
            if gate == "z":
                yield Way(way.roles, way.sources, -1.0)
            if gate == "r":
                yield Way(way.roles, way.sources, numbers=after(way))
    for way in places(rows, "z", sizes, cells):
        for sign, numbers in product((1.0, -1.0), ({}, after(way))):
            yield Way(of_both_gates(way), way.sources, sign, numbers=numbers)


def after(way: Way) -> dict[str, float]:
    return {f"after_{role[-1]}": 1.0 for role in way.roles}


def of_both_gates(way: Way) -> tuple[str, ...]:
    """With the reset gates beside the update gates."""
    return (*way.roles, *(role.replace("_z_", "_r_") for role in way.roles))


def thresholds(cells: Sequence[str]) -> Iterator[Way]:
    """All places of a bias; s: of the state's own product, in a reset that comes after it."""
    for cell in cells:
        for gate in "czrs":
            way = Way(tuple(f"b_{gate}_{one}" for one in cell))
            yield way
            if gate == "z":
                yield Way(way.roles, sign=-1.0)
                yield from (Way(of_both_gates(way), sign=sign) for sign in (1.0, -1.0))


def attending(rows: int, sizes: Sizes) -> Iterator[Way]:
    for order in orders(rows, sizes.sources("attn"), sizes):
        yield Way(("W_attn",), order)
        if len(order) == 1:
            yield Way(("W_attn",), order, turned=True)


def as_gate(way: Way, gate: str) -> Way:
    """A candidate's matrix that is a gate's as well."""
    return replace(way, roles=(*way.roles, *(role.replace("_c_", f"_{gate}_") for role in way.roles)))


def added(value: Numbers, way: Way, sizes: Sizes) -> dict[str, Numbers | float]:
    """What the block adds to each role, with the rows where the equations have them."""
    signs = {role: way.sign if "_z_" in role else 1.0 for role in way.roles}
    return {**{role: sign * placed(value, way, role, sizes) for role, sign in signs.items()}, **way.numbers}


def placed(value: Numbers, way: Way, role: str, sizes: Sizes) -> Numbers:
    if not way.sources:
        return value.astype(np.float64)
    all_sources = sizes.sources(role.rsplit("_", maxsplit=1)[1])
    height = [sizes.of(source) for source in all_sources]
    full = np.zeros((sum(height), sizes.dim))
    start = 0
    for source in way.sources:
        part = value[start : start + sizes.of(source)]
        first = sum(height[: all_sources.index(source)])
        full[first : first + len(part)] = part.T if way.turned else part
        start += len(part)
    return full


def taken_out(whole: Numbers, way: Way, role: str, sizes: Sizes) -> Numbers:
    """The rows of a role where the block stands, in the block's own order: `placed` the other way round."""
    if not way.sources:
        return whole
    all_sources = sizes.sources(role.rsplit("_", maxsplit=1)[1])
    height = [sizes.of(source) for source in all_sources]
    starts = {source: sum(height[: all_sources.index(source)]) for source in way.sources}
    rows = [whole[first : first + sizes.of(source)] for source, first in starts.items()]
    return np.concatenate([part.T for part in rows] if way.turned else rows)


def summed(parts: Iterable[Mapping[str, Numbers | float]]) -> dict[str, Numbers | float]:
    total: dict[str, Numbers | float] = {}
    for part in parts:
        for role, value in part.items():
            total[role] = total[role] + value if role in total else value
    return total


def only(weights: Weights, on: Iterable[Block], paths: Iterable[str]) -> dict[str, Numbers]:
    """Zeros in these variables, but for some blocks."""
    quiet = {path: np.zeros_like(weights[path]) for path in paths}
    for block in on:
        quiet[block.path] = block.piece.put(quiet[block.path], block.view(weights))
    return quiet
