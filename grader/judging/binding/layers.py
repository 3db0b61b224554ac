"""Which variables are the layers of a feed-forward network: a chain of matrices from the features to the classes."""

from collections.abc import Iterator, Sequence
from itertools import count, islice, permutations, product

from msgspec import Struct
from msgspec.structs import replace

from grader.judging.binding.slices import owner, sliced
from grader.judging.comparing.arrays import Numbers
from grader.sandbox.guest.wire import VariableInfo

CHAINS = 96  # that are worth a comparison
ASSIGNMENTS = 48  # tried at most; more than that only with six equal layers
STEPS = 20_000  # in search of chains; a class may hold hundreds of equal matrices


class LayerPaths(Struct, frozen=True):
    W: str
    b: str | None
    shape: tuple[int, int]  # as on the slide, [in, out]
    turned: bool = False  # the variable is [out, in]

    def turn(self, value: Numbers) -> Numbers:
        """The variable's value as the slide's, and back."""
        return value.T if self.turned else value


Chain = tuple[LayerPaths, ...]


def chains(variables: Sequence[VariableInfo], features: int, connected: Sequence[str]) -> list[Chain]:
    """Possible assignments of variables to layers, the most natural first; empty when no chain leads anywhere.

    `connected` are the paths that had a gradient. Longest chains of these come first; then longest chains of all, for a
    network that uses a matrix which is missing from trainable_variables. Where several layers stand in one variable,
    what leaves the fewest of these, and the fewest layers without a bias, comes first.
    """
    ways = []
    for seen in sliced(variables):
        found = chains_of(seen, features, [v.path for v in seen if owner(v.path) in connected])
        if found:
            used = {owner(path) for layer in found[0] for path in (layer.W, layer.b) if path}
            bare = sum(layer.b is None for layer in found[0])
            ways.append((len(set(connected) - used), bare, found))
    ways.sort(key=lambda way: way[:2])
    return list(dict.fromkeys(chain for *_, found in ways for chain in found))[:CHAINS]


def chains_of(variables: Sequence[VariableInfo], features: int, connected: Sequence[str]) -> list[Chain]:
    """Where matrices [out, in] make the longer chain, as for examples that are columns, it is theirs."""
    straight = straight_chains(variables, features, connected)
    sides = [v if v.shape[:1] == (1,) else replace(v, shape=v.shape[::-1]) for v in variables]  # [1, d] is a bias
    turned = straight_chains(sides, features, connected)
    if not turned or (straight and len(straight[0]) >= len(turned[0])):
        return straight
    return [tuple(replace(layer, turned=True) for layer in chain) for chain in turned]


def straight_chains(variables: Sequence[VariableInfo], features: int, connected: Sequence[str]) -> list[Chain]:
    biases = [v for v in variables if len(v.shape) == 1 or is_row(v, variables)]
    matrices = [v for v in variables if len(v.shape) == 2 and v not in biases]
    used = longest([v for v in matrices if v.path in connected], features)
    every = [order for order in longest(matrices, features) if order not in used]
    found = [
        *islice(assigned(used, biases, connected), ASSIGNMENTS),
        *islice(assigned(every, biases, connected), ASSIGNMENTS),
    ]
    return list(dict.fromkeys(found))


def is_row(v: VariableInfo, pool: Sequence[VariableInfo]) -> bool:
    """A bias written as [1, d]."""
    return (
        len(v.shape) == 2
        and v.shape[0] == 1
        and any(len(o.shape) == 2 and o.shape[1] == v.shape[1] and o.shape[0] > 1 for o in pool)
    )


def longest(matrices: Sequence[VariableInfo], features: int) -> list[tuple[VariableInfo, ...]]:
    """All longest orders of matrices in which each one's columns are the next one's rows, from `features` on."""
    best: list[tuple[VariableInfo, ...]] = []
    steps = count()

    def grow(chain: tuple[VariableInfo, ...], width: int) -> None:
        if next(steps) > STEPS:
            return
        if chain and chain[-1].shape[1] <= 10 and (not best or len(chain) >= len(best[0])):
            if best and len(chain) > len(best[0]):
                best.clear()
            best.append(chain)
        for v in matrices:
            if v not in chain and v.shape[0] == width and len(chain) < 8:
                grow((*chain, v), v.shape[1])

    grow((), features)
    return best


def assigned(
    orders: Sequence[tuple[VariableInfo, ...]], biases: Sequence[VariableInfo], connected: Sequence[str]
) -> Iterator[Chain]:
    """Every order with every way to give equal-sized biases to its layers.

    Biases in use and in order of creation come first.
    """
    for order in orders:
        widths = [m.shape[1] for m in order]
        ways = []
        for width in dict.fromkeys(widths):
            needed = widths.count(width)
            own = sorted((b for b in biases if b.shape[-1] == width), key=lambda b: b.path not in connected)
            fitting: list[VariableInfo | None] = [*own, *[None] * max(0, needed - len(own))]
            some = islice(permutations(fitting, needed), ASSIGNMENTS)
            ways.append([(width, chosen) for chosen in dict.fromkeys(some)])
        for way in product(*ways):
            left = {width: list(chosen) for width, chosen in way}
            taken = [left[width].pop(0) for width in widths]
            yield tuple(
                LayerPaths(m.path, b.path if b else None, (m.shape[0], m.shape[1]))
                for m, b in zip(order, taken, strict=True)
            )
