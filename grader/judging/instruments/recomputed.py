"""What a training made of the model, by the model's own answers: the losses that a notebook tells of may be made up."""

import numpy as np
from msgspec import Struct

from grader.judging.comparing.arrays import Numbers
from grader.sandbox.guest.wire import Call

SHARE = 0.5  # of the told fall; a penalty and dropout are in the told losses, and not in ours
ENOUGH = 0.1  # whatever is told
SAME_START = Call("int")  # seeds what the constructor draws


class Recomputed(Struct, frozen=True):
    """The mean cross-entropy of the examples that were trained on, before the first step and after the last one."""

    before: float
    after: float

    def bears_out(self, early: float, late: float) -> bool:
        """Whether the model became better by a tenth, or by a fair share of what the told losses say.

        From 1.1 to 1.0 is a fall of 9%; a model that came from 1.12 to 1.09, which is 3%, does not bear it out.
        """
        if not np.isfinite(self.before) or not np.isfinite(self.after) or self.before <= 0 or early <= 0:
            return False
        fall = 1 - self.after / self.before
        return fall > 0 and fall >= min(ENOUGH, SHARE * (1 - late / early))


def recomputed(before: Numbers | None, after: Numbers | None, labels: Numbers) -> Recomputed | None:
    """Of logits [..., C] for labels [...]; None where either could not be had."""
    if before is None or after is None:
        return None
    return Recomputed(cross_entropy(before, labels), cross_entropy(after, labels))


def cross_entropy(logits: Numbers, labels: Numbers) -> float:
    """Of a model that returns probabilities instead, by these."""
    rows = logits.astype(np.float64)
    if np.all(rows >= 0) and np.allclose(rows.sum(-1), 1.0, atol=1e-4):
        rows = np.log(np.maximum(rows, 1e-30))
    rows = rows - rows.max(-1, keepdims=True)
    chosen = np.take_along_axis(rows, labels[..., None].astype(np.int64), -1)[..., 0]
    return float(np.mean(np.log(np.exp(rows).sum(-1)) - chosen))
