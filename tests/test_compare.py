"""When tensors agree, which explanation is taken, and in which words a difference is told."""

import numpy as np
import pytest

from grader.judging.comparing.compare import agree, difference, nearest

EXPECTED = np.random.default_rng(1).normal(size=(4, 4))


def sentence(seen: np.ndarray) -> str:
    told = difference("Logits", seen, EXPECTED)
    assert told is not None
    return told.sentence


def test_float32_noise_is_no_difference() -> None:
    assert difference("Logits", EXPECTED.astype(np.float32), EXPECTED) is None


@pytest.mark.parametrize(
    ("seen", "told"),
    [
        (-EXPECTED, "Logits: every entry has the opposite sign"),
        (EXPECTED.T, "Logits: the matrix is transposed"),
        (2 * EXPECTED, "Logits: every entry is 2 times the expected one"),
        (EXPECTED + 0.5, "Logits: every entry is off by the same 0.5"),
        (EXPECTED[:3], "Logits: got [3, 4], expected [4, 4]"),
    ],
    ids=["sign", "transposed", "factor", "shift", "shape"],
)
def test_a_difference_with_one_cause_is_told_by_it(seen: np.ndarray, told: str) -> None:
    assert sentence(seen) == told


def test_a_single_wrong_entry_is_counted_and_placed() -> None:
    seen = EXPECTED.copy()
    seen[2, 1] += 1
    assert sentence(seen) == "Logits: 1 of 16 entries differs, most at [2, 1]"


@pytest.mark.parametrize("wrong", [np.nan, np.inf])
def test_a_number_that_is_none_never_agrees(wrong: float) -> None:
    seen = EXPECTED.copy()
    seen[0, 0] = wrong
    assert not agree(seen, EXPECTED) and not agree(seen, seen)
    assert "1 of 16 entries is no finite number" in sentence(seen)


def test_swapped_axes_are_called_so() -> None:
    told = difference("Logits", np.zeros((2, 3)), np.zeros((3, 2)))
    assert told is not None and told.sentence.endswith("the axes are swapped")


def test_the_first_explanation_that_gives_everything_seen_is_taken() -> None:
    answers = {"deck": {"W": EXPECTED, "b": EXPECTED[0]}, "l2-mean": {"W": EXPECTED, "b": EXPECTED[1]}}
    assert nearest({"W": EXPECTED}, answers) == "deck"
    assert nearest({"W": EXPECTED, "b": EXPECTED[1]}, answers) == "l2-mean"
    assert nearest({"W": EXPECTED + 1}, answers) is None


def test_words_and_complex_numbers_never_agree() -> None:
    assert not agree(np.array(["1.0"]), np.ones(1)) and not agree(np.ones(1) + 1j, np.ones(1))
