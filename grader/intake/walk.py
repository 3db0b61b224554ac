"""What lies under a folder handed in. Whatever the file system says below it is an entry with a reason."""

import os
import stat
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from msgspec import Struct

from grader.intake.kinds import is_junk

DEPTH = 40  # folders within folders
ENTRIES = 20_000  # in all of one hand-in, which is the first folder below the root

LINK = "This is a link to another place, which is not followed. Put the file itself there."
_DEEP = f"Folders lie more than {DEPTH} deep here; anything deeper was not looked at."
_MANY = f"The folder holds more than {ENTRIES} files; the rest was not looked at. Hand in the notebooks only."
_ODD = "This is not an ordinary file, so there is no notebook to read. Hand in the file itself."


class Entry(Struct, frozen=True):
    path: Path
    parts: tuple[str, ...]  # below the root
    fault: str = ""  # why it is not opened
    is_empty: bool = False  # a folder with nothing in it
    is_junk: bool = False


def entries(root: Path) -> Iterator[Entry]:
    """Files, empty folders and what is not opened. Raises OSError only for the root itself."""
    waiting = [Entry(root, ())]
    counts: Counter[str] = Counter()
    while waiting:
        here = waiting.pop()
        try:
            with os.scandir(here.path) as scan:
                inside = _first(scan, counts, here)
        except (OSError, ValueError) as error:
            if not here.parts:
                raise
            yield _barred(here, error)
            continue
        if not any(not is_junk(entry.name) for entry in inside) and here.parts:
            yield Entry(here.path, here.parts, is_empty=True)
        for entry in inside:
            seen = _entry(here, entry)
            if counts[(*seen.parts, "")[0]] > ENTRIES and len(seen.parts) > 1:
                yield Entry(here.path, here.parts, _MANY)
                break
            if seen.fault or seen.is_junk or not _is_folder(entry):
                yield seen
            else:
                waiting.append(seen)


def _first(scan: Iterator[os.DirEntry[str]], counts: Counter[str], here: Entry) -> list[os.DirEntry[str]]:
    """As many as its hand-in may hold, by name; the root may hold any number of hand-ins."""
    inside: list[os.DirEntry[str]] = []
    for entry in scan:
        inside.append(entry)
        counts[here.parts[0] if here.parts else ""] += 1
        if here.parts and counts[here.parts[0]] > ENTRIES:
            break
    return sorted(inside, key=lambda entry: entry.name)


def _entry(here: Entry, entry: os.DirEntry[str]) -> Entry:
    path, parts = here.path / entry.name, (*here.parts, entry.name)
    if is_junk(entry.name):
        return Entry(path, parts, is_junk=True)
    try:
        mode = entry.stat(follow_symlinks=False).st_mode
    except (OSError, ValueError) as error:
        return _barred(Entry(path, parts), error)
    if stat.S_ISLNK(mode):
        return Entry(path, parts, LINK)
    if stat.S_ISDIR(mode):
        return Entry(path, parts, _DEEP) if len(parts) > DEPTH else Entry(path, parts)
    return Entry(path, parts) if stat.S_ISREG(mode) else Entry(path, parts, _ODD)


def _is_folder(entry: os.DirEntry[str]) -> bool:
    return entry.is_dir(follow_symlinks=False)


def _barred(entry: Entry, error: OSError | ValueError) -> Entry:
    reason = error.strerror if isinstance(error, OSError) else str(error)
    return Entry(entry.path, entry.parts, f"This cannot be opened ({reason}). Check its permissions and its name.")
