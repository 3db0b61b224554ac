"""Which weight of a notebook's model of Keras is which of the model answer's.

They are listed by layers, and layers of branches side by side in whatever order they were made. A layer is told by what
its weights are called, `kernel` and `bias` of a dense one, and layers of one kind by their sizes. A layer of one's own
may hold others, or the same numbers in fewer or turned weights: these are told by their shapes alone, and by what the
model computes with them.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import chain, islice, permutations, product

from grader.judging.declared.bindings import Binding, Solver, bindings, orders
from grader.judging.declared.cuts import Piece, Placed
from grader.judging.declared.narrowed import exchanged
from grader.sandbox.guest.wire import VariableInfo

Weight = tuple[str, tuple[int, ...]]  # name and shape
Kind = tuple[tuple[str, int], ...]  # of a layer: name and axes of each weight
Roles = tuple[int | None, ...]  # of each weight: its place in the model answer; None for one that has none there

FOLLOWING = ("recurrent_kernel", "pointwise_kernel", "bias", "beta", "moving_mean", "moving_variance")  # in a layer
ORDERS = 2000  # of layers that are tried
WAYS, SWAPPED = 24, 8  # to see the weights; of each, with parts of a matrix that joins two things in another order


def roles_of(own: Sequence[Weight], deck: Sequence[Weight]) -> Roles:
    return roles_alike(own, deck)[0]


def roles_alike(own: Sequence[Weight], deck: Sequence[Weight]) -> list[Roles]:
    """In the orders of the layers in which sizes fit together; as they are listed where there is none."""
    ways = list(islice(layer_orders(own, deck), ORDERS))
    return list(islice((way for way in ways if fit(own, deck, way)), WAYS)) or ways[:1]


def layer_orders(own: Sequence[Weight], deck: Sequence[Weight]) -> Iterator[Roles]:
    mine, theirs = layers(own), layers(deck)
    kinds = [kind for kind in mine if kind in theirs]
    for chosen in product(*(permutations(mine[kind]) for kind in kinds)):
        roles: list[int | None] = [None] * len(own)
        for kind, order in zip(kinds, chosen, strict=True):
            for layer, known in zip(order, theirs[kind], strict=False):
                for place, role in zip(layer, known, strict=True):
                    roles[place] = role
        yield tuple(roles)


def layers(weights: Sequence[Weight]) -> dict[Kind, list[list[int]]]:
    """Places of the weights of each layer, by what they are called and how many axes they have."""
    found: list[list[int]] = []
    for place, (name, _) in enumerate(weights):
        if not found or name not in FOLLOWING or name in [weights[other][0] for other in found[-1]]:
            found.append([])
        found[-1].append(place)
    kinds: dict[Kind, list[list[int]]] = {}
    for layer in found:
        kind = tuple((name, len(shape)) for name, shape in (weights[place] for place in layer))
        kinds.setdefault(kind, []).append(layer)
    return kinds


def fit(own: Sequence[Weight], deck: Sequence[Weight], roles: Roles) -> bool:
    """Whether each number of the model answer stands for one of the notebook's."""
    sizes: dict[int, int] = {}
    for (_, shape), role in zip(own, roles, strict=True):
        known = deck[role][1] if role is not None else shape
        if len(known) != len(shape):
            return False
        if role is not None and any(sizes.setdefault(a, b) != b for a, b in zip(known, shape, strict=True)):
            return False
    return True


def variables(weights: Sequence[Weight]) -> tuple[VariableInfo, ...]:
    """Each under its name and its place, from 1: those of the model answer are the roles."""
    return tuple(VariableInfo(f"{name} {place}", shape, "float32") for place, (name, shape) in enumerate(weights, 1))


def number_of(role: str) -> int:
    return int(role.rsplit(" ", 1)[1])


def by_layers(own: Sequence[Weight], deck: Sequence[Weight], roles: Roles = ()) -> Binding:
    mine, theirs = variables(own), variables(deck)
    pairs = [(theirs[role], mine[at]) for at, role in enumerate(roles or roles_of(own, deck)) if role is not None]
    letters: dict[int, int] = {}
    for known, one in pairs:
        for old, new in zip(known.shape, one.shape, strict=False):
            letters.setdefault(old, new)
    places = {known.path: Placed((Piece(one.path, one.shape, (None,) * len(one.shape)),)) for known, one in pairs}
    return Binding(places, letters, {known.path: one.shape for known, one in pairs})


def ways_to_see(own: Sequence[Weight], deck: Sequence[Weight], fixed: Collection[int]) -> list[Binding]:
    """The likeliest first. `fixed`: numbers that the task gives."""
    roles = {v.path: v.shape for v in variables(deck)}
    solver, listed = Solver(roles, frozenset(fixed)), [by_layers(own, deck, way) for way in roles_alike(own, deck)]
    likely = [way for way in listed if fits(way, roles, own)]
    every = chain(
        likely,
        chain.from_iterable(swapped(way, solver) for way in likely),
        chain.from_iterable(by_shapes(own, deck, way, frozenset(fixed)) for way in listed[:SWAPPED]),
    )
    ways = {repr(way): way for way in islice(every, 2 * WAYS)}
    return list(ways.values())[:WAYS] or listed[:1]


def fits(way: Binding, roles: Mapping[str, tuple[int, ...]], own: Sequence[Weight]) -> bool:
    """Whether every weight is one of the model answer's, or holds some, and their sizes stand for its own."""
    meant = {role: tuple(way.letters.get(n, n) for n in shape) for role, shape in roles.items()}
    return dict(way.shapes) == meant and way.paths == {v.path for v in variables(own)}


def swapped(way: Binding, solver: Solver) -> Iterator[Binding]:
    options = [[(role, place) for place in orders(role, way, solver)] for role in way.places]
    for chosen in islice(product(*options), SWAPPED):
        yield Binding(dict(chosen), way.letters, way.shapes)


def by_shapes(
    own: Sequence[Weight], deck: Sequence[Weight], first: Binding, fixed: frozenset[int]
) -> Iterator[Binding]:
    """But for layers of a kind of which both have as many."""
    mine, theirs, known, wanted = layers(own), layers(deck), variables(own), variables(deck)
    alike = [kind for kind, found in mine.items() if len(found) == len(theirs.get(kind, ()))]
    pinned, held = (
        {some[place].path for kind in alike for layer in found[kind] for place in layer}
        for some, found in ((wanted, theirs), (known, mine))
    )
    roles = {v.path: v.shape for v in wanted if v.path not in pinned}
    kept = {role: first.places[role] for role in pinned if role in first.places}
    solver = Solver({v.path: v.shape for v in wanted}, fixed)
    for way in bindings(roles, fixed, [v for v in known if v.path not in held]) if roles else ():
        for one in islice(exchanged(way), WAYS):
            shapes = {role: tuple(one.letters.get(n, n) for n in shape) for role, shape in solver.roles.items()}
            whole = Binding({**kept, **one.places}, {**first.letters, **one.letters}, {**first.shapes, **one.shapes})
            if fits(whole, solver.roles, own) and all(whole.shapes[role] == shapes[role] for role in roles):
                yield from swapped(whole, solver)
