"""Gradients that lack a part: the forward pass is right, but between cost and weights something left the tape."""

from collections.abc import Iterable, Mapping

import numpy as np

from grader.judging.checks import failed
from grader.judging.comparing.arrays import Numbers
from grader.model import Finding

CLOSE, LACKING = 0.01, 0.03  # of a gradient's length: float32 stays far below the first
READOUT = ("W_cl", "b_cl")

Gradients = Mapping[str, Numbers | None]  # by role


def cut_off(
    seen: Gradients,
    plain: Mapping[str, Numbers],
    weights: Mapping[str, Numbers],
    readout: tuple[str, str] = READOUT,
) -> tuple[str, ...]:
    """Roles that a gradient reaches, but not that of the cross-entropy, `plain`.

    The cost may be a sum for a mean, and hold a penalty: the last layer, which nothing can cut off, shows the scale.
    Where its own gradient is not explained (another cost, dropout), nothing is said.
    """
    fitting = {role: g for role, g in seen.items() if g is not None and role in plain and g.size == plain[role].size}
    told = {role: np.reshape(g, plain[role].shape) for role, g in fitting.items()}
    if not set(readout) & told.keys():
        return ()
    scale = next(factor(told[role], plain[role]) for role in reversed(readout) if role in told)
    lacking = {role: lack(g, scale * plain[role], weights[role]) for role, g in told.items() if np.any(g)}
    if any(lacking.get(role, 0.0) > CLOSE for role in readout):
        return ()
    return tuple(role for role, share in lacking.items() if share > LACKING and role != "E")


def factor(seen: Numbers, plain: Numbers) -> float:
    return float(np.sum(seen * plain) / max(np.sum(plain * plain), 1e-30))


def lack(seen: Numbers, plain: Numbers, weights: Numbers) -> float:
    """What is left of the difference when no penalty on these weights explains it, as a share of the gradient."""
    rest = seen - plain
    of_penalties = (np.reshape(weights, plain.shape), np.sign(np.reshape(weights, plain.shape)))
    left = min(float(np.linalg.norm(rest - factor(rest, penalty) * penalty)) for penalty in of_penalties)
    return left / max(float(np.linalg.norm(plain)), 1e-30)


def is_bent(rise: float | None, half: float | None, expected: float) -> bool:
    """Whether curvature explains why a loss did not rise as expected: its part is an eighth over half the way."""
    return rise is not None and half is not None and abs(2 * half - rise) > abs(rise - expected) / 4


def cut_finding(paths: Iterable[str], cell: int | None) -> Finding:
    names = ", ".join(f"`{path.replace('c.', 'self.', 1)}`" for path in paths)
    return failed(mistake="gradient-cut", seen=f"not the whole gradient of the cost: {names}", cell=cell)
