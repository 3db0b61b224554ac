"""What dear questions were answered in earlier runs of the tests: by a kernel, a browser, a notebook's own Python.

Answers are kept, never verdicts: every test looks at what was answered in every run. Each stands under a word made of
the content of all it rests on; where any of that changes, the question is asked again. Files here may be deleted at any
time. What is kept of a file of tests is forgotten when one of them fails, and nothing is kept of it in that run.
"""

import os
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import ClassVar

import msgspec

from grader.batch.keys import digest

ENDING = ".kept"
DAYS = 14  # what nobody asked for in so long is of a tree that is gone


class Folder:
    """Where it is kept, as tests/conftest.py says; and files of tests of which nothing is kept, since one failed."""

    place: ClassVar[Path | None] = None
    failed: ClassVar[set[str]] = set()


def keep_in(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for file in folder.glob(f"*{ENDING}*"):
        with suppress(FileNotFoundError):
            if file.stat().st_mtime < time.time() - DAYS * 24 * 3600:
                file.unlink()
    Folder.place = folder


def forget(name: str) -> None:
    """A test of that file failed: what is kept may be at fault."""
    Folder.failed.add(name)
    for file in Folder.place.glob(f"{name}-*{ENDING}") if Folder.place else ():
        file.unlink(missing_ok=True)


def current_tests() -> str:
    """The file of the test that runs."""
    return Path(os.environ["PYTEST_CURRENT_TEST"].partition("::")[0]).stem


def file_for(word: str) -> Path:
    assert Folder.place is not None, "keeps an answer: ask for the fixture `kept_here`"
    return Folder.place / f"{current_tests()}-{word[:32]}{ENDING}"


def once(rests_on: Iterable[str], answer: Callable[[], str]) -> str:
    """`answer`, unless it was given before under the same words."""
    file = file_for(digest(*rests_on))
    known = read(file).get("")
    if known is not None:
        return known.decode()
    given = answer()
    write(file, {"": given.encode()})
    return given


def read(file: Path) -> dict[str, bytes]:
    """Nothing where it is damaged."""
    with suppress(FileNotFoundError, msgspec.DecodeError):
        os.utime(file)
        return msgspec.msgpack.decode(file.read_bytes(), type=dict[str, bytes])
    return {}


def write(file: Path, kept: dict[str, bytes]) -> None:
    """Whole or not at all: two runs may be at work here."""
    if file.name.rpartition("-")[0] not in Folder.failed:
        beside = file.with_suffix(f"{ENDING}.{os.getpid()}")
        beside.write_bytes(msgspec.msgpack.encode(kept))
        beside.rename(file)


def contents(place: Path) -> str:
    """Of a file, or of every file below a folder."""
    files = [place] if place.is_file() else sorted(file for file in place.rglob("*") if file.is_file())
    return digest(*(f"{file.relative_to(place)} {_content(file, file.stat().st_mtime_ns)}" for file in files))


@cache
def _content(file: Path, _changed: int) -> str:
    return digest(file.read_bytes().hex())
