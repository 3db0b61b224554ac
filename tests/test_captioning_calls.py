"""How a captioner's decoder is called, and what its calls show while it trains, from answers on the wire."""

import numpy as np
import pytest

from grader.judging.comparing.arrays import send
from grader.judging.kinds.captioning.calling import PAIR, ways_to_call
from grader.judging.kinds.captioning.recorded import Recorded, recorded
from grader.sandbox.guest.wire import ClassInfo, Listing, ParameterInfo

B, U, V = 2, 3, 7
TARGET = np.array([[1, 5, 2], [1, 2, 0]], np.int32)


def taking(method: str, *names: str) -> ClassInfo:
    parameters = tuple(ParameterInfo(name, True) for name in names)
    return ClassInfo("Decoder", None, {method: parameters}, (), ())


@pytest.mark.parametrize(("names", "way"), [
    (("x", "features", "hidden"), "d(x, f, h)"),
    (("rasgos", "estado", "palabra"), "d(f, h, x)"),
    (("hitza", "egoera", "ezaugarriak"), "d(x, h, f)"),
    (("a", "b", "c_"), "d(x, f, h)"),
    (("inputs",), "d((x, f, h))"),
])  # fmt: skip
def test_arguments_are_given_in_the_order_their_names_tell(names: tuple[str, ...], way: str) -> None:
    assert ways_to_call(taking("call", *names))[0] == way


def test_a_state_of_two_parts_is_tried_as_a_pair_and_as_two_arguments() -> None:
    assert f"d(x, f, {PAIR})" in ways_to_call(taking("call", "x", "features", "state"))
    (only,) = ways_to_call(taking("step", "x", "features", "h", "c"))
    assert only.startswith("d.step(x, f, h, ")


def test_arguments_behind_a_star_are_tried_by_name_after_all_else() -> None:
    assert ways_to_call(taking("call", "word", "features", "hidden"))[-1] == "d(x, features=f, hidden=h)"


def call(words: np.ndarray, given: np.ndarray, left: np.ndarray) -> Listing:
    """As the guest notes it: what went in, with names and without, then what came out."""
    logits = np.zeros((B, V), np.float32)
    inputs = Listing((Listing((send(words), send(given)), "tuple"), Listing(())))
    return Listing((inputs, Listing((send(logits), send(left)), "tuple")))


def walked(*words: np.ndarray, carried: bool = True) -> Recorded | None:
    states = [np.full((B, U), n, np.float32) for n in range(len(words) + 1)]
    begins = states if carried else [states[0]] * len(states)
    calls = [call(word[:, None], begins[t], states[t + 1]) for t, word in enumerate(words)]
    return recorded(Listing(tuple(calls)), TARGET, V)


def test_a_walk_along_the_captions_is_seen_whether_its_state_goes_on_or_not() -> None:
    right, forgetful = walked(TARGET[:, 0], TARGET[:, 1]), walked(TARGET[:, 0], TARGET[:, 1], carried=False)
    assert right is not None and right.wrong is None and right.logits.shape == (2, B, V)
    assert forgetful is not None and forgetful.wrong == "state_not_carried"


def test_words_given_away_and_own_words_are_told_apart() -> None:
    away, own = walked(TARGET[:, 1], TARGET[:, 2]), walked(TARGET[:, 0], np.zeros(B, np.int32))
    assert away is not None and away.wrong == "word_given_away"
    assert own is not None and own.wrong == "teacher_forcing_lost"  # of even logits the first word is the likeliest


def test_calls_that_are_no_walk_along_the_captions_say_nothing() -> None:
    assert walked(TARGET[:, 0]) is None
    assert walked(TARGET[:, 0], np.full(B, 6, np.int32)) is None
    assert recorded(None, TARGET, V) is None
