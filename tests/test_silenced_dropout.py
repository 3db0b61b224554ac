"""Dropout that is silenced changes nothing but what is dropped: random numbers drawn after it stay the same."""

from collections.abc import Callable
from typing import Any

import pytest
import tensorflow as tf

from grader.judging.instruments.silence import WHOLE

SILENCED = dict(WHOLE)


def drawn_after(drop: Callable[..., Any], **settings: Any) -> list[float]:
    tf.random.set_seed(5)
    drop(tf.ones([3, 4]), **settings)
    return list(tf.random.uniform([4]).numpy())


@pytest.mark.parametrize("settings", [{"rate": 0.0}, {"rate": 0.5}, {"rate": 0.5, "seed": 3}], ids=str)
@pytest.mark.parametrize("name", ["nn", "compat.v1.nn"])
def test_the_numbers_drawn_after_dropout_do_not_depend_on_whether_it_is_silenced(
    name: str, settings: dict[str, Any]
) -> None:
    silenced = eval(SILENCED[f"__import__('tensorflow').{name}.dropout"])  # noqa: S307 - our own text
    loud = tf.nn.dropout if name == "nn" else tf.compat.v1.nn.dropout
    assert drawn_after(silenced, **settings) == drawn_after(loud, **settings)
