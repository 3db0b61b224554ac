"""How Python objects of the notebook become wire values, and wire values become objects the notebook can use."""

import copy
import dataclasses
import types
from typing import Any

import numpy as np
import tensorflow as tf

from ..wire import DTYPES, Array, Listing, Mapping, Opaque, Ref, Value

ARRAY_LIMIT = 16 * 1024 * 1024
ITEM_LIMIT = 20_000
TEXT_LIMIT = 20_000
DEPTH_LIMIT = 8


def encode(thing: Any, depth: int = 0) -> Value:
    """A wire value for anything; what has no typed form becomes Opaque."""
    if thing is None or type(thing) is bool or type(thing) is float:
        return thing
    if type(thing) is int:
        return thing if -(2**63) <= thing < 2**63 else opaque(thing)
    if type(thing) is str:
        return thing[:TEXT_LIMIT]
    if type(thing) in (list, tuple) and depth < DEPTH_LIMIT and len(thing) <= ITEM_LIMIT:
        return Listing(tuple(encode(item, depth + 1) for item in thing), type(thing).__name__)
    if isinstance(thing, dict) and depth < DEPTH_LIMIT and len(thing) <= ITEM_LIMIT:
        return Mapping({str(key)[:200]: encode(value, depth + 1) for key, value in thing.items()})
    return encode_array(thing)


def encode_result(thing: Any) -> Value:
    """What a function returned: named tuples, dataclasses and kinds of lists too, since no question hands it back."""
    return encode(opened(thing))


def opened(thing: Any, depth: int = 0) -> Any:
    """As plain tuples, lists and dictionaries."""
    if thing is None or type(thing) in (bool, int, float) or depth == DEPTH_LIMIT:
        return thing
    thing = in_plain(thing)
    if isinstance(thing, tuple | list) and len(thing) <= ITEM_LIMIT:
        return (tuple if isinstance(thing, tuple) else list)(opened(item, depth + 1) for item in thing)
    held = thing if isinstance(thing, dict) else attributes(thing)
    return thing if held is None else {name: opened(value, depth + 1) for name, value in held.items()}


def in_plain(thing: Any) -> Any:
    """A set as a sorted list, since it has no order; text and complex numbers as Python or NumPy have them."""
    if isinstance(thing, set | frozenset) and len(thing) <= ITEM_LIMIT:
        return in_order(thing)
    if isinstance(thing, str | bytes):
        return thing.decode("utf-8", "replace") if isinstance(thing, bytes) else str(thing)
    if type(thing) is complex:
        return np.complex128(thing)
    if isinstance(thing, tf.RaggedTensor) and is_there(thing.flat_values):
        return thing.to_list() if int(tf.size(thing.flat_values)) <= ITEM_LIMIT else thing
    held = thing.numpy() if isinstance(thing, tf.Tensor) and thing.dtype == tf.string and is_there(thing) else thing
    if isinstance(held, np.ndarray) and held.dtype.kind in "USO" and held.size <= ITEM_LIMIT:
        return held.tolist()
    return held


def in_order(things: set[Any] | frozenset[Any]) -> list[Any]:
    try:
        return sorted(things)
    except Exception:  # numbers beside texts, or a class of the student's whose comparison fails
        return sorted(things, key=repr)


def is_there(tensor: Any) -> bool:
    """In a graph that is still being built a tensor has no numbers."""
    return hasattr(tensor, "numpy")


def attributes(thing: Any) -> dict[str, Any] | None:
    """Of an object that is made to hold a few values; None for all else."""
    if dataclasses.is_dataclass(thing) and not isinstance(thing, type):
        return {field.name: getattr(thing, field.name, None) for field in dataclasses.fields(thing)}
    return vars(thing) if isinstance(thing, types.SimpleNamespace) else None


def encode_array(thing: Any) -> Array | Opaque:
    made_by = kind_of_array(thing)
    if made_by is None:
        return opaque(thing)
    array = np.asarray(thing.numpy() if made_by in ("tensor", "variable") else thing)
    if array.dtype.name == "bfloat16":
        array = array.astype(np.float32)
    if array.dtype.name not in DTYPES or array.nbytes > ARRAY_LIMIT or array.ndim > 8:
        return opaque(thing)
    return Array(array.dtype.name, array.shape, np.ascontiguousarray(array).tobytes(), made_by)


def kind_of_array(thing: Any) -> str | None:
    """tensor, variable, numpy or scalar; None for all else: masked arrays and other subclasses are no plain arrays."""
    if is_variable(thing):
        return "variable"
    if isinstance(thing, tf.Tensor) and is_there(thing):
        return "tensor"
    if type(thing) is np.ndarray:
        return "numpy"
    return "scalar" if isinstance(thing, np.generic) else None


def number_of(thing: Any) -> bool | int | float | str | None:
    """A scalar of NumPy or a constant tensor without axes, as Python's own; None for all else."""
    if isinstance(thing, np.generic) or (type(thing) is np.ndarray and thing.shape == ()):
        plain = thing.item()
    elif isinstance(thing, tf.Tensor) and is_there(thing) and thing.shape == ():
        plain = np.asarray(thing.numpy()).item()
    else:
        return None
    return plain if type(plain) in (bool, int, float, str) else None


def is_variable(thing: Any) -> bool:
    return isinstance(thing, tf.Variable) or (
        type(thing).__module__.startswith("keras.src.backend") and hasattr(thing, "assign")
    )


def opaque(thing: Any) -> Opaque:
    shape = tuple(int(n) for n in thing.shape) if kind_of_array(thing) is not None else ()
    return Opaque(type(thing).__name__[:100], shape)


def decode(value: Any, find: Any) -> Any:
    """The object a wire value stands for; `find(path)` resolves a Ref."""
    if isinstance(value, Array):
        array = np.frombuffer(value.data, dtype=value.dtype).reshape(value.shape).copy()
        if value.made_by == "scalar":
            return array[()]
        return {"tensor": tf.constant, "variable": tf.Variable}.get(value.made_by, lambda a: a)(array)
    if isinstance(value, Listing):
        items = [decode(item, find) for item in value.items]
        return tuple(items) if value.kind == "tuple" else items
    if isinstance(value, Mapping):
        held = {key: decode(item, find) for key, item in value.items.items()}
        return with_settings(find(value.of), held) if value.of else held
    return find(value.path) if isinstance(value, Ref) else value


def with_settings(thing: Any, new: dict[str, Any]) -> Any:
    """A copy with other values in it, be it frozen or a named tuple."""
    if isinstance(thing, tuple):
        return thing._replace(**new)  # type: ignore[attr-defined]  # no other tuple is taken for settings
    changed = copy.copy(thing)
    for name, value in new.items():
        object.__setattr__(changed, name, value)
    return changed
