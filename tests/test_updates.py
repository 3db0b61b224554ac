"""That variables move as Keras moves them where one operation of TensorFlow's does it, and where none may."""

import ast

import pytest

from grader.model import Cell, Limits, TrainBudget, TrainPolicy
from grader.sandbox.kernel import Setting
from grader.sandbox.walls.isolation import best_isolation
from tests.kept_sessions import open_session

pytestmark = pytest.mark.usefixtures("kernel")

# A class of one's own is left to Keras, which shows what it would have done.
CELL = """
import numpy as np
import tensorflow as tf

class Adam(tf.optimizers.Adam): pass
class SGD(tf.optimizers.SGD): pass

counted = []
for name in ("ResourceApplyAdam", "ResourceApplyGradientDescent"):
    def counting(*, plain=getattr(tf.raw_ops, name), **given):
        counted.append(given)
        return plain(**given)
    setattr(tf.raw_ops, name, counting)

def moved(kind, made, steps=6, looked_up=False, alone=False, again=False, compiled=False, dtype=tf.float32):
    rows = tf.Variable(tf.reshape(tf.linspace(tf.constant(-1, dtype), 2, 12), [4, 3]))
    bias, optimizer = tf.Variable(tf.ones([3], dtype)), kind(**made)
    def step():
        with tf.GradientTape() as tape:
            shown = tf.gather(rows, [1, 3, 1]) if looked_up else rows * 1.5
            cost = tf.reduce_sum(tf.square(shown + bias)) + tf.reduce_sum(tf.sin(shown))
        trained = [rows] if alone else [rows, bias]
        slopes = tape.gradient(cost, trained)
        optimizer.apply_gradients(zip(slopes, trained))
    step = tf.function(step) if compiled else step
    for _ in range(steps):
        step()
        optimizer = kind(**made) if again else optimizer
    return [*rows.numpy().ravel(), *bias.numpy(), *(float(np.sum(v.numpy())) for v in optimizer.variables)]

def alike(plain, own, made, **how):
    before = len(counted)
    ends = [moved(plain, made(), **how)]
    quick = len(counted) > before
    ends.append(moved(own, made(), **how))
    return quick, bool(np.allclose(*ends, rtol=1e-4, atol=1e-5))

decay = lambda: tf.optimizers.schedules.ExponentialDecay(0.1, 2, 0.5)
adam, sgd = (tf.optimizers.Adam, Adam), (tf.optimizers.SGD, SGD)
found = {
    "adam": alike(*adam, lambda: {"learning_rate": 0.01}),
    "made at each step": alike(*adam, lambda: {"learning_rate": 0.01}, again=True),
    "other moments": alike(*adam, lambda: {"beta_1": 0.5, "beta_2": 0.9, "epsilon": 0.1}),
    "falling rate": alike(*adam, lambda: {"learning_rate": decay()}),
    "clipped, decaying": alike(*adam, lambda: {"clipnorm": 0.3, "weight_decay": 0.1}),
    "sgd": alike(*sgd, lambda: {"learning_rate": 0.01}),
    "momentum": alike(*sgd, lambda: {"learning_rate": 0.01, "momentum": 0.9}),
    "amsgrad": alike(*adam, lambda: {"amsgrad": True}),
    "looked up": alike(*adam, lambda: {}, looked_up=True),
    "rows alone": alike(*adam, lambda: {}, looked_up=True, alone=True),
    "compiled": alike(*adam, lambda: {}, compiled=True),
    "doubles": alike(*adam, lambda: {}, dtype=tf.float64),
}
tf.optimizers.Adam.update_step = lambda self, gradient, variable, rate: variable.assign_sub(gradient)
before = len(counted)
moved(tf.optimizers.Adam, {}, steps=1)
found["own formula"] = (len(counted) > before, True)
print(found)
"""
QUICK = {"adam", "made at each step", "other moments", "falling rate", "clipped, decaying", "sgd", "looked up"}
LEFT = {"rows alone", "momentum", "amsgrad", "compiled", "doubles", "own formula"}


def seen(accelerate: bool) -> dict[str, tuple[bool, bool]]:
    """For each way to train whether one operation moved the variables, and whether they moved as Keras moves them."""
    budget = TrainBudget(TrainPolicy.FULL, 1, 60, accelerate)
    setting = Setting(0, {}, Limits(), budget, seed=3, isolation=best_isolation())
    with open_session(setting) as session:
        (cell,) = session.run((Cell(0, "code", CELL),)).cells
    told = "".join(str(output.get("text", "")) for output in cell.outputs)
    assert told.startswith("{"), cell.trouble
    found: dict[str, tuple[bool, bool]] = ast.literal_eval(told)
    return found


def test_one_operation_moves_variables_as_keras_does_and_only_where_keras_would_have() -> None:
    found = seen(accelerate=True)
    assert {name for name, (_, alike) in found.items() if alike} == QUICK | LEFT
    assert {name for name, (quick, _) in found.items() if quick} == QUICK


def test_who_asks_for_training_exactly_as_written_gets_keras_own_updates() -> None:
    assert not any(quick for quick, _ in seen(accelerate=False).values())
