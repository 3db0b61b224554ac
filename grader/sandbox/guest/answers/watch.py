"""Calls a training method and notes what tape, optimizer, the object's own methods and its variables do."""

import types
from collections.abc import Callable
from typing import Any

import tensorflow as tf

from .. import wire
from ..trainings import graphs
from . import own_code, survey, tape, written
from .values import encode, encode_result, is_variable

WORTH_A_GRAPH = 80  # steps; fewer take less time as they are written than the proof of a graph does
FEWEST = 8  # steps that tell whether a loss falls
KEPT = 4000  # events; a training that goes on is watched no further
CALLS = 100  # of a step; of calls inside others half as many, since a gate may be a method, called for each word


class Watcher:
    """Notes for one watched training; gradients are named by the paths of the owner's variables."""

    def __init__(self, owner: Any, step: wire.Watch) -> None:
        self.step, self.owner = step, owner
        self.paths = {id(variable): path for path, variable in survey.reachable(owner, step.owner)}
        self.tape: list[wire.TapeEvent] = []
        self.calls: list[wire.MethodCall] = []
        self.done, self.depth = 0, 0
        self.target: Any = None  # of the step that is being taken; one step may ask for several groups of gradients
        self.updated_of_it: set[int] = set()  # ids of variables
        self.follows_calls = not step.losses_only

    def gradient(self, target: Any, sources: Any, gradients: Any) -> None:
        is_new = target is not self.target or target is tape.UNKNOWN
        if (is_new and self.done >= self.step.steps) or len(self.tape) >= KEPT:
            raise tape.Enough
        if is_new:
            self.target, self.updated_of_it = target, set()
        flat = tf.nest.flatten(sources)
        if any(id(source) not in self.paths for source in flat):  # layers of Keras make theirs when they are first used
            self.paths |= {id(variable): path for path, variable in survey.reachable(self.owner, self.step.owner)}
        kept = [] if self.step.losses_only else [self.dense(g) for g in flatten_with_none(gradients, len(flat))]
        names = () if self.step.losses_only else tuple(self.paths.get(id(source), "") for source in flat)
        self.tape.append(wire.TapeEvent(encode(target), names, tuple(kept)))
        if self.step.until and len(self.tape) >= FEWEST and (tape.mean(target) or self.step.until) < self.step.until:
            raise tape.Enough

    def updating(self, optimizer: Any, pairs: list[tuple[Any, Any]]) -> None:
        """The same variables again are another step; others belong to the one that is being taken."""
        now = {id(variable) for _, variable in pairs}
        if self.updated_of_it & now or not self.updated_of_it:
            if self.done >= self.step.steps:
                raise tape.Enough
            self.done, self.updated_of_it = self.done + 1, set()
        self.updated_of_it |= now

    def updated(self) -> None:
        every = self.step.losses_only or self.updated_of_it >= self.paths.keys()
        if every and self.done >= self.step.steps:
            raise tape.Enough

    def dense(self, gradient: Any) -> wire.Array | None:
        """Gradients of looked-up embeddings come as IndexedSlices."""
        value = encode(tf.convert_to_tensor(gradient)) if gradient is not None else None
        return value if isinstance(value, wire.Array) else None

    def wrap_methods(self, owner: Any) -> Callable[[], None]:
        """Shadow the own methods of the owner's class, and the notebook's functions, by ones that take notes.

        Returns the undo.
        """
        if self.step.losses_only:
            return lambda: None
        cls = type(owner)
        methods = {
            name: plain
            for name, plain in written.own_functions(cls).items()
            if name not in ("__init__", self.step.method)
        }
        functions = [
            (names, name, f) for names in own_code.namespaces() for name, f in names.items()
            if isinstance(f, types.FunctionType) and own_code.is_own(f.__module__)
        ]  # fmt: skip
        kept = {name: vars(cls).get(name) for name in methods}
        for name, plain in methods.items():
            setattr(cls, name, self.noting_method(name, plain, owner))
        for names, name, f in functions:
            names[name] = self.noting(name, f)
        undo_networks = self.wrap_networks(owner)

        def undo() -> None:
            undo_networks()
            for names, name, f in functions:
                names[name] = f
            for name, plain in kept.items():
                if plain is None:
                    delattr(cls, name)
                else:
                    setattr(cls, name, plain)

        return undo

    def wrap_networks(self, owner: Any) -> Callable[[], None]:
        """Notes calls of what the owner holds and calls like a method: a model of Keras, or an object with weights."""
        held = [(name, thing) for name, thing in getattr(owner, "__dict__", {}).items() if is_network(thing, name)]
        kept = {type(thing): vars(type(thing)).get("__call__") for _, thing in held}
        called = {cls: cls.__call__ for cls in kept}
        for cls, plain in called.items():
            cls.__call__ = self.noting_network(plain, {id(thing): name for name, thing in held if type(thing) is cls})

        def undo() -> None:
            for cls, plain in kept.items():
                if plain is None:
                    del cls.__call__
                else:
                    cls.__call__ = plain

        return undo

    def noting_network(self, plain: Any, names: dict[int, str]) -> Callable[..., Any]:
        """Inside a method of the owner there are many, and what the method returns is noted anyway."""

        def noted(own: Any, *args: Any, **kwargs: Any) -> Any:
            network = plain.__get__(own, type(own))
            if id(own) not in names or self.depth:
                return network(*args, **kwargs)
            return self.note(names[id(own)], network, args, kwargs)

        return noted

    def noting_method(self, name: str, plain: Any, owner: Any) -> Callable[..., Any]:
        """In the class, since `__call__` is looked up there; only the watched object's calls are noted."""

        def noted(own: Any, *args: Any, **kwargs: Any) -> Any:
            method = plain.__get__(own, type(own))
            return self.note(name, method, args, kwargs) if own is owner else method(*args, **kwargs)

        return noted

    def noting(self, name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        return lambda *args, **kwargs: self.note(name, function, args, kwargs)

    def note(self, name: str, function: Callable[..., Any], args: Any, kwargs: Any) -> Any:
        """One that breaks off is noted as well, with nothing returned."""
        if self.done >= self.step.steps:
            raise tape.Enough  # the step is over, whatever it has left as it was
        result = None
        self.depth += 1
        try:
            result = function(*args, **kwargs)
            return result
        finally:
            self.depth -= 1
            if len(self.calls) < (CALLS // 2 if self.depth else CALLS) * (self.done + 1):
                given = {k: encode(v) for k, v in kwargs.items()}
                self.calls.append(
                    wire.MethodCall(name, tuple(map(encode, args)), given, encode_result(result), tape.tape_is_open())
                )


def is_network(thing: Any, name: str) -> bool:
    plain = isinstance(thing, (type, types.FunctionType, types.MethodType)) or is_variable(thing)
    return callable(thing) and not plain and bool(survey.reachable(thing, name))


def flatten_with_none(gradients: Any, count: int) -> list[Any]:
    """A gradient per source; None stays (tf.nest keeps it as a leaf)."""
    flat = tf.nest.flatten(gradients)
    return flat if len(flat) == count else [None] * count


def watched(
    owner: Any, step: wire.Watch, args: list[Any], kwargs: dict[str, Any], told: Callable[..., Any]
) -> wire.Watched:
    watcher = Watcher(owner, step)
    values = not step.losses_only
    before = survey.variables(owner, step.owner, values, step.scalars).variables
    returned, trouble = None, None
    undo = watcher.wrap_methods(owner)
    # Loads the notebook's Keras, so that its optimizers can be watched from their first step.
    _ = tf.optimizers.Optimizer
    try:
        method, long = getattr(owner, step.method), step.losses_only and step.steps >= WORTH_A_GRAPH and not step.until
        with tape.recording(watcher), graphs.accelerated(method, owner, long):
            returned = method(*args, **kwargs)
    except tape.Enough:
        pass
    except Exception as error:  # an evaluation after the first step may fail; what was seen until then stays
        trouble = told(error)
    finally:
        undo()
    return wire.Watched(
        tuple(watcher.tape),
        tuple(watcher.calls),
        before,
        survey.variables(owner, step.owner, values, step.scalars).variables,
        encode_result(returned),
        trouble,
    )
