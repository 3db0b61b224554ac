"""Secret arguments, drawn as a rubric describes them, and as wire values of the kind a function takes."""

from typing import Any

import numpy as np

from grader.course.subject import Secret, is_secret, secret
from grader.judging.comparing.arrays import Numbers, entry, send
from grader.judging.examiner import Examiner
from grader.sandbox.guest.wire import Listing, Mapping, Value


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
    return tuple(given(x, f"argument {call} {place}", value) for place, value in enumerate(arguments))


def given(x: Examiner, purpose: str, value: Any) -> Any:
    """Secret numbers drawn, also those that a dict or a list holds."""
    if is_secret(value):
        return draw(x, secret(value), purpose)
    if isinstance(value, dict):
        return {name: given(x, f"{purpose} {name}", part) for name, part in value.items()}
    if isinstance(value, list) and any(is_secret(part) or isinstance(part, dict) for part in value):
        return [given(x, f"{purpose} {place}", part) for place, part in enumerate(value)]
    return as_array(value)


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
    if isinstance(value, dict):
        return Mapping({name: wired(part, made_by, wide) for name, part in value.items()})
    if isinstance(value, list):
        return Listing(tuple(wired(part, made_by, wide) for part in value))
    if not isinstance(value, np.ndarray):
        return entry(value)
    if made_by == "list":
        return wired(value.tolist(), made_by, wide)
    kind = {"f": np.float64, "i": np.int64}.get(value.dtype.kind) if wide else None
    return send(value.astype(kind) if kind else value, made_by)
