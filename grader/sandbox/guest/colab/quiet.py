"""What stands for a thing of Colab that means nothing here: it can be imported, called, entered, and is empty."""

import importlib.abc
import importlib.machinery
import sys
import types
from collections.abc import Iterator, Sequence
from typing import Any

from .. import notes


class Quiet:
    """Whatever is done with it gives another one; as a text it is empty, as a list too, and as a condition false."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __getattr__(self, name: str) -> "Quiet":
        if name.startswith("__"):
            raise AttributeError(name)  # by which libraries ask what a thing is
        return Quiet(f"{self._name}.{name}")

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if len(args) == 1 and isinstance(args[0], types.FunctionType) and not kwargs:
            return args[0]  # as a decorator
        notes.change(f"{self._name}() was ignored: it works on Colab only.")
        return self

    def __enter__(self) -> "Quiet":
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def __getitem__(self, _: object) -> "Quiet":
        return self

    def __setitem__(self, *_: object) -> None:
        pass

    def __iter__(self) -> Iterator[Any]:
        return iter(())

    def __len__(self) -> int:
        return 0

    def __bool__(self) -> bool:
        return False

    def __str__(self) -> str:
        return ""

    __repr__ = __str__


def module(name: str, members: dict[str, Any]) -> types.ModuleType:
    """With these members, and a quiet one for every other name."""
    made = types.ModuleType(name)
    made.__path__ = []  # a package, so that google.colab.x can be imported from it
    vars(made).update(members)

    def missing(member: str) -> Any:
        if member.startswith("__"):
            raise AttributeError(f"module {name!r} has no attribute {member!r}")
        return sys.modules.get(f"{name}.{member}") or Quiet(f"{name}.{member}")

    made.__getattr__ = missing  # type: ignore[method-assign]
    sys.modules[name] = made
    return made


class Finder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Makes a quiet module of every name below a package that no other finder knows."""

    def __init__(self, package: str) -> None:
        self._package = package + "."

    def find_spec(
        self, name: str, path: Sequence[str] | None, target: types.ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        return importlib.machinery.ModuleSpec(name, self) if name.startswith(self._package) else None

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> types.ModuleType:
        return module(spec.name, {})

    def exec_module(self, module: types.ModuleType) -> None:
        """Nothing has to be run."""
