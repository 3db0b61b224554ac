"""Prepares parts of the course's data in a folder: from the instructor's own, an installed package, or officially.

A part is made beside its place, looked through, and renamed; what was made is recorded with its checksums.
"""

import hashlib
import shutil
import tempfile
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from msgspec import DecodeError, Struct, json

from grader.course.folder import current_course
from grader.course.pages import meant
from grader.data import bert_package, glove_package
from grader.data.cache import write_whole
from grader.data.download import Told, downloaded
from grader.data.folder import VECTORS, DataFolder
from grader.data.parts import BERT, EMBEDDINGS, Part, insist_on_whole, parts_of
from grader.data.sources import BY_HAND, OF_THE_COURSE, OFFICIAL, Source, unpack
from grader.errors import OurFault, UsageError

MANIFEST = "grader-data.json"
DOWNLOADS = ".downloads"


class Record(Struct, frozen=True):
    """Of one part: where it came from, and the SHA-256 of each file."""

    source: str
    sha256: dict[str, str]


class Origin(Struct, frozen=True):
    words: str
    fill: Callable[[Path], None]  # puts the files into an empty folder; raises unless they are whole


def wanted(names: Sequence[str]) -> list[Part]:
    """The parts named, else all that can be fetched."""
    parts = parts_of(current_course())
    for name in names:
        if name not in parts:
            near = meant(name, parts) or "."
            raise UsageError(f"{name!r} is no part of the course's data{near} There are: {', '.join(parts)}.")
    return [parts[name] for name in names or OFFICIAL if name in parts]


def fetch(part: Part, own: DataFolder, to: Path, told: Told, official: Mapping[str, Source] = OFFICIAL) -> str:
    """What was done, in words. `own` is what notebooks would see now."""
    place = to / part.name
    if place.exists():
        if missing := part.missing(place):
            raise UsageError(f"{place} is there, but lacks {', '.join(missing)}. Complete it or move it away.")
        return f"{part.name}: already in {place}"
    origin = _origin(part, own, to, told, official)
    try:
        to.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".", dir=to) as beside:
            made = Path(beside, part.name)
            made.mkdir()
            origin.fill(made)
            for path in (made, *made.rglob("*")):
                path.chmod(0o755 if path.is_dir() else 0o644)  # notebooks may run under another user's id
            record = Record(origin.words, checksums(made))
            made.rename(place)
        (to / MANIFEST).write_bytes(json.format(json.encode({**records(to), part.name: record})))
    except OSError as error:
        raise UsageError(f"{to} cannot be written ({error}). Make room, or name another folder by --to.") from error
    finally:
        with suppress(OSError):  # not empty: another part is half there
            (to / DOWNLOADS).rmdir()
    return f"{part.name}: from {origin.words}"


def records(folder: Path) -> dict[str, Record]:
    """What was written down when parts were fetched into this folder."""
    try:
        return json.decode((folder / MANIFEST).read_bytes(), type=dict[str, Record])
    except FileNotFoundError:
        return {}
    except (OSError, DecodeError) as error:
        raise UsageError(
            f"{folder / MANIFEST} cannot be read ({error}). Move it away; it will be written again."
        ) from error


def checksums(folder: Path) -> dict[str, str]:
    return {file.relative_to(folder).as_posix(): _sha256(file) for file in sorted(folder.rglob("*")) if file.is_file()}


def _sha256(file: Path) -> str:
    with file.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


def _origin(part: Part, own: DataFolder, to: Path, told: Told, official: Mapping[str, Source]) -> Origin:
    if part.name in own.parts and part.name not in own.toy and own.parts[part.name].is_dir():
        there = own.parts[part.name]
        return Origin(str(there), lambda folder: _copy(part, there, folder, told))
    if part is EMBEDDINGS and glove_package.installed():
        return Origin(f"the package {glove_package.NAME}", lambda folder: _convert(folder, told))
    if part is BERT and (checkpoint := bert_package.checkpoint()):
        return Origin(f"the package {bert_package.NAME}", lambda folder: _copy(part, checkpoint, folder, told))
    if part.name not in official:
        raise UsageError(f"{part.name} {BY_HAND.get(part.name, OF_THE_COURSE)} This folder is {to}.")
    source = official[part.name]
    return Origin(source.url, lambda folder: _download(source, to, folder, told))


def _copy(part: Part, there: Path, folder: Path, told: Told) -> None:
    if missing := part.missing(there):
        raise UsageError(f"{there} lacks {', '.join(missing)}, so it is not copied. Complete it first.")
    told(f"copies {part.name}", 0, None)
    shutil.copytree(there, folder, dirs_exist_ok=True)
    insist_on_whole(part, folder, None)


def _convert(folder: Path, told: Told) -> None:
    told(f"converts the package {glove_package.NAME}", 0, None)
    write_whole(folder / VECTORS, glove_package.embeddings())
    insist_on_whole(EMBEDDINGS, folder, OFFICIAL[EMBEDDINGS.name].counts)


def _download(source: Source, to: Path, folder: Path, told: Told) -> None:
    remedy = f"Or copy the course's own {source.part.name}/ into {to}; without it, notebooks see toy data or none."
    try:
        archive = downloaded(source.url, to / DOWNLOADS, told)
    except OurFault as error:
        raise OurFault(f"{error} {remedy}") from error
    try:
        unpack(archive, source, folder, told)
        told(f"looks through {source.part.name}", 0, None)
        insist_on_whole(source.part, folder, source.counts)
    except OurFault as error:
        archive.unlink()
        raise OurFault(f"What came from {source.url} was thrown away. {error} Try again later. {remedy}") from error
    archive.unlink()
