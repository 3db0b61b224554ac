"""Secret numbers in sizes that a notebook told: as many as a question can carry, and no more, since it may lie."""

import math
from collections.abc import Iterable
from typing import Any

import numpy as np

from grader.judging.unaskable import too_large
from grader.sandbox.guest.wire import FRAME_LIMIT, VariableInfo

MOST = FRAME_LIMIT // 4  # numbers of four bytes in one question
AXES = 8  # of an array that can be sent


class Drawing(np.random.Generator):
    """NumPy's, which raises Unaskable instead of drawing more than `MOST`."""

    def integers(self, low: Any, high: Any = None, size: Any = None, **more: Any) -> Any:  # type: ignore[override]
        insist(size)
        return super().integers(low, high, size, **more)

    def normal(self, loc: Any = 0.0, scale: Any = 1.0, size: Any = None) -> Any:
        insist(size)
        return super().normal(loc, scale, size)

    def uniform(self, low: Any = 0.0, high: Any = 1.0, size: Any = None) -> Any:
        insist(size)
        return super().uniform(low, high, size)


def insist(size: int | tuple[int, ...] | None) -> None:
    shape = size if isinstance(size, tuple) else () if size is None else (size,)
    if len(shape) > AXES or any(n < 0 for n in shape) or math.prod(shape) > MOST:
        raise too_large(shape)


def insist_on_writable(variables: Iterable[VariableInfo]) -> None:
    """All together, as they are written in one question."""
    total = 0
    for variable in variables:
        insist(variable.shape)
        total += math.prod(variable.shape)
    insist(total)
