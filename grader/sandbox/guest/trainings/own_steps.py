"""Steps of a loop that the notebook wrote itself over batches: of which model, on what batch, by which cross-entropy.

Such a step calls a model, then a cross-entropy, while a tape is open. It is kept as what `fit` would have been given.
Nothing has a value in a graph that is being built: the first call of the notebook's own tf.function runs without one.
"""

import functools
import inspect
import sys
import time
import weakref
from collections.abc import Callable
from typing import Any

import numpy as np
import tensorflow as tf
from tensorflow.python.eager.polymorphic_function.polymorphic_function import Function

from ..answers import own_code, tape
from . import fits, pace

# Every loss of Keras goes through the first two, and so does the one that models of transformers bring.
LOSSES = {"sparse_categorical_crossentropy": ("target", "output"), "categorical_crossentropy": ("target", "output")}
OPERATIONS = {"sparse_softmax_cross_entropy_with_logits": ("labels", "logits"),
              "softmax_cross_entropy_with_logits": ("labels", "logits")}  # fmt: skip

ROWS = 64  # of its batch: more than a model takes at once in such a loop

_called: list[tuple[Any, dict[str, Any]]] = []  # the last model that an open tape heard, and its inputs


def mend(module: Any) -> None:
    cls = module.Model
    cls.__call__ = heard(cls.__call__)
    cls.train_on_batch = counted(cls.train_on_batch)
    for name, names in LOSSES.items():
        compare(sys.modules["tf_keras.src.backend"], name, *names)
    for name, names in OPERATIONS.items():
        compare(tf.nn, name, *names)
    for place in ("optimizer.Optimizer", "legacy.optimizer_v2.OptimizerV2"):
        where, _, name = place.rpartition(".")
        if optimizer := getattr(sys.modules.get(f"tf_keras.src.optimizers.{where}"), name, None):
            optimizer.apply_gradients = applied(optimizer.apply_gradients)
    Function.__call__ = first_without_a_graph(Function.__call__)


def steps_are_heard() -> bool:
    return not fits.kept_apart() and tf.executing_eagerly() and tape.tape_is_open() and not tape.watching()


def heard(plain: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(plain)
    def __call__(self: Any, *args: Any, **kwargs: Any) -> Any:
        if not steps_are_heard():
            return plain(self, *args, **kwargs)
        end_of_glance(self)
        inputs, labels = inputs_of(self, args, kwargs)
        _called[:] = [(self, inputs)]
        try:
            with fits.apart():  # models are made of models
                result = plain(self, *args, **kwargs)
        except Exception as error:
            if labels is not None:  # which a model of transformers compares by itself
                keep(labels, None, None).raised = type(error).__name__
            raise
        if getattr(result, "loss", None) is not None:
            keep(labels, getattr(result, "logits", None), result.loss)
        return result

    return __call__


def end_of_glance(model: Any) -> None:
    """Under policy `none` a loop that stands in a method ends as well, some moments after its first step."""
    loop = next((fit for fit in fits.FITS if fit.model is model and fit.own is not None), None)
    if loop is not None and fits.policy() == "none" and time.monotonic() - loop.begun > pace.MOMENT:
        fits.told_of_cut()
        raise pace.TrainingOver("as asked for with --train, this training was stopped before its end")


def inputs_of(model: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[dict[str, Any], Any]:
    """Inputs by name and labels, one by one or together, as models of transformers take them."""
    try:
        given = dict(inspect.signature(model.call).bind(*args, **kwargs).arguments)
    except TypeError:  # the model itself says what is wrong with it
        return {}, None
    first = given.pop(next(iter(given), ""), None)
    together, labels = fits.parts(first)
    named = {name: given[name] for name in ("input_ids", "attention_mask", "token_type_ids") if name in given}
    apart, _ = fits.parts({name: value for name, value in named.items() if value is not None})
    labels = given.get("labels") if labels is None else labels
    return {**together, **apart}, labels


def compare(module: Any, name: str, labels: str, scores: str) -> None:
    """Put a listener into the place of a cross-entropy."""
    plain = getattr(module, name)
    form = inspect.signature(plain)

    @functools.wraps(plain)
    def cross_entropy(*args: Any, **kwargs: Any) -> Any:
        if not (_called and steps_are_heard()):
            return plain(*args, **kwargs)
        given = form.bind(*args, **kwargs).arguments
        try:
            with fits.apart():
                losses = plain(*args, **kwargs)
        except Exception as error:
            keep(given[labels], given[scores], None).raised = type(error).__name__
            raise
        keep(given[labels], given[scores], losses)
        return losses

    setattr(module, name, cross_entropy)


def keep(labels: Any, scores: Any, losses: Any) -> fits.Fit:
    """The first step of the model that was called last; its later ones are counted."""
    model, inputs = _called.pop()
    last = next((fit for fit in fits.FITS if fit.model is model and fit.own is not None), None)
    if last is not None:
        last.steps += 1
        return last
    record = fits.Fit(model, inputs, rows(labels))
    record.steps, record.cut = 1, fits.policy() == "none"
    record.own = {"scores": rows(scores), "loss": None if losses is None else tape.mean(rows(losses))}
    weights = list(getattr(model, "trainable_weights", ()))
    record.start = [(weight, weight.numpy()) for weight in weights[-1:]]
    if len(fits.FITS) < fits.KEPT:
        fits.FITS.append(record)
    return record


def rows(value: Any) -> Any:
    found = None if value is None else np.asarray(value)
    return found[:ROWS] if found is not None and found.ndim else found


def applied(plain: Callable[..., Any]) -> Callable[..., Any]:
    """Which optimizer makes the steps: a loop may never let one."""

    @functools.wraps(plain)
    def apply_gradients(self: Any, grads_and_vars: Any, *args: Any, **kwargs: Any) -> Any:
        pairs = list(grads_and_vars)
        moved = {id(variable) for _, variable in pairs}
        for fit in fits.FITS:
            if fit.own is not None and any(id(weight) in moved for weight, _ in fit.start):
                fit.optimizer = self
        return plain(self, pairs, *args, **kwargs)

    return apply_gradients


def counted(plain: Callable[..., Any]) -> Callable[..., Any]:
    """Batches that the notebook hands to Keras one by one are one training."""

    @functools.wraps(plain)
    def train_on_batch(self: Any, x: Any, y: Any = None, *args: Any, **kwargs: Any) -> Any:
        record = next((fit for fit in fits.FITS if fit.model is self and fit.by_batches), None)
        if record is None:
            record = fits.Fit(self, *fits.parts(fits.first_batch(x, y, None)))
            record.by_batches, record.cut = True, fits.policy() == "none"
            fits.FITS.append(record)
        try:
            with fits.apart():
                result = plain(self, x, y, *args, **kwargs)
        except Exception as error:
            record.raised = type(error).__name__
            raise
        record.steps += 1
        return result

    return train_on_batch


def first_without_a_graph(plain: Callable[..., Any]) -> Callable[..., Any]:
    begun: weakref.WeakSet[Any] = weakref.WeakSet()

    @functools.wraps(plain)
    def __call__(self: Any, *args: Any, **kwargs: Any) -> Any:
        python = getattr(self, "python_function", None)
        own = own_code.is_own(getattr(python, "__module__", None))
        if fits.kept_apart() or not own or self in begun or tape.watching() or not tf.executing_eagerly():
            return plain(self, *args, **kwargs)
        begun.add(self)
        args, kwargs = tf.nest.map_structure(as_in_a_graph, (args, kwargs))
        return python(*args, **kwargs)  # type: ignore[misc]

    return __call__


def as_in_a_graph(value: Any) -> Any:
    """A tf.function makes tensors of arrays before its code sees them."""
    return tf.convert_to_tensor(value) if isinstance(value, np.ndarray) else value
