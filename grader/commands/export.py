"""Writes grades in the forms that other programs import."""

from collections.abc import Iterator, Mapping
from pathlib import Path

from grader.certificates.issuing import graded_rows
from grader.commands.options import Form
from grader.course.folder import Course, current_course
from grader.exports.autograders import gradescope, junit
from grader.exports.gradebooks import canvas, everybody, moodle, of_checks, of_labs
from grader.intake.whole_files import write_whole
from grader.scoring.results import SubmissionRow, page_of
from grader.wording.counting import quantity


def told_of_export(grades: Path, form: Form, out: Path) -> Iterator[str]:
    course, rows = current_course(), graded_rows(grades)
    files = _files(rows, form, course)
    for place, content in files.items():
        write_whole(out / place, content)
    shown = ", ".join(str((out / place).resolve()) for place in list(files)[:2])
    yield f"{quantity(len(files), 'file')} for {form.value}: {shown}{', …' if len(files) > 2 else ''}"
    if open_ones := sum(row.pending > 0 for row in rows):
        yield f"{quantity(open_ones, 'submission')} with open points, which are not counted yet."


def _files(rows: tuple[SubmissionRow, ...], form: Form, course: Course) -> Mapping[str, bytes]:
    if form is Form.JUNIT:
        return {"junit.xml": junit(rows)}
    if form is Form.GRADESCOPE:
        return {f"gradescope/{_place(row)}/results.json": gradescope(row) for row in rows}
    write, roster = (moodle if form is Form.MOODLE else canvas), course.roster()
    titles = {lab: rubric.title for lab, rubric in course.labs.items()}
    people = everybody(rows, roster)
    return {
        f"{form.value}.csv": write(people, of_labs(rows, roster, titles)),
        f"{form.value}-checks.csv": write(people, of_checks(rows, roster, titles)),
    }


def _place(row: SubmissionRow) -> str:
    """As its page is called, which no two rows share; a list that somebody wrote into leads nowhere else."""
    is_inside = row.page and not Path(row.page).is_absolute() and ".." not in Path(row.page).parts
    return (row.page if is_inside else page_of(row.student, row.lab)).removesuffix(".html")
