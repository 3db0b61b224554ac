"""What kind of penalty a gradient beyond the cost's own is: that of L2 follows the weights, that of L1 their signs."""

import numpy as np

from grader.judging.comparing.arrays import Numbers

NOTHING, CLOSE = 1e-7, 0.02


def penalty_word(gradient: Numbers | None, weight: Numbers, with_strength: bool) -> str:
    """L2 of strength c is c Σ w², whose gradient is 2 c w; L1 is c Σ |w|."""
    if gradient is None or gradient.shape != weight.shape or not np.any(np.abs(gradient) > NOTHING):
        return "none"
    for name, direction in (("L2", 2 * weight), ("L1", np.sign(weight))):
        strength = float(np.sum(gradient * direction) / np.sum(direction * direction))
        rest = float(np.max(np.abs(gradient - strength * direction)))
        if rest < CLOSE * float(np.max(np.abs(gradient))):
            return f"{name} of {strength:.3g}" if with_strength else name
    return "of another kind, or on a part of it only"
