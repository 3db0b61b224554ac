"""`fit` of Keras 3 under the train policy `none`: one step of one epoch, after which it returns its history as ever.

Broken off in the middle of its cell, as other loops are, it would leave later cells without that history.
"""

import functools
import inspect
import sys
from collections.abc import Callable
from typing import Any

from ..answers import tape
from . import fits


def of_a_glance(plain: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(plain)
    def fit(self: Any, *args: Any, **kwargs: Any) -> Any:
        if fits.policy() != "none" or tape.watching():
            return plain(self, *args, **kwargs)
        bound = inspect.signature(plain).bind(self, *args, **kwargs)
        bound.apply_defaults()
        given = bound.arguments
        fits.told_of_cut()
        given["epochs"] = given["initial_epoch"] + 1
        given["callbacks"] = [*fits.listed(given["callbacks"]), ender()]
        if given["validation_data"] is not None or given["validation_split"]:
            given["validation_steps"] = 1
        with tape.recording(tape.Losses()):  # who stands by for loops in cells has nothing to stop here
            return plain(*bound.args, **bound.kwargs)

    return fit


def ender() -> Any:
    base: Any = sys.modules["keras"].callbacks.Callback

    class Ender(base):  # type: ignore[misc]
        def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
            self.model.stop_training = True

    return Ender()
