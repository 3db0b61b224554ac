"""Assignment 4: whether a training's gradient is the whole one of its cost, by finite differences of our own.

The cost may be a sum for a mean and hold penalties: the gradient in the last bias tells the one from the other, and no
weight is moved along itself or its signs. Where that gradient is another (other costs, dropout), nothing is said.
"""

from collections.abc import Mapping, Sequence

import numpy as np

from grader.judging.comparing.arrays import Numbers
from grader.judging.comparing.compare import agree
from grader.judging.instruments.cut_gradients import Gradients, is_bent
from grader.judging.kinds.word_by_word.answers import CLASSES, Answer, Asker

FAR, MOVED = 0.03, 0.005  # the longest move, and the largest change of the cost: above float32's noise, below curvature
LEAST = 2e-5  # change of the cost that tells something
TINY = 1e-3  # of the largest gradient
SHARE = {True: 0.01, False: 0.002}  # that may be missing of one variable's gradient, of that of all together
TRIES = 4  # ways at random in which a variable without a gradient is moved
VARIABLES = 32
MISALIGNED = "labels"  # in the place of variables: the gradient is that of other labels for the same pairs

Ways = Mapping[str, Numbers]  # for a variable's path how far it is moved


def cut_off(asker: Asker, whole: Answer, labels: Numbers, seen: Gradients) -> tuple[str, ...]:
    """Variables along whose gradient the cost does not rise by as much as that says; or MISALIGNED."""
    scale = scale_of(whole, labels, seen)
    tables = {v.path for v in asker.contact.initial if asker.contact.vocabulary in v.shape}
    given = {path: g / scale for path, g in seen.items() if g is not None} if scale else {}
    ways = {
        path: without_penalties(g.reshape(asker.weights[path].shape), asker.weights[path])
        for path, g in given.items()
        if path in asker.weights and path not in tables and g.size == asker.weights[path].size > CLASSES
    }
    lengths = {path: float(np.linalg.norm(way)) for path, way in ways.items()}
    if not any(lengths.values()):
        return ()
    tiny = min(TINY * max(lengths.values()), LEAST / (2 * FAR))  # the second: by its gradient alone nothing would rise
    faint = [path for path, length in lengths.items() if length < tiny]
    told = [path for path, length in lengths.items() if path not in faint and FAR * length > 2 * LEAST][:VARIABLES]
    bare = [path for path in faint[:VARIABLES] if rises_at_random(asker, path, labels)]
    moves = {path: min(FAR, MOVED / lengths[path]) * ways[path] / lengths[path] for path in told}
    expected = {path: float(np.sum(move * ways[path])) for path, move in moves.items()}
    together = {path: move / len(told) for path, move in moves.items()}
    if not told or not differs(rises(asker, [together], labels)[0], sum(expected.values()) / len(told), one=False):
        return tuple(bare)
    risen = rises(asker, [{path: moves[path]} for path in told], labels)
    lacking = {path: rise for path, rise in zip(told, risen, strict=True) if differs(rise, expected[path], one=True)}
    if any(CLASSES in asker.weights[path].shape for path in lacking):  # nothing comes between them and the cost
        return (MISALIGNED,)
    halves = rises(asker, [{path: moves[path] / 2} for path in lacking], labels) if lacking else []
    bent = {
        path for (path, rise), half in zip(lacking.items(), halves, strict=True) if is_bent(rise, half, expected[path])
    }
    return (*(path for path in lacking if path not in bent), *bare)


def scale_of(whole: Answer, labels: Numbers, seen: Gradients) -> float:
    """How many times the mean cross-entropy the cost is; 0 where it is neither mean nor sum of what we compute."""
    if whole.logits is None or not np.all(np.isfinite(whole.logits)):
        return 0.0
    plain = np.mean(np.exp(logs_of(whole.logits)) - np.eye(CLASSES)[labels], axis=0)
    last = next((g.reshape(-1) for g in seen.values() if g is not None and g.size == CLASSES), None)
    if last is None:
        return 0.0
    return next((scale for scale in (1.0, float(len(labels))) if agree(last, scale * plain)), 0.0)


def logs_of(logits: Numbers) -> Numbers:
    shifted = logits.astype(np.float64) - logits.max(axis=1, keepdims=True)
    found: Numbers = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    return found


def without_penalties(way: Numbers, weights: Numbers) -> Numbers:
    """The part of it along which neither the sum of squares nor that of absolute values changes."""
    flat, own = way.reshape(-1), weights.reshape(-1).astype(np.float64)
    penalties, _ = np.linalg.qr(np.stack([own, np.sign(own)], axis=1))
    rest: Numbers = flat - penalties @ (penalties.T @ flat)
    return rest.reshape(way.shape)


def differs(rise: float | None, expected: float, one: bool) -> bool:
    return rise is not None and abs(rise - expected) > SHARE[one] * abs(expected) + LEAST / 20


def rises_at_random(asker: Asker, path: str, labels: Numbers) -> bool:
    """Whether the cost follows a variable that hardly has a gradient."""
    weights = asker.weights[path]
    drawn = (without_penalties(asker.x.normal(f"way {path} {i}", weights.shape, 1.0), weights) for i in range(TRIES))
    moves = [{path: 2 * FAR * way / np.linalg.norm(way)} for way in drawn]
    return any(rise is not None and abs(rise) > LEAST for rise in rises(asker, moves, labels))


def rises(asker: Asker, moves: Sequence[Ways], labels: Numbers) -> list[float | None]:
    """Half the difference of the mean cross-entropies on both sides, for each move."""
    configurations: list[dict[str, Numbers]] = []
    moved: list[str] = []
    for move in moves:
        for sign in (1, -1):
            back = {path: asker.weights[path] for path in moved}
            there = {path: (asker.weights[path] + sign * way).astype(np.float32) for path, way in move.items()}
            configurations.append(back | there)
            moved = list(move)
    costs = [cost_of(answer, labels) for answer in asker.under(configurations)]
    ends = zip(costs[::2], costs[1::2], strict=True)
    return [(up - down) / 2 if up is not None and down is not None else None for up, down in ends]


def cost_of(answer: Answer, labels: Numbers) -> float | None:
    if answer.logits is None:
        return None
    return float(-np.mean(logs_of(answer.logits)[np.arange(len(labels)), labels]))
