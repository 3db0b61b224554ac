"""What the notebook itself wrote, in its cells or in files of its own: functions, classes, what trains, settings."""

import inspect
import types
from typing import Any

from .own_code import is_own, namespaces
from .values import is_variable, number_of


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
        if is_own(base.__module__):
            found |= {name: f for name, f in vars(base).items() if code_of(f) is not None}
    return found


def code_of(function: Any) -> types.CodeType | None:
    """The notebook's own code below wrappers of ours and of tf.function."""
    plain = (
        getattr(inspect.unwrap(function), "python_function", inspect.unwrap(function)) if callable(function) else None
    )
    return plain.__code__ if isinstance(plain, types.FunctionType) else None


def call_of(thing: Any) -> Any:
    """`__call__` of an object whose class the notebook wrote; None of anything else."""
    return None if isinstance(thing, type) else own_functions(type(thing)).get("__call__")


def trainers(cls: type) -> list[str]:
    """Own methods that open a GradientTape, or call a method or global function that does; outermost first."""
    methods = {name: names_used(code) for name, f in own_functions(cls).items() if (code := code_of(f))}
    outside = {
        name: names_used(code)
        for names in namespaces()
        for name, f in list(names.items())
        if isinstance(f, types.FunctionType) and is_own(f.__module__) and (code := code_of(f))
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
    own = [vars(base) for base in reversed(cls.__mro__) if is_own(base.__module__)]
    return {name: value for body in own for name, value in body.items() if not name.startswith("_")}
