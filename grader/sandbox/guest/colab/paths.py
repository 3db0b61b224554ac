"""Which file a path of the notebook means, when it names course data by a place that exists on another computer.

Paths are matched by their end (`…/trees/dev.txt`), whatever stands before. The notebook sees a writable copy of the
data folders made of links, so that it can save features beside the photos; where the asked-for place can be made, a
link is planted there and shell commands and TensorFlow's own readers find it as well.
"""

import builtins
import bz2
import functools
import io
import os
import re
import shutil
import stat
import threading
from collections.abc import Callable
from typing import Any

from .. import notes
from ..config import GuestConfig
from . import packed

TEXTS = ("trees", "snli", "embeddings", "train2014-subset")  # whose files are known by their names alone
CHECKPOINT, WEIGHTS = "bert-base-cased", "imagenet"
PACKED = packed.PACKED

_exists = os.path.lexists
_stat = os.stat
_open = builtins.open
_searching = threading.local()  # a search looks at files itself; those looks must not search again
_course: "CourseData | None" = None


class CourseData:
    """The course's folders as links in a writable place, made when first asked for."""

    def __init__(self, data: str, farm: str) -> None:
        self.data = data
        self.farm = farm
        shown = [name for name in os.listdir(data) if name[0] != "."] if there(data, stat.S_ISDIR) else []
        self.texts = tuple(dict.fromkeys((*TEXTS, *(name for name in shown if name not in (CHECKPOINT, WEIGHTS)))))
        named = "|".join(map(re.escape, self.texts))
        self.literal = re.compile(rf"""["']([^"'\n]*(?:{named})[^"'\n]*)["']""")

    def find(self, path: Any) -> str | None:
        """The path that is meant by one that does not exist; None when it is not course data."""
        parts = parts_of(path)
        if not parts or getattr(_searching, "now", False):
            return None
        _searching.now = True
        try:
            return self._find(parts)
        finally:
            _searching.now = False

    def _find(self, parts: list[str]) -> str | None:
        for place in reversed([i for i, part in enumerate(parts) if part in (*self.texts, CHECKPOINT)]):
            found = self._inside(parts[place], parts[place + 1 :])
            if found:
                self._plant(os.sep.join(parts[:place]), parts[place])
                notes.change(f"{os.sep.join(parts[: place + 1])}/ was read from the course data.")
                return found
        return self._bare(parts[-1])

    def parent_for_writing(self, path: Any) -> str | None:
        """Where a new file goes whose folder does not exist: beside the data it belongs to."""
        parts = parts_of(path)
        folder = self.find(os.sep.join(parts[:-1])) if len(parts) > 1 else None
        return os.path.join(folder, parts[-1]) if folder else None

    def made_own(self, path: Any) -> bool:
        """A file of the course that is written to becomes the notebook's own copy; the course's stays as it is."""
        place = os.path.join(os.path.realpath(os.path.dirname(os.fspath(path))), os.path.basename(os.fspath(path)))
        if not place.startswith(self.farm + os.sep) or not os.path.islink(place):
            return False
        source = os.readlink(place)
        os.remove(place)
        shutil.copyfile(source, place)
        return True

    def _inside(self, folder: str, rest: list[str]) -> str | None:
        top = os.path.join(self.farm, folder)
        if not _exists(top) and not self._link_folder(folder, top):
            return None
        wanted = os.path.join(top, *rest)
        if there(wanted) or self._repack(wanted):
            return wanted
        return None

    def _link_folder(self, folder: str, top: str) -> bool:
        source = os.path.join(self.data, folder)
        if not there(source, stat.S_ISDIR):
            return False
        for here, _, files in os.walk(source):
            inside = os.path.join(top, os.path.relpath(here, source))
            os.makedirs(inside, exist_ok=True)
            for name in files:
                os.symlink(os.path.join(here, name), os.path.join(inside, name))
        return True

    def _repack(self, wanted: str) -> bool:
        """Make `x.txt` of `x.txt.bz2` or the other way round."""
        plain = wanted.removesuffix(PACKED)
        other = plain if wanted.endswith(PACKED) else plain + PACKED
        if not there(other):
            return False
        shown = packed.form(self.data, *os.path.split(os.path.relpath(wanted, self.farm)))
        if there(shown):
            os.symlink(shown, wanted)
            return True
        unfinished = wanted + ".part"
        with _reader(other) as source, _writer(unfinished, wanted) as target:
            shutil.copyfileobj(source, target, 1 << 20)
        os.replace(unfinished, wanted)
        return True

    def _plant(self, before: str, folder: str) -> None:
        link = os.path.join(before or os.curdir, folder)
        try:
            os.makedirs(before or os.curdir, exist_ok=True)
            os.symlink(os.path.join(self.farm, folder), link)
        except OSError:
            pass  # a place that cannot be made (another root, a file in the way); the answer is translated anyway

    def _bare(self, name: str) -> str | None:
        """A file known by its name alone, such as dev.txt in the working directory."""
        other = name.removesuffix(PACKED) if name.endswith(PACKED) else name + PACKED
        for folder in self.texts:
            if any(there(os.path.join(self.data, folder, n), stat.S_ISREG) for n in (name, other)):
                notes.change(f"{name} was read from {folder}/ of the course data.")
                return self._inside(folder, [name])
        return None


def install(config: GuestConfig) -> None:
    global _course  # noqa: PLW0603 - one kernel, one course
    _course = CourseData(config.data, os.path.join(config.home, ".course"))
    for name in ("stat", "lstat", "listdir", "scandir", "chdir"):
        put(name, finding(getattr(os, name)))
    put_open(opening(builtins.open))
    from IPython.core import interactiveshell  # noqa: PLC0415 - exists only inside a kernel

    if interactiveshell.InteractiveShell.initialized():
        interactiveshell.InteractiveShell.instance().events.register("pre_run_cell", plant_literals)


def put(name: str, replacement: Callable[..., Any]) -> None:
    """In the place of a function of os, with what is known of it."""
    original = getattr(os, name)
    setattr(os, name, replacement)
    for supported in (os.supports_fd, os.supports_dir_fd, os.supports_follow_symlinks):
        if original in supported:
            supported.add(replacement)


def put_open(opened: Callable[..., Any]) -> None:
    builtins.open = io.open = opened
    bz2._builtin_open = opened  # type: ignore[attr-defined]
    from IPython.core import interactiveshell  # noqa: PLC0415 - exists only inside a kernel

    vars(interactiveshell)["io_open"] = opened  # behind the name `open` that notebooks see


def find(path: Any) -> str | None:
    return _course.find(path) if _course else None


def data_folder() -> str:
    """Of the course data, as it lies."""
    return _course.data if _course else ""


def is_drive(path: Any) -> bool:
    """Whether a path names somebody's Google Drive."""
    return any(part in ("drive", "MyDrive", "My Drive", "gdrive") for part in parts_of(path))


def finding(original: Callable[..., Any]) -> Callable[..., Any]:
    """The same function, which looks for course data when the path does not exist."""

    @functools.wraps(original)
    def call(path: Any = ".", *args: Any, **kwargs: Any) -> Any:
        try:
            return original(path, *args, **kwargs)
        except (FileNotFoundError, NotADirectoryError):
            found = find(path)
            if found is None:
                raise
        return original(found, *args, **kwargs)

    return call


def opening(original: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(original)
    def call(file: Any, mode: str = "r", *args: Any, **kwargs: Any) -> Any:
        try:
            return original(file, mode, *args, **kwargs)
        except (FileNotFoundError, NotADirectoryError):
            reads = not set(mode) & set("wax")
            found = find(file) if reads else _course and _course.parent_for_writing(file)
            if not found and (reads or not is_drive(file)):
                raise
            if not found:
                os.makedirs(os.path.dirname(file), exist_ok=True)  # a folder that stands on the student's own Drive
        except OSError:
            if not (_course and set(mode) & set("wax+") and _course.made_own(file)):
                raise
            found = file
        return original(found or file, mode, *args, **kwargs)

    return call


def plant_literals(info: Any) -> None:
    """Links for the data folders named in a cell, for readers that no Python function stands before."""
    for literal in _course.literal.findall(info.raw_cell) if _course else ():
        if not there(literal):
            find(literal)


def parts_of(path: Any) -> list[str]:
    """The parts of a path in either slash; none for file descriptors and addresses."""
    if not isinstance(path, str | bytes | os.PathLike):
        return []
    text = os.fsdecode(path).replace("\\", "/")
    if "://" in text or "\0" in text:
        return []
    start = [""] if text.startswith("/") else []
    return start + [part for part in text.split("/") if part not in ("", ".")]


def there(path: str, kind: Callable[[int], bool] = bool) -> bool:
    try:
        return kind(_stat(path).st_mode)
    except (OSError, ValueError):
        return False


def _reader(path: str) -> Any:
    return bz2.open(path, "rb") if path.endswith(PACKED) else _open(path, "rb")


def _writer(path: str, wanted: str) -> Any:
    return bz2.open(path, "wb") if wanted.endswith(PACKED) else _open(path, "wb")
