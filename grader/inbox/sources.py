"""Where messages lie: an mbox, a Maildir, a folder of .eml files, or one of them. Nothing there is changed."""

import re
from collections.abc import Callable, Iterator
from enum import StrEnum
from pathlib import Path

from grader.errors import UsageError

_ENVELOPE = re.compile(rb"From \S.*\d{1,2}:\d\d.*\d{4}\s*$")  # `From my side` in a text begins no message
_ESCAPED = re.compile(rb"^>(>*From )", re.MULTILINE)
LIMIT = 80 * 1024**2  # bytes of one message


class Sort(StrEnum):
    MBOX = "mbox"
    MAILDIR = "Maildir"
    LETTERS = ".eml files"
    TABLE = "table of links"
    DOWNLOAD = "hand-ins"


def sort_of(source: Path) -> Sort:
    if source.is_dir():
        if (source / "cur").is_dir() and (source / "new").is_dir():
            return Sort.MAILDIR
        return Sort.LETTERS if _letters(source) else Sort.DOWNLOAD
    if not source.exists():
        raise UsageError(
            f"{source} does not exist. Give an mbox, a Maildir, a folder, a CSV of links, a download, or imaps://NAME@SERVER/INBOX."
        )
    ending = source.suffix.lower()
    if ending in (".csv", ".tsv"):
        return Sort.TABLE
    if ending == ".eml":
        return Sort.LETTERS
    return Sort.MBOX if ending == ".mbox" or _head(source).startswith(b"From ") else Sort.DOWNLOAD


def messages(source: Path, sort: Sort, is_whole: Callable[[Path], bool]) -> Iterator[tuple[str, bytes]]:
    """Where each was found, and its bytes. What a Maildir has is whole: it was moved there."""
    try:
        if sort is Sort.MBOX:
            yield from _in_mbox(source) if is_whole(source) else ()
        else:
            folders = [source / "new", source / "cur"] if sort is Sort.MAILDIR else []
            files = [path for folder in folders for path in sorted(folder.iterdir())]
            for path in files or _letters(source) or [source]:
                if path.is_file() and not path.is_symlink() and (sort is Sort.MAILDIR or is_whole(path)):
                    with path.open("rb") as stream:
                        yield path.name, stream.read(LIMIT)
    except OSError as error:
        raise UsageError(f"{source} cannot be read ({error.strerror}). Change its permissions.") from error


def _letters(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.suffix.lower() == ".eml") if folder.is_dir() else []


def _in_mbox(path: Path) -> Iterator[tuple[str, bytes]]:
    """By ourselves: the standard library takes every line that begins with `From ` for a new message."""
    lines: list[bytes] = []
    number = size = 0
    is_open = blank = True
    with path.open("rb") as stream:
        for line in stream:
            if blank and _ENVELOPE.match(line):
                if number:
                    yield f"{path.name} {number}", _unescaped(lines)
                number, lines, size, is_open = number + 1, [], 0, True
            elif number and is_open:
                lines.append(line)
                size += len(line)
                is_open = size < LIMIT
            blank = not line.strip()
    if number:
        yield f"{path.name} {number}", _unescaped(lines)


def _unescaped(lines: list[bytes]) -> bytes:
    return _ESCAPED.sub(rb"\1", b"".join(lines))


def _head(path: Path) -> bytes:
    try:
        with path.open("rb") as stream:
            return stream.read(5)
    except OSError as error:
        raise UsageError(f"{path} cannot be read ({error.strerror}). Change its permissions.") from error
