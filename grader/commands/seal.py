"""`grader seal`: the checks that students may have, without the answers."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from grader.course.folder import current_course, lab_slug
from grader.intake.whole_files import write_whole
from grader.sealed.file import Sealed, written
from grader.sealed.sealing import sealed
from grader.sealed.wheel import student_wheel
from grader.wording.counting import quantity


def seal(labs: Sequence[str], place: Path, wheel: Path | None) -> Iterator[str]:
    """A line for each lab as it is done, and one when the file is there, or in its place the wheel."""
    chosen = [lab_slug(lab) for lab in labs] or list(current_course().labs)
    done: dict[str, Sealed] = {}
    for lab, one in sealed(list(dict.fromkeys(chosen))):
        done[lab] = one
        yield line(lab, one)
    if wheel is not None:
        made = student_wheel(done, current_course().title, wheel.absolute())
        yield f"{made} is ready to be handed out, {made.stat().st_size / 1024:.0f} KB."
        return
    content = written(done)
    write_whole(place.absolute(), content)
    yield f"{place.absolute()} holds {quantity(len(done), 'lab')}, {len(content) / 1024:.0f} KB."


def line(lab: str, one: Sealed) -> str:
    if not one.rubric.checks:
        named = quantity(len(one.later), "public check")
        why = "its judge needs more than fixed questions"
        return f"{lab}: {why}, so no check is sealed; {named} named as checked when it is graded."
    rest = f"; {', '.join(f'“{title}”' for title in one.later)} only when it is graded" if one.later else ""
    of_forms = f"of {quantity(len(one.accepted) + 1, 'right form')} and {quantity(len(one.mistakes), 'wrong one')}"
    told = "of formulas" if one.rubric.head.judge else of_forms
    return (
        f"{lab}: {quantity(len(one.rubric.checks), 'public check')} sealed, by {quantity(len(one.answers), 'answer')} "
        f"{told}; {one.hidden} hidden{rest}."
    )
