"""Losses that curve are no sign of a cut gradient; what half the way shows tells the one from the other."""

from collections.abc import Callable

import pytest

from grader.judging.instruments.cut_gradients import is_bent


@pytest.mark.parametrize(
    ("rise_over", "bent"),
    [
        (lambda way: way + 0.4 * way**3, True),  # the whole gradient, and curvature
        (lambda way: way - 0.4 * way**3, True),
        (lambda way: 0.6 * way, False),  # a part of the gradient is missing
        (lambda way: 0.0 * way, False),
    ],
)
def test_half_the_way_tells_curvature_from_a_gradient_that_lacks_a_part(
    rise_over: Callable[[float], float], bent: bool
) -> None:
    assert is_bent(rise_over(1.0), rise_over(0.5), 1.0) is bent
