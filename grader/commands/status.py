"""Says how a course stands, and copies its gradebook."""

from collections.abc import Iterator
from pathlib import Path

from grader.course.folder import current_course
from grader.gradebook.book import copied
from grader.gradebook.standing import LabStanding, standing
from grader.wording.counting import quantity


def told_of_status(grades: Path, backup: Path | None) -> Iterator[str]:
    course = current_course()
    found = [*standing(grades, {lab: rubric.title for lab, rubric in course.labs.items()})]
    for each in found:
        yield _line(each)
    if not found:
        yield "Nothing was graded yet."
    missing = [lab for lab in course.sent_in if lab not in {each.lab for each in found}]
    if missing and found:
        yield f"Nothing yet of {', '.join(missing)}."
    if backup is not None:
        copied(grades, backup)
        yield f"A copy of the gradebook: {backup.resolve()}"


def _line(each: LabStanding) -> str:
    mean = f"{each.mean:.0f} % earned on average" if each.mean is not None else "nothing earned"
    parts = [quantity(each.students, "student"), mean]
    parts += [f"{each.open} with open points"] if each.open else []
    parts += [f"{each.nothing} without work that counts"] if each.nothing else []
    history = f"{quantity(each.attempts, 'notebook')}, {quantity(each.results, 'result')}, the last on {each.time[:10]}"
    return f"{each.lab or 'of no lab we know'}: {', '.join(parts)} ({history})."
