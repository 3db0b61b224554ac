"""What is compared before a method may run as a graph: results, gradients, and what it does besides."""

import contextlib
import random
import sys
import types
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import tensorflow as tf

from ..answers import survey, tape
from ..answers.own_code import is_part
from ..answers.values import is_variable


class NotEqual(Exception):
    """Why a method stays as it is."""


def leaves(nested: Any) -> list[Any]:
    return list(tf.nest.flatten(nested))


def floats(nested: Any) -> list[Any]:
    return [leaf for leaf in leaves(nested) if isinstance(leaf, tf.Tensor) and leaf.dtype.is_floating]


def remembered(owner: Any) -> Callable[[], None]:
    """Returns the undo of whatever a trial changes: attributes, lists that grow, the dice of Python and NumPy."""
    kept = [(thing, dict(vars(thing)), lengths(thing)) for thing in (owner, *own_parts(owner))]
    dice = random.getstate(), np.random.get_state()

    def undo() -> None:
        for thing, before, sizes in kept:
            own = vars(thing)
            for name in [name for name in own if name not in before]:
                del own[name]
            own.update(before)
            for name, size in sizes.items():
                if isinstance(own[name], list):
                    del own[name][size:]
        random.setstate(dice[0])
        np.random.set_state(dice[1])

    return undo


def own_parts(owner: Any) -> list[Any]:
    """Objects of the notebook's own classes, or without a class of their own, that the owner holds."""
    held = [part for part in vars(owner).values() if is_part(part)]
    return [part for part in held if hasattr(part, "__dict__") and not isinstance(part, (type, types.FunctionType))]


def lengths(owner: Any) -> dict[str, int]:
    return {name: len(value) for name, value in vars(owner).items() if isinstance(value, (list, dict, set))}


def dice_state() -> Any:
    kind, words, *rest = np.random.get_state()
    return random.getstate(), kind, np.asarray(words).tobytes(), rest


def measured(call: Callable[[], Any], owner: Any) -> tuple[Any, list[Any]]:
    """What `call` returns, and the gradient of the sum of its squares for every variable of the owner."""
    variables = [variable for _, variable in survey.reachable(owner, "c") if is_variable(variable)]
    inner = tf.GradientTape()
    with tape.unheard(), inner:
        result = call()
        total = tf.add_n([tf.reduce_sum(tf.square(tf.cast(t, tf.float32))) for t in floats(result)])
    return result, list(tape.plain_gradient(inner, total, variables))


def insist_on_equal(expected: Any, found: Any) -> None:
    tf.nest.assert_same_structure(expected, found, check_types=True, expand_composites=True)
    for one, other in zip(tf.nest.flatten(expected), tf.nest.flatten(found), strict=True):
        if one is None and other is None:
            continue
        if type(one) is not type(other) and not (isinstance(one, tf.Tensor) and isinstance(other, tf.Tensor)):
            raise NotEqual("it returns other things")
        if not np.allclose(tf.convert_to_tensor(one), tf.convert_to_tensor(other), rtol=1e-4, atol=1e-5):
            raise NotEqual("its numbers differ")


@contextlib.contextmanager
def silent() -> Iterator[list[str]]:
    """Ready-made dropout lets everything through; the names of those that were called."""
    called: list[str] = []

    def letting(name: str, place: int) -> Callable[..., Any]:
        def through(*args: Any, **kwargs: Any) -> Any:
            called.append(name)
            return tf.convert_to_tensor(args[place] if len(args) > place else kwargs.get("x", kwargs.get("inputs")))

        return through

    places = [(tf.nn, "dropout", 0), (tf.compat.v1.nn, "dropout", 0), (tf.nn.experimental, "stateless_dropout", 0)]
    keras = sys.modules.get("keras.src.layers") or sys.modules.get("tf_keras.src.layers")
    if keras is not None:
        places.append((keras.Dropout, "call", 1))
    kept = [(holder, name, getattr(holder, name)) for holder, name, _ in places]
    for holder, name, place in places:
        setattr(holder, name, letting(name, place))
    try:
        yield called
    finally:
        for holder, name, original in kept:
            setattr(holder, name, original)
