"""What notebooks of 2020 to 2022 call that libraries have since removed or renamed, and what it means today.

Only forms with one certain meaning are translated, each with a sentence in the changes. A library that is not loaded
yet is mended when the notebook imports it.
"""

import importlib.abc
import importlib.machinery
import importlib.util
import sys
import types
from collections.abc import Callable, Sequence
from typing import Any

from .. import notes
from ..colab import downloads, fetching, pieces
from ..config import GuestConfig
from . import checkpoints, keras, plots, python, tables

Mend = Callable[[Any], None]
MENDS: dict[str, Mend] = {
    **python.MENDS, **keras.MENDS, **plots.MENDS, **tables.MENDS, **checkpoints.MENDS,
    **downloads.MENDS, **fetching.MENDS, **pieces.MENDS,
}  # fmt: skip


def install(config: GuestConfig) -> None:
    waiting = dict(MENDS)
    for name in [name for name in MENDS if name in sys.modules]:
        waiting.pop(name)(sys.modules[name])
    sys.meta_path.insert(0, Mender(waiting))


class Mender(importlib.abc.MetaPathFinder):
    """Lets the ordinary import find a module, and mends it as soon as it has run."""

    def __init__(self, waiting: dict[str, Mend]) -> None:
        self._waiting = waiting

    def find_spec(
        self, name: str, path: Sequence[str] | None, target: types.ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        mend = self._waiting.pop(name, None)
        spec = importlib.machinery.PathFinder.find_spec(name, path, target) if mend else None
        if mend is None or spec is None or spec.loader is None:
            return None
        run = spec.loader.exec_module

        def exec_module(module: types.ModuleType) -> None:
            run(module)
            try:
                mend(module)
            except (AttributeError, ImportError):
                notes.change(f"The old forms of {name} could not be made to work here.")

        spec.loader.exec_module = exec_module  # type: ignore[method-assign]
        return spec
