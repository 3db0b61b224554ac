"""A model that returns probabilities where logits are expected: whether its cost takes them as such."""

import numpy as np

from grader.judging.comparing.arrays import Numbers
from grader.judging.instruments.until_it_broke import SUMS


def are_probabilities(logits: Numbers | None) -> bool:
    return logits is not None and bool(logits.min() >= 0 and np.allclose(logits.sum(axis=1), 1.0, atol=SUMS))


def logs_of(logits: Numbers) -> Numbers:
    shifted = logits.astype(np.float64) - logits.max(axis=1, keepdims=True)
    found: Numbers = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    return found


def takes_softmax_twice(logits: Numbers | None, labels: Numbers, cost: float | None) -> bool:
    """Whether the cost is that of probabilities taken for logits."""
    if logits is None or cost is None or not are_probabilities(logits):
        return False
    twice = float(-np.mean(logs_of(logits)[np.arange(len(labels)), labels]))
    return any(bool(np.isclose(cost, times * twice, rtol=1e-4)) for times in (1, len(labels)))
