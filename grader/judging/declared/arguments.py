"""Secret arguments, drawn as a rubric describes them, and as wire values of the kind a function takes."""

from typing import Any

import numpy as np

from grader.course.subject import Secret, is_secret, secret
from grader.judging.comparing.arrays import Numbers, entry, send
from grader.judging.examiner import Examiner
from grader.sandbox.guest.wire import Listing, Value


def draw(x: Examiner, numbers: Secret, purpose: str, rows: tuple[int, ...] = ()) -> Numbers:
    generator, shape = x.generator(purpose), (*rows, *numbers.shape)
    if numbers.distribution == "integers":
        return np.asarray(generator.integers(0, numbers.below, shape), np.int32)
    if numbers.distribution == "booleans":
        return np.asarray(generator.integers(0, 2, shape), np.bool_)
    if numbers.distribution == "uniform":
        return np.asarray(generator.uniform(0.0, 1.0, shape), np.float32)
    return np.asarray(generator.normal(0.0, 1.0, shape), np.float32)


def drawn(x: Examiner, call: str, arguments: tuple[Any, ...]) -> tuple[Any, ...]:
    """The arguments of one call, of NumPy arrays and plain values."""
    return tuple(
        draw(x, secret(value), f"argument {call} {place}") if is_secret(value) else as_array(value)
        for place, value in enumerate(arguments)
    )


def as_array(value: Any) -> Any:
    """A list of numbers, as rubrics have to spell a tensor that is not secret; everything else as it is."""
    if not isinstance(value, list):
        return value
    try:
        found = np.asarray(value)
    except ValueError:  # rows of several lengths
        return value
    kind = {"f": np.float32, "i": np.int32, "b": np.bool_}.get(found.dtype.kind)
    return value if kind is None else found.astype(kind)


def wired(value: Any, made_by: str, wide: bool) -> Value:
    """`made_by`: numpy, tensor or list; `wide`: numbers of 64 bits in place of 32."""
    if not isinstance(value, np.ndarray):
        return listing(value)
    if made_by == "list":
        return listing(value.tolist())
    kind = {"f": np.float64, "i": np.int64}.get(value.dtype.kind) if wide else None
    return send(value.astype(kind) if kind else value, made_by)


def listing(value: Any) -> Value:
    return Listing(tuple(map(listing, value))) if isinstance(value, list) else entry(value)
