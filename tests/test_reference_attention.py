"""The oracle of the attention over premises: equal to equations written apart in NumPy, its forms told apart."""

from itertools import combinations
from typing import Any

import numpy as np
import pytest

import reference

LAB = "lab5_attention"
V, EMBEDDING, DIM, CLASSES, BATCH, WORDS = 13, 9, 6, 3, 5, 7
ACCEPTED = "deck"


def case(seed: int) -> dict[str, Any]:
    dice = np.random.default_rng(seed)
    made: dict[str, Any] = {name: dice.integers(0, V, (BATCH, WORDS)) for name in "ph"}
    made |= {role: dice.normal(0, 0.65, (DIM, DIM)) for role in ("W_y", "W_h")}
    made |= {"E": dice.normal(0, 0.8, (V, EMBEDDING)), "w": dice.normal(0, 0.65, DIM)}
    made |= {"W_combination": dice.normal(0, 0.4, (2 * DIM, DIM)), "b_combination": dice.normal(0, 0.5, DIM)}
    made |= {"W_cl": dice.normal(0, 0.5, (DIM, CLASSES)), "b_cl": dice.normal(0, 0.5, CLASSES)}
    for name in "ph":
        for gate in ("z", "r", "rnn"):
            made[f"W_{gate}_{name}"] = dice.normal(0, 0.4, (EMBEDDING + DIM, DIM))
            made[f"b_{gate}_{name}"] = dice.normal(0, 0.5, DIM)
    return made


def kind(explanation: str) -> str:
    return explanation.split("/", maxsplit=1)[0]


def by_hand(c: dict[str, Any]) -> tuple[np.ndarray, np.ndarray]:
    """Attention and logits of one example after the other."""
    sigmoid = lambda a: 1 / (1 + np.exp(-a))  # noqa: E731 - a letter of the equations
    attention, logits = [], []
    for p, hypothesis in zip(c["p"], c["h"], strict=True):
        h, states = np.zeros(DIM), []
        for name, ids in (("p", p), ("h", hypothesis)):
            for word in ids:
                e = c["E"][word]
                z = sigmoid(np.r_[e, h] @ c[f"W_z_{name}"] + c[f"b_z_{name}"])
                r = sigmoid(np.r_[e, h] @ c[f"W_r_{name}"] + c[f"b_r_{name}"])
                h = (1 - z) * h + z * np.tanh(np.r_[e, r * h] @ c[f"W_rnn_{name}"] + c[f"b_rnn_{name}"])
                states += [h] if name == "p" else []
        scores = np.array([np.tanh(y @ c["W_y"] + h @ c["W_h"]) @ c["w"] for y in states])
        weights = np.exp(scores) / np.exp(scores).sum()
        context = sum(weight * y for weight, y in zip(weights, states, strict=True))
        attention.append(weights)
        logits.append(np.tanh(np.r_[context, h] @ c["W_combination"] + c["b_combination"]) @ c["W_cl"] + c["b_cl"])
    return np.array(attention), np.array(logits)


def test_the_right_form_is_that_of_the_equations_written_apart() -> None:
    asked = case(1)
    told = reference.answer(LAB, "values", asked)["deck"]
    for key, expected in zip(("attn", "logits"), by_hand(asked), strict=True):
        np.testing.assert_allclose(told[key], expected, atol=1e-12)


@pytest.mark.parametrize("seed", (1, 2, 3))
def test_random_questions_tell_mistakes_apart_by_the_attention_alone(seed: int) -> None:
    found = {name: told["attn"] for name, told in reference.answer(LAB, "values", case(seed)).items()}
    alike = [
        (one, other)
        for one, other in combinations(found, 2)
        if kind(one) != kind(other)
        and found[one].shape == found[other].shape
        and np.abs(found[one] - found[other]).max() < 1e-3 * np.abs(found[one]).max()
    ]
    assert alike == []


def test_right_forms_stand_first() -> None:
    right = [kind(name) == ACCEPTED for name in reference.answer(LAB, "values", case(1))]
    assert right == sorted(right, reverse=True) and any(right)


def test_exchanged_weights_are_found_by_what_they_do() -> None:
    asked = case(1)
    mixed = {**asked, "W_y": asked["W_h"], "W_h": asked["W_y"]}
    mixed |= {f"{part}_z_{name}": asked[f"{part}_r_{name}"] for part in "Wb" for name in "ph"}
    mixed |= {f"{part}_r_{name}": asked[f"{part}_z_{name}"] for part in "Wb" for name in "ph"}
    right = reference.answer(LAB, "values", asked)["deck"]["attn"]
    fitting = [
        name
        for name, told in reference.answer(LAB, "roles", mixed).items()
        if np.abs(told["attn"] - right).max() < 1e-9
    ]
    assert fitting == ["p h r z rnn W_h W_y"]


def test_without_a_readout_the_attention_is_told_all_the_same() -> None:
    asked = {role: value for role, value in case(1).items() if not role.endswith(("combination", "cl"))}
    assert set(reference.answer(LAB, "values", asked)["deck"]) == {"attn"}


def test_without_a_context_each_model_ends_as_the_whole_form_does_with_that_half_of_the_matrix() -> None:
    asked = case(2)
    places = [f"{gate}_{name}" for name in "ph" for gate in ("z", "r", "rnn")]
    natural = [*range(6), *range(6), 6]
    exchanged = [3, 4, 5, 0, 1, 2, *range(6), 6]
    told = reference.answer(LAB, "endings", {
        **asked, "models": np.array([exchanged, natural]), "halves": asked["W_combination"].reshape(2, DIM, DIM),
        "cells": np.stack([asked[f"W_{place}"] for place in places]),
        "biases": np.stack([*(asked[f"b_{place}"] for place in places), asked["b_combination"]]),
    })  # fmt: skip
    of_state_alone = np.concatenate([np.zeros((DIM, DIM)), asked["W_combination"][DIM:]])
    _, logits = by_hand({**asked, "W_combination": of_state_alone})
    np.testing.assert_allclose(told["given"]["1"][1], logits, atol=1e-12)
    assert not np.allclose(told["given"]["1"][0], logits, atol=1e-3)


@pytest.mark.parametrize(("form", "order"), [("deck", "rh"), ("deck/mirrored_state_first", "hr")])
def test_gradients_are_confirmed_by_finite_differences(form: str, order: str) -> None:
    asked = case(4) | {"labels": np.arange(BATCH) % CLASSES, "form": form, "order": order}
    told = reference.answer(LAB, "step", asked)["deck"]
    assert set(told) == set(asked) - {"p", "h", "E", "labels", "form", "order"} | {"logits"}

    def cost(role: str, moved: np.ndarray) -> float:
        answers = reference.answer(LAB, "values", {**asked, role: moved})[form]
        logits = answers["logits" if order == "rh" else "logits_h_first"]
        chances = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
        return float(-np.log(chances[np.arange(BATCH), asked["labels"]]).mean())

    for role in ("w", "W_y", "b_z_p", "W_rnn_h", "b_combination", "W_cl"):
        direction = np.random.default_rng(5).normal(0, 1, asked[role].shape)
        up, down = (cost(role, asked[role] + sign * 1e-5 * direction) for sign in (1, -1))
        assert np.sum(told[role] * direction) == pytest.approx((up - down) / 2e-5, rel=1e-5, abs=1e-9), role
