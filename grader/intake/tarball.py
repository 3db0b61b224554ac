"""A .tar, plain or compressed, as a file that is read once from front to back, within limits of bytes and memory."""

import bz2
import gzip
import io
import lzma
import tarfile
import zlib
from pathlib import Path
from typing import IO, Protocol

from grader.intake.submission import SIZE_LIMIT

TOTAL = 2 * 1024**3  # bytes unpacked, those of files nobody wants included: they have to be unpacked to be passed
RATIO = 500
SMALL = 64 * 1024**2  # so much may come out of any file, however small
_MEMORY = 128 * 1024**2  # of an .xz, whose own header says how much it takes
_BACK = 1024  # bytes that are kept, since tarfile looks back by one
BROKEN = (tarfile.TarError, lzma.LZMAError, zlib.error, OSError, EOFError, ValueError, MemoryError)


class Stream(Protocol):
    def read(self, size: int, /) -> bytes: ...


class TooMuch(Exception):
    """More comes out than its size promises."""


class _Xz:
    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._unpacking = lzma.LZMADecompressor(memlimit=_MEMORY)

    def read(self, size: int, /) -> bytes:
        parts: list[bytes] = []
        while size > 0 and not self._unpacking.eof:
            packed = self._file.read(64 * 1024) if self._unpacking.needs_input else b""
            if self._unpacking.needs_input and not packed:
                break
            parts.append(self._unpacking.decompress(packed, size))
            size -= len(parts[-1])
        return b"".join(parts)


class Forwards:
    """What tarfile needs of a file, where nothing can be read twice."""

    def __init__(self, stream: Stream, limit: int) -> None:
        self._stream, self._limit = stream, limit
        self._read = self._place = 0
        self._tail = b""

    def tell(self) -> int:
        return self._place

    def seek(self, place: int) -> int:
        if place < self._read - len(self._tail):
            raise ValueError("what was read is gone")
        self._place = place
        return place

    def read(self, size: int) -> bytes:
        if size > SIZE_LIMIT + 1:
            raise ValueError("nothing we want is as long")
        while self._read < self._place:
            if not self._fresh(min(SIZE_LIMIT // 50, self._place - self._read)):
                return b""
        back = self._read - self._place
        kept = self._tail[len(self._tail) - back :][:size] if back else b""
        data = kept + (self._fresh(size - len(kept)) if size > len(kept) else b"")
        self._place += len(data)
        return data

    def _fresh(self, size: int) -> bytes:
        data = self._stream.read(size)
        self._read += len(data)
        if self._read > self._limit:
            raise TooMuch
        self._tail = (self._tail + data[-_BACK:])[-_BACK:]
        return data


def unpacked(file: IO[bytes], packed_size: int) -> Forwards:
    """By its first bytes, whatever its name says."""
    head = file.read(6)
    file.seek(0)
    stream: Stream = file
    if head.startswith(b"\x1f\x8b"):
        stream = gzip.GzipFile(fileobj=file)
    elif head.startswith(b"BZh"):
        stream = bz2.BZ2File(file)
    elif head.startswith(b"\xfd7zXZ"):
        stream = _Xz(file)
    return Forwards(stream, min(TOTAL, max(SMALL, RATIO * packed_size)))


def is_tar(path: Path | IO[bytes], size: int) -> bool:
    """Its first member says so."""
    try:
        with path.open("rb") if isinstance(path, Path) else io.BytesIO(path.read()) as file:
            head = unpacked(file, size).read(tarfile.BLOCKSIZE)
        tarfile.TarInfo.frombuf(head, "utf-8", "surrogateescape")
    except (*BROKEN, TooMuch):
        return False
    return True
