"""Who takes the course: a CSV file, made by hand or by a learning platform, with a row for each student."""

import csv
import io
import re
import unicodedata
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NoReturn

from msgspec import Struct

from grader.course.pages import meant
from grader.errors import RubricError

_COLUMNS = {
    "name": "name fullname student nombrecompleto nombreyapellidos alumno izena izenabizenak",
    "first": "firstname givenname nombre",
    "last": "lastname surname familyname apellidos apellido abizenak abizena",
    "id": "id idnumber studentid sisuserid numerodeid dni nan nia identificador",
    "email": "email emailaddress mail correo direcciondecorreo correoelectronico eposta epostahelbidea",
    "language": "language idioma hizkuntza",
}
_KNOWN = {word: column for column, words in _COLUMNS.items() for word in words.split()}
_ADDRESS = re.compile(r"[^\s;,<>]+@[^\s;,<>]+")


class Student(Struct, frozen=True):
    name: str
    id: str = ""
    emails: tuple[str, ...] = ()  # in small letters
    language: str = ""  # of certificates and replies; the course's first when empty


def read_roster(path: Path, languages: tuple[str, ...]) -> tuple[Student, ...]:
    """Raises RubricError with the line, where a row does not hold."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise RubricError(f"{path.name}:1: not a text in UTF-8. Save it as CSV UTF-8.") from None
    except OSError as error:
        raise RubricError(
            f"{path}: the roster cannot be read ({error.strerror}). Put it there, or mend course.yaml."
        ) from None
    head = text.partition("\n")[0]
    rows = csv.reader(io.StringIO(text), delimiter=max(",;\t", key=head.count))
    titles = _titles(next(rows, []), path)
    students: dict[int, Student] = {}
    for row in rows:
        if any(cell.strip() for cell in row):
            cells = {titles[n]: " ".join(cell.split()) for n, cell in enumerate(row) if n in titles}
            students[rows.line_num] = _student(cells, path, rows.line_num, languages)
    _insist_on_one_each(students, path)
    return tuple(students.values())


def _titles(row: list[str], path: Path) -> dict[int, str]:
    """Which column stands where; those that nobody needs are passed over."""
    known = {n: _KNOWN[word] for n, cell in enumerate(row) if (word := _plain(cell)) in _KNOWN}
    found = {n: column for n, column in known.items() if column not in [c for m, c in known.items() if m < n]}
    if "name" not in found.values() and "last" not in found.values():  # `Nombre` alone is the whole name
        found = {n: "name" if column == "first" else column for n, column in found.items()}
    columns = list(found.values())
    if "name" not in columns and not {"first", "last"} <= set(columns):
        near = next((near for cell in row if (near := meant(_plain(cell), _COLUMNS))), "")
        _wrong(path, 1, f"there is no column 'name' in {', '.join(filter(None, row)) or 'an empty line'}{near}")
    return found


def _student(cells: Mapping[str, str], path: Path, line: int, languages: tuple[str, ...]) -> Student:
    name = cells.get("name") or f"{cells.get('first', '')} {cells.get('last', '')}".strip()
    last, comma, first = name.partition(", ")
    name = unicodedata.normalize("NFC", f"{first} {last}" if comma and "," not in first else name)
    if not name:
        _wrong(path, line, "this row has no name")
    emails = tuple(address.casefold() for address in _ADDRESS.findall(cells.get("email", "")))
    if cells.get("email") and not emails:
        _wrong(path, line, f"{cells['email']!r} is no e-mail address")
    language = cells.get("language", "").casefold()
    if language and language not in languages:
        known = f"; the languages of this course are {', '.join(languages)}"
        _wrong(path, line, f"{language!r} is no language of this course{meant(language, languages, known)}")
    return Student(name, cells.get("id", ""), emails, language)


def _insist_on_one_each(students: Mapping[int, Student], path: Path) -> None:
    seen: dict[str, int] = {}
    for line, student in students.items():
        for what, key in _keys(student):
            first = seen.setdefault(key, line)
            if first != line:
                _wrong(path, line, f"{what} stands on line {first} already; each student has one row, told apart by id")


def _keys(student: Student) -> Iterator[tuple[str, str]]:
    """What no two students have in common."""
    if student.id:
        yield f"the id {student.id!r}", f"id {student.id}"
    yield f"the name {student.name!r}", f"name {student.name.casefold()} {student.id}"
    for address in student.emails:
        yield f"the address {address!r}", f"mail {address}"


def _plain(text: str) -> str:
    bare = "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))
    return re.sub(r"[^a-z]", "", re.sub(r"\(s\)", "s", bare.casefold()))


def _wrong(path: Path, line: int, sentence: str) -> NoReturn:
    raise RubricError(f"{path.name}:{line}: {sentence}.")
