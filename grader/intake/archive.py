"""Which members are taken out of a zip, under which cleaned names, within which limits. The disk is not touched."""

import io
import stat
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path, PurePosixPath
from typing import IO

from msgspec import Struct

from grader.submission import SIZE_LIMIT, too_large

MEMBERS = 20_000
TOTAL = 2 * 1024**3  # bytes unpacked from one zip handed to us, zips inside it included
RATIO = 500  # a notebook full of one repeated training log stays far below
SMALL = 1024**2  # below this the ratio does no harm
DEPTH = 3  # zips within zips: a class's zip of students' zips, and one to spare


class Member(Struct, frozen=True):
    name: PurePosixPath  # relative, without '..', drive or backslash
    data: bytes
    fault: str | None = None


class _Budget:
    """Bytes still allowed; shared by a zip and the zips inside it."""

    def __init__(self) -> None:
        self.left = TOTAL


class _Walk(Struct, frozen=True):
    wanted: Callable[[PurePosixPath], bool]
    budget: _Budget
    depth: int = DEPTH

    def within(self, name: PurePosixPath) -> "_Walk":
        return _Walk(wanted=lambda inner: self.wanted(name / inner), budget=self.budget, depth=self.depth - 1)


def members(file: Path, wanted: Callable[[PurePosixPath], bool]) -> Iterator[Member]:
    """The wanted members in order of their names. A zip that cannot be read at all is one member with an empty name."""
    return _members(file, _Walk(wanted=wanted, budget=_Budget()))


def _members(file: Path | IO[bytes], walk: _Walk) -> Iterator[Member]:
    try:
        with zipfile.ZipFile(file) as archive:
            yield from _inside(archive, walk)
    except (zipfile.BadZipFile, OSError, EOFError, ValueError, NotImplementedError):
        yield _faulty(PurePosixPath(), "The zip is damaged or cut off and cannot be opened. Make and send it again.")


def _inside(archive: zipfile.ZipFile, walk: _Walk) -> Iterator[Member]:
    infos = archive.infolist()
    if len(infos) > MEMBERS:
        fault = f"The zip holds {len(infos)} files; the limit is {MEMBERS}. Zip the notebooks only."
        yield _faulty(PurePosixPath(), fault)
        return
    named = [(_clean_name(info), info) for info in infos if not info.is_dir()]
    for name, info in sorted(named, key=lambda pair: str(pair[0])):
        if not walk.wanted(name):
            continue
        member = _read(archive, name, info, walk.budget)
        if name.suffix.lower() == ".zip" and member.fault is None:
            yield from _nested(member, walk)
        else:
            yield member


def _nested(outer: Member, walk: _Walk) -> Iterator[Member]:
    if walk.depth <= 1:
        yield _faulty(outer.name, "There are too many zips within zips here. Unpack the inner ones first.")
        return
    for inner in _members(io.BytesIO(outer.data), walk.within(outer.name)):
        yield Member(name=outer.name / inner.name, data=inner.data, fault=inner.fault)


def _read(archive: zipfile.ZipFile, name: PurePosixPath, info: zipfile.ZipInfo, budget: _Budget) -> Member:
    fault = _refusal(info, budget)
    if fault:
        return _faulty(name, fault)
    try:
        with archive.open(info) as stream:
            data = stream.read(SIZE_LIMIT + 1)  # the size in the directory may be a lie
    except (zipfile.BadZipFile, zlib.error, OSError, EOFError, ValueError, NotImplementedError, RuntimeError):
        return _faulty(name, "The file inside the zip is damaged and cannot be unpacked. Make and send the zip again.")
    budget.left -= len(data)
    if len(data) > SIZE_LIMIT:
        return _faulty(name, too_large(len(data)))
    return Member(name=name, data=data)


def _refusal(info: zipfile.ZipInfo, budget: _Budget) -> str | None:
    if info.flag_bits & 0x1:
        return "The zip is protected by a password. Make it again without one."
    if stat.S_ISLNK(info.external_attr >> 16):
        return "This entry of the zip is a link to a file, not the file. Zip the notebook itself."
    if info.file_size > SIZE_LIMIT:
        return too_large(info.file_size)
    if info.file_size > SMALL and info.file_size > RATIO * max(info.compress_size, 1):
        return "The file is compressed beyond what a notebook can be; it was not unpacked. Send the notebook itself."
    if info.file_size > budget.left:
        return f"The zip unpacks to more than {TOTAL // 1024**3} GB; this file was left out. Send smaller zips."
    return None


def _clean_name(info: zipfile.ZipInfo) -> PurePosixPath:
    """Zips made on a Mac hold UTF-8 names without saying so, which then look like `EnÌƒe`."""
    name = info.filename
    if not info.flag_bits & 0x800:
        try:
            name = name.encode("cp437").decode("utf-8")
        except UnicodeError:
            pass
    parts = [part for part in name.replace("\\", "/").split("/") if part not in ("", ".", "..")]
    if parts and len(parts[0]) == 2 and parts[0].endswith(":"):
        parts = parts[1:]
    return PurePosixPath(*parts)


def _faulty(name: PurePosixPath, fault: str) -> Member:
    return Member(name=name, data=b"", fault=fault)
