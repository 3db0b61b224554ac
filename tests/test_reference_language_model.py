"""The oracle of the language model: equal to Keras' LSTM, slopes by finite differences, forms told apart."""

from itertools import combinations
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

import reference
from reference.steps.lstm import BESIDES

LAB = "a3_lstm_lm"
V, EMBEDDING, DIM, BATCH, WORDS = 13, 8, 12, 5, 7
SEEDS = (1, 2)


def case(seed: int) -> dict[str, Any]:
    dice = np.random.default_rng(seed)
    made = {
        "x": dice.integers(0, V, (BATCH, WORDS)),
        "E": dice.normal(0, 0.8, (V, EMBEDDING)),
        "W_out": dice.normal(0, 0.5, (DIM, V)),
        "b_out": dice.normal(0, 0.5, V),
    }
    for gate in "ifoj":
        made[f"W_{gate}"] = dice.normal(0, 0.4, (EMBEDDING + DIM, DIM))
        made[f"b_{gate}"] = dice.normal(0, 0.5, DIM)
    return made


def kind(explanation: str) -> str:
    return explanation.split("/", maxsplit=1)[0]


def test_the_cell_is_that_of_keras() -> None:
    made = case(3)
    layer = tf.keras.layers.LSTM(DIM, return_sequences=True, unit_forget_bias=False, dtype="float64")
    words = tf.gather(made["E"], made["x"][:, :-1])
    layer.build(words.shape)
    order = "ifjo"  # Keras' columns: input, forget, candidate, output
    kernel = np.concatenate([made[f"W_{gate}"][:EMBEDDING] for gate in order], axis=1)
    recurrent = np.concatenate([made[f"W_{gate}"][EMBEDDING:] for gate in order], axis=1)
    layer.set_weights([kernel, recurrent, np.concatenate([made[f"b_{gate}"] for gate in order])])
    states = layer(words).numpy().transpose(1, 0, 2)
    told = reference.answer(LAB, "values", made)["deck"]
    np.testing.assert_allclose(told["h"][1:], states, rtol=1e-6, atol=1e-6)
    np.testing.assert_allclose(told["logits"], states @ made["W_out"] + made["b_out"], rtol=1e-6, atol=1e-6)


def test_there_is_a_state_more_than_guesses_and_the_first_is_zero() -> None:
    told = reference.answer(LAB, "values", case(1))["deck"]
    assert told["h"].shape == told["c"].shape == (WORDS, BATCH, DIM)
    assert told["logits"].shape == (WORDS - 1, BATCH, V)
    assert not told["h"][0].any() and not told["c"][0].any()


def test_the_slope_of_every_cost_is_confirmed_by_finite_differences() -> None:
    dice = np.random.default_rng(4)
    asked = {"x": dice.integers(0, V, (BATCH, WORDS)), "logits": dice.normal(0, 1, (WORDS - 1, BATCH, V))}
    told = reference.answer(LAB, "cost", asked)
    for word in (0, 2, V - 1):
        above, below = (reference.answer(LAB, "cost", nudged(asked, word, by)) for by in (1e-6, -1e-6))
        for name, found in told.items():
            slope = (above[name]["cost"] - below[name]["cost"]) / 2e-6
            assert found["slope"][word] == pytest.approx(slope, rel=1e-4, abs=1e-7), (name, word)


def nudged(asked: dict[str, Any], word: int, by: float) -> dict[str, Any]:
    return {**asked, "logits": asked["logits"] + by * np.eye(V)[word]}


@pytest.mark.parametrize("seed", SEEDS)
def test_random_questions_tell_the_forms_of_a_cell_apart(seed: int) -> None:
    assert alike({name: told["logits"] for name, told in reference.answer(LAB, "values", case(seed)).items()}) == []


@pytest.mark.parametrize("seed", SEEDS)
def test_random_questions_tell_costs_apart_whatever_their_scale(seed: int) -> None:
    dice = np.random.default_rng(seed)
    asked = {"x": dice.integers(0, V, (BATCH, WORDS)), "logits": dice.normal(0, 1, (WORDS - 1, BATCH, V))}
    slopes = {name: told["slope"] for name, told in reference.answer(LAB, "cost", asked).items()}
    assert alike({name: slope / np.linalg.norm(slope) for name, slope in slopes.items()}) == []


def alike(found: dict[str, np.ndarray]) -> list[tuple[str, str]]:
    return [
        (one, other)
        for one, other in combinations(found, 2)
        if kind(one) != kind(other) and np.abs(found[one] - found[other]).max() < 1e-3 * np.abs(found[one]).max()
    ]


@pytest.mark.parametrize("question", ["values", "cost", "sampled"])
def test_accepted_explanations_stand_first(question: str) -> None:
    asked = {**case(1), "form": "deck", "logits": np.zeros((WORDS - 1, BATCH, V))}
    accepted = [kind(name) == "deck" for name in reference.answer(LAB, question, asked)]
    assert accepted == sorted(accepted, reverse=True) and any(accepted)


@pytest.mark.parametrize("gate", "ifoj")
def test_a_part_shows_which_gate_it_belongs_to(gate: str) -> None:
    """A bias left out of the cell, given back as a part: only its own gate makes the guesses of the whole again."""
    whole = case(5)
    without = {**whole, f"b_{gate}": np.zeros(DIM)}
    expected = reference.answer(LAB, "values", whole)["deck"]["logits"]
    told = reference.answer(LAB, "roles", {**without, "part": whole[f"b_{gate}"], "form": "deck"})
    assert [gates for gates, found in told.items() if np.allclose(found["logits"], expected)] == [gate]


@pytest.mark.parametrize("role", BESIDES)
def test_a_vector_that_the_equations_do_not_have_shows_where_it_stands(role: str) -> None:
    made, part = case(5), np.random.default_rng(7).normal(0, 0.5, DIM)
    expected = reference.answer(LAB, "values", {**made, role: part})["deck"]["logits"]
    told = reference.answer(LAB, "roles", {**made, "part": part, "form": "deck"})
    assert [name for name, found in told.items() if np.allclose(found["logits"], expected)] == [role]


@pytest.mark.parametrize("form", ["forget-gate-misplaced/both", "forget-gate-misplaced/new"])
def test_the_first_guess_shows_four_gates_where_what_is_new_is_forgotten_too(form: str) -> None:
    made = case(6)
    parts = np.stack([made[f"W_{gate}"][:EMBEDDING] for gate in "ojif"])
    silent = {**made, **{f"b_{gate}": np.zeros(DIM) for gate in "ifoj"}}
    expected = reference.answer(LAB, "values", silent)[form]["logits"][0]
    asked = {name: made[name] for name in ("E", "W_out", "b_out")}
    told = reference.answer(LAB, "first", {**asked, "words": made["x"][:, 0], "parts": parts})[form]["logits"]
    fitting = np.argwhere(np.abs(told - expected).max((-1, -2)) < 1e-9).tolist()
    assert sorted(fitting) == [[2, 1, 0, 3], [3, 1, 0, 2]]  # f * i * j: which of the two is which shows later


@pytest.mark.parametrize("form", ["deck", "tanh-missing", "gate-activations-swapped/output"])
def test_the_first_guess_shows_three_gates(form: str) -> None:
    made = case(6)
    parts = np.stack([made[f"W_{gate}"][:EMBEDDING] for gate in "ojif"])
    silent = {**made, **{f"b_{gate}": np.zeros(DIM) for gate in "ifoj"}}
    expected = reference.answer(LAB, "values", silent)[form]["logits"][0]
    asked = {name: made[name] for name in ("E", "W_out", "b_out")}
    told = reference.answer(LAB, "first", {**asked, "words": made["x"][:, 0], "parts": parts})[form]["logits"]
    fitting = np.argwhere(np.abs(told - expected).max((-1, -2)) < 1e-9)
    assert [2, 1, 0] in fitting.tolist()  # places of i, j and o among the parts
    assert len(fitting) == (2 if form == "tanh-missing" else 1)  # o * i * j: which sigmoid is which shows later
