"""Recurrent matrices cut otherwise than on the slide: gates in one variable, words and states apart, all turned round.

Seen through views, the variables have the slide's shapes again: a matrix [e + d, d] and a bias [d] for each gate.
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice, permutations, product

import numpy as np
from msgspec import Struct
from msgspec.structs import replace

from grader.judging.binding.cuts import GATES, Cut, Piece, cuts
from grader.judging.binding.roles import gate_of, parts
from grader.judging.comparing.arrays import Numbers
from grader.sandbox.guest.wire import VariableInfo

PAIRINGS = 3  # of matrices for words with matrices for states: those that the names tell, then those made together
COMBINED, YIELDED = 512, 24  # ways to cut all variables that are looked at, and those of them that are tried
ALONE = 6  # variables of one shape that may be cut each in its own way; where there are more, all are cut alike


class Arrangement(Struct, frozen=True):
    """The variables as the slide has them; `views` tells what those are made of that the class has otherwise."""

    variables: tuple[VariableInfo, ...]
    views: Mapping[str, tuple[Piece, ...]] = {}  # path of a view -> pieces, one below the other
    zeros: Mapping[str, tuple[int, int]] = {}  # path of a view -> rows above and below, for what its gate is not given

    def pieces(self, path: str) -> tuple[Piece, ...]:
        return self.views.get(path) or (Piece(path),)

    def seen(self, values: Mapping[str, Numbers | None]) -> dict[str, Numbers | None]:
        """Values by path, and those of the views; None or missing where one of a view's pieces is."""
        found = dict(values)
        for path, pieces in self.views.items():
            if all(piece.path in values for piece in pieces):
                parts = [piece.of(v) for piece in pieces if (v := values[piece.path]) is not None]
                found[path] = self.filled(path, np.concatenate(parts, axis=0)) if len(parts) == len(pieces) else None
        return found

    def filled(self, path: str, value: Numbers) -> Numbers:
        return np.pad(value, (self.zeros[path], (0, 0))) if path in self.zeros else value

    def begins(self, path: str) -> int:
        """The row of a view in which its pieces begin."""
        return self.zeros.get(path, (0, 0))[0]

    def planted(self, values: Mapping[str, Numbers], path: str, part: Numbers) -> dict[str, Numbers]:
        """The variables' own values with one that is seen replaced."""
        changed, row = dict(values), self.begins(path)
        for piece in self.pieces(path):
            high = piece.of(changed[piece.path]).shape[0]
            changed[piece.path] = piece.put(changed[piece.path], part[row : row + high])
            row += high
        return changed


def arrangements(variables: Sequence[VariableInfo], vocabulary: int) -> Iterator[Arrangement]:
    """Every likely way to have more matrices [e + d, d] than the class has itself, then its variables as they are.

    Where these lack an embedding or a way to the classes, as when all is turned round, no more matrices are asked for.
    """
    whole = seen_as(variables, {}, turned=False)
    plain = parts(whole.variables, vocabulary)
    for embedding in (v for v in variables if len(v.shape) == 2 and vocabulary in v.shape):
        words = Piece(embedding.path, (None, None), turned=embedding.shape[0] != vocabulary)
        width = words.seen(embedding).shape[1]
        others = [v for v in variables if v is not embedding]
        rows = dict.fromkeys(size for v in others for size in v.shape)
        for dim in dict.fromkeys(n for row in rows for n in (row - width, row) if n > 1):
            own = recurrent(others, width, dim)
            made = (one for apart in taken_apart(others, width, dim) for one in joined(apart, width, dim))
            more = (one for one in made if recurrent(one.variables, width, dim) >= max(1, own + (plain is not None)))
            for one in islice(more, YIELDED):
                views = {**one.views, words.view: (words,)} if words.turned else one.views
                arrangement = Arrangement((words.seen(embedding), *one.variables), views)
                found = parts(arrangement.variables, vocabulary)
                if found and found.dim == dim and (plain is None or len(found.others) <= len(plain.others)):
                    yield arrangement
    yield whole


def recurrent(variables: Sequence[VariableInfo], width: int, dim: int) -> int:
    return sum(v.shape == (width + dim, dim) for v in variables)


def taken_apart(variables: Sequence[VariableInfo], width: int, dim: int) -> Iterator[Arrangement]:
    """The recurrent layer's variables cut into gates, the others as they are or turned; those cut alike come first."""
    ways = {v.path: choices(v, width, dim) for v in variables}
    groups = cut_alike(variables, ways)
    orders = islice(product(*(range(len(ways[group[0].path])) for group in groups)), COMBINED)
    every = [
        {v.path: ways[v.path][place] for group, place in zip(groups, order, strict=True) for v in group}
        for order in orders
    ]
    for chosen in sorted(every, key=unlike):
        left = [v for v in variables if chosen[v.path] is None]
        for turned in (False, True) if any(has_two_sides(v) for v in left) else (False,):
            yield seen_as(variables, chosen, turned)


def choices(v: VariableInfo, width: int, dim: int) -> tuple[Cut | None, ...]:
    """None, to leave it as it is, stands first where [d, 2] may be the readout as well as two biases."""
    own = cuts(v, width, dim)
    return (None, *own) if not own or (has_two_sides(v) and min(v.shape) <= GATES) else tuple(own)


def cut_alike(
    variables: Sequence[VariableInfo], ways: Mapping[str, tuple[Cut | None, ...]]
) -> list[list[VariableInfo]]:
    """Variables of one shape are made in one way, but for the few of which each may be a readout."""
    groups: dict[object, list[VariableInfo]] = {}
    doubtful = [v for v in variables if ways[v.path][0] is None and len(ways[v.path]) > 1]
    for v in variables:
        groups.setdefault(v.path if v in doubtful and len(doubtful) <= ALONE else v.shape, []).append(v)
    return list(groups.values())


def unlike(chosen: Mapping[str, Cut | None]) -> tuple[int, int]:
    """Variables turned otherwise than most are; then how many are turned at all."""
    turned = [cut.turned for cut in chosen.values() if cut is not None and cut.turned is not None]
    return min(sum(turned), len(turned) - sum(turned)), sum(turned)


def has_two_sides(v: VariableInfo) -> bool:
    return len(v.shape) == 2 and min(v.shape) > 1


def seen_as(variables: Sequence[VariableInfo], chosen: Mapping[str, Cut | None], turned: bool) -> Arrangement:
    """`turned`: the matrices that are not cut; a column [n, 1] is a vector."""
    seen: list[VariableInfo] = []
    views: dict[str, tuple[Piece, ...]] = {}
    for v in variables:
        whole = Piece(v.path)
        if turned and has_two_sides(v):
            whole = Piece(v.path, (None, None), turned=True)
        elif len(v.shape) == 2 and v.shape[0] > 1 == v.shape[1]:
            whole = Piece(v.path, (None, 0))
        cut = chosen.get(v.path)
        for piece in cut.pieces if cut else (whole,):
            seen.append(piece.seen(v))
            if piece.view != v.path:
                views[piece.view] = (piece,)
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
