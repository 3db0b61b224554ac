"""What the trainings of many seeds come to: for each number of epochs the mean, the spread, the bound and the floor."""

import math
from collections.abc import Mapping, Sequence

import numpy as np

from grader.calibration.bounds import Bounds, SplitName, standard_error
from grader.calibration.tolerance import lower_bound


def bounds_of(
    marks: Sequence[int], runs: Sequence[Mapping[int, Mapping[str, float]]], split: SplitName, examples: int
) -> list[Bounds]:
    """For each of `marks`. Dips come at any time, so floors reckon with those seen later or up to half as early."""
    accuracies = {mark: [run[mark][split] for run in runs] for mark in marks}
    found = []
    for mark, values in accuracies.items():
        deepest = min(min(accuracies[other]) for other in marks if other >= mark / 2)
        bound = lower_bound(values)
        floor = min(deepest - standard_error(deepest, examples), lower_bound(values, cover=0.999), bound)
        mean, spread = float(np.mean(values)), float(np.std(values, ddof=1))
        found.append(Bounds(round(mean, 4), round(spread, 4), down(min(values)), down(bound), down(floor)))
    return found


def down(share: float) -> float:
    """Four decimals; a bound that is rounded up is none."""
    return max(math.floor(share * 10_000), 0) / 10_000
