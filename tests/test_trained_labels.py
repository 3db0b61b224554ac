"""A step taken with the labels of other examples shows in its cost and in the gradient of the last bias."""

import numpy as np
import pytest

from grader.judging.instruments.trained_labels import of_others

LOGITS = np.random.default_rng(4).normal(size=(5, 3))
LABELS = np.array([0, 1, 2, 0, 1])
SOFTMAX = np.exp(LOGITS) / np.exp(LOGITS).sum(1, keepdims=True)


def step(labels: list[int], scale: float = 1.0, penalty: float = 0.0) -> tuple[float, np.ndarray]:
    """The cost of a step with these labels, and its gradient in a bias."""
    cost = -np.log(SOFTMAX[np.arange(5), labels]).mean()
    return float(scale * cost + penalty), scale * (SOFTMAX - np.eye(3)[labels]).mean(0)


@pytest.mark.parametrize(
    ("labels", "found"),
    [([0, 1, 2, 0, 1], False), ([1, 0, 2, 1, 0], True), ([1, 2, 0, 1, 0], True), ([0, 0, 0, 0, 0], True)],
    ids=["their own", "reversed", "rolled", "one for all"],
)
@pytest.mark.parametrize("scale", [1.0, 5.0], ids=["mean", "sum"])
def test_labels_of_other_examples_are_seen(labels: list[int], found: bool, scale: float) -> None:
    assert of_others(LOGITS, LABELS, *step(labels, scale)) == found


def test_a_cost_with_a_penalty_says_nothing_of_the_rows() -> None:
    assert not of_others(LOGITS, LABELS, *step([0, 1, 2, 0, 1], penalty=0.3))


def test_another_cost_says_nothing() -> None:
    cost, bias = step([0, 1, 2, 0, 1])
    assert not of_others(LOGITS, LABELS, cost, 0.7 * bias)
    assert not of_others(LOGITS, LABELS, cost, None)
