"""How a function comes to its numbers: whether NumPy works on its tensors, whether a library's density does it all."""

import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import tensorflow as tf
from tensorflow.python.framework import op_callbacks


def touched(function: Callable[[Any], Any], x: Any) -> bool:
    """True when numbers that depend on x come into TensorFlow without TensorFlow having computed them.

    Handing x on unchanged, as in `tf.constant(np.float32(x))`, is no maths, nor are constants worked out by NumPy.
    """
    other = tf.constant(x.numpy() + np.float32(0.377))
    try:
        first, second = arrivals(function, x), arrivals(function, other)
    except Exception:  # what it raises is another question's business
        return refuses_symbols(function, x)
    if len(first) != len(second):
        return any(foreign for _, foreign in first)
    return any(foreign and not same(value, later) for (value, foreign), (later, _) in zip(first, second, strict=True))


def arrivals(function: Callable[[Any], Any], x: Any) -> list[tuple[Any, bool]]:
    """Every array that comes into TensorFlow from outside, and whether it holds numbers TensorFlow did not have."""
    kept, known, found = [x], x.numpy().ravel(), []

    def arrive(tensor: Any) -> None:
        nonlocal known
        if not is_numeric(tensor) or any(tensor is one for one in kept):
            return
        value = tensor.numpy()
        found.append((value, not bool(np.isin(value.astype(np.float32), known).all())))
        kept.append(tensor)

    def note(kind: str, given: Any, attributes: Any, results: Any, *_: Any, **__: Any) -> None:
        nonlocal known
        for tensor in given:
            arrive(tensor)
        if operation(kind) in ("PyFunc", "EagerPyFunc"):
            return  # its results are Python's work
        numbers = [tensor for tensor in results if is_numeric(tensor)]
        kept.extend(numbers)
        known = np.concatenate([known, *(tensor.numpy().ravel().astype(np.float32) for tensor in numbers)])

    op_callbacks.add_op_callback(note)
    try:
        result = function(x)
    finally:
        op_callbacks.remove_op_callback(note)
    arrive(result)
    return found


def operation(kind: str | bytes) -> str:
    """TensorFlow hands over the name of an operation in either form."""
    return kind.decode() if isinstance(kind, bytes) else kind


def is_numeric(thing: Any) -> bool:
    is_tensor = isinstance(thing, tf.Tensor) and hasattr(thing, "numpy")
    return is_tensor and (thing.dtype.is_floating or thing.dtype.is_integer)


def same(one: Any, other: Any) -> bool:
    return one.shape == other.shape and bool(np.array_equal(one, other))


def refuses_symbols(function: Callable[[Any], Any], x: Any) -> bool:
    """A symbolic tensor has no numbers yet, so NumPy complains about it."""
    with tf.Graph().as_default():
        symbol = tf.compat.v1.placeholder(x.dtype, x.shape)
        try:
            function(symbol)
        except Exception as error:
            return any(word in str(error).lower() for word in ("numpy", "ufunc", "real number"))
    return False


READY_MADE = (
    "/scipy/stats/", "/scipy/interpolate/", "/sklearn/neighbors/", "/statistics.py", "/tensorflow_probability/",
    "/tensorflow/python/ops/distributions/",
)  # fmt: skip


def ready_made(function: Callable[[Any], Any], x: Any) -> bool:
    """True when a distribution of a library runs below `function`, by whatever name it was reached."""
    seen: list[str] = []

    def note(frame: Any, event: str, _: Any) -> None:
        if event == "call" and any(place in frame.f_code.co_filename for place in READY_MADE):
            seen.append(frame.f_code.co_name)

    sys.setprofile(note)
    try:
        function(x)
    except Exception:  # what it raises is another question's business
        return bool(seen)
    finally:
        sys.setprofile(None)
    return bool(seen)
