"""With which labels a step of training was taken, by its cost and by the gradient of the last bias."""

from itertools import permutations

import numpy as np

from grader.judging.comparing.arrays import Numbers

MOST = 7  # rows, whose labels can be dealt out in every way


def of_others(logits: Numbers | None, labels: Numbers, cost: float | None, bias: Numbers | None) -> bool:
    """Whether they are not those of the examples, of logits [B, C] and the gradient [C] of a bias added to these.

    That gradient is the mean softmax less the share of each class among the labels; which row has which, the cost
    tells. Where the cost is no cross-entropy, or holds a penalty as well, nothing is said of the rows.
    """
    if logits is None or bias is None or bias.size != logits.shape[-1] or not np.all(np.isfinite(logits)):
        return False
    rows, classes = logits.shape
    shifted = logits.astype(np.float64) - logits.max(axis=1, keepdims=True)
    logs = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    for scale in (1.0, float(rows)):  # a mean, or a sum
        counts = rows * (np.exp(logs).mean(axis=0) - bias.reshape(-1) / scale)
        if np.abs(counts - counts.round()).max() < 0.01 and counts.min() > -0.01:
            given = np.bincount(labels, minlength=classes)
            return not np.array_equal(counts.round(), given) or dealt_otherwise(logs, labels, cost, scale)
    return False


def dealt_otherwise(logs: Numbers, labels: Numbers, cost: float | None, scale: float) -> bool:
    """Whether the cost is that of the same labels in another order, and not of this one."""
    if cost is None or len(labels) > MOST:
        return False

    def told(order: tuple[int, ...]) -> float:
        return float(-scale * np.mean(logs[np.arange(len(order)), order]))

    own = tuple(map(int, labels))
    others = (told(order) for order in set(permutations(own)))
    return abs(cost - told(own)) > 0.001 * abs(cost) and any(abs(cost - one) < 1e-4 * abs(cost) for one in others)
