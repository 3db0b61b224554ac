"""Which members are taken out of a zip or tar, under which names, within which limits. The disk is not touched."""

import io
import lzma
import stat
import struct
import tarfile
import time
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path, PurePosixPath
from typing import IO

from msgspec import Struct
from msgspec.structs import replace

from grader.intake.kinds import HEAD
from grader.intake.member_names import clean, too_deep, zip_names
from grader.intake.submission import SIZE_LIMIT, too_large
from grader.intake.tarball import BROKEN, TooMuch, is_tar, unpacked

MEMBERS = 20_000
TOTAL = 2 * 1024**3  # bytes taken out of one archive handed to us, archives inside it included
RATIO = 500  # a notebook full of one repeated training log stays far below
SMALL = 1024**2  # below this the ratio does no harm
DEPTH = 3  # archives within archives: a class's zip of students' zips, and one to spare
PACKED_LIMIT = 4 * 1024**3

_ZIPS = (b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08")
_TARS = (".tar", ".tgz", ".tbz", ".tbz2", ".txz", ".tar.gz", ".tar.bz2", ".tar.xz")
_ZIP_BROKEN = (
    zipfile.BadZipFile, zlib.error, lzma.LZMAError, struct.error, OSError, EOFError, ValueError, OverflowError,
    NotImplementedError, RuntimeError, MemoryError,
)  # fmt: skip
_DAMAGED = "The file inside the {} is damaged and cannot be unpacked. Make and send the {} again."
_LINK = "This entry of the {} is a link to a file, not the file. Pack the notebook itself."
_CRAMMED = "The file is compressed beyond what a notebook can be; it was not unpacked. Send the notebook itself."
EMPTY = "The archive is empty: there is no file in it. Make and send it again."
_DEEP = "Folders are nested too deeply here. Pack the notebook itself."


class Member(Struct, frozen=True):
    name: PurePosixPath  # relative, without '..', drive or backslash
    head: bytes = b""
    data: bytes | None = None  # where it was wanted
    fault: str | None = None
    modified: float = 0.0
    is_folder: bool = False


Wanted = Callable[[PurePosixPath, bytes], bool]  # by name and first bytes


class _Budget:
    """Bytes still allowed; shared by an archive and the archives inside it."""

    def __init__(self) -> None:
        self.left = TOTAL


class _Walk(Struct, frozen=True):
    wanted: Wanted
    budget: _Budget
    depth: int = DEPTH

    def within(self, name: PurePosixPath) -> "_Walk":
        return _Walk(lambda inner, head: self.wanted(name / inner, head), self.budget, self.depth - 1)


def archive_kind(name: str, head: bytes, file: Path | IO[bytes] | None = None, size: int = 0) -> str:
    """zip or tar; empty for what is neither. A damaged zip is one by its name, a document that is a zip is none."""
    lower = name.lower()
    if head.startswith(_ZIPS) and (lower.endswith(".zip") or ".ipynb" in lower or "." not in lower):
        return "zip"
    if lower.endswith(_TARS) or head[257:262] == b"ustar":
        return "tar" if file is not None and is_tar(file, size) else ""
    return "zip" if lower.endswith(".zip") and not head[:1].strip(b"PK\0 \n") else ""


def members(file: Path, kind: str, wanted: Wanted) -> Iterator[Member]:
    """In order of their names. An archive that cannot be read at all is one member with an empty name."""
    if file.stat().st_size > PACKED_LIMIT:
        yield _faulty(f"The {kind} is larger than {PACKED_LIMIT // 1024**3} GB. Pack the notebooks only, without data.")
        return
    yield from _members(file, kind, _Walk(wanted, _Budget()))


def _members(file: Path | IO[bytes], kind: str, walk: _Walk) -> Iterator[Member]:
    try:
        if kind == "zip":
            with zipfile.ZipFile(file) as archive:
                yield from _in_zip(archive, walk)
        else:
            size = file.stat().st_size if isinstance(file, Path) else file.seek(0, io.SEEK_END)
            with file.open("rb") if isinstance(file, Path) else file as opened:
                opened.seek(0)
                yield from _in_tar(opened, size, walk)
    except (*_ZIP_BROKEN, *BROKEN):
        yield _faulty(f"The {kind} is damaged or cut off and cannot be opened. Make and send it again.")


def _in_zip(archive: zipfile.ZipFile, walk: _Walk) -> Iterator[Member]:
    infos = archive.infolist()
    if len(infos) > MEMBERS:
        yield _faulty(f"The zip holds {len(infos)} files; the limit is {MEMBERS}. Zip the notebooks only.")
        return
    named = [(clean(name), info) for name, info in zip(zip_names(infos), infos, strict=True)]
    for name, info in sorted(named, key=lambda pair: str(pair[0])):
        if info.is_dir():
            yield Member(name, is_folder=True)
        else:
            yield from _opened(_from_zip(archive, name, info, walk), walk)


def _from_zip(archive: zipfile.ZipFile, name: PurePosixPath, info: zipfile.ZipInfo, walk: _Walk) -> Member:
    if too_deep(name):
        return Member(PurePosixPath(*name.parts[:3]), fault=_DEEP)
    if info.flag_bits & 0x1:
        return Member(name, fault="The zip is protected by a password. Make it again without one.")
    if stat.S_ISLNK(info.external_attr >> 16):
        return Member(name, fault=_LINK.format("zip"))
    crammed = info.file_size > SMALL and info.file_size > RATIO * max(info.compress_size, 1)
    try:
        modified = time.mktime((*info.date_time, 0, 0, -1)) if info.date_time > (1980, 1, 2) else 0.0
        with archive.open(info) as stream:
            return _taken(Member(name, modified=modified), stream, info.file_size, walk, crammed)
    except _ZIP_BROKEN:
        return Member(name, fault=_DAMAGED.format("zip", "zip"))


def _in_tar(file: IO[bytes], size: int, walk: _Walk) -> Iterator[Member]:
    inside: list[Member] = []
    try:
        with tarfile.TarFile(fileobj=unpacked(file, size)) as archive:  # type: ignore[arg-type]
            for number, info in enumerate(archive, 1):
                name = clean(info.name.encode("utf-8", "surrogateescape").decode("utf-8", "replace"))
                if number > MEMBERS:
                    inside.append(_faulty(f"The tar holds more than {MEMBERS} files. Pack the notebooks only."))
                    break
                if info.isdir():
                    inside.append(Member(name, is_folder=True))
                else:
                    inside += _opened(_from_tar(archive, name, info, walk), walk)
    except TooMuch:
        inside.append(_faulty("The tar unpacks to far more than its size promises; the rest was not read."))
    except BROKEN:
        if not inside:
            raise
        inside.append(_faulty("The tar is damaged or cut off; the rest of it was not read. Make and send it again."))
    yield from sorted(inside, key=lambda each: str(each.name))


def _from_tar(archive: tarfile.TarFile, name: PurePosixPath, info: tarfile.TarInfo, walk: _Walk) -> Member:
    if too_deep(name):
        return Member(PurePosixPath(*name.parts[:3]), fault=_DEEP)
    if info.issym() or info.islnk():
        return Member(name, fault=_LINK.format("tar"))
    if not info.isreg() or info.issparse():
        return Member(name, fault="This entry of the tar is no ordinary file. Pack the notebook itself.")
    stream = archive.extractfile(info)
    member = Member(name, modified=float(info.mtime))
    return member if stream is None else _taken(member, stream, info.size, walk)


def _taken(member: Member, stream: IO[bytes], size: int, walk: _Walk, crammed: bool = False) -> Member:
    """With its data where that is wanted and within the limits."""
    head = stream.read(HEAD)
    member = replace(member, head=head)
    if not (walk.wanted(member.name, head) or _is_packed(member.name, head)):
        return member
    if size > SIZE_LIMIT:
        return replace(member, fault=too_large(size))
    if crammed:
        return replace(member, fault=_CRAMMED)
    if size > walk.budget.left:
        fault = f"The archive unpacks to more than {TOTAL // 1024**3} GB; this file was left out. Send smaller ones."
        return replace(member, fault=fault)
    data = head + stream.read(SIZE_LIMIT + 1 - len(head))  # the size in the directory may be a lie
    walk.budget.left -= len(data)
    return replace(member, fault=too_large(len(data))) if len(data) > SIZE_LIMIT else replace(member, data=data)


def _is_packed(name: PurePosixPath, head: bytes) -> bool:
    return bool(archive_kind(name.name, head)) or name.name.lower().endswith(_TARS)


def _opened(member: Member, walk: _Walk) -> Iterator[Member]:
    """An archive inside is replaced by what it holds."""
    data = member.data
    kind = "" if data is None else archive_kind(member.name.name, member.head, io.BytesIO(data), len(data))
    if not kind or data is None:
        yield member
    elif walk.depth <= 1:
        yield replace(member, data=None, fault="There are too many zips inside zips here. Unpack the inner ones first.")
    else:
        inside = [*_members(io.BytesIO(data), kind, walk.within(member.name))]
        for inner in inside or [_faulty(EMPTY)]:
            yield replace(inner, name=member.name / inner.name)


def _faulty(fault: str) -> Member:
    return Member(PurePosixPath(), fault=fault)
