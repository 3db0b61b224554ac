"""From which distribution start values were drawn, as far as a few instances show it."""

from collections.abc import Mapping, Sequence

import numpy as np

from grader.calibration.plan import Draw
from grader.judging.comparing.arrays import Numbers
from grader.judging.equal.understood import NotShown

UNLIKELY = 1e-3  # a distribution that gives such values more seldom is not theirs
ERRORS = 3.5  # standard errors by which a spread may miss the lab's
TRUNCATED = 0.8796256610342398  # of σ, where values beyond two σ are drawn again: √(1 - 4φ(2) / (2Φ(2) - 1))
FEWEST = 20  # values that tell a distribution
ORTHOGONAL = 0.3  # of what products of independent columns come to


def all_drawn(instances: Sequence[Mapping[str, Numbers]], given: Mapping[str, Draw]) -> dict[str, Draw]:
    """By role, those of many values first: of few it is only said which of the others' distributions they may have."""
    found: dict[str, Draw] = {}
    for role in sorted(given, key=lambda role: -instances[0][role].size):
        found[role] = drawn(role, [one[role] for one in instances], [given[role], *found.values()])
    return found


def drawn(role: str, instances: Sequence[Numbers], before: Sequence[Draw]) -> Draw:
    """The first of `before`, of which the lab's own comes first, that may be. Raises NotShown where none is known."""
    different = {one.tobytes(): one for one in instances}
    values = np.concatenate([one.reshape(-1) for one in different.values()]).astype(np.float64)
    if not np.any(values):
        return Draw("zero")
    if not np.all(np.isfinite(values)) or len(np.unique(values)) < 0.9 * len(values):
        raise NotShown(f"how the start values of {role} are drawn could not be told")
    if any(is_orthogonal(one) for one in different.values()):
        raise NotShown(f"the start values of {role} are not drawn independently of each other")
    spread = float(np.sqrt(np.mean(values**2)))
    error = spread / np.sqrt(2 * len(values))
    for draw in before:
        if may_be(values, spread, error, draw):
            return draw
    if len(values) < FEWEST:
        raise NotShown(f"how the start values of {role} are drawn could not be told")
    widest = float(np.max(np.abs(values)))
    fitting = [
        Draw("normal", rounded(spread, 2 * error)),
        Draw("truncated", rounded(spread / TRUNCATED, 2 * error)),
        Draw("uniform", rounded(widest, 3 * widest / len(values))),
    ]
    best = max(fitting, key=lambda one: likely(values, one))
    if likely(values, best) < UNLIKELY:
        raise NotShown(f"the start values of {role} follow no distribution that is known here")
    return best


def may_be(values: Numbers, spread: float, error: float, draw: Draw) -> bool:
    if draw.family == "zero":
        return False
    own = draw.spread * {"normal": 1.0, "truncated": TRUNCATED, "uniform": 3**-0.5}[draw.family]
    return abs(spread - own) < ERRORS * error and likely(values, draw) > UNLIKELY


def likely(values: Numbers, draw: Draw) -> float:
    """How often values of this distribution would differ as much from it (Kolmogorov and Smirnov)."""
    from scipy.stats import kstest  # noqa: PLC0415 - it takes a second to load, and few commands come here

    shape = {
        "normal": ("norm", (0, draw.spread)),
        "truncated": ("truncnorm", (-2, 2, 0, draw.spread)),
        "uniform": ("uniform", (-draw.spread, 2 * draw.spread)),
    }[draw.family]
    return float(kstest(values, *shape).pvalue)


def is_orthogonal(values: Numbers) -> bool:
    """Columns of a matrix that are drawn one by one are seldom at right angles."""
    if values.ndim != 2 or min(values.shape) < 4:
        return False
    tall = values if values.shape[0] >= values.shape[1] else values.T
    products = tall.T @ tall
    beside = products[~np.eye(len(products), dtype=bool)]
    return bool(np.sqrt(np.mean(beside**2)) < ORTHOGONAL * np.mean(tall**2) * np.sqrt(tall.shape[0]))


def rounded(value: float, within: float) -> float:
    """The number of the fewest digits that cannot be told from this one: 0.1 for 0.0987 where 0.003 are doubtful."""
    for digits in (1, 2, 3):
        near = float(f"{value:.{digits}g}")
        if abs(near - value) <= within:
            return near
    return float(f"{value:.3g}")
