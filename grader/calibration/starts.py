"""What right answers reach that are trained from many starts: some take off, others stay where guessing is.

No bell curve holds both sorts. So the share that takes off is told, and apart from it what those reach that did: the
accuracy on test at the epoch that is best on dev. Of n that took off another one lies below the smallest in 1 of n + 1,
whatever their distribution (Wilks 1941).
"""

import math
from collections.abc import Sequence

import numpy as np
from msgspec import Struct

DOUBT = 0.005  # that no start of a right answer takes off, or that the bound does it wrong: 1 of 100 in all
FEWEST = 10  # that took off, below which nothing is said of a length
NEARLY = 0.8  # of the way from guessing to the best of all; those that are still on their way have not taken off


class Reached(Struct, frozen=True, forbid_unknown_fields=True):
    """By trainings of one length."""

    epochs: int
    taken: int  # how many took off
    smallest: float  # on test, of those
    mean: float


class Starts(Struct, frozen=True, forbid_unknown_fields=True):
    seeds: int
    off: float  # a training took off that reaches this on dev
    date: str
    rows: tuple[Reached, ...]  # by epochs, ascending

    def at(self, epochs: int) -> Reached | None:
        """None while too few have taken off."""
        reached = [row for row in self.rows if row.epochs <= epochs and row.taken >= FEWEST]
        return reached[-1] if reached else None

    def tries(self, row: Reached) -> int:
        """So many starts that none of a right answer's takes off in fewer than 1 of 200."""
        left, tries = (self.seeds - row.taken + 1) / (self.seeds + 2), 1
        while left**tries >= DOUBT:
            tries += 1
        return tries

    def lows(self, row: Reached) -> int:
        """So many that took off have to lie below the smallest that it happens to a right answer in 1 of 200.

        That k more draws all lie below n others happens in one of the ways to choose k of n + k.
        """
        return next(k for k in range(1, row.taken + 2) if math.comb(row.taken + k, k) >= 1 / DOUBT)


class Curve(Struct, frozen=True):
    """One training, at the epochs at which it was looked at."""

    epochs: tuple[int, ...]
    dev: tuple[float, ...]
    test: tuple[float, ...]

    def until(self, epochs: int) -> tuple[float, float]:
        """Dev and test at the first epoch that is best on dev, of those so far."""
        last = sum(epoch <= epochs for epoch in self.epochs)
        best = int(np.argmax(self.dev[:last]))
        return self.dev[best], self.test[best]


def starts(curves: Sequence[Curve], marks: Sequence[int], majority: float, date: str) -> Starts:
    """`majority`: what predicting one class for all reaches on dev."""
    longest = max(marks)
    best = max(curve.until(longest)[0] for curve in curves)
    off = round(majority + NEARLY * (best - majority), 4)
    rows = []
    for mark in marks:
        ends = [curve.until(mark) for curve in curves if curve.epochs[0] <= mark]
        taken = [test for dev, test in ends if dev >= off]
        if taken:
            rows.append(
                Reached(mark, len(taken), float(np.floor(min(taken) * 1e4) / 1e4), round(float(np.mean(taken)), 4))
            )
    return Starts(len(curves), off, date, tuple(rows))
