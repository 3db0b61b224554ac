"""Lab4 and a3: a recurrent cell of a library is seen at work, whatever it is called; one's own is not taken for it."""

from typing import Any

import pytest
import tensorflow as tf
from msgspec.structs import replace

from grader.judging.binding.roles import Parts
from grader.judging.kinds.recurrent.checks import cell, gates
from grader.judging.kinds.recurrent.interview import Evidence
from grader.model import Verdict
from grader.sandbox.guest.answers import tape
from grader.sandbox.guest.answers.kinds.ready_layers import ready_layers
from grader.sandbox.guest.wire import VariableInfo
from tests.test_other_layouts import trained

CLASS = """
import types
import tensorflow as tf
class Reader:
    def __init__(self):
        self.W, self.b = tf.Variable(tf.ones([5, 6]) * 0.1), tf.Variable(tf.zeros([6]))
        self.keras = tf.keras.layers.GRUCell(2, reset_after=False)
        self.keras.build((None, 3))
    def own(self, x, h):
        z, r = tf.split(tf.sigmoid(tf.concat([x, h], 1) @ self.W[:, :4] + self.b[:4]), 2, 1)
        return (1 - z) * h + z * tf.tanh(tf.concat([x, r * h], 1) @ self.W[:, 4:] + self.b[4:])
    def train(self, x, h):
        with tf.GradientTape() as tape:
            cost = tf.reduce_sum(self.step(x, h))
        tf.optimizers.SGD(0.1).apply_gradients([(tape.gradient(cost, self.W), self.W)])
"""
OWN = {
    "by hand": "Reader.step = Reader.own",
    "unrolled by Keras": (
        "class Cell(tf.keras.layers.Layer):\n    state_size, output_size = 2, 2\n"
        "    def call(self, x, states): return (h := self.own(x, states[0])), [h]\n"
        "def step(self, x, h):\n    cell = Cell()\n    cell.own = self.own\n"
        "    return tf.keras.layers.RNN(cell)(x[:, None], initial_state=[h])\nReader.step = step"
    ),
    "a layer that is only compared with": (
        "Reader.step = Reader.own\nReader.compare = lambda self, x, h: self.keras(x, [h])[0] - self.own(x, h)"
    ),
}
READY = {
    "the cell": "Reader.step = lambda self, x, h: self.keras(x, [h])[0] + 0. * tf.reduce_sum(self.W)",
    "a layer": (
        "gru = tf.keras.layers.GRU(2)\n"
        "Reader.step = lambda self, x, h: gru(x[:, None], initial_state=h) + 0. * tf.reduce_sum(self.W)"
    ),
    "its method on weights of one's own": (
        "def step(self, x, h):\n    me = types.SimpleNamespace(units=2, use_bias=True, reset_after=False,\n"
        "        implementation=2, dropout=0., recurrent_dropout=0.,\n"
        "        kernel=self.W[:3], recurrent_kernel=self.W[3:], bias=self.b,\n"
        "        activation=tf.tanh, recurrent_activation=tf.sigmoid, seed_generator=None)\n"
        "    return vars(tf.keras.layers)['G' + 'RUCell'].call(me, x, h)[0]\nReader.step = step"
    ),
    "an operation of TensorFlow": (
        "def step(self, x, h):\n    return tf.raw_ops.GRUBlockCell(x=x, h_prev=h, w_ru=self.W[:, :4],\n"
        "        w_c=self.W[:, 4:], b_ru=self.b[:4], b_c=self.b[4:]).h\nReader.step = step"
    ),
}  # fmt: skip


@pytest.fixture(scope="module", autouse=True)
def watched() -> Any:
    kept = tf.GradientTape.gradient, tf.GradientTape.__enter__, tf.GradientTape.__exit__
    tape.install()
    tf.config.run_functions_eagerly(True)
    yield
    tf.config.run_functions_eagerly(False)
    tf.GradientTape.gradient, tf.GradientTape.__enter__, tf.GradientTape.__exit__ = kept


def ran(source: str) -> list[str]:
    space: dict[str, Any] = {"__name__": "__main__"}
    exec(CLASS + source, space)  # noqa: S102 - text of our own
    return ready_layers(space["Reader"](), "train", tf.ones([4, 3]), tf.ones([4, 2]))


@pytest.mark.parametrize("source", OWN.values(), ids=OWN)
def test_equations_of_ones_own_are_no_ready_layer(source: str) -> None:
    assert ran(source) == []


@pytest.mark.parametrize("source", READY.values(), ids=READY)
def test_a_ready_layer_is_seen_by_whatever_name_it_is_reached(source: str) -> None:
    assert ran(source)


def with_matrices(*paths: str) -> Evidence:
    shape = VariableInfo("", (5, 2), "float32")
    found = Parts(replace(shape, path="c.E"), tuple(replace(shape, path=path) for path in paths), (), (), 2)
    roles = dict.fromkeys(("E", "W_z", "W_r", "W_rnn", "W_cl", "b_z"))
    return replace(trained(E=(5, 2)), parts=found, explanation="deck", roles=roles)


def test_right_logits_of_a_ready_layer_are_not_the_students_equations() -> None:
    own = with_matrices("c.W_z", "c.W_r", "c.W_rnn")
    found = cell(replace(own, ready_layers=True))
    assert (found.verdict, found.mistake) == (Verdict.FAIL, "ready-made-layer")
    assert cell(replace(own, ready_made=True)).mistake != "ready-made-layer", "only named, for comparison"


def test_matrices_inside_a_layer_are_no_gates_of_ones_own() -> None:
    inside = replace(with_matrices("c.gru.cell.a", "c.gru.cell.b", "c.gru.cell.c"), ready_layers=True)
    beside = replace(with_matrices("c.W_z", "c.W_r", "c.W_rnn"), ready_layers=True)
    assert gates(inside).mistake == "ready-made-layer"
    assert gates(beside).verdict is Verdict.PASS
