"""Examples of several inputs, in place of those that a notebook hands to its training or keeps in globals."""

import numpy as np
import pytest

from grader.course.subject import Reached, Subject, SubjectKind, complaints
from grader.judging.comparing.arrays import send
from grader.judging.declared.feeding import (
    COLUMNS,
    LABELS,
    ONE_HOT,
    STACKED,
    data_in,
    drawn_inputs,
    in_place_of,
    orders_of,
    place_of,
    with_neighbours,
)
from grader.judging.declared.outputs import order
from grader.judging.examiner import Examiner, no_formulas
from grader.model import Isolation, Observation, Outcome, Run
from grader.sandbox.guest.wire import Array, Listing, MethodCall, Opaque, Question, Ref

LEFT, RIGHT = place_of(0), place_of(1)
TWINS = Subject(SubjectKind.CLASSIFIER, input={"left": "normal [6]", "right": "normal [6]"}, classes=2)
RATINGS = Subject(SubjectKind.CLASSIFIER, input={"user": "integers [] below 9", "film": "integers [] below 12"})


def nobody(question: Question) -> Observation:
    raise AssertionError("nothing is asked here")


EXAMINER = Examiner("lab", (), Run(Outcome.OK, Isolation.NONE), nobody, no_formulas, seed=3)


def paths(subject: Subject, *arrays: tuple[str, tuple[int, ...]]) -> list[str | None]:
    return [ref.path if ref else None for ref in data_in(subject, arrays)]


def test_inputs_of_one_shape_come_by_turns_where_no_name_tells_which_they_are() -> None:
    train = (("a", (40, 6)), ("b", (40, 6)), ("y", (40,)))
    assert paths(TWINS, *train, *train) == [LEFT, RIGHT, LABELS, LEFT, RIGHT, LABELS]


def test_a_name_tells_which_input_it_is_and_leaves_the_rest_to_the_others() -> None:
    assert paths(TWINS, ("b", (40, 6)), ("x_left", (40, 6))) == [RIGHT, LEFT]
    assert paths(TWINS, ("Right", (40, 6)), ("Left", (40, 6))) == [RIGHT, LEFT]


def test_labels_come_after_inputs_that_are_a_number_each() -> None:
    assert paths(RATINGS, ("u", (40,)), ("v", (40,)), ("marks", (40,))) == [LEFT, RIGHT, LABELS]
    assert paths(RATINGS, ("y", (40,)), ("v", (40,)), ("w", (40,))) == [LABELS, LEFT, RIGHT]
    one = Subject(SubjectKind.CLASSIFIER, input="normal []")
    assert paths(one, ("x", (40,)), ("y", (40,))) == [LEFT, LABELS]


def test_both_in_one_array_in_a_tuple_and_in_rows() -> None:
    assert paths(TWINS, ("both", (40, 2, 6)), ("other", (40, 3))) == [STACKED, None]
    pair = Listing((Opaque("ndarray", (40, 6)), Opaque("ndarray", (40, 6))), "tuple")
    given, labels = in_place_of(TWINS, ["pair", "y"], [pair, Opaque("ndarray", (40,))])
    assert given == Listing((Ref(LEFT), Ref(RIGHT)), "tuple") and labels == Ref(LABELS)
    (rows,) = in_place_of(TWINS, ["examples_of_mine"], [Opaque("list")])
    assert rows == Ref(f"list(zip({LEFT}, {RIGHT}, {LABELS}))")


def test_what_stands_beside_all_inputs_in_one_array_are_labels() -> None:
    assert paths(RATINGS, ("pairs", (40, 2)), ("rated", (40,))) == [STACKED, LABELS]
    assert paths(RATINGS, ("user_train", (40,)), ("rated", (40,)), ("pairs", (40, 2))) == [LEFT, LABELS, STACKED]


def test_rows_of_two_numbers_are_told_by_both_and_equal_ones_are_as_good() -> None:
    user, film = np.array([3, 3, 1, 7, 3]), np.array([2, 5, 2, 2, 2])
    shuffled = np.array([4, 2, 0, 3, 1])
    stacked = np.stack([user, film], axis=1)
    for given in ((film[shuffled], user[shuffled]), (stacked[shuffled],)):
        call = MethodCall("estimate", tuple(send(one) for one in given), {}, None, True)
        told = order(call, (user, film))
        np.testing.assert_array_equal(stacked[shuffled][told], stacked)


def test_another_number_for_each_example_tells_nothing() -> None:
    call = MethodCall("cost", (send(np.array([0.5, -1.0, 2.0])),), {}, None, True)
    np.testing.assert_array_equal(order(call, (np.array([2, 0, 1]), np.array([1, 1, 0]))), np.arange(3))


def test_of_inputs_alike_some_examples_lie_close_together() -> None:
    left, right = np.random.default_rng(1).normal(size=(2, 8, 6)).astype(np.float32)
    own, near = with_neighbours((left, right), 2)
    close = np.linalg.norm(own - near, axis=1) < 1
    assert close.tolist() == [False, False, True, True] * 2 and own is left


def test_numbers_stay_with_the_name_of_an_input_in_every_order() -> None:
    assert [list(way.inputs) for way in orders_of(TWINS)] == [["left", "right"], ["right", "left"]]
    assert [way.input for way in orders_of(Subject(SubjectKind.KERAS, input="normal [4]"))] == ["normal [4]"]


def test_rows_of_a_call_are_told_by_whichever_input_it_was_given() -> None:
    left, right = np.random.default_rng(1).normal(size=(2, 5, 3))
    shuffled = np.array([3, 1, 4, 0, 2])
    given = Array("float64", (5, 3), np.ascontiguousarray(right[shuffled]).tobytes())
    call = MethodCall("encode", (given,), {}, None, True)
    np.testing.assert_array_equal(order(call, (left, right)), np.argsort(shuffled))


@pytest.mark.parametrize(
    ("subject", "said"),
    [
        (Subject(SubjectKind.CLASSIFIER, input={}), "no input is named"),
        (Subject(SubjectKind.CLASSIFIER, input={"left": "gauss [3]"}), "describes no numbers"),
        (Subject(SubjectKind.CLASSIFIER, input=TWINS.input, example={"a": "left", "l": "label"}), "'right'"),
        (
            Subject(SubjectKind.KERAS, input=TWINS.input, outcome=Reached("x_test", "y_test", 0.5)),
            "there are 2 inputs; name the global",
        ),
    ],
    ids=["none", "misspelt", "in no key", "one of two held out"],
)
def test_what_is_wrong_with_inputs_is_told_with_its_place(subject: Subject, said: str) -> None:
    ((place, sentence),) = complaints(subject, (), ())
    assert place[0] == "subject" and said in sentence


def test_neighbours_are_the_same_whatever_the_order_of_the_inputs() -> None:
    one, other = (drawn_inputs(EXAMINER, way, "x", 8) for way in orders_of(TWINS))
    np.testing.assert_array_equal(one[0], other[1])
    np.testing.assert_array_equal(one[1], other[0])


def test_examples_may_stand_in_columns() -> None:
    one = Subject(SubjectKind.CLASSIFIER, input="normal [6]", classes=4)
    assert paths(one, ("X", (6, 200)), ("Y", (4, 200)), ("y", (1, 200))) == [COLUMNS, f"{ONE_HOT}.T", f"{LABELS}[None]"]
    assert paths(TWINS, ("X", (6, 200))) == [None]
