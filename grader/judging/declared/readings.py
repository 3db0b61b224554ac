"""What a notebook answers to everything it was asked, and what the model answer and its other forms answer.

Two readings of one question are compared fact by fact. A fact is a number or several, or what was seen, in a word.
"""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from msgspec import Struct

from grader.judging.comparing.arrays import Numbers
from grader.judging.comparing.compare import agree, difference, distance
from grader.model import Difference, Level

FORWARD = ("output", "loss")  # facts of what the forward pass computes
INCOMPARABLE = "is of a type that holds no numbers"  # a word that agrees with nothing, not even with itself
GRAIN = 5e-5  # of the largest of some draws; a sealed file keeps numbers three times as fine
LONG, BEGINNING = 120, 20  # letters of what is said of a fact
ALIKE = 0.25  # of a standard deviation, by which means over many masks may differ, and so may deviations


class Spread(Struct, frozen=True):
    """Each output in many draws of a dropout mask, of which mean and standard deviation are compared."""

    draws: Numbers


class Fact(Struct, frozen=True):
    level: Level
    told: str  # what it is, to the student: "the result", "the gradient of the cost in W"
    value: str | Numbers | Spread  # a word is what is said of it: "is none", "has the shape [5, 7]"
    others: tuple[Numbers, ...] = ()  # what else may have been meant, as where several methods give a row per example
    part: str = ""  # of the subject: the name of a call, a variable
    whole: bool = False  # of the level `runs`: without it nothing can be asked
    follows: bool = False  # from the forward pass: where that is another one, it says nothing by itself
    shown: str = ""  # what students read, where the word itself is without its numbers and names
    open: str = ""  # a sentence: why it is not held against the notebook, where no right form has it
    asked: bool = True  # of the model answer: a check looks at it; else it may answer what another form asks
    scores: bool = False  # of a model that classifies: their probabilities are as good
    unknown: str = ""  # the same where no form has it, right or wrong


Reading = Mapping[str, Fact]


def agrees(seen: Fact | None, expected: Fact) -> bool:
    if seen is None:
        return False
    right = expected.value
    if isinstance(right, str):
        return isinstance(seen.value, str) and seen.value == right != INCOMPARABLE
    if isinstance(right, Spread):
        return isinstance(seen.value, Spread) and spreads_alike(seen.value, right)
    candidates = [seen.value] if isinstance(seen.value, np.ndarray) else []
    if not np.all(np.isfinite(right)):
        return any(alike_where_finite(one, right) for one in candidates)
    shares = expected.scores
    return any(agree(one, right) or (shares and normalised(one, right)) for one in (*candidates, *seen.others))


def computes(seen: Reading, form: Reading) -> bool:
    """Whether the forward pass is that of a form, as far as it is seen."""
    shown = [key for key in FORWARD if key in form and key in seen]
    return bool(shown) and all(agrees(seen[key], form[key]) for key in shown)


def alike_where_finite(seen: Numbers, right: Numbers) -> bool:
    """Zero by zero is no number for a known mistake as well: the rest has to agree."""
    finite = np.isfinite(right)
    if seen.shape != right.shape or not np.array_equal(np.isfinite(seen), finite):
        return False
    same = np.array_equal(seen[~finite], right[~finite], equal_nan=True)
    return same and agree(seen[finite], right[finite])


def normalised(seen: Numbers, logits: Numbers) -> bool:
    """Whether these are the probabilities of those logits, which is as good; of a single logit by the sigmoid."""
    if seen.shape != logits.shape or not seen.ndim:
        return False
    if seen.ndim < 2 or seen.shape[-1] == 1:
        return bool(np.any((logits < 0) | (logits > 1))) and agree(seen, sigmoid(logits))
    return sums_to_one(seen) and not sums_to_one(logits) and agree(seen, softmax(logits))


def sigmoid(logits: Numbers) -> Numbers:
    shares: Numbers = 1 / (1 + np.exp(-logits))
    return shares


def sums_to_one(rows: Numbers) -> bool:
    return bool(np.all(rows >= 0) and np.allclose(rows.sum(axis=-1), 1.0, atol=1e-4))


def softmax(logits: Numbers) -> Numbers:
    powers: Numbers = np.exp(logits - logits.max(axis=-1, keepdims=True))
    shares: Numbers = powers / powers.sum(axis=-1, keepdims=True)
    return shares


def spreads_alike(seen: Spread, expected: Spread) -> bool:
    """Where one gives probabilities and the other logits, the probabilities of both are compared."""
    if seen.draws.shape[1:] != expected.draws.shape[1:]:
        return False
    one, other = comparable(seen, expected)
    mean, deviation = one.mean(axis=0), one.std(axis=0)
    theirs, their_deviation = other.mean(axis=0), other.std(axis=0)
    scale = np.maximum(np.maximum(deviation, their_deviation), 1e-4 * np.maximum(np.abs(theirs), 1.0))
    apart = (np.abs(mean - theirs) / scale, np.abs(deviation - their_deviation) / scale)
    return all(bool(np.all(share < ALIKE)) for share in apart)


def comparable(seen: Spread, expected: Spread) -> tuple[Numbers, Numbers]:
    one, other = seen.draws, expected.draws
    if one.ndim > 1 and sums_to_one(one) != sums_to_one(other):
        one, other = (rows if sums_to_one(rows) else softmax(rows) for rows in (one, other))
    return one, other


def unlikeness(seen: Fact | None, expected: Fact | None) -> float:
    """Of two spreads, from 0 to 1: the most by which their shares of draws below a number differ."""
    if seen is None or expected is None:
        return 0.0
    mine, right = seen.value, expected.value
    if not isinstance(mine, Spread) or not isinstance(right, Spread) or mine.draws.shape[1:] != right.draws.shape[1:]:
        return 0.0
    return unlike(*comparable(mine, right))


def unlike(one: Numbers, other: Numbers) -> float:
    """Of draws of several numbers, that by which those of one of them are most unlike."""
    columns = zip(one.reshape(len(one), -1).T, other.reshape(len(other), -1).T, strict=True)
    return max(apart(*column) for column in columns)


def apart(one: Numbers, other: Numbers) -> float:
    """Numbers that lie closer together than `GRAIN` of the largest count as one: sums in another order differ so."""
    both = np.concatenate([one, other])
    order = np.argsort(both)
    steps = np.diff(both[order]) > GRAIN * (float(np.max(np.abs(both))) or 1.0)
    ranks = np.empty(len(both), np.int64)
    ranks[order] = np.concatenate([[0], np.cumsum(steps)])
    counts = (np.bincount(part, minlength=len(both)) for part in (ranks[: len(one)], ranks[len(one) :]))
    shares = [np.cumsum(count) / count.sum() for count in counts]
    return float(np.max(np.abs(shares[0] - shares[1])))


def gap(seen: Fact | None, expected: Fact) -> float:
    """How far apart: 0 where they agree, infinite where no number says it."""
    if agrees(seen, expected):
        return 0.0
    both = seen is not None and isinstance(seen.value, np.ndarray) and isinstance(expected.value, np.ndarray)
    return distance(seen.value, expected.value) if both and seen is not None else float("inf")  # type: ignore[arg-type]


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
    if isinstance(seen.value, str):
        mine = f"{seen.told[0].upper()}{seen.told[1:]}"
        if right.level is Level.RUNS or not isinstance(right.value, str):
            return f"{mine} {seen.shown or seen.value}.", None
        own, expected = side_by_side(seen.shown or seen.value, right.value)
        return f"{mine} {own}; in the model answer {right.told} {expected}.", None
    if isinstance(right.value, Spread) and isinstance(seen.value, Spread):
        mean, theirs = (float(np.mean(one.draws.std(axis=0))) for one in (seen.value, right.value))
        return f"{name} varies by {mean:.3g} from draw to draw; in the model answer it varies by {theirs:.3g}.", None
    if isinstance(right.value, np.ndarray) and isinstance(seen.value, np.ndarray):
        return f"{name} is not what it should be.", difference(name, seen.value, right.value)
    return f"{name} is something else than in the model answer.", None


def side_by_side(*said: str) -> tuple[str, ...]:
    """Of long ones, such as texts that a function returned, how they begin and where they part."""
    if max(map(len, said)) <= LONG:
        return said
    parts = next(
        (i for i, letters in enumerate(zip(*said, strict=False)) if len(set(letters)) > 1), min(map(len, said))
    )
    start = max(parts - LONG // 2, BEGINNING)
    before = "…" if start > BEGINNING else ""
    return tuple(
        f"{one[:BEGINNING]}{before}{one[start : start + LONG]}{'…' if len(one) > start + LONG else ''}" for one in said
    )


Forms = Callable[[str], Reading]  # the reading of a form by its name
