"""The oracle itself: its gradients are right, and random questions tell its explanations apart."""

from collections.abc import Callable, Iterable
from itertools import combinations, pairwise
from typing import Any

import numpy as np
import pytest

import reference

Answers = reference.Answers
Case = dict[str, Any]
Parts = dict[str, np.ndarray]  # the arrays of a case that gradients are taken by

B, D, C = 6, 11, 2
SEEDS = (1, 2, 3)


def lab1(seed: int) -> Case:
    return {"x": np.random.default_rng(seed).uniform(-2.5, 2.5, [B, D]), "sigma": 1.7}


def a1(seed: int) -> Case:
    dice = np.random.default_rng(seed)
    return {
        "x": dice.normal(0, 1, [B, D]),
        "W": dice.normal(0, 0.5, [D, C]),
        "b": dice.normal(0, 0.5, [C]),
        "labels": dice.integers(0, C, [B]),
        "lam": 0.3,
    }


def lab2(seed: int) -> Case:
    dice = np.random.default_rng(seed)
    sizes = [D, 7, 5, C]
    layers = [(dice.normal(0, 0.5, [n, m]), dice.normal(0, 0.5, [m])) for n, m in pairwise(sizes)]
    return {
        "x": dice.normal(0, 1, [B, D]),
        "layers": layers,
        "labels": dice.integers(0, C, [B]),
    }


def layer_parts(case: Case) -> Parts:
    return {
        f"{name}{i}": part for i, layer in enumerate(case["layers"]) for name, part in zip("Wb", layer, strict=True)
    }


def total_density(case: Case) -> dict[str, float]:
    """Each explanation's Σ p(x): what lab1's gradients are the derivatives of."""
    return {name: float(found["p"].sum()) for name, found in reference.answer("lab1_warmup", "values", case).items()}


def cost_of(lab: str) -> Callable[[Case], dict[str, float]]:
    return lambda case: {name: float(found["cost"]) for name, found in reference.answer(lab, "step", case).items()}


GRADIENTS = {
    "lab1": ("lab1_warmup", "gradients", lab1, lambda case: {"dx": case["x"]}, total_density),
    "a1": (
        "a1_logistic_regression",
        "step",
        a1,
        lambda case: {"W": case["W"], "b": case["b"]},
        cost_of("a1_logistic_regression"),
    ),
    "lab2": ("lab2_mlp", "step", lab2, layer_parts, cost_of("lab2_mlp")),
}


@pytest.mark.parametrize(("lab", "question", "make", "parts", "objective"), GRADIENTS.values(), ids=GRADIENTS)
def test_every_gradient_is_confirmed_by_finite_differences(
    lab: str,
    question: str,
    make: Callable[[int], Case],
    parts: Callable[[Case], Parts],
    objective: Callable[[Case], dict[str, float]],
) -> None:
    case = make(1)
    told = reference.answer(lab, question, case)
    for key, array in parts(case).items():
        for place in some_places(array):
            slopes = central_difference(lambda: objective(case), array, place)
            for name, found in told.items():
                assert found[key][place] == pytest.approx(slopes[name], rel=1e-5, abs=1e-7), (name, key, place)


def some_places(array: np.ndarray) -> list[tuple[int, ...]]:
    """A dozen entries, spread over the array; each costs two answers of the whole oracle."""
    flat = np.linspace(0, array.size - 1, min(12, array.size)).astype(int)
    return [tuple(int(i) for i in np.unravel_index(at, array.shape)) for at in flat]


def central_difference(
    objective: Callable[[], dict[str, float]], array: np.ndarray, place: tuple[int, ...], width: float = 1e-6
) -> dict[str, float]:
    kept = array[place]
    array[place] = kept + width
    above = objective()
    array[place] = kept - width
    below = objective()
    array[place] = kept
    return {name: (above[name] - below[name]) / (2 * width) for name in above}


ACCEPTED = {"deck", "half", "per-example", "half-per-example", "probabilities", "exponentials"}
# With two classes, Σ over words of the mean over classes is Σ W² / 2, the formula of `tf.nn.l2_loss`: right, then.
THE_SAME = [("half", "l2-mean/columns")]
QUESTIONS = [
    ("lab1_warmup", "values", lab1),
    ("lab1_warmup", "gradients", lab1),
    ("a1_logistic_regression", "values", a1),
    ("a1_logistic_regression", "step", a1),
    ("lab2_mlp", "values", lab2),
    ("lab2_mlp", "step", lab2),
]


@pytest.mark.parametrize(("lab", "question", "make"), QUESTIONS, ids=lambda part: getattr(part, "__name__", part))
@pytest.mark.parametrize("seed", SEEDS)
def test_random_questions_tell_mistakes_apart(lab: str, question: str, make: Callable[[int], Case], seed: int) -> None:
    found = reference.answer(lab, question, make(seed))
    alike = [pair for pair in different_kinds(found) if distance(found[pair[0]], found[pair[1]]) < 1e-3]
    assert alike == [pair for pair in THE_SAME if set(pair) <= set(found)]


def different_kinds(found: Iterable[str]) -> list[tuple[str, str]]:
    return [(a, b) for a, b in combinations(found, 2) if kind(a) != kind(b)]


def kind(explanation: str) -> str:
    """Forms of one mistake may look alike, and so may forms that are right."""
    return "accepted" if explanation in ACCEPTED else explanation.split("/", maxsplit=1)[0]


def distance(one: dict[str, np.ndarray], other: dict[str, np.ndarray]) -> float:
    """The largest difference of any output, relative to the output's size; endless where `exp` of `exp` overflows."""
    return max(relative(one[key], other[key]) for key in one)


def relative(one: np.ndarray, other: np.ndarray) -> float:
    if not (np.isfinite(one).all() and np.isfinite(other).all()):
        return np.inf
    return float(np.abs(one - other).max() / max(np.abs(one).max(), np.abs(other).max(), 1e-12))


def test_accepted_explanations_stand_first() -> None:
    for lab, question, make in QUESTIONS:
        kinds = [kind(name) == "accepted" for name in reference.answer(lab, question, make(1))]
        assert kinds == sorted(kinds, reverse=True), (lab, question)


def test_the_density_is_the_published_one() -> None:
    told = reference.answer("lab1_warmup", "values", {"x": np.arange(4)})["deck"]["p"]
    np.testing.assert_allclose(told, [0.39894228, 0.24197072, 0.05399097, 0.00443185], atol=5e-9)
