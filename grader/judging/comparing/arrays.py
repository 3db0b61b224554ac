"""Wire values as NumPy arrays and plain Python, and back; nothing else of a reply is believed."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from grader.judging.drawing import insist
from grader.sandbox.guest.wire import Array, Listing, Mapping, Value

Numbers = NDArray[Any]


def array(value: Any) -> Numbers | None:
    """The array of a wire value; also of a plain number or a list of such; None for anything else."""
    if isinstance(value, Array):
        return np.frombuffer(value.data, dtype=value.dtype).reshape(value.shape)
    if isinstance(value, (bool, int, float)):
        return np.asarray(value)
    if isinstance(value, Listing) and value.items:
        parts = [part for item in value.items if (part := array(item)) is not None]
        if len(parts) == len(value.items) and all(part.shape == parts[0].shape for part in parts):
            return np.stack(parts)
    return None


def number(value: Any) -> float | None:
    found = array(value)
    return float(found.reshape(())) if found is not None and found.size == 1 else None


def send(values: ArrayLike, made_by: str = "numpy") -> Array:
    """A wire array of what the grader computed. Raises Unaskable where no question could carry it."""
    plain = np.asarray(values)  # a scalar stays one
    insist(plain.shape)
    return Array(plain.dtype.name, plain.shape, plain.tobytes(), made_by)


def examples(**columns: list[Any] | Numbers) -> Listing:
    """A data set as the notebooks hold it: a list of dicts with one entry of each column."""
    rows = zip(*columns.values(), strict=True)
    return Listing(tuple(Mapping({key: entry(cell) for key, cell in zip(columns, row, strict=True)}) for row in rows))


def entry(cell: Any) -> Value:
    if isinstance(cell, np.ndarray):
        return send(cell)
    if isinstance(cell, dict):
        return Mapping({key: entry(value) for key, value in cell.items()})
    plain: Value = cell.item() if isinstance(cell, np.generic) else cell
    return plain
