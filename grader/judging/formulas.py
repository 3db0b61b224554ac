"""A question to the formulas of `reference/`, and what they answer: for each explanation its outputs by name."""

import hashlib
from collections.abc import Callable, Mapping
from typing import Any

import msgspec
import numpy as np

Answers = dict[str, dict[str, np.ndarray]]
Formulas = Callable[[str, str, dict[str, Any]], Answers]  # of a lab, a question and its case


def key_of(lab: str, question: str, case: Mapping[str, Any]) -> bytes:
    """Equal for equal questions, in whatever order a case was put together."""
    asked = msgspec.msgpack.encode((lab, question, sorted(case.items())), enc_hook=array_bytes)
    return hashlib.sha256(asked).digest()


def array_bytes(thing: Any) -> Any:
    if isinstance(thing, np.ndarray):
        return [thing.dtype.name, list(thing.shape), thing.tobytes()]
    raise NotImplementedError(type(thing))
