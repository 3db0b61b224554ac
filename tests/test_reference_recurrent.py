"""The oracle of the recurrent classifiers: gradients by finite differences, equality with Keras, forms told apart."""

from itertools import combinations
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

import reference

V, EMBEDDING, DIM, CLASSES, BATCH, WORDS = 13, 8, 12, 2, 5, 7
GATES = {"lab3_rnn": ("rnn",), "lab4_gru": ("z", "r", "rnn")}
SEEDS = (1, 2)


def case(lab: str, seed: int) -> dict[str, Any]:
    dice = np.random.default_rng(seed)
    made = {
        "x": dice.integers(0, V, (BATCH, WORDS)),
        "labels": np.arange(BATCH) % CLASSES,
        "E": dice.normal(0, 0.8, (V, EMBEDDING)),
        "W_cl": dice.normal(0, 0.5, (DIM, CLASSES)),
        "b_cl": dice.normal(0, 0.5, CLASSES),
    }
    for gate in GATES[lab]:
        made[f"W_{gate}"] = dice.normal(0, 0.4, (EMBEDDING + DIM, DIM))
        made[f"b_{gate}"] = dice.normal(0, 0.5, DIM)
    return made


def kind(explanation: str) -> str:
    return explanation.split("/", maxsplit=1)[0]


@pytest.mark.parametrize("lab", GATES)
def test_every_gradient_is_confirmed_by_finite_differences(lab: str) -> None:
    asked = {**case(lab, 1), "form": "deck"}
    told = reference.answer(lab, "step", asked)["deck"]
    for role in [role for role in told if role != "cost"]:
        array = asked[role]
        for place in [np.unravel_index(i, array.shape) for i in np.linspace(0, array.size - 1, 3).astype(int)]:
            kept = array[place]
            costs = []
            for shift in (1e-6, -1e-6):
                array[place] = kept + shift
                costs.append(float(reference.answer(lab, "step", asked)["deck"]["cost"]))
            array[place] = kept
            assert told[role][place] == pytest.approx((costs[0] - costs[1]) / 2e-6, rel=1e-4, abs=1e-7), (role, place)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("lab", GATES)
def test_random_questions_tell_mistakes_apart(lab: str, seed: int) -> None:
    found = {name: told["logits"] for name, told in reference.answer(lab, "values", case(lab, seed)).items()}
    alike = [
        (one, other)
        for one, other in combinations(found, 2)
        if kind(one) != kind(other) and np.abs(found[one] - found[other]).max() < 1e-3 * np.abs(found[one]).max()
    ]
    assert alike == []


@pytest.mark.parametrize("lab", GATES)
def test_accepted_explanations_stand_first(lab: str) -> None:
    accepted = [kind(name) == "deck" for name in reference.answer(lab, "values", case(lab, 1))]
    assert accepted == sorted(accepted, reverse=True)


def test_the_mirrored_gru_is_that_of_keras() -> None:
    made = case("lab4_gru", 3)
    layer = tf.keras.layers.GRU(DIM, reset_after=False, dtype="float64")
    words = tf.gather(made["E"], made["x"])
    layer.build(words.shape)
    gates = [made[f"W_{gate}"] for gate in ("z", "r", "rnn")]  # rows: state first, then word
    kernel = np.concatenate([W[DIM:] for W in gates], axis=1)
    recurrent = np.concatenate([W[:DIM] for W in gates], axis=1)
    layer.set_weights([kernel, recurrent, np.concatenate([made[f"b_{gate}"] for gate in ("z", "r", "rnn")])])
    expected = layer(words).numpy() @ made["W_cl"] + made["b_cl"]
    told = reference.answer("lab4_gru", "values", made)["mirrored-update/he-he"]["logits"]
    np.testing.assert_allclose(told, expected, rtol=1e-6, atol=1e-6)


def test_the_plain_network_is_that_of_keras() -> None:
    made = case("lab3_rnn", 3)
    layer = tf.keras.layers.SimpleRNN(DIM, dtype="float64")
    words = tf.gather(made["E"], made["x"])
    layer.build(words.shape)
    layer.set_weights([made["W_rnn"][:EMBEDDING], made["W_rnn"][EMBEDDING:], made["b_rnn"]])
    expected = layer(words).numpy() @ made["W_cl"] + made["b_cl"]
    np.testing.assert_allclose(reference.answer("lab3_rnn", "values", made)["deck"]["logits"], expected, atol=1e-6)
