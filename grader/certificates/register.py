"""Certificates that were issued, with their numbers, beside the course's key. A number is given once and stays.

The list is written before any page: a kill between the two leaves a number without a page, and the next run writes it.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Literal

import msgspec
from filelock import FileLock, Timeout
from msgspec import Struct

from grader.certificates.rules import Kind, Standing
from grader.certificates.signing import FOLDER, Statement, signed
from grader.course.folder import Course
from grader.errors import UsageError
from grader.intake.whole_files import write_whole

FILE = "certificates.json"


class Certificate(Struct, frozen=True):
    number: str
    kind: Kind
    student: str
    student_id: str
    labs: tuple[str, ...]
    issued: str
    code: str


class Register(Struct, frozen=True):
    """The whole of certificates.json."""

    schema: Literal[1]
    certificates: tuple[Certificate, ...] = ()


@contextmanager
def opened(course: Course) -> Iterator[Path]:
    """The file, which no other process writes meanwhile."""
    path = course.folder / FOLDER / FILE
    try:
        with FileLock(path.with_name(".lock"), timeout=0):
            yield path
    except Timeout:
        raise UsageError(f"Another `grader certify` is at work on {path}. Wait for its end.") from None
    except OSError as error:
        raise UsageError(f"{path.parent} cannot be written ({error.strerror}). Make it writable.") from error


def registered(earned: Sequence[Standing], course: Course, path: Path, today: date) -> tuple[Certificate, ...]:
    """One for each standing, in their order: the one there is, where it says the same, else a new one."""
    register = _read(path)
    there = {_says(one.kind, one.student, one.student_id, one.labs): one for one in register.certificates}
    last = max((int(one.number.rpartition("-")[2]) for one in register.certificates), default=0)
    for standing in earned:
        key = _says(standing.kind, standing.student.name, standing.student.id, standing.labs)
        if key not in there:
            last += 1
            there[key] = _new(standing, course, f"{today.year}-{last:04}", today)
    kept = {one.number: one for one in (*register.certificates, *there.values())}
    write_whole(path, msgspec.json.format(msgspec.json.encode(Register(1, tuple(kept.values()))), indent=2) + b"\n")
    return tuple(there[_says(s.kind, s.student.name, s.student.id, s.labs)] for s in earned)


def _new(standing: Standing, course: Course, number: str, today: date) -> Certificate:
    name, labs = standing.student.name, standing.labs
    statement = Statement(number, standing.kind.value, name, course.title, len(labs), today.isoformat())
    return Certificate(
        number=number,
        kind=standing.kind,
        student=name,
        student_id=standing.student.id,
        labs=labs,
        issued=today.isoformat(),
        code=signed(statement, course.folder),
    )


def _says(kind: Kind, name: str, id: str, labs: tuple[str, ...]) -> tuple[object, ...]:
    return kind, name, id, labs


def _read(path: Path) -> Register:
    try:
        return msgspec.json.decode(path.read_bytes(), type=Register)
    except FileNotFoundError:
        return Register(1)
    except (OSError, msgspec.MsgspecError) as error:
        raise UsageError(f"{path} cannot be read ({error}). Put it back from a copy: it holds the numbers.") from None
