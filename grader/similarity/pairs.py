"""Which notebooks of a class are more alike than independent work is, after all that has another reason is left out.

Left out: what the handout has, what the model answer has, and what more than a third of the class has (or more than
three, in a small one). What is left is a notebook's own.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import combinations

from msgspec import Struct

ALIKE = 0.75  # of the smaller own part; docs/similarity.md says how that was found
LEAST = 15  # marks of one's own, below which nothing can be said
SHARE_OF_CLASS = 1 / 3
FEW = 3

Marks = frozenset[int]


class Pair(Struct, frozen=True):
    first: int  # places in the class
    second: int
    share: float  # of the smaller own part that is in the other as well
    shared: Marks
    smaller: int  # marks of that part


class Compared(Struct, frozen=True):
    pairs: tuple[Pair, ...]  # the most alike first
    groups: tuple[tuple[int, ...], ...]  # those that hang together by pairs
    silent: tuple[int, ...]  # with too little of their own


def compared(works: Sequence[Iterable[int]], given: Iterable[int], alike: float = ALIKE) -> Compared:
    own = own_parts(works, given)
    pairs = sorted((p for p in all_pairs(own) if p.share >= alike), key=lambda p: (-p.share, p.first, p.second))
    return Compared(tuple(pairs), groups(pairs), tuple(n for n, marks in enumerate(own) if len(marks) < LEAST))


def own_parts(works: Sequence[Iterable[int]], given: Iterable[int]) -> list[Marks]:
    everybody = [frozenset(marks) for marks in works]
    times = Counter(mark for marks in everybody for mark in marks)
    most = max(FEW, SHARE_OF_CLASS * len(works))
    left_out = frozenset(given) | {mark for mark, count in times.items() if count > most}
    return [marks - left_out for marks in everybody]


def all_pairs(own: Sequence[Marks]) -> Iterator[Pair]:
    """Of those that have enough of their own."""
    for (a, mine), (b, theirs) in combinations(enumerate(own), 2):
        smaller = min(len(mine), len(theirs))
        if smaller >= LEAST:
            shared = mine & theirs
            yield Pair(a, b, len(shared) / smaller, shared, smaller)


def groups(pairs: Sequence[Pair]) -> tuple[tuple[int, ...], ...]:
    found: list[set[int]] = []
    for pair in pairs:
        touched = [group for group in found if pair.first in group or pair.second in group]
        found = [group for group in found if group not in touched]
        found.append({pair.first, pair.second}.union(*touched))
    return tuple(sorted(tuple(sorted(group)) for group in found))
