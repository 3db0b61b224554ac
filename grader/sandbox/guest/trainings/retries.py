"""Ends a sampler that tries again for ever, while the notebook runs: the cells after it are to run as well."""

import contextlib
import functools
import re
import types
from collections.abc import Callable, Iterator
from typing import Any

from ..answers import written

SAMPLERS = re.compile(r"sampl|generat|muestr|lagin", re.IGNORECASE)  # in English, Spanish and Basque
CALLS = 2000  # of one method of the object's own; a sentence takes twenty, or twenty for each of its words
SECONDS = 20.0
AGAIN = 0.05  # of both for a sampler that has been ended before

_ended: set[str] = set()


def bound_samplers(cls: type) -> None:
    for name, method in list(vars(cls).items()):
        if isinstance(method, types.FunctionType) and SAMPLERS.search(name):
            setattr(cls, name, bounded(method))


def bounded(method: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(method)
    def sample(self: Any, *args: Any, **kwargs: Any) -> Any:
        from .. import agent  # noqa: PLC0415 - it imports us

        share = AGAIN if method.__qualname__ in _ended else 1.0
        try:
            with agent.deadline(share * SECONDS), counted(self, method.__name__, int(share * CALLS)):
                return method(self, *args, **kwargs)
        except agent.Late:
            _ended.add(method.__qualname__)
            raise TimeoutError(f"{method.__name__} tried again and again and did not end by itself") from None

    return sample


@contextlib.contextmanager
def counted(owner: Any, sampler: str, most: int) -> Iterator[None]:
    """The object's own methods end in Late when one of them has been called too often."""
    from .. import agent  # noqa: PLC0415

    held = getattr(owner, "__dict__", {})
    names = [n for n in written.own_functions(type(owner)) if n != sampler and not n.startswith("__")]
    before = {name: held[name] for name in names if name in held}

    def limited(plain: Callable[..., Any]) -> Callable[..., Any]:
        calls = iter(range(most))

        def call(*args: Any, **kwargs: Any) -> Any:
            if next(calls, None) is None:
                raise agent.Late
            return plain(*args, **kwargs)

        return call

    held |= {name: limited(getattr(owner, name)) for name in names}
    try:
        yield
    finally:
        for name in names:
            held.pop(name, None)
        held |= before
