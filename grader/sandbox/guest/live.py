"""Questions inside a student's own kernel, with their notebook as it stands; nothing of it is another afterwards.

No jail and no hooks here: nobody else is asked, and nothing is graded by what is answered. What was there before is put
back: classes and what they hold, the random numbers of TensorFlow and Keras, how gradients and optimizers work.
"""

import contextlib
import sys
from collections.abc import Iterator
from typing import Any

import numpy as np
import tensorflow as tf
from tensorflow.python.eager import context
from tensorflow.python.eager.polymorphic_function.polymorphic_function import Function

from .agent import respond
from .answers import own_code, survey, tape
from .framing import frame
from .trainings import training
from .wire import Question

LARGEST = 64 * 1024**2  # bytes of a variable that is kept to be put back
GONE = object()


def answered(question: Question) -> bytes:
    """The frame that a kernel of ours would send."""
    return frame(respond(question))


@contextlib.contextmanager
def as_it_stands() -> Iterator[None]:
    """Classes of the notebook are known, tapes and optimizers watched, until this ends."""
    with contextlib.ExitStack() as stack:
        for keep in (classes, variables, tensorflow_settings, keras_state, watched_calls):
            stack.enter_context(keep())
        yield


@contextlib.contextmanager
def classes() -> Iterator[None]:
    """Those among the globals stand in for what a hook would have seen; a wrapped method is put back as it was."""
    names = vars(sys.modules[own_code.MAIN])
    own = [value for value in names.values() if isinstance(value, type) and own_code.is_own(value.__module__)]
    kept = [(cls, dict(vars(cls))) for cls in own]
    training.CLASSES.clear()
    training.CLASSES.update({cls.__name__: cls for cls in own})
    try:
        yield
    finally:
        training.CLASSES.clear()
        for cls, attributes in kept:
            put_back_attributes(cls, attributes)


def put_back_attributes(cls: type, before: dict[str, Any]) -> None:
    for name in set(vars(cls)) - set(before):
        with contextlib.suppress(AttributeError, TypeError):
            delattr(cls, name)
    for name, value in before.items():
        if vars(cls).get(name, GONE) is not value:
            with contextlib.suppress(AttributeError, TypeError):
                setattr(cls, name, value)


@contextlib.contextmanager
def variables() -> Iterator[None]:
    """Their values: a class may train variables that it shares with others, or with nobody's object."""
    kept: dict[int, tuple[Any, Any]] = {}
    for name, value in list(vars(sys.modules[own_code.MAIN]).items()):
        if not name.startswith("_"):
            for _, variable in survey.walk(value, name, survey.DEPTH, set()):
                size = int(np.prod(variable.shape)) * variable.dtype.size if hasattr(variable.dtype, "size") else 0
                if size <= LARGEST and id(variable) not in kept:
                    kept[id(variable)] = variable, np.array(variable)
    try:
        yield
    finally:
        for variable, value in kept.values():
            if not np.array_equal(np.array(variable), value, equal_nan=value.dtype.kind == "f"):
                variable.assign(value)


@contextlib.contextmanager
def tensorflow_settings() -> Iterator[None]:
    """How functions run, and where the streams of random numbers are."""
    eagerly, precise = tf.config.functions_run_eagerly(), tf.config.experimental.tensor_float_32_execution_enabled()
    ours = context.context()
    seed, numbers = ours._seed, getattr(ours, "_rng", None)
    state = numbers.getstate() if numbers is not None else None
    try:
        yield
    finally:
        tf.config.run_functions_eagerly(eagerly)
        tf.config.experimental.enable_tensor_float_32_execution(precise)
        ours._seed = seed
        if numbers is None:
            vars(ours).pop("_rng", None)
        else:
            numbers.setstate(state)
            ours._rng = numbers


@contextlib.contextmanager
def keras_state() -> Iterator[None]:
    """How many layers of a kind were named, and the seeds that Keras counts by itself."""
    module = sys.modules.get("keras.src.backend.common.global_state")
    held: dict[str, Any] = vars(module.GLOBAL_STATE_TRACKER) if module is not None else {}
    before = dict(held)
    counted = {name: dict(value) for name, value in held.items() if isinstance(value, dict)}
    seeds = getattr(held.get("global_seed_generator"), "state", None)
    seed = np.array(seeds) if seeds is not None else None
    try:
        yield
    finally:
        for name in set(held) - set(before):
            held.pop(name)
        held.update(before)
        for name, count in counted.items():
            held[name].clear()
            held[name].update(count)
        if seeds is not None:
            seeds.assign(seed)


@contextlib.contextmanager
def watched_calls() -> Iterator[None]:
    _ = tf.optimizers.Optimizer  # loads the notebook's Keras, as a question would
    places = [(tf.GradientTape, name) for name in ("gradient", "__enter__", "__exit__")] + [(Function, "__call__")]
    for module in ("keras.src.optimizers.base_optimizer", "tf_keras.src.optimizers.optimizer"):
        base = getattr(sys.modules.get(module), "BaseOptimizer" if module.startswith("keras") else "Optimizer", None)
        places += [(base, name) for name in ("apply_gradients", "apply", "_told")] if base is not None else []
    before = [(owner, name, vars(owner).get(name, GONE)) for owner, name in places]
    tape.install()
    try:
        yield
    finally:
        for owner, name, value in before:
            if value is not GONE:
                setattr(owner, name, value)
            elif name in vars(owner):
                delattr(owner, name)
