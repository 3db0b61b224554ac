"""Start values as a plan says that they are drawn, and what trainings from several of them reach."""

from typing import Any, NamedTuple

import numpy as np


class Traces(NamedTuple):
    epochs: tuple[int, ...]
    dev: np.ndarray  # [S, looks] shares of right answers
    test: np.ndarray


def drawn(dice: np.random.Generator, draw: Any, shape: tuple[int, ...]) -> np.ndarray:
    if draw.family == "uniform":
        return dice.uniform(-draw.spread, draw.spread, shape)
    values = dice.normal(0.0, 1.0, shape)
    while draw.family == "truncated" and np.any(far := np.abs(values) > 2):
        values[far] = dice.normal(0.0, 1.0, int(far.sum()))
    return draw.spread * values if draw.family != "zero" else np.zeros(shape)
