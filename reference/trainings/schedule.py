"""Start values, orders and minibatches as a plan says, and what trainings by it reach.

A plan is a grader.calibration.plan.Plan, of which this package knows nothing. S trainings run side by side, each with
dice of its own.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

Dice = Sequence[np.random.Generator]


class Traces(NamedTuple):
    epochs: tuple[int, ...]
    dev: np.ndarray  # [S, looks] shares of right answers
    test: np.ndarray


def joined(one_by_one: Sequence[Traces]) -> Traces:
    every = zip(*(one[1:] for one in one_by_one), strict=True)
    return Traces(one_by_one[0].epochs, *(np.concatenate(told) for told in every))


def drawn(dice: np.random.Generator, draw: Any, shape: tuple[int, ...]) -> np.ndarray:
    if draw.family == "uniform":
        return dice.uniform(-draw.spread, draw.spread, shape)
    values = dice.normal(0.0, 1.0, shape)
    while draw.family == "truncated" and np.any(far := np.abs(values) > 2):
        values[far] = dice.normal(0.0, 1.0, int(far.sum()))
    return draw.spread * values if draw.family != "zero" else np.zeros(shape)


def traces(
    plan: Any, dice: Dice, n: int, train: Callable[[np.ndarray], None], right: Callable[[str], np.ndarray]
) -> Traces:
    """`train` is given rows of the n examples, [S, steps, batch]; `right` the split whose shares [S] it tells."""
    told = []
    for epoch, rows in enumerate(orders(plan, dice, n), 1):
        for steps in minibatches(plan, rows):
            train(steps)
        if epoch % plan.looks == 0 or epoch == plan.epochs:
            told.append((epoch, right("dev"), right("test")))
    epochs, dev, test = zip(*told, strict=True)
    return Traces(epochs, np.stack(dev, axis=1), np.stack(test, axis=1))


def orders(plan: Any, dice: Dice, n: int) -> Iterator[np.ndarray]:
    """For each epoch the examples as they come: [S, n]."""
    order = np.stack([one.permutation(n) for one in dice])
    for _ in range(plan.epochs):
        yield order
        if plan.shuffled:
            order = np.stack([one.permutation(n) for one in dice])


def minibatches(plan: Any, rows: np.ndarray) -> Iterator[np.ndarray]:
    """[S, steps, batch]: the whole ones together, then what is left of the examples, where that is trained on too."""
    starts, n = rows.shape
    whole = n // plan.batch * plan.batch
    if whole:
        yield rows[:, :whole].reshape(starts, -1, plan.batch)
    if plan.partial and whole < n:
        yield rows[:, None, whole:]
