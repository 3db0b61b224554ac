"""What a packed text of the course holds is read from the unpacked copy that the grader shows beside it.

Only the course's own files are known here, by what they are and not by their names: whatever a notebook wrote, or put
in the place of one, is unpacked as ever. A shell's bzcat and whoever unpacks bytes by hand do so as well.
"""

import bz2
import functools
import io
import os
from typing import Any

from ..config import GuestConfig

PACKED = ".bz2"

_look = os.stat
_list = os.listdir


def form(data: str, part: str, name: str) -> str:
    """Where the grader shows this text, in a form the course's folder does not hold, if it does (data/forms.py)."""
    return os.path.join(data, f".{part}.{name}", name)


def texts(data: str) -> dict[tuple[int, int], str]:
    """The unpacked copy of each packed text of the course, by device and number of the packed one."""
    found = {}
    for folder in [name for name in _list(data) if name.startswith(".")]:
        for name in _list(os.path.join(data, folder)):
            part, shown = folder[1 : -len(name) - 1], os.path.join(data, folder, name)
            small = name.endswith(PACKED)
            other = os.path.join(data, part, name.removesuffix(PACKED) if small else name + PACKED)
            entry = _look(shown if small else other)
            found[entry.st_dev, entry.st_ino] = other if small else shown
    return found


class Text(io.FileIO):
    """A text that seems to be unpacked while it is read: who seeks beyond an end stays at that end."""

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        if whence not in (io.SEEK_SET, io.SEEK_CUR, io.SEEK_END):
            raise ValueError(f"Invalid value for whence: {whence}")
        size = os.fstat(self.fileno()).st_size
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self.tell(), io.SEEK_END: size}[whence]
        return super().seek(min(max(start + offset, 0), size))


def install(config: GuestConfig) -> None:
    known = functools.cache(functools.partial(texts, config.data))
    plain = bz2.BZ2File.__init__

    @functools.wraps(plain)
    def __init__(self: Any, *args: Any, **kwargs: Any) -> None:
        plain(self, *args, **kwargs)
        try:
            text = copy_of(self, known())
            if text is not None:
                self._buffer = io.BufferedReader(text)
        except (AttributeError, OSError, ValueError):
            pass  # it is read as it lies

    bz2.BZ2File.__init__ = __init__  # type: ignore[method-assign]


def copy_of(file: Any, known: dict[tuple[int, int], str]) -> Text | None:
    """For a file on disk that was opened to be read, from its beginning."""
    source = getattr(file._fp, "raw", file._fp)
    if not known or not file.readable() or type(source) is not io.FileIO or file._fp.tell() != 0:
        return None
    entry = os.fstat(file.fileno())
    shown = known.get((entry.st_dev, entry.st_ino))
    return None if shown is None else Text(shown)
