"""Assignment 4: what networks do by mistake, as numbers of the equations' form: as differences to the usual one."""

from collections.abc import Iterator

Numbers = dict[str, float]

STARTS: tuple[Numbers, ...] = tuple({name: 1.0} for name in ("chained", "crossed", "continued", "forgets", "averaged"))
CHANGED = ("open", "always", "linear", "sigmoid", "relu")  # of a GRU: gates without a say, candidates without a tanh
UNUSUAL: tuple[Numbers, ...] = (  # a matching state that is not carried, and one GRU or both changed
    {"fresh": 1.0}, {"of_word": 1.0},
    *({f"{what}_{cell}": 1.0 for cell in cells} for what in CHANGED for cells in ("phm", "m", "ph")),
)  # fmt: skip


def averages(batch: int, words: int, dim: int) -> list[Numbers]:
    """How the average of the premise comes out by mistake while all scores are 0: usual first."""
    shares = (words / (words - 1), float(words), 1 / dim * words, words / batch, 0.0, words / 2)
    return [{}, *({"share": share - 1} for share in shares), {"mixed": 1.0}, {"swapped": 1.0}]


def numbers(batch: int, words: int, dim: int, two: bool) -> Iterator[Numbers]:
    """One mistake, then two of them."""
    single = averages(batch, words, dim)
    yield from (*single, *STARTS, *UNUSUAL)
    if two:
        yield from ({**start, **more} for start in STARTS for more in single[1:])
