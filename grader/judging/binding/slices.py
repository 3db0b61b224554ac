"""Layers of equal size that stand in one variable: [2, 50, 50] holds two matrices, [2, 50] perhaps two biases.

A bias may be one row more of its matrix, for an input that is always 1.

Each slice is a variable of its own, by a path as a student would write it: `c.W[1, :, :]`.
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import product

import numpy as np

from grader.judging.binding.cuts import STACKED, Piece
from grader.judging.comparing.arrays import Numbers, array
from grader.sandbox.guest.wire import VariableInfo

DOUBTFUL = 4  # variables that are looked at both whole and in slices


def slices(v: VariableInfo) -> tuple[Piece, ...]:
    """Along the first axis, where it is short enough to count layers; none of a vector."""
    if not 2 <= len(v.shape) <= 3 or not 1 < v.shape[0] <= STACKED or v.shape[0] >= max(v.shape[1:]):
        return ()
    rest = (None,) * (len(v.shape) - 1)
    return tuple(Piece(v.path, (i, *rest)) for i in range(v.shape[0]))


def with_bias_row(v: VariableInfo, at: int) -> tuple[Piece, ...]:
    """A matrix whose last row (-1) or first row (0) is the bias; none of what is no matrix."""
    if len(v.shape) != 2 or v.shape[0] < 2:
        return ()
    last = v.shape[0] - 1
    rest, row = ((1, last + 1), 0) if at == 0 else ((0, last), last)
    return Piece(v.path, (rest, None)), Piece(v.path, (row, None))


def pieces_of(v: VariableInfo) -> tuple[Piece, ...]:
    return tuple(dict.fromkeys((*slices(v), *with_bias_row(v, -1), *with_bias_row(v, 0))))


def sliced(variables: Sequence[VariableInfo]) -> Iterator[tuple[VariableInfo, ...]]:
    """The variables as they are, then with cubes in slices, and matrices too where these may be biases.

    At last with a bias in every matrix.
    """
    yield tuple(variables)
    cubes = {v.path for v in variables if len(v.shape) == 3 and slices(v)}
    flat = [v.path for v in variables if len(v.shape) == 2 and slices(v)][:DOUBTFUL]
    for some in product((False, True), repeat=len(flat)):
        apart = cubes | {path for path, cut in zip(flat, some, strict=True) if cut}
        if apart:
            yield tuple(w for v in variables for w in ([p.seen(v) for p in slices(v)] if v.path in apart else [v]))
    for at in (-1, 0):
        yield tuple(w for v in variables for w in [p.seen(v) for p in with_bias_row(v, at)] or [v])


def owner(path: str) -> str:
    """The variable that a slice is of; any other path is its own."""
    return path.rpartition("[")[0] if path.endswith(":]") else path


def with_slices(variables: Sequence[VariableInfo], values: Mapping[str, Numbers]) -> dict[str, Numbers]:
    """Values by path, and those of all slices."""
    parts = [(piece, values[v.path]) for v in variables if v.path in values for piece in pieces_of(v)]
    return {**values, **{piece.view: piece.of(whole) for piece, whole in parts}}


def put_together(variables: Sequence[VariableInfo], values: Mapping[str, Numbers]) -> dict[str, Numbers]:
    """The variables' own values; where only slices of one are given, the rest stays as it was made."""
    pieces = {v.path: pieces_of(v) for v in variables}
    views = {piece.view for own in pieces.values() for piece in own}
    found = {path: value for path, value in values.items() if path not in views}
    for v in variables:
        given = [piece for piece in pieces[v.path] if piece.view in values]
        if v.path in found:
            found[v.path] = found[v.path].reshape(v.shape)
        elif given:
            start = array(v.value)
            whole = np.zeros(v.shape, np.float32) if start is None else start
            for piece in given:
                whole = piece.put(whole, values[piece.view].reshape(piece.seen(v).shape))
            found[v.path] = whole
    return found
