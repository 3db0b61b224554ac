"""Which text the bytes of a file are, or which other kind of file they are by how they begin."""

import re
from pathlib import PurePath

from grader.intake.notes import AGAIN, Notes, Unreadable

SIZE_LIMIT = 50 * 1024**2
UNPACK = "Unpack it and hand in the .ipynb file itself."

_ARCHIVES = {
    b"Rar!\x1a\x07": "a Rar archive",
    b"7z\xbc\xaf\x27\x1c": "a 7z archive",
    b"\x1f\x8b": "a file compressed with gzip",
    b"\xfd7zXZ\0": "a file compressed with xz",
    b"BZh": "a file compressed with bzip2",
    b"\x28\xb5\x2f\xfd": "a file compressed with zstd",
    b"PK\x05\x06": "an empty zip",
}
_OTHERS = {
    b"%PDF": "a PDF",
    b"%!PS": "a PostScript document",
    b"{\\rtf": "a text document (RTF)",
    b"\xd0\xcf\x11\xe0": "an Office document",
    b"\x89PNG": "a picture (PNG)",
    b"\xff\xd8\xff": "a picture (JPEG)",
    b"GIF8": "a picture (GIF)",
    b"II*\0": "a picture (TIFF)",
    b"MM\0*": "a picture (TIFF)",
    b"RIFF": "a picture, a sound or a video",
    b"bplist00": "a shortcut or a settings file of macOS",
    b"book\0\0\0\0mark": "a shortcut (an alias of macOS)",
    b"\0\5\x16\7": "a companion file that macOS makes, without content of its own",
    b"L\0\0\0\1\x14\2\0": "a shortcut (Windows)",
    b"\x89HDF": "a file of weights or data (HDF5)",
    b"\x93NUMPY": "a NumPy array",
    b"PAR1": "a table of data (Parquet)",
    b"SQLite format 3\0": "a database",
    b"\x7fELF": "a program",
    b"MZ\x90\0": "a program",
}
_ZIP = b"PK\x03\x04"
_ZIPPED = {
    b"word/": "a Word document",
    b"xl/": "an Excel workbook",
    b"ppt/": "a PowerPoint presentation",
    b"mimetypeapplication/vnd.oasis": "a LibreOffice document",
    b"Index/Document.iwa": "a Pages document",
}
_WIDE = {b"\xff\xfe\x00\x00": "utf-32", b"\x00\x00\xfe\xff": "utf-32", b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16"}
_CONTROL = re.compile(rb"[\x00-\x06\x0e-\x1a\x1c-\x1f]")
_HEAD = 4000  # bytes by which text is told from anything else


def decoded(data: bytes, path: PurePath, notes: Notes) -> str:
    if len(data) > SIZE_LIMIT:
        raise Unreadable(too_large(len(data)))
    if not data.strip():
        raise Unreadable(f"The file is empty. {AGAIN}")
    if not data.strip(b"\0 \r\n\t"):
        raise Unreadable(
            f"The file holds nothing but zeros: its upload or its synchronisation was interrupted. {AGAIN}"
        )
    if other := _other_kind(data):
        what, remedy = other
        named = ", although its name ends in .ipynb" if path.suffix.lower() == ".ipynb" else ""
        raise Unreadable(f"The file is {what}, not a notebook{named}. {remedy}")
    if wide := _wide_encoding(data):
        notes.repairs.append(f"The file was saved as {wide.upper()} instead of UTF-8; it was read as such.")
        return data.decode(wide, errors="replace").lstrip("\ufeff")
    return _narrow(data, notes)


def too_large(size: int) -> str:
    return (
        f"The file has {size / 1024**2:.0f} MB; the limit is {SIZE_LIMIT // 1024**2} MB. "
        "Clear the outputs (Edit > Clear all outputs), save, and hand it in again."
    )


def _narrow(data: bytes, notes: Notes) -> str:
    whole = data.rstrip(b"\0")
    if len(whole) < len(data):
        notes.repairs.append("The file ended in zeros, as a broken synchronisation leaves them; they were ignored.")
    if b"\0" in whole or len(_CONTROL.findall(whole[:_HEAD])) > len(whole[:_HEAD]) // 50:
        raise Unreadable(f"The file holds binary data, not a notebook. {AGAIN}")
    try:
        return whole.decode("utf-8-sig")
    except UnicodeDecodeError:
        notes.repairs.append("The file is not proper UTF-8; it was read as Latin-1, so some letters may be wrong.")
        return whole.decode("latin-1")


def _other_kind(data: bytes) -> tuple[str, str] | None:
    """What it is and what to do; None where it may be text."""
    if data.startswith(_ZIP):
        document = next((what for mark, what in _ZIPPED.items() if mark in data), None)
        return (document, AGAIN) if document else ("a zip", UNPACK)
    if data[257:262] == b"ustar":
        return "a tar archive", UNPACK
    if data[4:8] == b"ftyp":
        return "a picture or a video", AGAIN
    for kinds, remedy in ((_ARCHIVES, UNPACK), (_OTHERS, AGAIN)):
        for start, what in kinds.items():
            if data.startswith(start):
                return what, remedy
    return None


def _wide_encoding(data: bytes) -> str | None:
    for mark, name in _WIDE.items():
        if data.startswith(mark):
            return name
    if b"\0" in data[:2]:  # JSON starts with two ASCII characters
        return "utf-16-le" if data[1:2] == b"\0" else "utf-16-be"
    return None
