"""The texts of the course in the form that a notebook asks for and the folder does not hold: unpacked, or packed.

Each notebook would unpack 400000 lines by itself, or pack what it asks for as `x.bz2`, which takes longer than all
else it does with them. Here that is done once, and kept in the user's cache under what it was made from.
"""

import bz2
import functools
import hashlib
import logging
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path

from grader.data import cache
from grader.data.packing import packed
from grader.data.parts import PACKED, Part
from grader.errors import OurFault

KIND = "forms"
LARGEST = 2 << 30  # bytes of an unpacked text; a larger one is left to the notebook
SPARE = 1 << 30  # bytes of the disk that stay free
AT_ONCE = 4 << 20  # bytes

log = logging.getLogger("grader")


def other_forms(
    texts: Iterable[Part],
    parts: Mapping[str, Path],
    brief: tuple[Path, ...],
    as_packed: bool,
    told: Callable[[str], None],
) -> dict[str, Path]:
    """A folder for each text of these parts that is there in one form only; it holds the other one.

    Jails show it beside the parts, under the name that the guest knows it by (colab/packed.py). Plain texts are packed
    only where that is asked for. `told` hears what is waited for.
    """
    found: dict[str, Path] = {}
    for part in texts:
        for name in part.files:
            plain, small = parts[part.name] / name, parts[part.name] / (name + PACKED)
            if plain.is_file() is small.is_file() or (plain.is_file() and not as_packed):
                continue
            source, target = (plain, small.name) if plain.is_file() else (small, plain.name)
            if folder := form_of(source, target, source in brief, told):
                found[f".{part.name}.{target}"] = folder
    return found


def form_of(source: Path, name: str, brief: bool, told: Callable[[str], None]) -> Path | None:
    """The folder that holds this file alone; None where it cannot be made, and the notebook does it as it can."""
    with cache.making:
        version = (source, 0, 0, 0)
        try:
            version = (source, *identity(source))
            if version in unmade():
                return None
            digest = digest_of(*version)
            place = cache.place(KIND, f"{digest} {name}".encode())
            place = source.parent.parent / place.name if brief else place
            made, noted = place / "form" / name, place / "sha256"
            if not is_whole(made, noted):
                told(f"waits for {name}, which is made of {source.name} once")
                small = name.endswith(PACKED)
                cache.write_whole(made, packed(source.read_bytes()) if small else unpacked(source, place))
                made.parent.chmod(0o755)  # notebooks may run as another user
                cache.write_whole(noted, digest_of(made, *identity(made)).encode())
            return made.parent
        except (OurFault, OSError, EOFError, ValueError) as why:
            log.info("%s is left to the notebook: %s", name, why)
            unmade().add(version)
            return None


@functools.cache
def unmade() -> set[tuple[Path, int, int, int]]:
    """What could not be made another form of is not tried again for each notebook."""
    return set()


def is_whole(made: Path, noted: Path) -> bool:
    """By its digest, once for each process: half a gigabyte in half a second."""
    try:
        return noted.read_text() == digest_of(made, *identity(made))
    except OSError:
        return False


def identity(file: Path) -> tuple[int, int, int]:
    entry = file.stat()
    return entry.st_ino, entry.st_size, entry.st_mtime_ns


@functools.lru_cache(100)
def digest_of(file: Path, *_: int) -> str:
    with file.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


def unpacked(source: Path, place: Path) -> Iterator[bytes]:
    """Raises ValueError where it becomes too large for the disk of its place."""
    disk = next(folder for folder in place.parents if folder.is_dir())
    room = min(LARGEST, shutil.disk_usage(disk).free - SPARE)
    with bz2.open(source) as text:
        while piece := text.read(AT_ONCE):
            room -= len(piece)
            if room < 0:
                raise ValueError("unpacked, it would be too large for the disk")
            yield piece


def kept() -> tuple[int, int, Path]:
    """How many texts are kept in another form, their bytes, and where."""
    cached = cache.place(KIND, b"").parent
    sizes = [file.stat().st_size for file in cached.glob(f"{KIND}-*/form/*")]
    return len(sizes), sum(sizes), cached
