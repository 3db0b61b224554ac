"""Recurrent matrices cut otherwise than on the slide: gates side by side in one matrix, words and states in two.

Seen through views, the variables have the slide's shapes again: a matrix [e + d, d] and a bias [d] for each gate.
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice, permutations

import numpy as np
from msgspec import Struct
from msgspec.structs import replace

from grader.judging.arrays import Numbers
from grader.judging.roles import gate_of
from grader.sandbox.guest.wire import VariableInfo

GATES = 4  # side by side at most: an LSTM's
PAIRINGS = 3  # of matrices for words with matrices for states: those that the names tell, then those made together


class Piece(Struct, frozen=True):
    """Columns of a variable."""

    path: str
    columns: tuple[int, int] | None = None  # None: all

    @property
    def name(self) -> str:
        return f"{self.path}[..., {self.columns[0]}:{self.columns[1]}]" if self.columns else self.path

    def of(self, value: Numbers) -> Numbers:
        return value[..., slice(*self.columns)] if self.columns else value


class Arrangement(Struct, frozen=True):
    """The variables as the slide has them; `views` tells what those are made of that the class has otherwise."""

    variables: tuple[VariableInfo, ...]
    views: Mapping[str, tuple[Piece, ...]] = {}  # path of a view -> pieces, one below the other

    def pieces(self, path: str) -> tuple[Piece, ...]:
        return self.views.get(path) or (Piece(path),)

    def seen(self, values: Mapping[str, Numbers | None]) -> dict[str, Numbers | None]:
        """Values by path, and those of the views; None or missing where one of a view's pieces is."""
        found = dict(values)
        for path, pieces in self.views.items():
            if all(piece.path in values for piece in pieces):
                parts = [piece.of(v) for piece in pieces if (v := values[piece.path]) is not None]
                found[path] = np.concatenate(parts, axis=0) if len(parts) == len(pieces) else None
        return found


def arrangements(variables: Sequence[VariableInfo], vocabulary: int) -> Iterator[Arrangement]:
    """Every likely way to have more matrices [e + d, d] than the class has itself, then its variables as they are."""
    whole = Arrangement(tuple(variables))
    matrices = [v for v in variables if len(v.shape) == 2 and v.shape[0] > 1]
    for embedding in (v for v in matrices if v.shape[0] == vocabulary):
        width = embedding.shape[1]
        others = [v for v in variables if v is not embedding]
        rows = [v.shape[0] for v in matrices if v is not embedding]
        for dim in dict.fromkeys(n for row in rows for n in (row - width, row) if n > 1):
            apart = side_by_side(others, width, dim)
            for one in joined(apart, width, dim):
                if recurrent(one.variables, width, dim) > recurrent(others, width, dim):
                    yield replace(one, variables=(embedding, *one.variables))
    yield whole


def recurrent(variables: Sequence[VariableInfo], width: int, dim: int) -> int:
    return sum(v.shape == (width + dim, dim) for v in variables)


def side_by_side(variables: Sequence[VariableInfo], width: int, dim: int) -> Arrangement:
    """Matrices that read words or states, and vectors, cut to the width of a state."""
    seen: list[VariableInfo] = []
    views: dict[str, tuple[Piece, ...]] = {}
    for v in variables:
        gates, rest = divmod(v.shape[-1], dim) if v.shape else (0, 0)
        reads = len(v.shape) == 1 or (len(v.shape) == 2 and v.shape[0] in (1, width, dim, width + dim))
        if rest or not reads or not 2 <= gates <= GATES:
            seen.append(v)
            continue
        pieces = [Piece(v.path, (n * dim, (n + 1) * dim)) for n in range(gates)]
        seen += [replace(v, path=piece.name, shape=(*v.shape[:-1], dim)) for piece in pieces]
        views |= {piece.name: (piece,) for piece in pieces}
    return Arrangement(tuple(seen), views)


def joined(apart: Arrangement, width: int, dim: int) -> Iterator[Arrangement]:
    """Each matrix for words [e, d] above one for states [d, d]; as they are where there are no such pairs."""
    words = [v for v in apart.variables if v.shape == (width, dim)]
    states = [v for v in apart.variables if v.shape == (dim, dim)]
    if width == dim:  # nothing tells them apart: made in turns, or all of one kind first
        half = len(words) // 2
        ways = [(words[::2], words[1::2]), (words[:half], words[half:])] if half and len(words) % 2 == 0 else []
    else:
        ways = [(words, list(way)) for way in islice(pairings(words, states), PAIRINGS)]
    for above, below in ways:
        pairs = list(zip(above, below, strict=True))
        views = {f"{w.path} {s.path}": (*apart.pieces(w.path), *apart.pieces(s.path)) for w, s in pairs}
        made = [replace(w, path=path, shape=(width + dim, dim)) for (w, _), path in zip(pairs, views, strict=True)]
        left = [v for v in apart.variables if v not in above and v not in below]
        yield Arrangement((*made, *left), {**apart.views, **views})
    if not ways:
        yield apart


def pairings(words: Sequence[VariableInfo], states: Sequence[VariableInfo]) -> list[tuple[VariableInfo, ...]]:
    """A matrix for states for each for words; those of the same gate, by name, first."""
    if not words or len(states) < len(words):
        return []
    ways = islice(permutations(states, len(words)), 1000)
    return sorted(
        ways, key=lambda way: -sum(gate_of(w.path) == gate_of(s.path) for w, s in zip(words, way, strict=True))
    )
