"""What GradientTape and the optimizers do, told to whoever records at the moment; nothing changes for the notebook."""

import contextlib
import sys
import weakref
from collections.abc import Iterator
from typing import Any, Protocol

import numpy as np
import tensorflow as tf
from tensorflow.python.eager.polymorphic_function.polymorphic_function import Function


class Enough(BaseException):
    """Ends a watched training after the steps that were asked for."""


class Recorder(Protocol):
    follows_calls: bool  # what a step computes has to be seen as it is computed

    def gradient(self, target: Any, sources: Any, gradients: Any) -> None: ...
    def updating(self, optimizer: Any, pairs: list[tuple[Any, Any]]) -> None: ...
    def updated(self) -> None: ...


class Standing(Recorder, Protocol):
    def opened(self) -> None: ...
    def before(self, owner: Any, method: str) -> None: ...
    def after(self, owner: Any, method: str) -> None: ...


class Losses:
    """The last loss of a training, the number of its steps, and what made the first of them."""

    follows_calls = False

    def __init__(self) -> None:
        self.target: Any = None
        self.steps = 0
        self.optimizer: Any = None

    def gradient(self, target: Any, sources: Any, gradients: Any) -> None:
        self.steps += 1
        self.target = target  # converted only when asked for: a number each step would cost time

    def updating(self, optimizer: Any, pairs: list[tuple[Any, Any]]) -> None:
        self.optimizer = optimizer if self.optimizer is None else self.optimizer

    def updated(self) -> None:
        """Not needed for losses."""

    @property
    def last(self) -> float | None:
        return mean(self.target) if self.steps else None


_recorders: list[Recorder] = []
_standing: list[Standing] = []  # told where nobody else records
plain_gradient = tf.GradientTape.gradient  # tells nobody
_open_tapes: list[Any] = []
_compiled: list[Any] = []  # targets of gradients in the graph that is being built
UNKNOWN = object()  # the loss of a step that tells none


def mean(target: Any) -> float | None:
    """None for what has no numbers, such as a tensor of a graph that is being built."""
    try:
        return float(np.mean(np.asarray(target, dtype=np.float64)))
    except Exception:  # NotImplementedError for symbolic tensors, and whatever an object of the student's raises
        return None


def watching() -> bool:
    """Whether a question is being answered: the train policy does not apply then."""
    return any(not isinstance(recorder, Losses) for recorder in _recorders)


def calls_are_followed() -> bool:
    return any(recorder.follows_calls for recorder in _recorders)


def stand_by(recorder: Standing) -> None:
    _standing.append(recorder)


def standing_by() -> tuple[Standing, ...]:
    return tuple(_standing)


@contextlib.contextmanager
def unattended() -> Iterator[None]:
    """What a question does is no loop of the last cell, whose seconds are long over, and has a deadline of its own."""
    attending = list(_standing)
    _standing.clear()
    try:
        yield
    finally:
        _standing.extend(attending)


def tape_is_open() -> bool:
    return bool(_open_tapes)


@contextlib.contextmanager
def unheard() -> Iterator[None]:
    """The tapes that are open now do not hear what is computed meanwhile."""
    with contextlib.ExitStack() as stack:
        for one in reversed([one for one in _open_tapes if one._recording]):
            stack.enter_context(one.stop_recording())
        yield


@contextlib.contextmanager
def recording(recorder: Recorder) -> Iterator[None]:
    install_optimizers()
    _recorders.append(recorder)
    try:
        yield
    finally:
        _recorders.remove(recorder)


def install() -> None:
    enter, leave = tf.GradientTape.__enter__, tf.GradientTape.__exit__

    def gradient(self: Any, target: Any, sources: Any, *args: Any, **kwargs: Any) -> Any:
        found = plain_gradient(self, target, sources, *args, **kwargs)
        if tf.executing_eagerly() or watching():
            tell(target, sources, found)
        else:
            _compiled.append(target)
        return found

    def __enter__(self: Any) -> Any:
        if _standing and not _recorders and not _open_tapes and tf.executing_eagerly():
            for standing in _standing:
                standing.opened()
        _open_tapes.append(self)
        return enter(self)

    def __exit__(self: Any, *error: Any) -> Any:
        if self in _open_tapes:
            _open_tapes.remove(self)
        return leave(self, *error)

    tf.GradientTape.gradient, tf.GradientTape.__enter__, tf.GradientTape.__exit__ = gradient, __enter__, __exit__
    install_compiled_steps()


def tell(target: Any, sources: Any, gradients: Any) -> None:
    for recorder in list(_recorders or _standing):
        recorder.gradient(target, sources, gradients)


def install_compiled_steps() -> None:
    """A tf.function with a tape inside takes its gradient once, with symbols; each later call is a step as well."""
    plain = Function.__call__
    steps: weakref.WeakSet[Any] = weakref.WeakSet()

    def __call__(self: Any, *args: Any, **kwargs: Any) -> Any:
        if not tf.executing_eagerly():
            return plain(self, *args, **kwargs)
        before = len(_compiled)
        result = plain(self, *args, **kwargs)
        if len(_compiled) > before:
            steps.add(self)
            _compiled.clear()
        if self in steps:
            first = tf.nest.flatten(result)[0] if tf.nest.flatten(result) else None
            tell(first if isinstance(first, tf.Tensor) and first.shape == () else UNKNOWN, (), ())
        return result

    Function.__call__ = __call__


def install_optimizers() -> None:
    """Wrap the optimizers of whichever Keras the notebook has loaded.

    Touching tf.keras ourselves would choose for it.
    """
    for module in ("keras.src.optimizers.base_optimizer", "tf_keras.src.optimizers.optimizer"):
        base = getattr(sys.modules.get(module), "BaseOptimizer" if module.startswith("keras") else "Optimizer", None)
        if base is not None and not hasattr(base, "_told"):
            base._told = True
            wrap_optimizer(base)


def wrap_optimizer(base: Any) -> None:
    plain = base.apply_gradients
    inside = False

    def apply_gradients(self: Any, grads_and_vars: Any, *args: Any, **kwargs: Any) -> Any:
        nonlocal inside
        if inside or not _recorders:
            return plain(self, grads_and_vars, *args, **kwargs)
        pairs = list(grads_and_vars)
        inside = True
        try:
            for recorder in list(_recorders):
                recorder.updating(self, pairs)
            result = plain(self, pairs, *args, **kwargs)
        finally:
            inside = False
        for recorder in list(_recorders):
            recorder.updated()
        return result

    base.apply_gradients = apply_gradients
    if hasattr(base, "apply"):
        apply_plain = base.apply

        def apply(self: Any, grads: Any, trainable_variables: Any = None, **kwargs: Any) -> Any:
            if inside or not _recorders:
                return apply_plain(self, grads, trainable_variables, **kwargs)
            variables = trainable_variables if trainable_variables is not None else self._trainable_variables
            return apply_gradients(self, zip(list(grads), variables, strict=False))

        base.apply = apply
