"""Classifiers of pairs that are trained outside their notebooks, by what their training was seen to do."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from msgspec.structs import replace

import reference
from grader.calibration.plan import Draw, Plan, handed_out
from grader.course.folder import load_rubric
from grader.judging.equal import updates
from grader.judging.equal.understood import NotShown
from grader.judging.oracle import Oracle
from tests.equal_looks import Look, looking

LAB, WORD_BY_WORD = "lab5_attention", "a4_word_by_word"
ADAM = "optimizer = tf.optimizers.Adam()"
WIDE = "tf.random.normal([self.dim, self.dim], stddev=0.1)"
READ = 'premises = np.array([example["sentence1_binary_parse_index_sequence"] for example in examples])'


@pytest.fixture(scope="module")
def look(oracle: Oracle) -> Iterator[Look]:
    with looking(LAB, oracle) as look:
        yield look


@pytest.fixture(scope="module")
def look_word_by_word(oracle: Oracle) -> Iterator[Look]:
    with looking(WORD_BY_WORD, oracle) as look:
        yield look


def own(lab: str = LAB) -> Plan:
    return handed_out(lab, load_rubric(lab).head, reference.STARTED[lab])


def test_the_solution_is_shown_to_train_as_the_lab_does(look: Look) -> None:
    assert look() == own()


def test_so_is_that_of_word_by_word_attention(look_word_by_word: Look) -> None:
    assert look_word_by_word() == own(WORD_BY_WORD)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("edits", "changes"),
    [
        ([("self.dim = 24", "self.dim = 20"), ("self.batch_size = 64", "self.batch_size = 32")],
         {"dim": 20, "batch": 32}),
        ([("self.training_epochs = 5", "self.training_epochs = 8"), (ADAM, ADAM.replace("()", "(0.01)"))],
         {"epochs": 8, "learning_rate": 0.01}),
        ([("random.shuffle(training_data)\n", "pass\n")], {"shuffled": False}),
        ([(f"self.W_y_attn = tf.Variable({WIDE})", "self.W_y_attn = tf.Variable(tf.zeros([self.dim, self.dim]))")],
         {"starts": {"W_y": Draw("zero")}}),
        ([("def model(self, premise, hypothesis)", "def model(self, hypothesis, premise)"),
          ("self.model(premises, hypotheses)", "self.model(hypotheses, premises)", 3)], {}),
    ],
    ids=["sizes and batches", "epochs and rate", "one order", "zeros in a matrix", "the hypothesis first"],
)  # fmt: skip
def test_own_settings_are_seen(edits: list[tuple[Any, ...]], changes: dict[str, object], look: Look) -> None:
    given = own()
    if isinstance(changes.get("starts"), dict):
        changes = {"starts": given.starts | changes["starts"]}  # type: ignore[operator]
    assert look(*edits) == replace(given, **changes)


@pytest.mark.parametrize(
    ("edits", "why"),
    [
        ([(ADAM, "optimizer = self.optimizer"),
          ("self.trainable_variables = []", f"self.trainable_variables = []; self.{ADAM}")], "made anew"),
        ([("return np.argmax(logits, axis=1)", "return np.argmax(logits, axis=1) * 0 + 1")], "one class"),
        pytest.param([("words_to_load = 45000", "words_to_load = 900")], "word vectors", marks=pytest.mark.slow),
        pytest.param([("tokenize(example[key])[-SEQ_LEN:]", "tokenize(example[key])[:SEQ_LEN]")], "word ids",
                     marks=pytest.mark.slow),
        pytest.param([("h_star = tf.tanh", "h_star = tf.nn.relu")], "not understood", marks=pytest.mark.slow),
        pytest.param([("tf.Variable(loaded_embeddings, trainable=False)", "tf.Variable(loaded_embeddings)"),
                      ("self.W_rnn, self.W_r", "self.trainable_variables.append(self.E); self.W_rnn, self.W_r")],
                     "not understood", marks=pytest.mark.slow),
        pytest.param([("return np.argmax(logits, axis=1)", "return np.argmin(logits, axis=1)")], "classes it predicts",
                     marks=pytest.mark.slow),
    ],
    ids=["kept", "one class", "fewer vectors", "first words", "relu", "vectors trained", "smallest logit"],
)  # fmt: skip
def test_what_trains_otherwise_is_never_taken_for_it(edits: list[tuple[Any, ...]], why: str, look: Look) -> None:
    told = look(*edits)
    assert isinstance(told, str) and why in told, told


@pytest.mark.slow
@pytest.mark.parametrize(
    ("edits", "told"),
    [
        ([("self.dim = 24", "self.dim = 16")], {"dim": 16}),
        ([("h_prev, h_prev_attn = h_zero, h_zero", "h_prev_attn = h_zero")], "not understood"),
    ],
    ids=["sizes", "one sentence after the other"],
)  # fmt: skip
def test_word_by_word_attention_is_trained_as_it_is_written(
    edits: list[tuple[Any, ...]], told: object, look_word_by_word: Look
) -> None:
    seen = look_word_by_word(*edits)
    assert seen == (replace(own(WORD_BY_WORD), **told) if isinstance(told, dict) else told)


# --- updates ---

DICE = np.random.default_rng(8)
SHAPES = {"W": (20, 12), "b": (12,)}


def moved(steps: list[dict[str, np.ndarray]], *, anew: bool, rate: float = 0.01) -> dict[str, np.ndarray]:
    """By Keras."""
    variables = {role: tf.Variable(tf.zeros(shape)) for role, shape in SHAPES.items()}
    optimizer = tf.optimizers.Adam(rate)
    for step in steps:
        optimizer = tf.optimizers.Adam(rate) if anew else optimizer
        optimizer.apply_gradients([(tf.constant(step[role], tf.float32), v) for role, v in variables.items()])
    return {role: v.numpy() for role, v in variables.items()}


@pytest.mark.parametrize("scale", [1.0, 1e-5, 1e-7])
def test_the_first_step_of_adam_is_that_of_keras(scale: float) -> None:
    steps = [{role: DICE.normal(0, scale, shape) for role, shape in SHAPES.items()} for _ in range(3)]
    found = updates.rate([updates.first_of_adam(step) for step in steps], moved(steps, anew=True), adam=True)
    assert found == 0.01


def test_an_adam_that_is_kept_is_not_taken_for_one_made_anew() -> None:
    steps = [{role: DICE.normal(0, 0.1, shape) for role, shape in SHAPES.items()} for _ in range(3)]
    with pytest.raises(NotShown):
        updates.rate([updates.first_of_adam(step) for step in steps], moved(steps, anew=False), adam=True)
