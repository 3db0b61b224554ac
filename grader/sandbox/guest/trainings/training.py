"""Which classes the notebook defines, which of their methods train, and how far the train policy lets them.

Hooks act when a class is defined, not between cells: some notebooks define and train in one cell.
"""

import builtins
import functools
import inspect
import sys
import time
import types
import weakref
from collections.abc import Callable
from typing import Any

import tensorflow as tf
from msgspec.structs import replace

from .. import notes
from ..answers import own_code, survey, tape, written
from ..answers.constructions import CONSTRUCTIONS, SLOT, remembered, small
from ..colab import excuses
from ..config import GuestConfig
from ..wire import Training
from . import cuts, dependence, equality, graphs, pace, retries

CLASSES: dict[str, type] = {}  # the last definition of each name, in order of definition
TRAININGS: list[Training] = []
SHORTENED: weakref.WeakSet[Any] = weakref.WeakSet()  # what the policy holds for already
KEPT = 500  # so that a sweep cannot fill the memory

_spent = 0.0
_depth = 0


def install(config: GuestConfig) -> None:
    plain = builtins.__build_class__

    def build_class(body: Any, name: str, /, *bases: Any, **keywords: Any) -> Any:
        cls = plain(body, name, *bases, **keywords)
        if own_code.is_own(body.__globals__.get("__name__")) and isinstance(cls, type):
            register(cls, config)
        return cls

    builtins.__build_class__ = build_class
    if config.train_policy == "none":  # to trace a function takes longer than the few steps that are taken here
        tf.config.run_functions_eagerly(True)
    tape.install()
    pace.install(config)


def register(cls: type, config: GuestConfig) -> None:
    CLASSES.pop(cls.__name__, None)
    CLASSES[cls.__name__] = cls
    put_under_policy(cls, config)
    retries.bound_samplers(cls)
    if "__init__" in cls.__dict__:
        cls.__init__ = remembered(cls.__dict__["__init__"])  # type: ignore[misc]


def put_under_policy(cls: type, config: GuestConfig) -> None:
    for name in written.trainers(cls):
        method = cls.__dict__.get(name)
        if isinstance(method, types.FunctionType) and method not in SHORTENED:
            setattr(cls, name, within_policy(method, config))


def within_policy(method: Callable[..., Any], config: GuestConfig) -> Callable[..., Any]:
    @functools.wraps(method)
    def train(self: Any, *args: Any, **kwargs: Any) -> Any:
        return under_policy(method, self, (self, *args), kwargs, config)

    SHORTENED.add(train)
    return train


def under_policy(function: Any, owner: Any, args: tuple[Any, ...], kwargs: dict[str, Any], config: GuestConfig) -> Any:
    """The outermost call of a training is shortened and logged; what it calls in turn, and our questions, are not.

    Neither is a step that is being made a graph, as Keras' `fit` does with `train_step`: nothing has a value there.
    """
    global _depth  # noqa: PLW0603 - this process has one notebook, so one count
    if _depth or tape.watching() or not tf.executing_eagerly():
        return function(*args, **kwargs)
    _depth += 1
    try:
        return logged(function, owner, args, kwargs, config)
    finally:
        _depth -= 1


def logged(function: Any, owner: Any, args: tuple[Any, ...], kwargs: dict[str, Any], config: GuestConfig) -> Any:
    global _spent  # noqa: PLW0603 - this process has one notebook, so one sum
    pace.before_part(owner, function.__name__)
    bound = inspect.signature(function).bind(*args, **kwargs)
    bound.apply_defaults()
    shown = (
        type(owner).__name__,
        function.__name__,
        tuple(small(value) for value in args if value is not owner),
        {name: small(value) for name, value in kwargs.items() if value is not owner},
    )
    scalars = written.plain_attributes(owner)
    started, attempt = time.monotonic(), Attempt(function, owner, bound, config, _spent)
    try:
        return attempt.carried_out()
    finally:
        _spent += time.monotonic() - started
        record = attempt.record
        if attempt.in_parts:
            pace.after_part(owner, function.__name__)
        if attempt.plan.cut:
            notes.change("Training was cut short, as asked for with --train; its figures say little.")
        seen = scalars | by(record.optimizer), record.last, record.steps
        log(Training(*shown, *seen, attempt.plan.cut, attempt.epochs, instance_path(owner)))


def by(optimizer: Any) -> dict[str, Any]:
    """Which optimizer made the steps, and with which rate: a new one at each step is no attribute of anything."""
    rate = getattr(optimizer, "learning_rate", None)
    number = tape.mean(rate() if callable(rate) else rate) if optimizer is not None else None
    return {"optimizer": type(optimizer).__name__, "optimizer.learning_rate": number} if number is not None else {}


def log(new: Training) -> None:
    """Single steps of one object in a row are one training: its loop stands outside of the method."""
    last = TRAININGS[-1] if TRAININGS else None
    if last is not None and (new.steps == 1 or len(TRAININGS) >= KEPT) and settings(last) == settings(new):
        TRAININGS[-1] = replace(
            last,
            last_loss=new.last_loss,
            steps=last.steps + new.steps,
            cut=last.cut or new.cut,
            epochs=None if last.epochs is None or new.epochs is None else last.epochs + new.epochs,
        )
    elif len(TRAININGS) < KEPT:
        TRAININGS.append(new)


def settings(one: Training) -> Any:
    """What was trained, and how, whatever the data."""
    plain = [value for value in (*one.args, *one.kwargs.values()) if isinstance(value, (bool, int, float, str))]
    return one.owner, one.cls, one.method, plain, one.scalars


def new_allowance() -> None:
    """A training that we ask for has the seconds of a first one."""
    global _spent  # noqa: PLW0603 - this process has one notebook, so one sum
    _spent = 0.0


class Attempt:
    """One training under the policy: shortened, timed, as a graph where that is the same; anew when it is too slow."""

    def __init__(
        self, function: Any, owner: Any, bound: inspect.BoundArguments, config: GuestConfig, spent: float
    ) -> None:
        self.function, self.owner, self.bound, self.config = function, owner, bound, config
        self.steps_an_epoch = cuts.examples(bound) // cuts.batch_size(owner)
        self.plan, self.restore = cuts.shorten(function, owner, bound, config, spent)
        self.record = pace.Paced(self.plan.seconds, self.plan.steps, self.plan.steps_an_epoch)

    @property
    def epochs(self) -> float | None:
        """How many it trained, of all its data; None where their size is not known."""
        return self.record.steps / self.steps_an_epoch if self.steps_an_epoch else None

    @property
    def in_parts(self) -> bool:
        """Whether the loop over the epochs stands outside, as far as one call tells."""
        whole = self.record.steps > max(1, self.plan.steps_an_epoch)
        return not whole and (not self.plan.cut or not cuts.counts_epochs(self.function, type(self.owner)))

    def carried_out(self) -> Any:
        undo = equality.remembered(self.owner) if hasattr(self.owner, "__dict__") else lambda: None
        start = [(variable, variable.numpy()) for _, variable in survey.reachable(self.owner, "c")]
        try:
            return self.ended()
        except pace.TooSlow as slow:
            undo()
            for variable, value in start:
                variable.assign(value)
            self.plan, self.restore = cuts.refit(self.function, self.owner, self.bound, self.plan, slow.seconds_a_step)
            self.record = pace.Paced(self.plan.seconds, 0, 0)
            return self.ended()

    def ended(self) -> Any:
        try:
            return self.once()
        except pace.TrainingOver:
            notes.change("A training took longer than is allowed here and was stopped before its end.")
            self.plan = self.plan._replace(cut=True)
            return self.shaped_alike()

    def shaped_alike(self) -> Any:
        """What the shortest training returns, so that cells that use it live; what was trained so far stays.

        Where even that fails, nothing, and what fails of it in the cell is no fault of the notebook's.
        """
        excuses.hollow(excuses.CUT)
        trained = [(variable, variable.numpy()) for _, variable in survey.reachable(self.owner, "c")]
        cuts.cut_epochs(self.function, self.owner, self.bound, 1)
        used = dependence.reached(self.function, type(self.owner))
        self.restore = cuts.cut_data(self.bound, cuts.batch_size(self.owner), used)
        try:
            with tape.recording(pace.Paced(cuts.LEAST, 1, 1)):
                return self.function(*self.bound.args, **self.bound.kwargs)
        except (Exception, pace.TrainingOver, pace.TooSlow):
            return None
        finally:
            self.restore()
            for variable, value in trained:
                variable.assign(value)

    def once(self) -> Any:
        graph = self.config.accelerate and self.config.train_policy != "none"
        try:
            with tape.recording(self.record), graphs.accelerated(self.function, self.owner, graph):
                return self.function(*self.bound.args, **self.bound.kwargs)
        finally:
            self.restore()


def instance_path(owner: Any) -> str:
    """Where a question finds the object; "" where nothing holds it."""
    made = next((i for i, made in enumerate(CONSTRUCTIONS) if made.instance is owner), None)
    if made is not None:
        return f"{SLOT}[{made}].instance"
    main = sys.modules["__main__"].__dict__
    return next((name for name, value in main.items() if value is owner and not name.startswith("_")), "")
