"""Numbers that were cut where other objects read them too: globals, entries of dicts, settings in an object.

They stay cut for later cells, which plot over what a training returned; questions meet them as they were written.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple


class Cut(NamedTuple):
    holder: dict[str, Any]
    name: str
    written: int
    now: int


CUTS: dict[tuple[int, str], Cut] = {}  # by the holder's id and the name
_uncut: list[Cut] = []  # while a question is answered


def cut(holder: dict[str, Any], name: str, value: int, new: int) -> None:
    before = CUTS.get((id(holder), name))
    written = before.written if before and before.now == value else value
    CUTS[id(holder), name] = Cut(holder, name, written, new)
    holder[name] = new


def uncut() -> None:
    """Until the question is answered; what the notebook has given another value since is left alone."""
    for one in CUTS.values():
        if one.holder.get(one.name) == one.now:
            one.holder[one.name] = one.written
            _uncut.append(one)


@contextmanager
def as_written() -> Iterator[None]:
    uncut()
    try:
        yield
    finally:
        for one in _uncut:
            if one.holder.get(one.name) == one.written:
                one.holder[one.name] = one.now
        _uncut.clear()
