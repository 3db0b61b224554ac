"""Whether NumPy reads a tensor while a function works on it."""

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
