"""Networks written for columns instead of rows, and what is said where a first step stops."""

import numpy as np
import pytest
from msgspec.structs import replace

from grader.judging.binding.layers import chains
from grader.judging.binding.slices import put_together, with_slices
from grader.judging.comparing.arrays import send
from grader.judging.instruments.first_step import ends_a_step, stop, unconnected, without_its_end
from grader.judging.kinds.recurrent.checks import all_trained, cell, gates, gru_not_begun, parameters
from grader.judging.kinds.recurrent.interview import Evidence
from grader.judging.meeting.contact import Contact, Inputs, Recipe
from grader.judging.meeting.watching import logits_in
from grader.model import Verdict
from grader.sandbox.guest.wire import (
    ClassInfo,
    Inventory,
    MethodCall,
    TapeEvent,
    Trouble,
    VariableInfo,
    Watched,
)

ROWS, FEATURES, HIDDEN, CLASSES = 5, 11, 6, 2
DATA = np.arange(ROWS * FEATURES, dtype=np.float32).reshape(ROWS, FEATURES)
LOGITS = np.arange(ROWS * CLASSES, dtype=np.float32).reshape(ROWS, CLASSES)


def call(method: str, given: np.ndarray, result: np.ndarray) -> MethodCall:
    return MethodCall(method, (send(given),), {}, send(result), True)


def watched(*calls: MethodCall) -> Watched:
    return Watched((), calls, (), (), None)


def test_logits_of_columns_are_seen_as_rows_in_the_order_of_our_examples() -> None:
    columns = watched(call("model", DATA[::-1].T, LOGITS[::-1].T))
    np.testing.assert_array_equal(logits_in(columns, DATA, under_tape=True), LOGITS)


def test_each_example_as_a_column_of_its_own_has_logits_too() -> None:
    stack = watched(call("model", DATA, LOGITS[:, :, None]))
    np.testing.assert_array_equal(logits_in(stack, DATA, under_tape=True), LOGITS)


def test_what_a_helper_has_as_columns_is_not_taken_for_logits_where_another_has_rows() -> None:
    embedded = np.zeros((8, ROWS), np.float32)
    both = watched(call("scores", DATA, LOGITS), call("look_up", DATA, embedded))
    np.testing.assert_array_equal(logits_in(both, DATA, under_tape=True), LOGITS)


def variables(**shapes: tuple[int, ...]) -> list[VariableInfo]:
    return [VariableInfo(f"c.{name}", shape, "float32") for name, shape in shapes.items()]


def test_layers_whose_matrices_are_turned_are_a_chain_and_are_turned_back() -> None:
    turned = variables(
        U=(HIDDEN, FEATURES), u=(HIDDEN, 1), V=(HIDDEN, HIDDEN), v=(HIDDEN, 1), W=(CLASSES, HIDDEN), w=(CLASSES, 1)
    )
    chain = chains(turned, FEATURES, [v.path for v in turned])[0]
    assert [(layer.W, layer.b) for layer in chain] == [("c.U", "c.u"), ("c.V", "c.v"), ("c.W", "c.w")]
    assert chain[0].turn(np.zeros((HIDDEN, FEATURES))).shape == chain[0].shape == (FEATURES, HIDDEN)


def test_layers_as_on_the_slide_are_not_turned() -> None:
    chain = chains(variables(U=(FEATURES, HIDDEN), W=(HIDDEN, CLASSES)), FEATURES, ())[0]
    assert not any(layer.turned for layer in chain)


def contact(moves: bool, trouble: Trouble | None) -> Contact:
    """A class whose reset gate has no gradient."""
    start, end = send(np.zeros(3, np.float32)), send(np.full(3, 0.5 if moves else 0.0, np.float32))
    before = (VariableInfo("c.b_z", (3,), "float32", 0, start), VariableInfo("c.b_r", (3,), "float32", 1, start))
    after = tuple(VariableInfo(v.path, v.shape, v.dtype, v.place, end) for v in before)
    tape = (TapeEvent(0.7, ("c.b_z", "c.b_r"), (end, None)),)
    info = ClassInfo("Gru", 4, {}, ("train",), ())
    seen = Watched(tape, (), before, after, None, trouble)
    recipe, none = Recipe("Gru", (), {}, ()), Inventory((), (), {}, (), {}, (), ())
    return Contact(Inputs(()), info, recipe, "train", (), {}, None, {}, before, seen, 3, 13, ROWS, none)


def trained(**shapes: tuple[int, ...]) -> Evidence:
    """A class that trains all these variables, and whose layout is not understood."""
    made = tuple(variables(**shapes))
    gradients = tuple(send(np.ones(v.shape, np.float32)) for v in made)
    step = Watched((TapeEvent(0.7, tuple(v.path for v in made), gradients),), (), made, made, None)
    return Evidence(replace(contact(True, None), watched=step, initial=made))


def test_what_cannot_be_matched_with_the_slide_is_left_open() -> None:
    augmented = trained(E=(13, 8), W=(3, 21, 12), W_cl=(12, 2), b_cl=(2,))
    for judge in (gates, cell, all_trained, parameters):
        assert judge(augmented).verdict is Verdict.UNSURE
    assert "W [3, 21, 12]" in cell(augmented).message
    flat = trained(E=(13, 8), theta=(786,))
    assert gates(flat).verdict is Verdict.UNSURE and not gru_not_begun(flat)


def test_a_class_without_anything_to_be_recurrent_fails() -> None:
    bare = trained(E=(13, 8), W_cl=(12, 2), b_cl=(2,))
    assert {judge(bare).verdict for judge in (gates, cell, parameters)} == {Verdict.FAIL}


NONE_GIVEN = Trouble("ValueError", "Attempt to convert a value (None)", 4)


def test_a_step_that_stops_at_a_missing_gradient_is_told_with_the_variable_it_does_not_reach() -> None:
    stopped = contact(False, NONE_GIVEN)
    assert unconnected(stopped) == ("c.b_r",)
    finding = ends_a_step(stopped)
    assert finding.verdict is Verdict.FAIL and "ValueError" in finding.message and "`self.b_r`" in finding.message
    what_follows = without_its_end(stopped)
    assert what_follows is not None and what_follows.verdict is Verdict.BLOCKED


def test_trouble_after_the_first_step_stops_nothing() -> None:
    assert stop(contact(True, NONE_GIVEN)) is None
    assert stop(contact(False, None)) is None
    assert ends_a_step(contact(True, NONE_GIVEN)).verdict is Verdict.PASS


CUBE = {"first": (FEATURES, HIDDEN), "middle": (2, HIDDEN, HIDDEN), "biases": (3, HIDDEN), "last": (HIDDEN, CLASSES)}


@pytest.mark.parametrize(
    ("shapes", "layers"),
    [
        (
            CUBE | {"end": (CLASSES,)},
            [
                ("c.first", "c.biases[0, :]"),
                ("c.middle[0, :, :]", "c.biases[1, :]"),
                ("c.middle[1, :, :]", "c.biases[2, :]"),
                ("c.last", "c.end"),
            ],
        ),
        (
            {"U": (HIDDEN, FEATURES), "V": (HIDDEN, HIDDEN), "W": (CLASSES, HIDDEN), "b": (2, HIDDEN), "w": (CLASSES,)},
            [("c.U", "c.b[0, :]"), ("c.V", "c.b[1, :]"), ("c.W", "c.w")],
        ),
        (
            {"U": (HIDDEN, FEATURES), "W": (CLASSES, HIDDEN), "u": (1, HIDDEN), "w": (1, CLASSES)},
            [("c.U", "c.u"), ("c.W", "c.w")],
        ),
    ],
)
def test_layers_that_share_a_variable_are_a_chain(
    shapes: dict[str, tuple[int, ...]], layers: list[tuple[str, str]]
) -> None:
    made = variables(**shapes)
    chain = chains(made, FEATURES, [v.path for v in made])[0]
    assert [(layer.W, layer.b) for layer in chain] == layers


def test_what_is_planted_in_slices_is_the_variable_again() -> None:
    made = variables(W=(2, HIDDEN, HIDDEN), b=(2, 1, HIDDEN), w=(1, HIDDEN))
    whole = {v.path: np.random.default_rng(1).normal(size=v.shape).astype(np.float32) for v in made}
    seen = with_slices(made, whole)
    assert seen.keys() == {*whole, *(f"c.{name}[{i}, :, :]" for name in "Wb" for i in (0, 1))}
    slices = {path: value.reshape(-1, HIDDEN) for path, value in seen.items() if path.endswith(":]")}
    again = put_together(made, slices | {"c.w": whole["c.w"].reshape(-1)})
    assert again.keys() == whole.keys()
    for path, value in whole.items():
        np.testing.assert_array_equal(again[path], value)
