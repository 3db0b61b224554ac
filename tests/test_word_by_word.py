"""What is returned as attention word by word: weights, numbers that are none, or states, in whatever axes."""

import numpy as np
import pytest
from test_other_layouts import contact

from grader.judging.comparing.arrays import send
from grader.judging.instruments.until_it_broke import results_in
from grader.judging.kinds.word_by_word.answers import Answer, answer_in, over_hypothesis
from grader.judging.kinds.word_by_word.checks import attention, weights
from grader.judging.kinds.word_by_word.interview import Evidence
from grader.model import Verdict
from grader.sandbox.guest.wire import Listing

BATCH, LENGTH = 64, 10
TRAINED = contact(True, None)
dice = np.random.default_rng(4)


def softmax(scores: np.ndarray, axis: int) -> np.ndarray:
    powers = np.exp(scores)
    made: np.ndarray = powers / powers.sum(axis=axis, keepdims=True)
    return made


SCORES = dice.normal(size=(BATCH, LENGTH, LENGTH))


@pytest.mark.parametrize(
    "returned",
    [np.tanh(SCORES), SCORES / SCORES.sum(axis=1, keepdims=True), np.exp(SCORES), 2 * softmax(SCORES, 2)],
    ids=["tanh", "divided by their sum", "exponentials", "twice too large"],
)
def test_numbers_that_are_no_weights_fail_the_attention_and_leave_nothing_open(returned: np.ndarray) -> None:
    e = Evidence(TRAINED, Answer(attn=returned))
    assert weights(e).verdict is attention(e).verdict is Verdict.FAIL
    negative = returned.min() < -1e-3
    assert ("negative" in attention(e).message) is ("negative" in weights(e).message) is bool(negative)


@pytest.mark.parametrize("axis", [1, 2])
def test_weights_that_only_could_not_be_explained_stay_open(axis: int) -> None:
    assert attention(Evidence(TRAINED, Answer(attn=softmax(SCORES, axis)))).verdict is Verdict.UNSURE


@pytest.mark.parametrize(
    "shape",
    [(64, 10, 24), (10, 64, 24), (64, 24, 10), (64, 10, 1, 24), (64, 240), (64, 10, 150)],
    ids=["pairs first", "words first", "words last", "an axis of 1", "flattened", "wide"],
)
def test_states_in_the_place_of_the_attention_are_named(shape: tuple[int, ...]) -> None:
    returned = Listing((send(np.zeros((64, 3), np.float32)), send(dice.normal(size=shape).astype(np.float32))))
    found = answer_in(returned, BATCH, LENGTH)
    assert found.states and weights(Evidence(TRAINED, found)).mistake == "states-as-attention"


@pytest.mark.parametrize("shape", [(64, 10, 10), (64, 10), (64, 3), (64, 100), (10, 64, 10)])
def test_weights_and_logits_are_no_states(shape: tuple[int, ...]) -> None:
    assert not answer_in(Listing((send(np.zeros(shape, np.float32)),)), BATCH, LENGTH).states


def test_weights_that_stay_at_the_first_word_are_not_those_of_the_hypothesis() -> None:
    over_premise = softmax(SCORES, 2)
    later = np.concatenate([over_premise[:, :1], softmax(dice.normal(size=SCORES.shape), 2)[:, 1:]], axis=1)
    assert not over_hypothesis(over_premise, later)


def test_weights_over_the_hypothesis_change_by_one_factor_with_its_last_word() -> None:
    changed = SCORES.copy()
    changed[:, :, -1] = dice.normal(size=(BATCH, LENGTH))
    assert over_hypothesis(softmax(SCORES, 2), softmax(changed, 2))


@pytest.mark.parametrize("count", [1, 2])
def test_results_of_operations_are_kept_apart_where_their_shapes_are_the_same(count: int) -> None:
    assert [one.shape for one in results_in(Listing((send(np.zeros((4, 3))),) * count))] == [(4, 3)] * count
