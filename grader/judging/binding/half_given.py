"""Gates that are given the word alone, or the state alone: as on the slide but for rows of zeros for the other."""

from collections.abc import Iterator, Sequence
from itertools import combinations, islice, product

from msgspec.structs import replace

from grader.judging.binding.arrangements import Arrangement
from grader.judging.binding.cuts import Piece
from grader.judging.binding.roles import parts
from grader.sandbox.guest.wire import VariableInfo

TRIED = 6  # choices of matrices, where a class holds more of them than it lacks


def half_given(variables: Sequence[VariableInfo], vocabulary: int, gates: int) -> Iterator[Arrangement]:
    """Where there are fewer matrices [e + d, d] than gates: with matrices [d, d] or [e, d] for the others."""
    found = parts(variables, vocabulary)
    if found is None or len(found.matrices) >= gates:
        return
    width, dim = found.embedding.shape[1], found.dim
    loose = [v for v in variables if v is not found.embedding and v.shape in ((dim, dim), (width, dim))]
    for chosen in islice(combinations(loose, gates - len(found.matrices)), TRIED):
        for zeros in product(*(rows_of_zeros(v, width, dim) for v in chosen)):
            yield filled(variables, dict(zip((v.path for v in chosen), zeros, strict=True)))


def rows_of_zeros(v: VariableInfo, width: int, dim: int) -> list[tuple[int, int]]:
    """Above and below, with the state's rows above the word's; both ways where nothing tells the two apart."""
    state, word = (0, width), (dim, 0)
    return [side for side, rows in ((state, dim), (word, width)) if v.shape[0] == rows]


def filled(variables: Sequence[VariableInfo], zeros: dict[str, tuple[int, int]]) -> Arrangement:
    views = {f"{path} filled": (Piece(path),) for path in zeros}
    seen = (
        replace(v, path=f"{v.path} filled", shape=(v.shape[0] + sum(zeros[v.path]), v.shape[1]), value=None)
        if v.path in zeros
        else v
        for v in variables
    )
    return Arrangement(tuple(seen), views, {f"{path} filled": rows for path, rows in zeros.items()})
