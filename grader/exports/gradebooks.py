"""Grades as the gradebooks of Moodle and Canvas import them: a row for each student, a column for each lab or check."""

import csv
import io
from collections.abc import Mapping, Sequence

from msgspec import Struct

from grader.course.roster import Student
from grader.inbox.people import tokens
from grader.scoring.results import SubmissionRow, harmless


class Column(Struct, frozen=True):
    title: str
    possible: float
    points: Mapping[Student, float]


def of_labs(rows: Sequence[SubmissionRow], roster: Sequence[Student], titles: Mapping[str, str]) -> list[Column]:
    """What is earned for certain: open points come with the next export."""
    columns = []
    for lab in _labs(rows, titles):
        own = [row for row in rows if row.lab == lab]
        points = {student_of(row, roster): row.earned for row in own}
        columns.append(Column(titles.get(lab, lab), max(row.possible for row in own), points))
    return columns


def of_checks(rows: Sequence[SubmissionRow], roster: Sequence[Student], titles: Mapping[str, str]) -> list[Column]:
    columns = []
    for lab in _labs(rows, titles):
        own = [row for row in rows if row.lab == lab]
        for check in dict.fromkeys(check.id for row in own for check in row.checks):
            cells = [(student_of(row, roster), one) for row in own for one in row.checks if one.id == check]
            points = {student: one.points for student, one in cells}
            title = f"{titles.get(lab, lab)}: {check}"
            columns.append(Column(title, max(one.possible for _, one in cells), points))
    return columns


def student_of(row: SubmissionRow, roster: Sequence[Student]) -> Student:
    """As on the roster, by id, else by a name that is one student's alone; else as the row has it."""
    if row.student_id and (same := [student for student in roster if student.id == row.student_id]):
        return same[0]
    called = [student for student in roster if tokens(student.name) == tokens(row.student)]
    return called[0] if len(called) == 1 and not row.student_id else Student(row.student, row.student_id)


def moodle(people: Sequence[Student], columns: Sequence[Column]) -> bytes:
    """Moodle finds students by `ID number` or `Email address`, whichever is mapped at the import."""
    head = ["ID number", "Email address", "Full name", *(harmless(column.title) for column in columns)]
    rows = [
        [harmless(student.id), harmless(_mail(student)), harmless(student.name), *_points(student, columns)]
        for student in people
    ]
    return _table([head, *rows])


def canvas(people: Sequence[Student], columns: Sequence[Column]) -> bytes:
    """Canvas finds students by `SIS User ID` or `SIS Login ID`; its second row holds the points that are possible."""
    titles = [harmless(column.title) for column in columns]
    head = ["Student", "ID", "SIS User ID", "SIS Login ID", "Section", *titles]
    possible = ["    Points Possible", "", "", "", "", *(f"{column.possible:g}" for column in columns)]
    rows = [
        [harmless(student.name), "", harmless(student.id), harmless(_mail(student)), "", *_points(student, columns)]
        for student in people
    ]
    return _table([head, possible, *rows])


def everybody(rows: Sequence[SubmissionRow], roster: Sequence[Student]) -> list[Student]:
    """The roster in its order, then whoever handed in beside it."""
    return [*dict.fromkeys((*roster, *(student_of(row, roster) for row in rows)))]


def _labs(rows: Sequence[SubmissionRow], titles: Mapping[str, str]) -> list[str]:
    """Those that somebody handed in, in the order of the course."""
    there = {row.lab for row in rows if row.lab}
    return [*(lab for lab in titles if lab in there), *sorted(there - set(titles))]


def _points(student: Student, columns: Sequence[Column]) -> list[str]:
    """An empty cell changes nothing at an import."""
    return [f"{column.points[student]:g}" if student in column.points else "" for column in columns]


def _mail(student: Student) -> str:
    return student.emails[0] if student.emails else ""


def _table(rows: Sequence[Sequence[str]]) -> bytes:
    table = io.StringIO()
    csv.writer(table, lineterminator="\r\n").writerows(rows)
    return table.getvalue().encode()
