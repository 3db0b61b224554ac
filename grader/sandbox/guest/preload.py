"""What is loaded before the notebook arrives, and what that loading may leave for later.

Keras looks for scikit-learn and matplotlib while it is imported, for wrappers and galleries that no notebook of the
course uses, and does without them when they are absent. They are hidden meanwhile; a notebook's own import finds them.
"""

import gc
import importlib
import sys
from collections.abc import Iterable
from typing import Any

LEFT_FOR_LATER = ("sklearn", "matplotlib")


def load(modules: Iterable[str]) -> None:
    """Import them, without the collector, which would walk over a million objects again and again and free none."""
    hidden = [name for name in LEFT_FOR_LATER if name not in sys.modules]
    gc.disable()
    absent: Any = None  # which is how the import system says it
    sys.modules.update(dict.fromkeys(hidden, absent))
    try:
        for module in modules:
            importlib.import_module(module)
    finally:
        for name in hidden:
            sys.modules.pop(name, None)
        gc.enable()


def settle() -> None:
    """What was loaded until now stays; the collector need not look at it while the notebook runs."""
    gc.freeze()
