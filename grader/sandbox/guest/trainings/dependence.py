"""What a graph depends on besides its inputs: the attributes and globals that its method reads, as one key."""

import types
from typing import Any

import numpy as np
import tensorflow as tf

from ..answers import own_code, written
from ..answers.values import is_variable

ITEMS = 100
DEPTH = 4
PLAIN = (bool, int, float, str, bytes, type(None))
ANY_NAME = {"getattr", "__dict__", "vars"}  # with these a method may read attributes that its code does not name


class Fingerprint:
    """Numbers by value, containers and the notebook's own objects by their parts, all else by being the same object."""

    def __init__(self, owner: Any) -> None:
        self.owner = owner
        self.held: list[Any] = []  # what is known by id only, so that no other object gets that id

    def of(self, value: Any, depth: int = DEPTH) -> Any:
        if type(value) in PLAIN:
            return type(value).__name__, value
        if isinstance(value, np.generic) or (type(value) is np.ndarray and value.size <= ITEMS):
            return str(value.dtype), value.shape, value.tobytes()
        parts = self.parts(value) if depth else None
        if parts is None:
            self.held.append(value)
            return id(value), len(value) if isinstance(value, (list, dict, set)) else 0
        return type(value).__name__, tuple((name, self.of(part, depth - 1)) for name, part in parts)

    def parts(self, value: Any) -> list[tuple[Any, Any]] | None:
        """None for what is not looked into."""
        inside: list[tuple[Any, Any]] | None = None
        if isinstance(value, dict):
            inside = [(key if type(key) in PLAIN else id(key), part) for key, part in list(value.items())[: ITEMS + 1]]
        elif isinstance(value, (list, tuple)):
            inside = list(enumerate(value[: ITEMS + 1]))
        elif own_code.is_part(value) and hasattr(value, "__dict__"):
            opaque = value is self.owner or is_variable(value) or isinstance(value, (type, types.FunctionType))
            inside = None if opaque else list(vars(value).items())
        return inside if inside is not None and len(inside) <= ITEMS else None


def state(owner: Any, reads: set[str], left: set[str]) -> dict[str, Any]:
    """Attributes and globals of these names, without those that the method leaves behind itself."""
    own = {**written.class_attributes(type(owner)), **vars(owner)}
    if reads & ANY_NAME:
        found = {name: value for name, value in own.items() if name not in left}
    else:
        found = {name: value for name, value in own.items() if name in reads and name not in left}
    names = {name: value for held in reversed(own_code.namespaces()) for name, value in held.items() if name in reads}
    return found | {f"global {name}": value for name, value in names.items()}


def reached(method: types.FunctionType, cls: type) -> set[str]:
    """Every name that the method, and the own methods, properties and functions it uses in turn, mention."""
    found: set[str] = set()
    methods = written.own_functions(cls)
    waiting: list[Any] = [method]
    while waiting:
        function = waiting.pop()
        code, names = written.code_of(function), own_code.globals_of(function)
        new = written.names_used(code) - found if code else set()
        found |= new
        for name in new:
            attribute = getattr(cls, name, None)
            read = attribute.fget if isinstance(attribute, property) else None
            waiting += [f for f in (methods.get(name), names.get(name), read) if isinstance(f, types.FunctionType)]
    return found


def is_input(leaf: Any) -> bool:
    return isinstance(leaf, tf.Tensor) or type(leaf) is np.ndarray


def are_data(value: Any) -> bool:
    """Examples, or as much else; no graph is made for these, and to walk through them at each step would cost more."""
    if not isinstance(value, (list, tuple, dict)):
        return False
    return len(value) > ITEMS or (isinstance(value, (list, tuple)) and any(isinstance(item, dict) for item in value))


def kind_of(leaf: Any) -> Any:
    """None for an argument that no graph can be keyed by."""
    if is_input(leaf):
        return ("tensor", tuple(leaf.shape), str(getattr(leaf.dtype, "name", leaf.dtype)))
    return ("plain", type(leaf).__name__, leaf) if type(leaf) in PLAIN else None
