"""How a function comes to its numbers: whether NumPy reads its tensors, whether a library's density does the work."""

import sys
from collections.abc import Callable
from typing import Any

import tensorflow as tf


def touched(function: Callable[[Any], Any], x: Any) -> bool:
    """True when `function` hands a tensor to NumPy: a symbolic tensor has no numbers yet, so NumPy complains about it.

    A `tf.Variable(x)` inside, which also ends the gradient, builds without complaint.
    """
    with tf.Graph().as_default():
        symbol = tf.compat.v1.placeholder(x.dtype, x.shape)
        try:
            function(symbol)
        except Exception as error:
            return any(word in str(error).lower() for word in ("numpy", "ufunc", "real number"))
    return False


READY_MADE = ("/scipy/stats/", "/statistics.py", "/tensorflow_probability/")


def ready_made(function: Callable[[Any], Any], x: Any) -> bool:
    """True when a distribution of a library runs below `function`, by whatever name it was reached."""
    seen: list[str] = []

    def note(frame: Any, event: str, _: Any) -> None:
        if event == "call" and any(place in frame.f_code.co_filename for place in READY_MADE):
            seen.append(frame.f_code.co_name)

    sys.setprofile(note)
    try:
        function(x)
    except Exception:  # what it raises is another question's business
        return bool(seen)
    finally:
        sys.setprofile(None)
    return bool(seen)
