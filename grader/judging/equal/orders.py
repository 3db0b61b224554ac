"""In which order, and in which batches, a training takes its examples: seen in two whole epochs over a few of them."""

from collections.abc import Sequence

import numpy as np
from msgspec import Struct

from grader.judging.comparing.arrays import Numbers
from grader.judging.equal.understood import NotShown

FEW = 100  # examples of an epoch, below which nothing is said of how well it is shuffled
IN_TURN = 0.25  # a rank correlation that shuffling from end to end does not leave


class Order(Struct, frozen=True):
    shuffled: bool
    partial: bool


def order_of(rows: Sequence[Sequence[int]], examples: int, batch: int) -> Order:
    """`rows`: for each step of two epochs which of the examples it took. Raises NotShown."""
    half = len(rows) // 2
    epochs = [[tuple(step) for step in rows[:half]], [tuple(step) for step in rows[half:]]]
    sizes = [[len(step) for step in steps] for steps in epochs]
    whole, rest = [batch] * (examples // batch), [examples % batch] if examples % batch else []
    if sizes not in ([whole, whole], [whole + rest, whole + rest]) or not whole:
        raise NotShown(f"an epoch of {examples} examples is not made of batches of {batch}, each example once")
    flat = [[row for step in steps for row in step] for steps in epochs]
    if any(len(set(one)) < len(one) for one in flat):
        raise NotShown("an epoch takes some examples more than once")
    partial = bool(rest) and sizes[0] == whole + rest
    if flat[0] == flat[1]:
        return Order(shuffled=False, partial=partial)
    kept = {frozenset(step) for step in epochs[0]} & {frozenset(step) for step in epochs[1]}
    if kept:
        raise NotShown("the same examples are together in a batch in every epoch")
    if len(flat[1]) >= FEW and any(abs(in_turn(one)) > IN_TURN for one in flat):
        raise NotShown("the examples are not shuffled from end to end")
    return Order(shuffled=True, partial=partial)


def in_turn(order: Sequence[int]) -> float:
    from scipy.stats import spearmanr  # noqa: PLC0415 - it takes a second to load, and few commands come here

    return float(spearmanr(np.arange(len(order)), order).statistic)


def doubtful(ids: Numbers, labels: Numbers) -> frozenset[int]:
    """Examples for which there are others with the same ids and another label."""
    by_ids: dict[bytes, list[int]] = {}
    for place, row in enumerate(ids):
        by_ids.setdefault(row.tobytes(), []).append(place)
    mixed = (places for places in by_ids.values() if len({*labels[places].tolist()}) > 1)
    return frozenset(place for places in mixed for place in places)


def rows_of(inputs: Sequence[Numbers], ids: Numbers) -> list[list[int]]:
    """Which example each row of each step's input is; the k-th of those alike for the k-th time in an epoch."""
    places: dict[bytes, list[int]] = {}
    for place, row in enumerate(ids.astype(np.int64)):
        places.setdefault(row.tobytes(), []).append(place)
    taken: dict[bytes, int] = {}
    found = []
    for i, x in enumerate(inputs):
        if 2 * i == len(inputs):
            taken = {}
        step = []
        for row in x.astype(np.int64):
            alike = places.get(row.tobytes())
            if not alike:
                raise NotShown("what the model is given are not the ids of the examples")
            n = taken[row.tobytes()] = taken.get(row.tobytes(), -1) + 1
            step.append(alike[n % len(alike)] if n < len(alike) else alike[0])
        found.append(step)
    return found
