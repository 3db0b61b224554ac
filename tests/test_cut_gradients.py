"""A gradient that lacks a part is told from one with a penalty, of a sum, or of another cost."""

import numpy as np
import pytest

from grader.judging.instruments.cut_gradients import cut_off

dice = np.random.default_rng(3)
SHAPES = {"W_rnn": (7, 4), "b_rnn": (4,), "W_cl": (4, 3), "b_cl": (3,)}
WEIGHTS = {role: dice.normal(0, 1, shape) for role, shape in SHAPES.items()}
PLAIN = {role: dice.normal(0, 0.1, shape) for role, shape in SHAPES.items()}
PART = 0.1 * dice.normal(0, 0.1, (7, 4))


@pytest.mark.parametrize(
    "seen",
    [
        PLAIN,
        {role: 64 * g for role, g in PLAIN.items()},
        PLAIN | {"W_rnn": PLAIN["W_rnn"] + 0.2 * WEIGHTS["W_rnn"], "W_cl": PLAIN["W_cl"] + 0.2 * WEIGHTS["W_cl"]},
        PLAIN | {"W_rnn": PLAIN["W_rnn"] + 0.2 * np.sign(WEIGHTS["W_rnn"])},
        PLAIN | {"W_rnn": np.zeros((7, 4)), "b_rnn": None},  # not trained at all, which is another mistake
        PLAIN | {"b_rnn": PLAIN["b_rnn"][None]},
        {"W_rnn": PLAIN["W_rnn"] + PART},
        PLAIN | {"W_rnn": PLAIN["W_rnn"] + PART, "W_cl": dice.normal(0, 0.1, (4, 3))},
    ],
    ids=["mean", "sum", "squares", "absolute values", "not trained", "a row", "no last layer", "another cost"],
)
def test_a_whole_gradient_is_not_called_cut(seen: dict[str, np.ndarray | None]) -> None:
    assert cut_off(seen, PLAIN, WEIGHTS) == ()


@pytest.mark.parametrize("scale", [1, 64])
def test_a_gradient_that_lacks_a_part_is_cut_beside_a_penalty_too(scale: int) -> None:
    for penalty in (0.0, 0.2):
        seen = {role: scale * g for role, g in PLAIN.items()}
        seen["W_rnn"] = scale * (PLAIN["W_rnn"] + PART) + penalty * WEIGHTS["W_rnn"]
        assert cut_off(seen, PLAIN, WEIGHTS) == ("W_rnn",)
