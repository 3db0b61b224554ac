"""What a notebook answers to everything it was asked, and what the model answer and its other forms answer.

Two readings of one question are compared fact by fact. A fact is a number or several, or what was seen, in a word.
"""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from msgspec import Struct

from grader.judging.comparing.arrays import Numbers
from grader.judging.comparing.compare import agree, difference
from grader.model import Difference, Level

ALIKE = 0.25  # of a standard deviation, by which means over many masks may differ, and so may deviations


class Spread(Struct, frozen=True):
    """Mean and standard deviation of each output over many draws of a dropout mask."""

    mean: Numbers
    deviation: Numbers


class Fact(Struct, frozen=True):
    level: Level
    told: str  # what it is, to the student: "the result", "gradient of W"
    value: str | Numbers | Spread
    others: tuple[Numbers, ...] = ()  # what else may have been meant, as where several methods give a row per example
    part: str = ""  # of the subject: the name of a call, a variable
    whole: bool = False  # of the level `runs`: without it nothing can be asked


Reading = Mapping[str, Fact]


def agrees(seen: Fact | None, expected: Fact) -> bool:
    if seen is None:
        return False
    right = expected.value
    if isinstance(right, str):
        return isinstance(seen.value, str) and seen.value == right
    if isinstance(right, Spread):
        return isinstance(seen.value, Spread) and spreads_alike(seen.value, right)
    candidates = [seen.value] if isinstance(seen.value, np.ndarray) else []
    return any(agree(one, right) or normalised(one, right) for one in (*candidates, *seen.others))


def normalised(seen: Numbers, logits: Numbers) -> bool:
    """Whether these are the probabilities of those logits, or the other way round, which is as good."""
    if seen.shape != logits.shape or seen.ndim < 2 or not sums_to_one(seen) or sums_to_one(logits):
        return False
    return agree(seen, softmax(logits))


def sums_to_one(rows: Numbers) -> bool:
    return bool(np.all(rows >= 0) and np.allclose(rows.sum(axis=-1), 1.0, atol=1e-4))


def softmax(logits: Numbers) -> Numbers:
    powers: Numbers = np.exp(logits - logits.max(axis=-1, keepdims=True))
    shares: Numbers = powers / powers.sum(axis=-1, keepdims=True)
    return shares


def spreads_alike(seen: Spread, expected: Spread) -> bool:
    if seen.mean.shape != expected.mean.shape:
        return False
    scale = np.maximum(np.maximum(seen.deviation, expected.deviation), 1e-4 * np.maximum(np.abs(expected.mean), 1.0))
    means = np.abs(seen.mean - expected.mean) / scale
    return bool(np.all(means < ALIKE) and np.all(np.abs(seen.deviation - expected.deviation) / scale < ALIKE))


def alike(seen: Reading, expected: Reading, keys: Sequence[str]) -> bool:
    """Whether two readings agree in these facts; where neither has one, they do."""
    return all(agrees(seen.get(key), expected[key]) if key in expected else key not in seen for key in keys)


def first_difference(seen: Reading, expected: Reading, keys: Sequence[str]) -> tuple[str, Difference | None]:
    """In words, and as a table where numbers differ."""
    for key in keys:
        right, mine = expected.get(key), seen.get(key)
        if right is None or agrees(mine, right):
            continue
        if mine is None:
            return f"Nothing was seen of {right.told}.", None
        return told(mine, right)
    return "", None


def told(seen: Fact, right: Fact) -> tuple[str, Difference | None]:
    name = right.told[0].upper() + right.told[1:]
    if right.level is Level.RUNS:
        return f"{name} {seen.value}.", None
    if isinstance(right.value, str):
        yours = seen.value if isinstance(seen.value, str) else "numbers"
        return f"{name}: {yours}, expected {right.value}.", None
    if isinstance(seen.value, str):
        return f"{name}: {seen.value}.", None
    if isinstance(right.value, Spread) or isinstance(seen.value, Spread):
        return spread_told(name, seen, right), None
    return f"{name} is not what it should be.", difference(name, seen.value, right.value)


def spread_told(name: str, seen: Fact, right: Fact) -> str:
    if not isinstance(seen.value, Spread) or not isinstance(right.value, Spread):
        return f"{name}: {seen.value if isinstance(seen.value, str) else 'something else'} was seen."
    mine, theirs = float(np.mean(seen.value.deviation)), float(np.mean(right.value.deviation))
    return f"{name} varies by {mine:.3g} from draw to draw, where {theirs:.3g} is expected."


Forms = Callable[[str], Reading]  # the reading of a form by its name
