"""Who stands where by accuracy on the blind test, as far as so many examples can tell.

Two are a tie where chance alone makes such a difference once in twenty times or more. Where both sets of answers are
kept, McNemar's exact test decides, since both answered the same examples; else two 95 % intervals that overlap do.
"""

import base64
from collections.abc import Sequence

import numpy as np
from msgspec import Struct

from grader.model import Measured

CHANCE = 0.05


class Interval(Struct, frozen=True):
    low: float
    high: float


class Contestant(Struct, frozen=True):
    name: str
    measured: Measured


class Entry(Struct, frozen=True):
    name: str
    measured: Measured
    first: int  # the best place that the figures allow
    last: int
    dev: Interval
    test: Interval
    is_paired: bool  # whether every comparison with the others was made answer by answer


def ranked(contestants: Sequence[Contestant]) -> tuple[Entry, ...]:
    """By test, then by dev; the place of each is a range, from those it is behind to those it is ahead of."""
    order = sorted(contestants, key=lambda one: (-one.measured.test, -one.measured.dev, one.name))
    return tuple(_entry(one, [other for other in order if other is not one]) for one in order)


def _entry(one: Contestant, others: Sequence[Contestant]) -> Entry:
    m = one.measured
    told = [other for other in others if differ(m, other.measured)]
    ahead = sum(other.measured.test > m.test for other in told)
    return Entry(
        name=one.name,
        measured=m,
        first=1 + ahead,
        last=1 + len(others) - (len(told) - ahead),
        dev=interval(m.dev, m.dev_examples),
        test=interval(m.test, m.test_examples),
        is_paired=all(_both(m, other.measured) is not None for other in others),
    )


def interval(share: float, examples: int) -> Interval:
    """Wilson's, of 95 %."""
    from scipy.stats import binomtest  # noqa: PLC0415 - it takes a second to load

    if examples < 1:
        return Interval(0.0, 1.0)
    right = min(max(round(share * examples), 0), examples)
    found = binomtest(right, examples).proportion_ci(0.95, "wilson")
    return Interval(float(found.low), float(found.high))


def differ(a: Measured, b: Measured) -> bool:
    from scipy.stats import binomtest  # noqa: PLC0415 - it takes a second to load

    if (both := _both(a, b)) is None:
        one, other = interval(a.test, a.test_examples), interval(b.test, b.test_examples)
        return one.low > other.high or other.low > one.high
    mine, theirs = both
    only_a, only_b = int(np.sum(mine & ~theirs)), int(np.sum(theirs & ~mine))
    return only_a + only_b > 0 and float(binomtest(only_a, only_a + only_b).pvalue) < CHANCE


def _both(a: Measured, b: Measured) -> tuple[np.ndarray, np.ndarray] | None:
    """Which answers are right, of the same examples; None where that is not kept of both."""
    if not a.right or not b.right or (a.test_set, a.test_examples) != (b.test_set, b.test_examples):
        return None
    found = _bits(a), _bits(b)
    return found if all(len(one) == a.test_examples for one in found) else None


def _bits(m: Measured) -> np.ndarray:
    try:
        packed = np.frombuffer(base64.b64decode(m.right, validate=True), dtype=np.uint8)
    except ValueError:  # somebody wrote into results.json
        return np.zeros(0, dtype=bool)
    return np.unpackbits(packed)[: m.test_examples].astype(bool)
