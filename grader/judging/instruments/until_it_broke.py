"""A forward pass that breaks off before it returns anything, judged by what its operations gave until then.

A name that is missing in the last line, or shapes that clash there, are no reason to leave all that is right above.
"""

from collections.abc import Callable, Sequence
from typing import Protocol, TypeVar

import numpy as np
from msgspec.structs import replace

from grader.judging.comparing.arrays import Numbers, array
from grader.judging.instruments import first_step
from grader.judging.instruments.first_step import after_a_step
from grader.judging.meeting.forward import Forward, weights
from grader.judging.meeting.watching import parts_of
from grader.model import Finding, Remark
from grader.sandbox.guest.wire import Value

SUMS = 1e-3  # how far from 1 the weights of float32 may sum
JUDGED = Remark(
    "judged-until-it-broke",
    "`model` stops with an error before its end. What it had computed until then was compared with the equations.",
)


class Evidence(first_step.Evidence, Protocol):
    @property
    def unfinished(self) -> bool: ...


Asked = TypeVar("Asked", bound=Evidence)


def as_far_as_it_comes(judge: Callable[[Asked], Finding]) -> Callable[[Asked], Finding]:
    """A check of what was computed, be it before `model` broke off."""
    after = after_a_step(judge)
    return lambda e: judge(e) if e.unfinished else after(e)


def with_results(forward: Forward, places: Sequence[int] = ()) -> Forward:
    """A call that gives back the results of operations, all or those in these places."""
    return replace(forward, results=tuple(places))


def results_in(value: Value | None) -> list[Numbers]:
    """Of operations; a list of equal shapes, or of one result, is no array here."""
    return [one for part in parts_of(value) if (one := array(part)) is not None] if value is not None else []


def attention_rows(results: Sequence[Numbers], batch: int, length: int) -> tuple[int, ...]:
    """Places of results [B, L] whose rows sum to 1; what only turns or reshapes the one before it is none."""
    found: list[int] = []
    last: Numbers | None = None
    for place, result in enumerate(results):
        row = weights(result, batch, length) if result.size == batch * length else None
        if row is None or row.min() < -SUMS or not np.allclose(row.sum(axis=1), 1.0, atol=SUMS):
            continue
        if last is None or not np.array_equal(row, last):
            found.append(place)
        last = row
    return tuple(found)
