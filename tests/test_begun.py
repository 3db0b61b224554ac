"""Nobody who wrote something is told that nothing was begun, be it wrong, of another library or no Python."""

from typing import Any

import numpy as np
import pytest
from msgspec.structs import replace
from sample_reports import submission
from test_other_layouts import contact, variables
from test_other_work import TORCH, code, handed_out

from grader.batch.shared import Batch
from grader.course.folder import current_course, load_rubric
from grader.data.folder import DataFolder
from grader.judging.binding.layers import LayerPaths
from grader.judging.binding.roles import parts
from grader.judging.examination import Examination
from grader.judging.kinds.attention.evidence import Evidence as Attentive
from grader.judging.kinds.attention.interview import begun
from grader.judging.kinds.attention.layout import Layout
from grader.judging.kinds.logistic.checks import nothing_begun as logistic_not_begun
from grader.judging.kinds.logistic.interview import Evidence as Logistic
from grader.judging.kinds.perceptron.checks import nothing_begun as network_not_begun
from grader.judging.kinds.perceptron.interview import Evidence as Network
from grader.judging.kinds.recurrent.checks import gru_not_begun
from grader.judging.kinds.recurrent.interview import Evidence as Recurrent
from grader.model import Cell, Isolation, Outcome, Run, TrainPolicy
from grader.sandbox.guest.wire import Trouble
from grader.scoring.as_handed_out import ready_made, touched
from grader.scoring.other_work import beside_the_handout
from grader.scoring.summing_up import report

LABS = [lab for lab, rubric in current_course().labs.items() if rubric.head.begun_by]
WRITTEN = {
    "a1_logistic_regression": ("cost += self.reg_weight * 0", "penalty = tf.nn.l2_loss(self.W)", "tf.norm(self.W)"),
    "lab2_mlp": ("x = tf.nn.relu(x)", "h = self.hidden_layer_sizes[0]", "x = tf.nn.dropout(x, self.rate)"),
    "lab4_gru": ("z = tf.sigmoid(a)", "gate = 1 / (1 + tf.exp(-a))\n        h = gate * h", "h = a @ self.W_z"),
    "a3_lstm_lm": ("h = tf.tanh(x)", "self.lstm = tf.keras.layers.LSTM(3)"),
    "a4_word_by_word": ("s = tf.einsum('bd,bkd->bk', h, y)", "a = tf.nn.softmax(scores)"),
}


@pytest.mark.parametrize("lab", LABS)
def test_a_handout_is_as_it_was_handed_out_with_a_note_and_a_magic(lab: str) -> None:
    cells = (*handed_out(lab), *code("# no time, sorry: relu, sigmoid, tf.matmul(W_z)", "%%bash\nls -l | wc", "!ls"))
    assert not begun_by(cells, lab) and not beside_the_handout(cells, load_rubric(lab))


def begun_by(cells: tuple[Cell, ...], lab: str) -> bool:
    return touched(cells, load_rubric(lab).head.begun_by)


@pytest.mark.parametrize(("lab", "line"), [(lab, line) for lab, lines in WRITTEN.items() for line in lines])
def test_a_line_of_the_work_is_work_whatever_it_does(lab: str, line: str) -> None:
    written = f"class Mine:\n    def model(self, x, h):\n        {line}\n        return x"
    assert begun_by((*handed_out(lab), *code(written)), lab)


@pytest.mark.parametrize("lab", LABS)
def test_a_cell_that_is_no_python_was_written_by_somebody(lab: str) -> None:
    assert begun_by((*handed_out(lab), *code("class Mine:\n    def model(self, x:\n        return x")), lab)


@pytest.mark.parametrize(
    "source",
    [
        "net = tf.keras.Sequential([tf.keras.layers.Dense(2)])",
        "from tensorflow.keras.layers import GRU\nfrom tensorflow import keras\nGRU(3)",
        "from keras import layers as L\nL.Dense(3)(x)",
        "import keras\nkeras.models.Model(a, b)",
    ],
)
def test_a_model_of_keras_beside_the_untouched_class_is_called_that(source: str) -> None:
    assert "Keras" in beside_the_handout((*handed_out("lab4_gru"), *code(source)), load_rubric("lab4_gru"))


def test_what_keras_has_besides_layers_is_no_model_and_another_library_is_named() -> None:
    fine = code(
        "tf.keras.optimizers.SGD(0.1)\ntf.keras.losses.CategoricalCrossentropy()\nkeras.utils.to_categorical(y)"
    )
    assert ready_made(fine) == ""
    assert "PyTorch" in beside_the_handout((*handed_out("lab2_mlp"), *code(TORCH)), load_rubric("lab2_mlp"))


def test_one_layer_that_computes_something_else_is_begun() -> None:
    made = contact(True, None)
    plain = Network(made, (LayerPaths("c.W", "c.b", (5, 2)),), explanation="deck")
    assert network_not_begun(plain)
    assert not network_not_begun(replace(plain, explanation=None))
    assert not network_not_begun(replace(plain, explanation="relu-missing"))


def test_a_recurrent_cell_that_is_not_the_handouts_is_begun() -> None:
    given = variables(E=(13, 8), W=(20, 12), b=(12,), W_cl=(12, 2), b_cl=(2,))
    e = Recurrent(contact(True, None), parts(given, 13), explanation="update-missing/reset-missing-he-he")
    assert gru_not_begun(e)
    assert not gru_not_begun(replace(e, explanation=None))


def test_gradients_that_are_not_the_handouts_are_begun() -> None:
    answers: Any = {"deck": {"W": np.ones((3, 2)), "b": np.ones(2)}}
    given = replace(contact(True, None), info=replace(contact(True, None).info, parameters=()))
    e = Logistic(given, zero={"W": np.ones((3, 2)), "b": np.ones(2)}, zero_answers=answers)
    assert logistic_not_begun(e)
    assert not logistic_not_begun(replace(e, zero={"W": np.full((3, 2), 1.2), "b": np.ones(2)}))
    assert not logistic_not_begun(replace(e, unseen="step"))


def test_scores_that_fail_otherwise_than_by_being_absent_are_begun() -> None:
    layout = Layout({"W_y": "c.W_y", "W_h": "c.W_h", "w": "c.w"}, 3, 2)
    silent = replace(contact(False, None), watched=None)
    empty = Attentive(replace(silent, trouble=Trouble("IndexError", "list index out of range", 4)), layout=layout)
    wrong = Attentive(replace(silent, trouble=Trouble("ValueError", "Shapes must be equal", 4)), layout=layout)
    assert not begun(empty, ()) and begun(wrong, ())


BATCH = Batch({}, DataFolder({}, (), ""), Isolation.NONE, TrainPolicy.NONE, 4711)


def outcome(*more: str) -> tuple[Outcome, str]:
    handed_in = submission("s", "lab2_mlp", cells=(*handed_out("lab2_mlp"), *code(*more)))
    run, nothing = Run(Outcome.OK, Isolation.NONE), Examination((), unattempted=True)
    made = report(handed_in, BATCH, load_rubric("lab2_mlp"), run, nothing, 1.0)
    return made.outcome, made.summary


def test_the_page_says_not_begun_of_the_handout_alone() -> None:
    assert outcome("# no time")[0] is Outcome.UNATTEMPTED
    assert outcome(TORCH) == (Outcome.OK, beside_the_handout(code(TORCH), load_rubric("lab2_mlp")))
    assert outcome("class Mine:\n    def model(self, x):\n        return tf.nn.relu(x)")[0] is Outcome.OK


def test_a_function_beside_the_class_that_nothing_calls_is_work_too() -> None:
    cell = "def gru_cell(x, h, W):\n    z = tf.sigmoid(tf.concat([x, h], 1) @ W)\n    return z * h"
    assert begun_by((*handed_out("lab4_gru"), *code(cell)), "lab4_gru")
