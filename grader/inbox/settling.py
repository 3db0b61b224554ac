"""Which files are all there: one that is still being copied is left to a later look."""

from collections.abc import Callable
from pathlib import Path

import msgspec
from msgspec import Struct

State = tuple[int, int, int]  # size, when it was changed, and when its permissions or its name were


def _always(_: Path) -> bool:
    return True


class Look(Struct, frozen=True):
    """How to look at a source that is looked at again and again."""

    again: bool = True  # whether to follow links once more that led to nothing before
    is_whole: Callable[[Path], bool] = _always


ONCE = Look()


class Settling:
    """A file is whole when two looks saw it alike, and a notebook as soon as its JSON ends."""

    def __init__(self) -> None:
        self._before: dict[Path, State] = {}
        self._now: dict[Path, State] = {}
        self.waiting: set[Path] = set()  # what this look left to the next
        self.closed: dict[Path, str] = {}  # what may not be read, and why

    def begin(self) -> None:
        self._before, self._now = self._now, {}
        self.waiting, self.closed = set(), {}

    def is_whole(self, path: Path) -> bool:
        """Of a file in an archive, the archive."""
        file = path if path.exists() else next((above for above in path.parents if above.is_file()), path)
        state = state_of(file)
        if state is None:
            return False
        self._now[file] = state
        if file.is_file() and (reason := _closed(file)):
            self.closed[file] = reason
            return False
        if self._before.get(file) == state or _ends(file):
            return True
        self.waiting.add(file)
        return False


def state_of(path: Path) -> State | None:
    """None where it is not there, or not any more."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_size, found.st_mtime_ns, found.st_ctime_ns


def states(source: Path) -> tuple[tuple[str, State | None], ...]:
    """Of all that lies there: while it stays the same, there is nothing to read."""
    inside = sorted(source.rglob("*")) if source.is_dir() else [source]
    return tuple((str(path), state_of(path)) for path in inside)


def _closed(file: Path) -> str:
    try:
        with file.open("rb"):
            return ""
    except OSError as error:
        return error.strerror or str(error)


def _ends(file: Path) -> bool:
    if file.suffix.lower() != ".ipynb":
        return False
    try:
        msgspec.json.decode(file.read_bytes())
    except (OSError, ValueError, RecursionError):
        return False
    return True
