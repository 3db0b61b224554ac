"""Which weight of a notebook's model of Keras is which of the model answer's.

They are listed by layers, and layers of branches side by side in whatever order they were made. A layer is told by what
its weights are called, `kernel` and `bias` of a dense one, and layers of one kind by their sizes.
"""

from collections.abc import Iterator, Sequence
from itertools import islice, permutations, product

Weight = tuple[str, tuple[int, ...]]  # name and shape
Roles = tuple[int | None, ...]  # of each weight: its place in the model answer; None for one that has none there

FIRST = ("kernel", "embeddings", "gamma", "depthwise_kernel")  # of a layer
ORDERS = 2000  # of layers that are tried


def roles_of(own: Sequence[Weight], deck: Sequence[Weight]) -> Roles:
    """In the first order of the layers in which sizes fit together; as they are listed where there is none."""
    ways = islice(orders(own, deck), ORDERS)
    first = next(ways)
    return next((way for way in (first, *ways) if fit(own, deck, way)), first)


def orders(own: Sequence[Weight], deck: Sequence[Weight]) -> Iterator[Roles]:
    mine, theirs = layers(own), layers(deck)
    kinds = [kind for kind in mine if kind in theirs]
    for chosen in product(*(permutations(mine[kind]) for kind in kinds)):
        roles: list[int | None] = [None] * len(own)
        for kind, order in zip(kinds, chosen, strict=True):
            for layer, known in zip(order, theirs[kind], strict=False):
                for place, role in zip(layer, known, strict=True):
                    roles[place] = role
        yield tuple(roles)


def layers(weights: Sequence[Weight]) -> dict[tuple[str, ...], list[list[int]]]:
    """Places of the weights of each layer, by what they are called."""
    found: list[list[int]] = []
    for place, (name, _) in enumerate(weights):
        if not found or name in FIRST or name in [weights[other][0] for other in found[-1]]:
            found.append([])
        found[-1].append(place)
    kinds: dict[tuple[str, ...], list[list[int]]] = {}
    for layer in found:
        kinds.setdefault(tuple(weights[place][0] for place in layer), []).append(layer)
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
