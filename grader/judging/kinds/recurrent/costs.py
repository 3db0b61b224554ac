"""Lab3 and Lab4: which cost a class takes of its logits or of their softmax, by the gradients of a step."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from grader.judging.comparing.arrays import Numbers
from grader.judging.examiner import Examiner

DECK, PROBABILITIES, TWICE = "deck", "deck/probabilities", "softmax-before-loss"
CLOSE = 0.01  # of a gradient's length


def with_its_cost(
    x: Examiner, form: str, case: Mapping[str, Any], gradients: Mapping[str, Numbers | None]
) -> tuple[str, Mapping[str, Numbers]]:
    """The form whose cost the step went down, and that cost's gradients by role; none where it is unknown to us.

    Between the logits that a class shows and its cost there may be another softmax.
    """
    shown = next((kind for kind in (PROBABILITIES, DECK) if form.startswith(kind)), None)
    plain: Mapping[str, Numbers] = x.answers("step", form=form, **case)["deck"]
    if shown is None or explains(plain["W_cl"], case["W_cl"], gradients.get("W_cl")):
        return form, plain
    twice = TWICE + (f"/{order}" if (order := form.removeprefix(shown)[1:]) else "")
    again = x.answers("step", form=twice, **case)["deck"]
    if explains(again["W_cl"], case["W_cl"], gradients.get("W_cl")):
        return twice, again
    return form, {} if shown == PROBABILITIES else plain


def explains(plain: Numbers, weights: Numbers, seen: Numbers | None) -> bool:
    """Whether a gradient is a multiple of this one, beside that of a penalty on the weights."""
    if seen is None or seen.shape != plain.shape or not np.all(np.isfinite(seen)):
        return False
    parts = np.stack([plain.reshape(-1), np.reshape(weights, -1)], axis=1).astype(np.float64)
    shares, *_ = np.linalg.lstsq(parts, seen.reshape(-1).astype(np.float64), rcond=None)
    left = np.linalg.norm(parts @ shares - seen.reshape(-1))
    return bool(shares[0] > 0 and left <= CLOSE * np.linalg.norm(seen))
