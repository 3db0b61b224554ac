"""How an old name or an old argument is made to work again and told about."""

import functools
import sys
from collections.abc import Callable, Mapping
from typing import Any

from .. import notes
from ..answers import own_code


def told(old: str, new: str) -> None:
    notes.change(f"{old}: an old form, taken as {new}.")


def names(module: Any, known: Mapping[str, tuple[str, Callable[[], Any]]], drop: bool = False) -> None:
    """Answer for missing names of a module: `known` gives for each what it is today, in words and as a thing.

    Only the notebook itself is answered; libraries look for old names to learn which version they have before them.
    With `drop`, today's things of these names are taken away first (they only say that they do not work any more).
    """
    before, where = vars(module).get("__getattr__"), module.__name__.removeprefix("keras._tf_keras.")

    def answer(name: str) -> Any:
        if name in known and own_code.is_own(sys._getframe(1).f_globals.get("__name__")):
            words, thing = known[name]
            told(f"{where}.{name}", words)
            return thing()
        if before is not None:
            return before(name)
        raise AttributeError(f"module {module.__name__!r} has no attribute {name!r}")

    for name in known if drop else ():
        vars(module).pop(name, None)
    module.__getattr__ = answer


def arguments(holder: Any, function: str, known: Mapping[str, str | None]) -> None:
    """Let a function take arguments by their old names; None: an argument that means nothing any more."""
    plain = getattr(holder, function)
    words = plain.__qualname__.removesuffix(".__init__")

    @functools.wraps(plain)
    def call(*args: Any, **kwargs: Any) -> Any:
        for old in [name for name in known if name in kwargs]:
            value, new = kwargs.pop(old), known[old]
            told(f"The argument {old}= of {words}", f"{new}=" if new else "nothing, and left out")
            if new:
                kwargs[new] = value
        return plain(*args, **kwargs)

    setattr(holder, function, call)


def method(cls: Any, name: str, words: str, meaning: Callable[..., Any]) -> None:
    """Give a class a method back that it had."""
    if hasattr(cls, name):
        return

    def call(self: Any, *args: Any, **kwargs: Any) -> Any:
        told(f"{cls.__name__.removeprefix('Base')}.{name}()", words)
        return meaning(self, *args, **kwargs)

    setattr(cls, name, call)
