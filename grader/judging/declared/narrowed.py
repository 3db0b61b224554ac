"""A class in larger sizes than those in which there are answers: what is left of its variables holds zeros.

Of a hidden layer of 50 units the first 5 have the model answer's weights. The other 45 give what they give for zeros,
and zeros are all that the next layer makes of it: so the class computes what the model answer of 5 units does.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import permutations, product
from math import prod

from msgspec.structs import replace

from grader.judging.declared.bindings import Binding, Solver
from grader.judging.declared.cuts import Piece, Placed, Range, Shape
from grader.sandbox.guest.wire import VariableInfo


def all_narrowed(ways: Iterable[Binding], solver: Solver, variables: Sequence[VariableInfo]) -> list[Binding]:
    """Each way as it is where its sizes are these; else narrowed, with roles that look alike there in every order.

    Where roles are missing, those ways come first that leave the fewest numbers out.
    """
    found: list[Binding] = []
    for way in ways:
        for one in exchanged(way) if way.sizes else (way,):
            small = narrowed(one, solver, variables)
            if small is not None and small not in found:
                found.append(small)
    return sorted(found, key=lambda way: -sum(prod(place.shape) for place in way.places.values()))


def exchanged(way: Binding) -> Iterator[Binding]:
    """With places of one shape in each order: once they are narrowed their gradients cannot be compared any more."""
    groups: dict[Shape, list[str]] = {}
    for role, place in way.places.items():
        groups.setdefault(place.shape, []).append(role)
    for orders in product(*(permutations(roles) for roles in groups.values())):
        taken = {
            role: way.places[other]
            for roles, order in zip(groups.values(), orders, strict=True)
            for role, other in zip(roles, order, strict=True)
        }
        yield Binding({role: taken[role] for role in way.places}, way.letters, way.shapes)


def narrowed(way: Binding, solver: Solver, variables: Sequence[VariableInfo]) -> Binding | None:
    """In the model answer's sizes; None where one of them is larger than the notebook's, or lies in several pieces.

    Nor of a matrix that joins two things one below the other: its first rows need not be the first of both.
    """
    shapes, whole = solver.roles, {v.path: v.shape for v in variables}
    places: dict[str, Placed] = {}
    for role, place in way.places.items():
        if place.shape == shapes[role]:
            places[role] = place
            continue
        if (
            len(place.pieces) != 1
            or solver.sums.get(shapes[role][0])
            or any(n > m for n, m in zip(shapes[role], place.shape, strict=True))
        ):
            return None
        piece = place.pieces[0]
        places[role] = replace(place, pieces=(first_of(piece, shapes[role], whole[piece.path]),))
    return Binding(places, {}, dict(shapes))


def first_of(piece: Piece, shape: Shape, whole: Shape) -> Piece:
    """So many of its first rows and columns; `whole` is the variable's shape."""
    long = iter([n for n, m in zip(shape, piece.shape, strict=True) if m > 1][:: -1 if piece.turned else 1])
    at: list[Range] = []
    for part, size in zip(piece.at, whole, strict=True):
        start, stop = part if isinstance(part, tuple) else (0, size)
        at.append(part if isinstance(part, int) or stop - start == 1 else (start, start + next(long)))
    return Piece(piece.path, shape, tuple(at), piece.turned)
