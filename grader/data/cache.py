"""What the grader keeps of data it makes itself: folders of the user's cache, named after what they were made from."""

import hashlib
import os
import tempfile
import threading
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from pathlib import Path

import msgspec
import platformdirs

from grader.errors import OurFault

making = threading.Lock()  # what two notebooks wait for is made once


def place(kind: str, version: bytes) -> Path:
    """The folder for one version of it; it may not be there yet."""
    cache = Path(platformdirs.user_cache_dir("grader", appauthor=False))
    return cache / f"{kind}-{hashlib.sha256(version).hexdigest()[:16]}"


def kept(folder: Path, contents: Mapping[str, bytes]) -> Path:
    """The folder with these files in it; those that are missing or cut short are written anew."""
    for name, content in contents.items():
        file = folder / name
        if not file.is_file() or file.stat().st_size != len(content):
            write_whole(file, content)
    return folder


def kept_as_measured(folder: Path, make: Callable[[], Mapping[str, bytes]]) -> Path:
    """The same, where making the contents takes a second: their sizes are noted beside the folder."""
    noted = folder.parent / "sizes.json"
    if sizes_of(folder) != _sizes_in(noted):
        kept(folder, contents := make())
        write_whole(noted, msgspec.json.encode({name: len(content) for name, content in contents.items()}))
    return folder


def sizes_of(folder: Path) -> dict[str, int]:
    found: dict[str, int] = {}
    for file in folder.iterdir() if folder.is_dir() else ():
        with suppress(FileNotFoundError):  # another process wrote it beside, and has renamed it since
            found[file.name] = file.stat().st_size
    return found


def _sizes_in(noted: Path) -> dict[str, int] | None:
    try:
        return msgspec.json.decode(noted.read_bytes(), type=dict[str, int])
    except (OSError, msgspec.DecodeError):
        return None


def made_once(file: Path, make: Callable[[], bytes]) -> Path:
    with making:
        if not file.is_file():
            write_whole(file, make())
    return file


def write_whole(file: Path, content: bytes | Iterable[bytes]) -> None:
    """Write beside and rename: another process sees the whole file or none."""
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=file.parent, prefix=file.name)
        try:
            with os.fdopen(handle, "wb") as beside:
                beside.writelines([content] if isinstance(content, bytes) else content)
            os.chmod(name, 0o644)  # notebooks may run under another user's id
            os.replace(name, file)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise OurFault(
            f"{file}: the data cannot be written there ({error.strerror}). Make room or make it writable, "
            "or name a folder with the course's data by --data."
        ) from error
