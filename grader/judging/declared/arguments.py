"""Secret arguments, as a rubric describes them: "normal [5, 7]", "uniform [3]", "integers [4, 7] below 13"."""

import re
from typing import Any

import numpy as np
from msgspec import Struct

from grader.errors import RubricError
from grader.judging.comparing.arrays import Numbers, entry, send
from grader.judging.examiner import Examiner
from grader.sandbox.guest.wire import Listing, Value

SPELLING = re.compile(r"(normal|uniform|integers) \[([\d, ]*)\](?: below (\d+))?")
SPOKEN = '"normal [5, 7]", "uniform [3]" or "integers [4, 7] below 13"'


class Secret(Struct, frozen=True):
    """`distribution`: normal (mean 0, deviation 1), uniform (0 to 1), integers (0 up to below `below`)."""

    distribution: str
    shape: tuple[int, ...]
    below: int = 2

    def draw(self, x: Examiner, purpose: str, rows: tuple[int, ...] = ()) -> Numbers:
        generator, shape = x.generator(purpose), (*rows, *self.shape)
        if self.distribution == "integers":
            return np.asarray(generator.integers(0, self.below, shape), np.int32)
        if self.distribution == "uniform":
            return np.asarray(generator.uniform(0.0, 1.0, shape), np.float32)
        return np.asarray(generator.normal(0.0, 1.0, shape), np.float32)


def secret(text: str) -> Secret:
    """Raises RubricError where the text is no description of numbers."""
    match = SPELLING.fullmatch(text.strip())
    if match is None or (match[1] == "integers") != (match[3] is not None):
        raise RubricError(f"{text!r} describes no numbers; write {SPOKEN}")
    shape = tuple(int(size) for size in match[2].replace(" ", "").split(",") if size)
    return Secret(match[1], shape, int(match[3] or 2))


def is_secret(value: Any) -> bool:
    return isinstance(value, str) and SPELLING.match(value.strip()) is not None


def drawn(x: Examiner, call: str, arguments: tuple[Any, ...]) -> tuple[Any, ...]:
    """The arguments of one call, of NumPy arrays and plain values."""
    return tuple(
        secret(value).draw(x, f"argument {call} {place}") if is_secret(value) else value
        for place, value in enumerate(arguments)
    )


def wired(value: Any, made_by: str, wide: bool) -> Value:
    """`made_by`: numpy or tensor; `wide`: numbers of 64 bits in place of 32."""
    if isinstance(value, np.ndarray):
        kind = {"f": np.float64, "i": np.int64}.get(value.dtype.kind) if wide else None
        return send(value.astype(kind) if kind else value, made_by)
    return Listing(tuple(entry(one) for one in value)) if isinstance(value, list) else entry(value)
