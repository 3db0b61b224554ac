"""Lower tolerance bounds: a value that most future draws exceed, with a stated confidence, told from a sample.

Hahn & Meeker, Statistical Intervals (Wiley 1991), chapter 4 for normal draws, chapter 5 for draws of any distribution
(Wilks 1941: of 59 the smallest). Trainings are not normal: curves that have arrived dip now and then, and before that
some runs have begun to learn and others not. So the lower of the two is taken; with fewer draws than the second needs,
the smallest stands in for it.
"""

import math
from collections.abc import Sequence
from functools import cache

import numpy as np
from scipy.stats import binom, nct, norm


@cache
def factor(n: int, cover: float, confidence: float) -> float:
    """k of the one-sided normal bound mean − k·spread: a quantile of the noncentral t distribution over √n."""
    return float(nct.ppf(confidence, n - 1, norm.ppf(cover) * math.sqrt(n)) / math.sqrt(n))


@cache
def rank(n: int, cover: float, confidence: float) -> int:
    """Which of n sorted values, counted from the smallest, is a bound whatever the distribution; 0: none of them.

    The r-th smallest fails when fewer than r draws fall among the lowest 1 − cover of all.
    """
    return int(sum(binom.cdf(r - 1, n, 1 - cover) <= 1 - confidence for r in range(1, n + 1)))


def lower_bound(values: Sequence[float], cover: float = 0.95, confidence: float = 0.95) -> float:
    """`values`: two or more."""
    n = len(values)
    normal = float(np.mean(values) - factor(n, cover, confidence) * np.std(values, ddof=1))
    return min(normal, sorted(values)[max(rank(n, cover, confidence) - 1, 0)])
