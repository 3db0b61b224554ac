"""Where a function's numbers come from: whether its argument leads to them by operations, or a table holds them."""

from __future__ import annotations

import types
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import tensorflow as tf
from tensorflow.python.framework import op_callbacks

from . import written
from .touch import is_numeric, operation

STOPS = frozenset(
    ["StopGradient", "PreventGradient", "Round", "Rint", "Floor", "Ceil", "Sign", "FloorDiv", "PyFunc", "EagerPyFunc"]
)
LARGE = 100  # numbers that nobody needs for a formula
WATCHED, WRAPPED = 1, 2


def led(function: Callable[[Any], Any], x: Any) -> bool | None:
    """Whether operations that a gradient passes lead to the result from x wrapped anew, as by tf.constant(x.numpy()).

    None where it takes no tensor, and NumPy may compute before TensorFlow begins.
    """
    wide = tf.constant(x.numpy().astype(np.float64))
    for form in (x, wide, wide.numpy()):
        try:
            found = leads(function, form)
        except Exception:  # what it raises is another question's business
            continue
        return found or (None if type(form) is np.ndarray else False)
    return None


def leads(function: Callable[[Any], Any], x: Any) -> bool:
    trail = Trail(x)
    op_callbacks.add_op_callback(trail.note)
    try:
        result = tf.convert_to_tensor(function(x))  # which reads a variable
    finally:
        op_callbacks.remove_op_callback(trail.note)
    return trail.state_of(result) == WRAPPED


class Trail:
    """What is computed from x itself (WATCHED by whoever asks for a gradient), and what from its numbers WRAPPED anew.

    To put something into a variable wraps it anew as well.
    """

    def __init__(self, x: Any) -> None:
        self.numbers = np.asarray(x, np.float32).ravel()
        self.states: dict[int, int] = {id(x): WATCHED} if isinstance(x, tf.Tensor) else {}
        self.kept: list[Any] = [x]  # so that no other tensor gets the id of one of these

    def state_of(self, tensor: Any) -> int:
        if id(tensor) not in self.states:
            self.kept.append(tensor)
            self.states[id(tensor)] = WRAPPED if self.is_copy(tensor) else 0
        return self.states[id(tensor)]

    def is_copy(self, tensor: Any) -> bool:
        """Of what comes from outside: x again, or an entry of it."""
        if not is_numeric(tensor) or not tensor.dtype.is_floating:
            return False
        return bool(np.isin(tensor.numpy().astype(np.float32), self.numbers).any())

    def note(self, kind: str | bytes, given: Any, attributes: Any, results: Any, *_: Any, **__: Any) -> None:
        states = [self.state_of(tensor) for tensor in given]
        if operation(kind) == "AssignVariableOp":
            self.states[id(given[0])] = WRAPPED if states[1] else 0
            return
        state = 0 if operation(kind) in STOPS else max(states, default=0)
        for tensor in results:
            self.kept.append(tensor)
            self.states[id(tensor)] = 0 if tensor.dtype.is_integer or tensor.dtype.is_bool else state


def tables(function: Callable[[Any], Any], x: Any) -> list[str]:
    """Names of global or enclosed collections of many numbers without which the function gives other answers."""
    right = answer(function, x)
    return [name for name, put, held in collections(function) if changes(function, x, right, put, held)][:3]


def changes(function: Any, x: Any, right: Any, put: Callable[[Any], None], held: Any) -> bool:
    try:
        put(emptied(held))
        return right is not None and not np.array_equal(right, answer(function, x), equal_nan=True)
    finally:
        put(held)


def answer(function: Callable[[Any], Any], x: Any) -> Any:
    """None where there is none."""
    try:
        return np.asarray(function(x), np.float64)
    except Exception:  # what it raises is another question's business
        return None


def collections(function: Any) -> Iterator[tuple[str, Callable[[Any], None], Any]]:
    """Name, how to put something else in its place, and what is there, of all that the notebook's own code reads."""
    waiting, visited = [plain(function)], set()
    while waiting:
        one = waiting.pop()
        if one is None or one.__code__ in visited:
            continue
        visited.add(one.__code__)
        names, space = written.names_used(one.__code__), one.__globals__
        held = [(name, space[name], putting(space, name)) for name in sorted(names & space.keys())]
        cells = zip(one.__code__.co_freevars, one.__closure__ or (), strict=False)
        held += [(name, cell.cell_contents, into(cell)) for name, cell in cells if holds(cell)]
        for name, value, put in held:
            if is_large(value):
                yield name, put, value
            waiting.append(plain(value) if getattr(value, "__module__", None) == "__main__" else None)


def plain(function: Any) -> types.FunctionType | None:
    """The notebook's function below tf.function, np.vectorize and the like, or that of an object that is called."""
    function = written.call_of(function) or function
    for inner in ("pyfunc", "python_function", "func", "__func__"):
        function = getattr(function, inner, function)
    return function if isinstance(function, types.FunctionType) else None


def putting(space: dict[str, Any], name: str) -> Callable[[Any], None]:
    return lambda value: space.__setitem__(name, value)


def into(cell: types.CellType) -> Callable[[Any], None]:
    return lambda value: setattr(cell, "cell_contents", value)


def holds(cell: types.CellType) -> bool:
    try:
        return cell.cell_contents is not cell
    except ValueError:  # empty
        return False


def is_large(value: Any) -> bool:
    if isinstance(value, (np.ndarray, tf.Tensor)):
        return int(np.prod(tuple(value.shape))) > LARGE
    return isinstance(value, (list, tuple, dict)) and len(value) > LARGE


def emptied(held: Any) -> Any:
    """As large, with zeros for its numbers."""
    if isinstance(held, dict):
        return dict.fromkeys(held, 0.0)
    if isinstance(held, (list, tuple)):
        return type(held)([0.0] * len(held))
    return tf.zeros_like(held) if isinstance(held, tf.Tensor) else np.zeros_like(held)
