"""What running a course needs beside what grading needs: days, people, mail, a key, fonts, room and a clock."""

import os
import shutil
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from grader.certificates.pdf import as_pdf
from grader.certificates.signing import FOLDER, SECRET
from grader.course.folder import Course
from grader.errors import GraderError
from grader.wording.counting import quantity

Finding = tuple[str, bool, str]
ROOM = 5 * 1024**3  # bytes: a class's notebooks, and what grading keeps of them


def needs(course: Course) -> Iterator[Finding]:
    yield _days(course)
    yield _people(course)
    if course.sheet.mailbox:
        yield _mail(course)
    yield _key(course)
    yield _pages()
    free = shutil.disk_usage(Path.cwd()).free
    yield "disk", free >= ROOM, f"{free / 1024**3:.0f} GB free here" + ("." if free >= ROOM else "; make some room.")
    now = datetime.now(ZoneInfo(course.sheet.timezone or "UTC"))
    yield (
        "clock",
        now.year >= 2025,
        f"{now:%Y-%m-%d %H:%M} in {course.sheet.timezone or 'UTC'}; set it if that is wrong.",
    )


def _days(course: Course) -> Finding:
    missing = [lab for lab in course.sent_in if lab not in course.sheet.sessions]
    if not course.sheet.sessions:
        return (
            "days",
            True,
            "course.yaml has no sessions, so nothing is late and there is no certificate of attendance.",
        )
    if missing:
        return "days", False, f"no session for {', '.join(missing)}: write its date into course.yaml."
    unsolved = [lab for lab, session in course.sheet.sessions.items() if not session.solution]
    told = f"; work on {', '.join(unsolved)} counts only until it closes" if unsolved else ""
    return "days", True, f"{quantity(len(course.sheet.sessions), 'session')} in {course.sheet.timezone}{told}."


def _people(course: Course) -> Finding:
    try:
        roster = course.roster()
    except GraderError as trouble:
        return "roster", False, str(trouble)
    if not roster:
        return "roster", not course.sheet.roster, "none: whoever sends something is a student, under the name given."
    without = sum(not student.emails for student in roster)
    told = f"; {without} of them without an e-mail address, known by their names only" if without else ""
    return "roster", True, f"{quantity(len(roster), 'student')}{told}."


def _mail(course: Course) -> Finding:
    variable = course.sheet.mailbox.password if course.sheet.mailbox else ""
    if os.environ.get(variable) or Path("~/.netrc").expanduser().is_file():
        return "mail", True, "a mailbox and a place for its password; `grader intake` tries both."
    return "mail", False, f"no password: put it into the variable {variable}, or into ~/.netrc."


def _key(course: Course) -> Finding:
    if (course.folder / FOLDER / SECRET).is_file():
        return "key", True, "certificates can be signed."
    return "key", False, f"certificates cannot be signed; make a key: grader init {course.folder} --key"


def _pages() -> Finding:
    try:
        as_pdf("<!doctype html><html lang='en'><title>x</title><p>ñ</p></html>")
    except GraderError as trouble:
        return "PDF", False, str(trouble)
    return "PDF", True, "certificates can be written."
