"""Which global functions of the notebook train a classifier, handed to them or as methods that were set on its class
later; the train policy holds for them too.

They are found when the cell that defines them has run: one that is called in the same cell trains in full.
"""

import dis
import functools
import inspect
import re
import types
from collections.abc import Callable
from typing import Any

from ..answers import own_code, written
from ..config import GuestConfig
from . import training

PREDICTS = re.compile(
    r"classif|predic|clasific|sailka|iragar", re.IGNORECASE
)  # English, Spanish, Basque: CLASSIFIES of meeting/classes.py
LENT: list[type] = []  # classes that train by a function of the notebook's


def install(config: GuestConfig) -> None:
    from IPython import get_ipython  # noqa: PLC0415 - exists only inside a kernel

    if shell := get_ipython():
        shell.events.register("post_run_cell", lambda _: wrap_all(config))


def wrap_all(config: GuestConfig) -> None:
    for names in own_code.namespaces():
        wrap(names, config)
    lend_predictors()
    for cls in training.CLASSES.values():  # a method that was set on its class later, `Classifier.train = train`
        training.put_under_policy(cls, config)


def wrap(names: dict[str, Any], config: GuestConfig) -> None:
    for name, function in list(names.items()):
        if isinstance(function, types.FunctionType) and is_loop(function):
            names[name] = within_policy(function, config)


def is_loop(function: types.FunctionType) -> bool:
    if not own_code.is_own(function.__module__) or hasattr(function, "__wrapped__"):
        return False
    if "GradientTape" not in written.names_used(function.__code__):
        return False
    return any(step.opname == "FOR_ITER" for step in dis.get_instructions(function))


def within_policy(function: types.FunctionType, config: GuestConfig) -> Callable[..., Any]:
    @functools.wraps(function)
    def train(*args: Any, **kwargs: Any) -> Any:
        owner = trained(function, (*args, *kwargs.values()))
        if owner is None:
            return function(*args, **kwargs)
        if args and args[0] is owner:
            lend(function, type(owner))
        return training.under_policy(function, owner, args, kwargs, config)

    training.SHORTENED.add(train)
    return train


def lend(function: types.FunctionType, cls: type) -> None:
    """A class that cannot train by itself is asked through the function that trains it, as if it were its method."""
    if not written.trainers(cls) and not hasattr(cls, function.__name__):
        setattr(cls, function.__name__, function)
        LENT.append(cls)


def lend_predictors() -> None:
    """So is one that predicts, `predict(net, x)`, where the class has none of its own."""
    for cls in LENT:
        own = [name for name in written.own_functions(cls) if PREDICTS.search(name)]
        for names in own_code.namespaces() if not own else ():
            for name, function in list(names.items()):
                if isinstance(function, types.FunctionType) and is_predictor(function) and not hasattr(cls, name):
                    setattr(cls, name, function)


def is_predictor(function: types.FunctionType) -> bool:
    return (
        own_code.is_own(function.__module__)
        and PREDICTS.match(function.__name__) is not None
        and len(inspect.signature(function).parameters) > 1
    )


def trained(function: types.FunctionType, given: tuple[Any, ...]) -> Any:
    """The argument that is an instance of the notebook's own class, where it or the function knows of epochs."""
    owner = next((thing for thing in given if type(thing) in training.CLASSES.values()), None)
    names = {*inspect.signature(function).parameters, *(written.plain_attributes(owner) if owner is not None else ())}
    return owner if any("epoch" in name.lower() for name in names) else None
