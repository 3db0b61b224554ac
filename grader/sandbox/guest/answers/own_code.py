"""Which code is the notebook's: that of its cells, and of files in its own folder. Loads no TensorFlow."""

import inspect
import os
import sys
import types
from typing import Any

MAIN = "__main__"
OURS = __name__.partition(".")[0]

_loaded = 0  # modules, when the notebook's own were last looked for among them
_own: list[str] = []


def is_own(module: str | None) -> bool:
    """Whether code of this module is the notebook's: a cell's, or that of a file in its own folder."""
    if module == MAIN:
        return True
    file, home = getattr(sys.modules.get(module or ""), "__file__", None), os.environ.get("HOME")
    if not home or not isinstance(file, str) or not file.startswith(home + os.sep):
        return False
    if module is not None and module.partition(".")[0] == OURS:  # as in a student's own kernel, from a folder of theirs
        return False
    return not any(part.startswith(".") or part == "site-packages" for part in file.split(os.sep))


def is_part(value: Any) -> bool:
    """Of a class of the notebook's, or of one that only holds attributes."""
    return type(value).__module__ == "types" or is_own(type(value).__module__)


def namespaces() -> list[dict[str, Any]]:
    """The globals of the notebook, and of each file of its own that it has imported."""
    global _loaded, _own
    if len(sys.modules) != _loaded:
        _loaded, _own = len(sys.modules), [name for name in list(sys.modules) if name != MAIN and is_own(name)]
    return [vars(sys.modules[MAIN]), *(vars(sys.modules[name]) for name in _own if name in sys.modules)]


def globals_of(function: Any) -> dict[str, Any]:
    """Where the names in a function's code are looked up."""
    plain = inspect.unwrap(function) if callable(function) else None
    plain = getattr(plain, "python_function", plain)
    return plain.__globals__ if isinstance(plain, types.FunctionType) else vars(sys.modules[MAIN])


def functions_beside() -> dict[str, Any]:
    """Functions of own files that the cells have no name of the same for: `import file` alone gives none."""
    main, *files = namespaces()
    found = {name: f for names in files for name, f in names.items() if isinstance(f, types.FunctionType)}
    return {name: f for name, f in found.items() if name not in main and is_own(f.__module__)}
