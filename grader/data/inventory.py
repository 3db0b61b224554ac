"""What of the course's data is there, as `grader data` shows it."""

from pathlib import Path

from msgspec import Struct

from grader.course.folder import current_course
from grader.data.fetch import checksums, records
from grader.data.folder import DataFolder
from grader.data.parts import Part, parts_of


class Row(Struct, frozen=True):
    part: Part
    readers: list[str]  # short names of labs
    state: str  # there | toy | missing | in words what is wrong
    where: Path | None
    size: int  # bytes; 0 when there is nothing yet


def inventory(folder: DataFolder) -> list[Row]:
    course = current_course()
    return [_row(part, course.readers(part.name), folder) for part in parts_of(course).values()]


def _row(part: Part, readers: list[str], folder: DataFolder) -> Row:
    where = folder.parts.get(part.name)
    if where is None:
        return Row(part, readers, "missing", None, 0)
    size = sum(file.stat().st_size for file in where.rglob("*") if file.is_file())
    if part.name in folder.toy:
        return Row(part, readers, "toy" if size else "toy, made when first needed", where, size)
    if not where.exists():
        return Row(part, readers, "there, converted when first needed", where, 0)
    if missing := part.missing(where):
        return Row(part, readers, f"incomplete: {', '.join(missing)} missing", where, size)
    record = records(where.parent).get(part.name)
    if record and record.sha256 != checksums(where):
        return Row(part, readers, "changed since it was fetched", where, size)
    return Row(part, readers, "there", where, size)
