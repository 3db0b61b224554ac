"""One operation in place of a dozen for each variable that Adam or plain gradient descent of Keras moves.

Keras 3 moves variables by a dozen small operations each, which takes longer than the gradient of a small network.
TensorFlow has one operation for the same formula. It is used for the optimizers as Keras made them, after it has been
shown to move variables alike; all else (other optimizers, momentum, graphs, the variable of which rows were looked
up) is left as it is.
"""

import contextlib
import functools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from ..answers import tape
from ..config import GuestConfig
from ..years import apis

# As for graphs (equality.py). Keras has 1 - β2 from Python's numbers, TensorFlow from its own of 32 bits: 0.001 and
# 0.00099999, which is seen in v; variables differ by 4e-6 after fifty steps.
RELATIVE, ABSOLUTE = 1e-4, 1e-5
STEPS = 3  # after the first of which the moments of Adam count

Step = Callable[..., None]


class Fused:
    """What one operation does for one class of optimizers, and whether it was shown."""

    def __init__(self, cls: type, move: Step, settings: Callable[[Any], dict[str, Any] | None]) -> None:
        self.cls, self.move, self.settings = cls, move, settings
        self.written = cls.__dict__["update_step"]  # a notebook may write one of its own there
        self.shown: dict[tuple[Any, ...], bool] = {}

    def takes(self, optimizer: Any) -> bool:
        if type(optimizer) is not self.cls or self.cls.__dict__.get("update_step") is not self.written:
            return False
        settings = self.settings(optimizer)
        return settings is not None and self.is_alike(settings)

    def is_alike(self, settings: dict[str, Any]) -> bool:
        key = tuple(settings.values())
        if key not in self.shown:
            self.shown[key] = False  # what is tried below must not try it again
            with contextlib.suppress(Exception):  # another Keras may call things otherwise
                self.shown[key] = moves_alike(self, settings)
        return self.shown[key]


FUSED: list[Fused] = []
_plain: Step | None = None


def install(config: GuestConfig) -> None:
    """Before old forms of Keras are mended, which happens as it is loaded."""
    if config.accelerate:
        apis.MENDS.update({
            "keras.src.backend.tensorflow.optimizer": mend_updates,
            "keras.src.optimizers.adam": lambda module: FUSED.append(Fused(module.Adam, adam, settings_of_adam)),
            "keras.src.optimizers.sgd": lambda module: FUSED.append(Fused(module.SGD, descent, settings_of_descent)),
        })  # fmt: skip


def mend_updates(module: Any) -> None:
    global _plain  # noqa: PLW0603 - one process, one Keras
    _plain = plain = module.TFOptimizer._backend_update_step

    @functools.wraps(plain)
    def step(self: Any, grads: Any, trainable_variables: Any, learning_rate: Any) -> None:
        pairs = list(zip(grads, trainable_variables, strict=True))
        eager = tf.executing_eagerly() and not tf.distribute.has_strategy()
        fused = next((one for one in FUSED if one.takes(self)), None) if eager else None
        simple = [(g, bare(v)) for g, v in pairs if is_simple(g, bare(v))] if fused else []
        others = [(g, v) for g, v in pairs if not is_simple(g, bare(v))] if fused else pairs
        if fused and simple:
            fused.move(self, *zip(*simple, strict=True), learning_rate)
        if others:
            plain(self, *zip(*others, strict=True), learning_rate)

    module.TFOptimizer._backend_update_step = step


def adam(optimizer: Any, gradients: Sequence[Any], variables: Sequence[Any], rate: Any) -> None:
    """m += (1 - β1)(g - m); v += (1 - β2)(g² - v); w -= rate √(1 - β2ᵗ) / (1 - β1ᵗ) · m / (√v + ε)"""
    t = tf.cast(optimizer.iterations.value, tf.float32) + 1.0
    powers = {f"beta{i}_power": tf.pow(beta, t) for i, beta in ((1, optimizer.beta_1), (2, optimizer.beta_2))}
    rate = tf.cast(tf.convert_to_tensor(rate), tf.float32)
    for gradient, variable in zip(gradients, variables, strict=True):
        place = optimizer._get_variable_index(variable)
        m, v = bare(optimizer._momentums[place]), bare(optimizer._velocities[place])
        tf.raw_ops.ResourceApplyAdam(
            var=variable.handle, m=m.handle, v=v.handle, **powers, lr=rate, grad=gradient,
            beta1=optimizer.beta_1, beta2=optimizer.beta_2, epsilon=optimizer.epsilon,
        )  # fmt: skip


def settings_of_adam(optimizer: Any) -> dict[str, Any] | None:
    names = ("beta_1", "beta_2", "epsilon")
    found = {name: getattr(optimizer, name, None) for name in names}
    whole = all(type(value) is float for value in found.values()) and optimizer.amsgrad is False
    return found if whole else None


def descent(optimizer: Any, gradients: Sequence[Any], variables: Sequence[Any], rate: Any) -> None:
    """w -= rate · g"""
    rate = tf.cast(tf.convert_to_tensor(rate), tf.float32)
    for gradient, variable in zip(gradients, variables, strict=True):
        tf.raw_ops.ResourceApplyGradientDescent(var=variable.handle, alpha=rate, delta=gradient)


def settings_of_descent(optimizer: Any) -> dict[str, Any] | None:
    return {"momentum": 0.0} if type(optimizer.momentum) in (int, float) and optimizer.momentum == 0 else None


def bare(variable: Any) -> Any:
    """TensorFlow's variable within one of Keras."""
    return variable if isinstance(variable, tf.Variable) else getattr(variable, "value", variable)


def is_simple(gradient: Any, variable: Any) -> bool:
    """Neither rows that were looked up, nor numbers of another kind."""
    numbers = isinstance(gradient, tf.Tensor) and isinstance(variable, tf.Variable) and hasattr(variable, "handle")
    return numbers and gradient.dtype == variable.dtype == tf.float32 and gradient.shape == variable.shape


def moves_alike(fused: Fused, settings: dict[str, Any]) -> bool:
    """Whether both ways take a small variable, and what the optimizer holds for it, to the same place."""
    assert _plain is not None
    ends = []
    with tape.unheard():
        for step in (_plain, fused.move):
            variable = tf.Variable(np.linspace(-1, 1, 5, dtype=np.float32))
            optimizer = fused.cls(learning_rate=0.1, name="tried", **settings)
            optimizer.build([variable])
            for number in range(STEPS):
                gradient = tf.constant(np.linspace(-2, 3 + number, 5, dtype=np.float32))
                step(optimizer, [gradient], [variable], optimizer.learning_rate)
                optimizer.iterations.assign_add(1)
            ends.append(np.concatenate([variable.numpy(), *(np.ravel(v.numpy()) for v in optimizer.variables)]))
    one, other = ends
    return bool(np.allclose(one, other, rtol=RELATIVE, atol=ABSOLUTE))
