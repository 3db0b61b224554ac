"""What a rubric may say, and on which line of its file it says something else. Points are added in score.py."""

import math
from collections.abc import Iterator, Mapping
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

from msgspec import Struct

from grader.course import head, subject
from grader.course.head import Head
from grader.course.pages import Complaint, Page, meant
from grader.course.subject import Subject
from grader.model import Level

LEFT_OUT = ("nudge", "formula", "example")  # what a check or a mistake need not have


class Training(Struct, frozen=True, forbid_unknown_fields=True):
    """How much a notebook may train by itself under `--train budget`."""

    epochs: int
    seconds: float


class CheckRule(Struct, frozen=True, forbid_unknown_fields=True):
    id: str
    level: Level
    points: float
    title: str  # what is asked of the student
    tested: str  # how it was asked
    why: str  # why it matters
    needs: tuple[str, ...] = ()
    public: bool = True
    of: tuple[str, ...] = ()  # which parts of the subject it looks at, where that is not all of them
    formula: str = ""  # in LaTeX, an equation a line: the last of the hints
    example: str = ""  # two lines with small numbers, shown below the formula


class MistakeRule(Struct, frozen=True, forbid_unknown_fields=True):
    check: str | tuple[str, ...]  # where it can be found
    title: str
    says: str  # what the mistake is and what it does
    hint: str  # where to look, without the line of code
    credit: float = 0.0  # share of the check's points that is kept
    nudge: str = ""  # the first of the hints, which only turns the eyes; what fits the check's level where empty
    formula: str = ""  # in the place of the check's, and so is the example
    example: str = ""

    @property
    def checks(self) -> tuple[str, ...]:
        return (self.check,) if isinstance(self.check, str) else self.check


class Rubric(Struct, frozen=True, forbid_unknown_fields=True):
    lab: str
    head: Head
    deadline: float  # seconds for the submission
    training: Training
    checks: tuple[CheckRule, ...]
    mistakes: dict[str, MistakeRule]
    gpu_memory: float = 4.0  # GB that a notebook gets of a GPU it shares; one that needs more is run again alone
    subject: Subject | None = None  # what the declared judge asks, of a notebook or of a student's own in its kernel

    @property
    def declared(self) -> bool:
        """Whether the declared judge grades it. A lab with a judge of its own has a subject for sealed checks alone."""
        return self.subject is not None and self.head.judge is None

    @property
    def title(self) -> str:
        return self.head.title


class _Sheet(Struct, frozen=True, forbid_unknown_fields=True):
    """The rubric as it is written; its name is that of the file."""

    lab: Head
    deadline: float
    training: Training
    checks: tuple[CheckRule, ...]
    mistakes: dict[str, MistakeRule] = {}
    gpu_memory: float = 4.0
    subject: Subject | None = None


def read_rubric(path: Path, pieces: Mapping[str, str]) -> Rubric:
    """Raises RubricError (file:line: what) for one that does not hold. `pieces` of patterns are the course's."""
    page = Page(path)
    sheet = page.read(_Sheet)
    page.insist((("lab", *place), said) for place, said in head.complaints(sheet.lab, pieces))
    rubric = Rubric(
        path.stem,
        head.without_pieces(sheet.lab, pieces),
        sheet.deadline,
        sheet.training,
        sheet.checks,
        sheet.mistakes,
        sheet.gpu_memory,
        sheet.subject,
    )
    page.insist(_complaints(rubric))
    if rubric.subject is not None:
        levels, parts = tuple(check.level for check in rubric.checks), tuple(check.of for check in rubric.checks)
        page.insist(subject.complaints(rubric.subject, levels, parts, rubric.declared))
    return rubric


def _complaints(rubric: Rubric) -> Iterator[Complaint]:
    yield from _number_complaints(rubric)
    if not rubric.checks:
        yield ("checks",), "there is no check; a rubric has at least one"
    known = tuple(check.id for check in rubric.checks)
    for i, check in enumerate(rubric.checks):
        yield from ((("checks", i, *place), said) for place, said in _check_complaints(check, known, known[:i]))
    for slug, mistake in rubric.mistakes.items():
        yield from ((("mistakes", slug, *place), said) for place, said in _mistake_complaints(mistake, known))
    yield from _circles(rubric)


def _circles(rubric: Rubric) -> Iterator[Complaint]:
    try:
        TopologicalSorter({check.id: check.needs for check in rubric.checks}).prepare()
    except CycleError as error:
        circle = list(reversed(error.args[1]))
        at = next(i for i, check in enumerate(rubric.checks) if check.id == circle[0])
        yield ("checks", at, "needs"), f"checks need each other in a circle: {' → '.join(circle)}"


def _number_complaints(rubric: Rubric) -> Iterator[Complaint]:
    if not (math.isfinite(rubric.deadline) and rubric.deadline > 0):
        yield ("deadline",), "deadline is a number of seconds above 0"
    if rubric.training.epochs < 1:
        yield ("training", "epochs"), "epochs is at least 1, since notebooks go on with what training returns"
    if not (math.isfinite(rubric.training.seconds) and rubric.training.seconds > 0):
        yield ("training", "seconds"), "seconds is a number above 0"
    if not (math.isfinite(rubric.gpu_memory) and rubric.gpu_memory > 0):
        yield ("gpu_memory",), "gpu_memory is a number of GB above 0"


def _check_complaints(check: CheckRule, known: tuple[str, ...], above: tuple[str, ...]) -> Iterator[Complaint]:
    yield from _empty(check)
    if check.id in above:
        yield ("id",), f"there is already a check {check.id!r} above; give one of them another id"
    if not (math.isfinite(check.points) and check.points >= 0):
        yield ("points",), f"points is a number from 0 up, not {check.points:g}"
    elif round(check.points, 2) != check.points:
        yield ("points",), f"points has at most two decimals, as the gradebook has, not {check.points}"
    for i, need in enumerate(check.needs):
        if need not in known:
            yield ("needs", i), f"{check.id!r} needs an unknown check {need!r}{meant(need, known)}"


def _mistake_complaints(mistake: MistakeRule, known: tuple[str, ...]) -> Iterator[Complaint]:
    yield from _empty(mistake)
    if not 0 <= mistake.credit < 1:
        yield ("credit",), f"credit is the share of the points that is kept, from 0 to below 1, not {mistake.credit:g}"
    if not mistake.checks:
        yield ("check",), "check names no check; say where the mistake can be found"
    for check in mistake.checks:
        if check not in known:
            yield ("check",), f"unknown check {check!r}{meant(check, known)}"


def _empty(rule: CheckRule | MistakeRule) -> Iterator[Complaint]:
    for field in rule.__struct_fields__:
        value = getattr(rule, field)
        if isinstance(value, str) and not value.strip() and (value or field not in LEFT_OUT):
            yield (field,), f"{field} is empty; students read it"
