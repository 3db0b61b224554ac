"""The captioner's reference agrees with Keras and with finite differences, and its questions separate forms."""

from itertools import combinations

import numpy as np
import pytest
import tensorflow as tf

from reference import Case
from reference.lab6_captioning import FORMS, LOSSES, QUERIES, fits, loss
from reference.lab6_captioning import QUESTIONS as ASK
from reference.steps.captioning import ROLES, Form, Weights, gru, step

B, L, D, A, U, V, F = 3, 6, 5, 4, 7, 11, 9


def numbers(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng([seed, *shape]).normal(0, 0.6, shape)


def case(rows: int = 2 * D, after: bool = True) -> dict[str, np.ndarray]:
    shapes = {
        "E": (V, D), "W1": (D, A), "b1": (A,), "W2": (U, A), "b2": (A,), "v": (A, 1), "bv": (1,), "K": (rows, 3 * U),
        "R": (U, 3 * U), "b": (2, 3 * U) if after else (3 * U,), "F1": (U, U), "f1": (U,), "F2": (U, V), "f2": (V,),
    }  # fmt: skip
    drawn = {role: numbers(*shape, seed=i) for i, (role, shape) in enumerate(shapes.items())}
    words = np.random.default_rng(5).integers(1, V, (B, 1))
    return drawn | {"words": words, "features": numbers(B, L, D, seed=77), "hidden": numbers(B, U, seed=78)}


def weights(known: dict[str, np.ndarray]) -> Weights:
    return Weights(*(tf.constant(known[role], tf.float64) for role in ROLES))


@pytest.mark.parametrize("after", [True, False])
def test_the_gru_is_that_of_keras(after: bool) -> None:
    known = case(after=after)
    layer = tf.keras.layers.GRU(U, reset_after=after, dtype="float64")
    x, h = numbers(B, 2 * D, seed=1), numbers(B, U, seed=2)
    layer(x[:, None], initial_state=tf.constant(h))
    layer.set_weights([known["K"], known["R"], known["b"]])
    expected = layer(x[:, None], initial_state=tf.constant(h))
    np.testing.assert_allclose(gru(weights(known), tf.constant(x), tf.constant(h)), expected, atol=1e-12)


def test_the_gradient_of_the_loss_agrees_with_finite_differences() -> None:
    known = case()
    target = tf.constant([[1, 4, 5, 2], [1, 6, 2, 0], [1, 2, 0, 0]])
    a = tf.constant(known["features"])
    form = Form(start="hidden")
    for i, role in enumerate(ROLES):
        w = list(weights(known))
        with tf.GradientTape() as tape:
            tape.watch(w[i])
            total = loss(Weights(*w), a, target, form, "deck")
        gradient = tape.gradient(total, w[i])
        way = tf.constant(numbers(*known[role].shape, seed=40 + i))
        ends = []
        for sign in (1e-5, -1e-5):
            w[i] = tf.constant(known[role]) + sign * way
            ends.append(loss(Weights(*w), a, target, form, "deck"))
        slope = tf.reduce_sum(gradient * way) if gradient is not None else 0.0
        np.testing.assert_allclose((ends[0] - ends[1]) / 2e-5, slope, rtol=1e-5, atol=1e-7)


def test_the_weights_of_the_places_sum_to_one_and_examples_do_not_mix() -> None:
    known = case()
    words, a, h = tf.constant(known["words"], tf.int32), tf.constant(known["features"]), tf.constant(known["hidden"])
    logits, state, alpha = step(weights(known), words, a, h, Form())
    np.testing.assert_allclose(tf.reduce_sum(alpha, axis=1), np.ones((B, 1)))
    alone = step(weights(known), words[1:2], a[1:2], h[1:2], Form())
    for whole, one in zip((logits, state, alpha), alone, strict=True):
        np.testing.assert_allclose(whole[1:2], one, atol=1e-12)


@pytest.mark.parametrize("rows", [2 * D, D, L + D, L * D + D])
def test_forms_that_fit_the_same_matrix_give_different_logits(rows: int) -> None:
    answers = ASK["step"](case(rows) | {"query": "deck"})
    assert set(answers) == {name for name, form in FORMS.items() if fits(weights(case(rows)), form, L)} != set()
    for (one, first), (other, second) in combinations(answers.items(), 2):
        assert not np.allclose(first["logits"], second["logits"], atol=1e-3), (one, other)


def guesses_for(known: Case, target: np.ndarray) -> np.ndarray:
    """Logits [T - 1, B, V] under teacher forcing."""
    w, a = weights(known), tf.constant(known["features"])
    h = tf.zeros([len(target), w.units], tf.float64)
    found = []
    for t in range(target.shape[1] - 1):
        logits, h, _ = step(w, tf.constant(target[:, t : t + 1], tf.int32), a, h, Form())
        found.append(logits.numpy())
    return np.stack(found)


def test_ways_to_ask_the_attention_and_to_count_the_loss_differ() -> None:
    known = case()
    alphas = ASK["attention"](known)
    assert set(alphas) == set(QUERIES)
    target = np.array([[1, 4, 5, 7, 2], [1, 6, 2, 0, 0], [1, 2, 0, 0, 0]])
    training = {"encoded": known["features"], "target": target, "form": "deck/ce-zeros", "query": "deck"}
    losses = ASK["loss"](known | training)
    assert set(losses) == set(LOSSES)
    for kind, told in ASK["guesses"]({"logits": guesses_for(known, target), "target": target}).items():
        np.testing.assert_allclose(told["loss"], losses[kind]["loss"], err_msg=kind)
    for table in (alphas, losses):
        for (one, first), (other, second) in combinations(table.items(), 2):
            key = next(iter(first))
            assert not np.allclose(first[key], second[key], atol=1e-3), (one, other)


def test_the_lstm_is_that_of_keras_with_an_empty_cell() -> None:
    known = case() | {"K": numbers(2 * D, 4 * U, seed=8), "R": numbers(U, 4 * U, seed=9), "b": numbers(4 * U, seed=10)}
    layer = tf.keras.layers.LSTM(U, dtype="float64")
    x, h = numbers(B, 2 * D, seed=1), numbers(B, U, seed=2)
    start = [tf.constant(h), tf.zeros([B, U], tf.float64)]
    layer(x[:, None], initial_state=start)
    layer.set_weights([known["K"], known["R"], known["b"]])
    expected = layer(x[:, None], initial_state=start)
    np.testing.assert_allclose(gru(weights(known), tf.constant(x), tf.constant(h)), expected, atol=1e-12)


def test_a_second_gru_reads_the_state_of_the_first_and_given_weights_take_the_place_of_the_attention() -> None:
    known = case() | {"query": "deck"}
    second = {"K2": numbers(U, 3 * U, seed=8), "R2": numbers(U, 3 * U, seed=9), "b2_": numbers(2, 3 * U, seed=10)}
    first = ASK["step"](known)["deck/ce-hidden"]["state"]
    upper = weights(known)._replace(K=second["K2"], R=second["R2"], b=second["b2_"])
    found = ASK["step"](known | second)["deck/ce-hidden~zeros"]
    np.testing.assert_allclose(found["state"], gru(upper, tf.constant(first), tf.zeros([B, U], tf.float64)))
    alpha = ASK["attention"](known)["hidden-not-attended"]["attention"]
    given = ASK["step"](known | {"alpha": alpha})["deck/ce-zeros"]
    asked = ASK["step"](known | {"query": "hidden-not-attended"})["deck/ce-zeros"]
    np.testing.assert_allclose(given["logits"], asked["logits"])


def test_the_gradients_told_are_those_of_the_loss() -> None:
    known = case()
    training = {"encoded": known["features"], "target": np.array([[1, 4, 5, 2], [1, 6, 2, 0], [1, 2, 0, 0]])}
    asked = known | training | {"form": "deck/ce-hidden", "query": "deck"}
    whole = ASK["gradients"](asked | {"kind": "deck/per-word"})["whole"]
    assert set(whole) == set(ROLES) - {"E"}
    for role in ("W2", "R", "F1"):
        way, ends = numbers(*known[role].shape, seed=4), []
        for sign in (1e-5, -1e-5):
            ends.append(ASK["loss"](asked | {role: known[role] + sign * way})["deck/per-word"]["loss"])
        np.testing.assert_allclose((ends[0] - ends[1]) / 2e-5, np.sum(whole[role] * way), rtol=1e-5, atol=1e-7)
