"""Issues certificates and says who lacks what; checks the code of one."""

from collections.abc import Iterator
from pathlib import Path

import typer

from grader.certificates.issuing import STANDING, issue
from grader.certificates.rules import lacking, without
from grader.certificates.signing import checked
from grader.commands import exit_codes
from grader.course.folder import current_course
from grader.wording.counting import quantity
from reports.scrub import name, said


def told_of_certificates(hand_ins: Path, grades: Path, out: Path) -> Iterator[str]:
    course = current_course()
    issued = issue(course, hand_ins, grades, out)
    yield f"{quantity(len(issued.certificates), 'certificate')}, pages and PDFs: {out.resolve()}"
    for standing in without(issued.standings):
        yield f"  no {standing.kind.value}: {name(standing.student.name)}, {said(lacking(standing))}"
    yield f"Who has which, and what others lack: {(out / STANDING).resolve()}"


def told_of_code(code: str) -> Iterator[str]:
    course = current_course()
    found = checked(code, course.folder)
    if found is None:
        yield f"Not valid: this code was not signed by the course {course.title!r}, or was not copied whole."
        raise typer.Exit(exit_codes.NOT_PASSED)
    yield (
        f"Valid: certificate of {found.kind} {found.number}, for {name(found.name)}, {quantity(found.labs, 'lab')} of "
        f"{name(found.course)}, issued on {found.issued}."
    )
