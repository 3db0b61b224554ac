"""Which globals hold a vocabulary: its words, their numbers, their vectors; and short lists of words, such as seeds."""

import sys
from typing import Any

import numpy as np

from ..values import kind_of_array

FEWEST = 30  # words; what is shorter is a list somebody wrote down
LOOKED_AT = 20
HISTORY = ("In", "Out")  # IPython's own


def vocabulary() -> dict[str, dict[str, Any]]:
    """role -> name of a global -> what it takes to put another one in its place, or what it holds."""
    found: dict[str, dict[str, Any]] = {
        role: {} for role in ("words", "numbers", "names", "vectors", "matrices", "lists")
    }
    for name, value in list(sys.modules["__main__"].__dict__.items()):
        if not name.startswith("_") and name not in HISTORY and (seen := role_of(value)):
            found[seen[0]][name] = seen[1]
    return found


def role_of(value: Any) -> tuple[str, Any] | None:
    if type(value).__module__ == "builtins" and isinstance(value, list | tuple | set | frozenset):
        return role_of_list(value)
    if isinstance(value, dict) and len(value) >= FEWEST:
        return role_of_dict(value)
    kind = kind_of_array(value)
    if kind == "numpy" and value.ndim == 1 and value.dtype.kind in "UO" and len(value) >= FEWEST:
        return ("words", ["ndarray", len(value)]) if all_words(value[:LOOKED_AT]) else None
    if kind in ("numpy", "tensor", "variable") and len(value.shape) == 2 and min(value.shape) > 1:
        dtype = str(getattr(value.dtype, "name", value.dtype))
        rows, columns = map(int, value.shape)
        return ("matrices", [kind, dtype, rows, columns]) if dtype.startswith("float") else None
    return None


def role_of_list(value: Any) -> tuple[str, Any] | None:
    some = [item for item, _ in zip(value, range(LOOKED_AT), strict=False)]
    if not some or not all_words(some):
        return None
    return ("words", [type(value).__name__, len(value)]) if len(value) >= FEWEST else ("lists", list(value))


def role_of_dict(value: dict[Any, Any]) -> tuple[str, Any] | None:
    some = [item for item, _ in zip(value.items(), range(LOOKED_AT), strict=False)]
    keys, values = zip(*some, strict=True)
    if all_words(keys) and all(isinstance(v, int | np.integer) for v in values):
        return "numbers", len(value)
    if all_words(values) and all(isinstance(k, int | np.integer) for k in keys):
        return "names", len(value)
    if all_words(keys) and (dtype := dtype_of_vectors(values)):
        return "vectors", [dtype, len(value), len(values[0])]
    return None


def dtype_of_vectors(values: Any) -> str | None:
    """Of arrays of one length; `list` for lists of numbers."""
    if all(type(v) is np.ndarray and v.ndim == 1 and v.shape == values[0].shape for v in values):
        return str(values[0].dtype)
    return "list" if all(type(v) is list and len(v) == len(values[0]) and type(v[0]) is float for v in values) else None


def all_words(items: Any) -> bool:
    return all(isinstance(item, str) for item in items)
