"""Which classes the notebook defines, which of their methods train, and how far the train policy lets them.

Hooks act when a class is defined, not between cells: some notebooks define and train in one cell.
"""

import builtins
import functools
import inspect
import sys
import time
import types
from collections.abc import Callable
from typing import Any

import notes
import retries
import tape
from config import GuestConfig
from constructions import remembered, small
from values import is_variable, number_of
from wire import Training

CLASSES: dict[str, type] = {}  # the last definition of each name, in order of definition
TRAININGS: list[Training] = []
KEPT = 500  # so that a sweep cannot fill the memory

_spent = 0.0
_depth = 0


def install(config: GuestConfig) -> None:
    plain = builtins.__build_class__

    def build_class(body: Any, name: str, /, *bases: Any, **keywords: Any) -> Any:
        cls = plain(body, name, *bases, **keywords)
        if body.__globals__.get("__name__") == "__main__" and isinstance(cls, type):
            register(cls, config)
        return cls

    builtins.__build_class__ = build_class
    tape.install()


def register(cls: type, config: GuestConfig) -> None:
    CLASSES.pop(cls.__name__, None)
    CLASSES[cls.__name__] = cls
    for name in trainers(cls):
        if isinstance(cls.__dict__.get(name), types.FunctionType):
            setattr(cls, name, within_policy(cls.__dict__[name], config))
    retries.bound_samplers(cls)
    if "__init__" in cls.__dict__:
        cls.__init__ = remembered(cls.__dict__["__init__"])  # type: ignore[misc]


def names_used(code: types.CodeType) -> set[str]:
    """Every global, attribute and method name a function's code mentions, nested functions included."""
    used = set(code.co_names)
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            used |= names_used(constant)
    return used


def own_functions(cls: type) -> dict[str, Any]:
    """Functions the notebook wrote for this class, those inherited from its other classes and tf.functions included."""
    found: dict[str, Any] = {}
    for base in reversed(cls.__mro__):
        if base.__module__ == "__main__":
            found |= {name: f for name, f in vars(base).items() if code_of(f) is not None}
    return found


def code_of(function: Any) -> types.CodeType | None:
    """The notebook's own code below wrappers of ours and of tf.function."""
    plain = (
        getattr(inspect.unwrap(function), "python_function", inspect.unwrap(function)) if callable(function) else None
    )
    return plain.__code__ if isinstance(plain, types.FunctionType) else None


def trainers(cls: type) -> list[str]:
    """Own methods that open a GradientTape, or call a method or global function that does; outermost first."""
    methods = {name: names_used(code) for name, f in own_functions(cls).items() if (code := code_of(f))}
    outside = {
        name: names_used(code)
        for name, f in list(sys.modules["__main__"].__dict__.items())
        if isinstance(f, types.FunctionType) and f.__module__ == "__main__" and (code := code_of(f))
    }
    found: list[str] = []
    grew = True
    while grew:
        opening = {"GradientTape", "minimize"} | set(found)
        opening |= {name for name, used in outside.items() if "GradientTape" in used}
        new = [name for name, used in methods.items() if name not in found and name != "__init__" and used & opening]
        found = new + found
        grew = bool(new)
    return found


def within_policy(method: Callable[..., Any], config: GuestConfig) -> Callable[..., Any]:
    @functools.wraps(method)
    def train(self: Any, *args: Any, **kwargs: Any) -> Any:
        return under_policy(method, self, (self, *args), kwargs, config)

    return train


def under_policy(function: Any, owner: Any, args: tuple[Any, ...], kwargs: dict[str, Any], config: GuestConfig) -> Any:
    """The outermost call of a training is shortened and logged; what it calls in turn, and our questions, are not."""
    global _depth  # noqa: PLW0603 - this process has one notebook, so one count
    if _depth or tape.watching():
        return function(*args, **kwargs)
    _depth += 1
    try:
        return logged(function, owner, args, kwargs, config)
    finally:
        _depth -= 1


def logged(function: Any, owner: Any, args: tuple[Any, ...], kwargs: dict[str, Any], config: GuestConfig) -> Any:
    global _spent  # noqa: PLW0603 - this process has one notebook, so one sum
    record, started, scalars = tape.Losses(), time.monotonic(), plain_attributes(owner)
    given = tuple(small(value) for value in args if value is not owner)
    named = {name: small(value) for name, value in kwargs.items() if value is not owner}
    bound = inspect.signature(function).bind(*args, **kwargs)
    cut, restore = shorten(function, owner, bound, config)
    try:
        with tape.recording(record):
            return function(*bound.args, **bound.kwargs)
    finally:
        restore()
        _spent += time.monotonic() - started
        if cut:
            notes.change("Training was cut short, as asked for with --train; its figures say little.")
        if len(TRAININGS) < KEPT:
            seen = record.first, record.last, record.steps
            TRAININGS.append(Training(type(owner).__name__, function.__name__, given, named, scalars, *seen, cut))


def shorten(
    method: Any, owner: Any, bound: inspect.BoundArguments, config: GuestConfig
) -> tuple[bool, Callable[[], None]]:
    """Cut epochs (and with policy `none`, or the seconds used up, the data to one batch); returns an undo for the data.

    The number of epochs stays cut, so that later cells that plot over it fit what training returned.
    """
    if config.train_policy == "full":
        return False, lambda: None
    short = config.train_policy == "none" or _spent > config.train_seconds
    cut = cut_epochs(method, owner, bound, 1 if short else config.train_epochs)
    if not short:
        return cut, lambda: None
    return True, cut_data(bound, getattr(owner, "batch_size", 256))


def cut_epochs(method: Any, owner: Any, bound: inspect.BoundArguments, epochs: int) -> bool:
    cut = False
    used = names_used(method.__code__)
    main = sys.modules["__main__"].__dict__
    own = plain_attributes(owner)
    for holder in (own, bound.arguments, {n: main[n] for n in used if n in main}):
        for name, value in list(holder.items()):
            low = name.lower()
            if type(value) is not int or "epoch" not in low:
                continue
            new = 1 if any(word in low for word in ("freq", "display", "print", "every")) else min(value, epochs)
            if new == value:
                continue
            cut = cut or new < value
            if holder is bound.arguments:
                bound.arguments[name] = new
            elif holder is own:
                setattr(owner, name, new)
            else:
                main[name] = new
    return cut


def cut_data(bound: inspect.BoundArguments, batch_size: Any) -> Callable[[], None]:
    """Show the first batch only: of `training_set` and of the first list handed to training.

    Under every name they have.
    """
    size = batch_size if type(batch_size) is int and batch_size > 0 else 256
    main = sys.modules["__main__"].__dict__
    handed = [value for value in bound.arguments.values() if isinstance(value, list)][:1]
    targets = [value for value in [main.get("training_set"), *handed] if isinstance(value, list) and len(value) > size]
    swapped = [(name, value) for name, value in main.items() if any(value is target for target in targets)]
    for name, value in swapped:
        main[name] = value[:size]
    for name, value in bound.arguments.items():
        if any(value is target for target in targets):
            bound.arguments[name] = next((main[n] for n, v in swapped if v is value), value[:size])
    return lambda: main.update(swapped)


def plain_attributes(owner: Any) -> dict[str, Any]:
    """Attributes that are plain numbers, strings or truth values: the object's own before those of its classes.

    The rate of an optimizer that it holds is one of them, under the optimizer's name.
    """
    found: dict[str, Any] = {}
    for name, value in {**class_attributes(type(owner)), **getattr(owner, "__dict__", {})}.items():
        number = number_of(value)
        plain = value if number is None else number
        if type(plain) in (bool, int, float, str, type(None)) and len(str(plain)) < 200:
            found[name] = plain
        elif hasattr(value, "apply_gradients") and is_variable(getattr(value, "_learning_rate", None)):
            found[f"{name}.learning_rate"] = float(value._learning_rate)
    return found


def class_attributes(cls: type) -> dict[str, Any]:
    """What the notebook wrote into the bodies of an object's classes."""
    own = [vars(base) for base in reversed(cls.__mro__) if base.__module__ == "__main__"]
    return {name: value for body in own for name, value in body.items() if not name.startswith("_")}
