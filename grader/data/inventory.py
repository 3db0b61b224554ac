"""What of the course's data is there, as `grader data` shows it."""

from pathlib import Path

from msgspec import Struct

from grader.data.fetch import checksums, records
from grader.data.folder import DataFolder
from grader.data.parts import PARTS, Part


class Row(Struct, frozen=True):
    part: Part
    state: str  # there | toy | missing | in words what is wrong
    where: Path | None
    size: int  # bytes; 0 when there is nothing yet


def inventory(folder: DataFolder) -> list[Row]:
    return [_row(part, folder) for part in PARTS.values()]


def _row(part: Part, folder: DataFolder) -> Row:
    where = folder.parts.get(part.name)
    if where is None:
        return Row(part, "missing", None, 0)
    size = sum(file.stat().st_size for file in where.rglob("*") if file.is_file())
    if part.name in folder.toy:
        return Row(part, "toy" if size else "toy, made when first needed", where, size)
    if not where.exists():
        return Row(part, "there, converted when first needed", where, 0)
    if missing := part.missing(where):
        return Row(part, f"incomplete: {', '.join(missing)} missing", where, size)
    record = records(where.parent).get(part.name)
    if record and record.sha256 != checksums(where):
        return Row(part, "changed since it was fetched", where, size)
    return Row(part, "there", where, size)
