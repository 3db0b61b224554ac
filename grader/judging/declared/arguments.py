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
    if numbers.distribution == "uniform":
        return np.asarray(generator.uniform(0.0, 1.0, shape), np.float32)
    return np.asarray(generator.normal(0.0, 1.0, shape), np.float32)


def drawn(x: Examiner, call: str, arguments: tuple[Any, ...]) -> tuple[Any, ...]:
    """The arguments of one call, of NumPy arrays and plain values."""
    return tuple(
        draw(x, secret(value), f"argument {call} {place}") if is_secret(value) else value
        for place, value in enumerate(arguments)
    )


def wired(value: Any, made_by: str, wide: bool) -> Value:
    """`made_by`: numpy or tensor; `wide`: numbers of 64 bits in place of 32."""
    if isinstance(value, np.ndarray):
        kind = {"f": np.float64, "i": np.int64}.get(value.dtype.kind) if wide else None
        return send(value.astype(kind) if kind else value, made_by)
    return Listing(tuple(entry(one) for one in value)) if isinstance(value, list) else entry(value)
