"""Decides which data folder notebooks see: the one asked for, else $GRADER_DATA, else toy data we make ourselves."""

import hashlib
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path

import platformdirs
from msgspec import Struct

from grader import toy_treebank
from grader.errors import OurFault, UsageError

FOLDERS = ("trees", "snli", "embeddings", "train2014-subset")
TREES = ("train.txt", "dev.txt", "test.txt")


class DataFolder(Struct, frozen=True):
    path: Path  # absolute; holds trees/ and perhaps snli/ embeddings/ train2014-subset/
    kind: str  # toy | course
    description: str  # in words, for the report


def data_folder(configured: Path | None) -> DataFolder:
    if configured is not None:
        return _course(configured, "--data")
    named = os.environ.get("GRADER_DATA", "").strip()
    if named:
        return _course(Path(named), "$GRADER_DATA")
    return _toy()


def _course(given: Path, asked_by: str) -> DataFolder:
    path = Path(os.path.abspath(given.expanduser()))
    if not path.is_dir():
        raise UsageError(
            f"{asked_by} {path}: there is no such folder. Give the course's data folder, "
            "the one that holds trees/, or leave it out to use toy data."
        )
    parts = [name for name in FOLDERS if (path / name).is_dir()]
    if parts:
        return DataFolder(path, "course", f"the course's data in {path} ({', '.join(parts)})")
    if all((path / name).is_file() for name in TREES):
        return DataFolder(_with_trees_folder(path), "course", f"the course's treebank in {path}")
    raise UsageError(f"{asked_by} {path} holds none of {', '.join(f'{name}/' for name in FOLDERS)}. {_advice(path)}")


def _advice(path: Path) -> str:
    children = sorted(child for child in path.iterdir() if child.is_dir())
    fitting = [child for child in children if any((child / name).is_dir() for name in FOLDERS)]
    if fitting:
        return f"Did you mean {fitting[0]}?"
    if any((path / name).is_file() for name in TREES):
        missing = [name for name in TREES if not (path / name).is_file()]
        return f"It looks like a treebank, but {', '.join(missing)} is missing: put it beside the others."
    return "Give the course's data folder, the one that holds trees/, or leave it out to use toy data."


def _with_trees_folder(path: Path) -> Path:
    """A copy of the three files below a trees/ folder, so that nothing else beside them is shown to a notebook."""
    contents = {f"trees/{name}": (path / name).read_bytes() for name in TREES}
    return _kept("course", contents, version=b"".join(contents.values()))


def _toy() -> DataFolder:
    version = Path(toy_treebank.__file__).read_bytes()
    contents = {f"trees/{name}": text.encode() for name, text in toy_treebank.toy_treebank().items()}
    path = _kept("toy", contents, version)
    return DataFolder(path, "toy", "toy data made by the grader (invented reviews; figures say little about real data)")


def _kept(kind: str, contents: Mapping[str, bytes], version: bytes) -> Path:
    """The folder of this user's cache that holds these files; those that are missing or cut short are written anew."""
    folder = (
        Path(platformdirs.user_cache_dir("grader", appauthor=False))
        / f"{kind}-{hashlib.sha256(version).hexdigest()[:16]}"
    )
    try:
        for name, content in contents.items():
            file = folder / name
            if not file.is_file() or file.stat().st_size != len(content):
                write_whole(file, content)
    except OSError as error:
        raise OurFault(
            f"{folder}: the data cannot be written there ({error.strerror}). Make room or make it writable, "
            "or name a folder with the course's data by --data."
        ) from error
    return folder


def write_whole(file: Path, content: bytes) -> None:
    """Write beside and rename: another process sees the whole file or none."""
    file.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=file.parent, prefix=file.name)
    try:
        with os.fdopen(handle, "wb") as beside:
            beside.write(content)
        os.chmod(name, 0o644)  # notebooks may run under another user's id
        os.replace(name, file)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
