"""The oracle of assignment 4: its gradients are right, and its mistakes differ from each other."""

from itertools import combinations
from typing import Any

import numpy as np
import pytest

import reference
from reference.a4_word_by_word import read, weights, words

LAB = "a4_word_by_word"
B, L, E, D, V = 4, 3, 6, 3, 11
Case = dict[str, Any]


def case(seed: int) -> Case:
    dice = np.random.default_rng(seed)
    found: Case = {
        "p": dice.integers(0, V, (B, L)),
        "h": dice.integers(0, V, (B, L)),
        "labels": dice.integers(0, 3, B),
        "E": dice.normal(0, 1, (V, E)),
        "W_cl": dice.normal(0, 1, (D, 3)),
        "b_cl": dice.normal(0, 1, 3),
        "W_attn": dice.normal(0, 1, (2 * D, D)),
    }
    for cell in "pm":
        for gate in "zrc":
            found[f"W_{gate}_{cell}"] = dice.normal(0, 0.8, (3 * D if cell == "m" else E + D, D))
            found[f"b_{gate}_{cell}"] = dice.normal(0, 0.5, D)
    return found | {f"{kind}_{gate}_h": found[f"{kind}_{gate}_p"] for kind in "Wb" for gate in "zrc"}


@pytest.mark.parametrize("role", ["W_attn", "W_r_m", "W_c_p", "b_z_h"])
def test_every_gradient_is_confirmed_by_finite_differences(role: str) -> None:
    asked = {**case(1), "forms": ["deck", "own-term-missing", "elementwise-product"]}
    asked[role] = asked[role].copy()  # the encoders share their arrays
    told = reference.answer(LAB, "step", asked)
    place = np.unravel_index(int(np.argmax(np.abs(told["deck"][role]))), asked[role].shape)
    costs = []
    for width in (1e-6, -2e-6):
        asked[role][place] += width
        costs.append(reference.answer(LAB, "step", asked))
    for name, found in told.items():
        slope = (costs[0][name]["cost"] - costs[1][name]["cost"]) / 2e-6
        assert found[role][place] == pytest.approx(slope, rel=1e-5, abs=1e-7), name


@pytest.mark.parametrize("seed", [1, 2])
def test_random_questions_tell_the_forms_of_the_attention_apart(seed: int) -> None:
    told = reference.answer(LAB, "values", case(seed))
    pairs = [(one, other) for one, other in combinations(told, 2)]
    alike = [pair for pair in pairs if np.allclose(told[pair[0]]["logits"], told[pair[1]]["logits"], atol=1e-4)]
    assert alike == []


def test_each_word_of_the_hypothesis_has_weights_that_sum_to_one_over_the_premise() -> None:
    attn = reference.answer(LAB, "values", {**case(1), "forms": ["deck"]})["deck"]["attn"]
    assert attn.shape == (1, B, L, L)
    assert attn.sum(axis=3) == pytest.approx(np.ones((1, B, L)))


def test_models_computed_at_once_are_those_computed_alone() -> None:
    changes = [{}, {"W_r_m": np.full((3 * D, D), 0.3)}, {"after_m": 1.0, "b_s_m": np.ones(D)}, {"chained": 1.0}]
    together = reference.answer(LAB, "values", {**case(2), "changes": changes, "forms": ["deck"]})["deck"]["logits"]
    for change, logits in zip(changes, together, strict=True):
        alone = reference.answer(LAB, "values", {**case(2), "changes": [change], "forms": ["deck"]})["deck"]["logits"]
        assert logits == pytest.approx(alone[0])


def test_the_score_of_the_paper_is_that_of_its_equation() -> None:
    dice = np.random.default_rng(3)
    asked = {**case(3), "W_s": dice.normal(0, 1, (D, D)), "w": dice.normal(0, 1, D), "forms": ["deck/additive"]}
    told = reference.answer(LAB, "values", asked)["deck/additive"]["attn"][0]
    states = read(weights(asked), *words(asked))
    Y, first = states.Y[0].numpy(), states.T[0, :, 0].numpy()
    e = np.exp(np.tanh(Y @ asked["W_s"] + (first @ asked["W_attn"][:D])[:, None]) @ asked["w"])
    assert np.allclose(told[:, 0], e / e.sum(axis=1, keepdims=True))
