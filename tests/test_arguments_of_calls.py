"""What a rubric's call hands to a function: secret numbers and lists wherever they stand, as it takes them."""

from collections.abc import Callable
from typing import Any

import msgspec
import numpy as np
import pytest

from grader.course.subject import FunctionCall
from grader.judging.declared.arguments import as_array, given, wired
from grader.judging.declared.functions import WAYS, Meant, facts_of
from grader.judging.declared.readings import alike
from grader.judging.examiner import Examiner, no_formulas
from grader.model import Isolation, Observation, Outcome, Run, Status
from grader.sandbox.guest.answers.values import decode, encode_result
from grader.sandbox.guest.wire import Array, Call, Question, Value


def handed_over(value: Any, made_by: str, wide: bool = False) -> Any:
    """As it arrives: on its way it is bytes."""
    sent = msgspec.msgpack.encode(wired(value, made_by, wide))
    return decode(msgspec.msgpack.decode(sent, type=Value), lambda path: path)


@pytest.mark.parametrize("way", WAYS)
def test_a_dict_of_lists_arrives(way: tuple[str, bool]) -> None:
    model = {"A": as_array([[1.0, 2.0], [0.5, 1.0]]), "names": ["x", "y"], "steps": 3, "ragged": [[1, 2], [3]]}
    arrived = handed_over(model, *way)
    np.testing.assert_array_equal(np.asarray(arrived["A"]), model["A"])
    assert arrived["names"] == ["x", "y"] and arrived["steps"] == 3 and arrived["ragged"] == [[1, 2], [3]]


def examiner(asked: list[Question], answer: Callable[[Call], Any]) -> Examiner:
    def asking(question: Question) -> Observation:
        asked.append(question)
        (step,) = question.steps
        assert isinstance(step, Call)
        return Observation(question.id, Status.ANSWERED, {"value": encode_result(answer(step))})

    return Examiner("lab", (), Run(Outcome.OK, Isolation.NONE), asking, no_formulas, seed=3)


def test_secret_numbers_in_a_dict_or_a_list_are_drawn() -> None:
    x = examiner([], lambda step: None)
    drawn = given(x, "a", {"mean": "normal [3]", "weights": ["normal [2, 3]", "normal [3]"], "name": "normally"})
    assert drawn["mean"].shape == (3,) and [one.shape for one in drawn["weights"]] == [(2, 3), (3,)]
    assert drawn["name"] == "normally" and not np.array_equal(drawn["mean"], drawn["weights"][1])


def answers(step: Call) -> np.ndarray:
    """A function that is right with arrays of NumPy alone."""
    (numbers,) = step.args
    assert isinstance(numbers, Array)
    whole = decode(numbers, str)
    return np.asarray(whole) * (1 if numbers.made_by == "numpy" else 2)


def test_a_function_that_is_right_with_arrays_is_right() -> None:
    call, meant = FunctionCall("f", ("normal [3]",)), Meant("f", (0,))
    deck = facts_of(examiner([], lambda step: decode(step.args[0], str)), "call", call, meant, {})
    asked: list[Question] = []
    seen = facts_of(examiner(asked, answers), "call", call, meant, deck)
    assert alike(seen, deck, [*deck]) and len(asked) == 2


def test_what_is_right_at_once_is_asked_once() -> None:
    call, meant, asked = FunctionCall("f", ("normal [3]",)), Meant("f", (0,)), list[Question]()
    deck = facts_of(examiner([], lambda step: decode(step.args[0], str)), "call", call, meant, {})
    facts_of(examiner(asked, lambda step: decode(step.args[0], str)), "call", call, meant, deck)
    assert len(asked) == 1
