"""What the operations of a function gave until it broke off: right work below a last line that is wrong."""

from collections.abc import Callable, Sequence
from typing import Any

import tensorflow as tf
from tensorflow.python.framework import op_callbacks

OPERATIONS, LARGEST = 2000, 4096  # results that are kept, and numbers in each


def computed(function: Callable[..., Any], places: Sequence[int], *args: Any, **kwargs: Any) -> list[Any]:
    """Results in the order in which they came, all or those in these places; the function's own stands for nothing."""
    results: list[Any] = []

    def note(kind: str | bytes, given: Any, attributes: Any, outputs: Any, *_: Any, **__: Any) -> None:
        results.extend(t for t in outputs if len(results) < OPERATIONS and is_small_array(t))

    op_callbacks.add_op_callback(note)
    try:
        function(*args, **kwargs)
    except Exception:  # which the first step has told of
        pass
    finally:
        op_callbacks.remove_op_callback(note)
    return [results[place] for place in places if place < len(results)] if places else results


def is_small_array(tensor: Any) -> bool:
    """Of floats, with rows and columns; a graph's symbols have no numbers."""
    eager = isinstance(tensor, tf.Tensor) and hasattr(tensor, "numpy")
    return eager and tensor.dtype.is_floating and 2 <= tensor.shape.rank <= 4 and tensor.numpy().size <= LARGEST
