"""A course is a folder: course.yaml says what it is, rubrics/, reference/ and assignments/ hold its labs."""

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from msgspec import Struct

from grader.course import schedule
from grader.course.head import PIECE, Kind, plain
from grader.course.pages import Complaint, Page, meant
from grader.course.policies import (
    CertificateSheet,
    MailboxSheet,
    certificate_complaints,
    language_complaints,
    mailbox_complaints,
)
from grader.course.roster import Student, read_roster
from grader.course.rubric import Rubric, read_rubric
from grader.course.schedule import Session, SessionSheet, sessions
from grader.errors import UsageError
from reference.place import VARIABLE, course_folder

FILE = "course.yaml"


class HandIn(Struct, frozen=True, forbid_unknown_fields=True):
    """A file of the sample class that `grader demo` grades: a notebook made of a lab's solution, or a text."""

    file: str
    lab: str = ""
    edit: str = ""  # a slug among the lab's edits, or `starter`; the solution as it is when empty
    crash: str = ""  # the id of a cell before which the kernel dies
    zip: str = ""  # the archive in which the file lies
    text: str = ""  # what the file holds instead of a notebook


WHEEL = re.compile(r"https?://[\w.~:/%+-]+\.whl")  # it stands in a line that a shell reads


class Sheet(Struct, frozen=True, forbid_unknown_fields=True):
    """What course.yaml says."""

    title: str  # what was graded is kept under it
    labs: tuple[str, ...]  # slugs in the order in which they are taught
    languages: tuple[str, ...] = ("en",)  # in which students may hand in
    data: dict[str, tuple[str, ...] | None] = {}  # folders of the course's data and the files in each
    patterns: dict[str, str] = {}  # pieces for the patterns in rubrics, which write their names in braces
    demo: tuple[HandIn, ...] = ()
    called: dict[str, tuple[str, ...]] = {}  # names of labs in subjects beside their aliases; two labs may share one
    timezone: str = ""  # of all times, such as Europe/Madrid
    closes: str = ""  # until when a lab is sent on its day, where its session does not say otherwise
    sessions: dict[str, SessionSheet] = {}  # by slug: when it is taught, closed and solved
    roster: str = ""  # a CSV file of the students
    certificates: CertificateSheet = CertificateSheet()
    mailbox: MailboxSheet | None = None
    self_check: str = ""  # the address of the wheel for students; notebooks that are handed out then bring it


class Course(Struct, frozen=True):
    folder: Path
    sheet: Sheet
    labs: dict[str, Rubric]  # by slug, in order

    @property
    def title(self) -> str:
        return self.sheet.title

    @property
    def data(self) -> Path:
        return self.folder / "data"

    @property
    def sessions(self) -> dict[str, Session]:
        return sessions(self.sheet.sessions, self.sheet.timezone, self.sheet.closes)

    def roster(self) -> tuple[Student, ...]:
        """Empty where the course has none. Raises RubricError where the file does not hold."""
        name = self.sheet.roster
        return read_roster(self.folder / name, self.sheet.languages) if name else ()

    @property
    def sent_in(self) -> tuple[str, ...]:
        """The labs that count for certificates; assignments are not sent."""
        return tuple(lab for lab, rubric in self.labs.items() if rubric.head.kind is Kind.LAB)

    def rubric(self, lab: str) -> Path:
        return rubric_path(self.folder, lab)

    @property
    def toy(self) -> Path:
        """A program with `make(folder)`, which makes data in the place of what is missing."""
        return self.folder / "toy.py"

    @property
    def calibrations(self) -> Path:
        return self.folder / "rubrics" / "calibration"

    def readers(self, part: str) -> list[str]:
        """Short names of the labs that read this part of the data."""
        return [short(rubric) for rubric in self.labs.values() if part in rubric.head.data]


def short(rubric: Rubric) -> str:
    return rubric.head.aliases[0] if rubric.head.aliases else rubric.lab


def current_course() -> Course:
    """The one that --course names, else $GRADER_COURSE, else ours. Raises RubricError where it does not hold."""
    return load_course(course_folder())


@cache
def load_course(folder: Path) -> Course:
    if not (folder / FILE).is_file():
        raise UsageError(
            f"{folder} holds no {FILE}, so it is no course. Name another folder by --course or ${VARIABLE}, "
            f"or make one with `grader init {folder}`."
        )
    page = Page(folder / FILE)
    sheet = page.read(Sheet)
    page.insist(_complaints(sheet, folder))
    rubrics = {lab: read_rubric(rubric_path(folder, lab), sheet.patterns) for lab in sheet.labs}
    for lab, rubric in rubrics.items():
        _insist_on_data(rubric, sheet, rubric_path(folder, lab))
    _insist_on_names(rubrics, folder)
    return Course(folder, sheet, rubrics)


def load_rubric(lab: str) -> Rubric:
    """Raises UsageError for a lab that the course does not have."""
    labs = current_course().labs
    if lab not in labs:
        raise UsageError(f"no rubric for {lab!r}{meant(lab, labs, '.')} There are: {', '.join(labs) or 'none'}.")
    return labs[lab]


def title_of(lab: str | None) -> str:
    """Empty for what is no lab of this course."""
    rubric = current_course().labs.get(lab or "")
    return rubric.title if rubric else ""


def lab_slug(text: str) -> str:
    """The lab behind its slug or an alias, as people write them. Raises UsageError with the nearest one."""
    labs = current_course().labs
    known = {name: slug for slug, rubric in labs.items() for name in (*rubric.head.aliases, plain(slug))}
    slug = known.get(plain(text))
    if slug is None:
        near = meant(plain(text), known) or "."
        raise UsageError(f"{text!r} is no lab of this course{near} There are: {', '.join(labs) or 'none yet'}.")
    return slug


def rubric_path(folder: Path, lab: str) -> Path:
    return folder / "rubrics" / f"{lab}.yaml"


def _complaints(sheet: Sheet, folder: Path) -> Iterator[Complaint]:
    yield from _plain_complaints(sheet)
    yield from _lab_complaints(sheet, folder)
    yield from _forgotten(sheet, folder)
    yield from language_complaints(sheet.languages)
    yield from schedule.complaints(sheet.sessions, sheet.timezone, sheet.closes, sheet.labs)
    yield from certificate_complaints(sheet.certificates, len(sheet.labs))
    yield from mailbox_complaints(sheet.mailbox)
    if sheet.self_check and WHEEL.fullmatch(sheet.self_check) is None:
        yield (
            ("self_check",),
            "self_check is no address of a wheel; write one like https://example.org/grader_check-1.whl",
        )
    for name in sheet.patterns:
        if PIECE.fullmatch(f"{{{name}}}") is None:
            yield ("patterns", name), f"{name!r} is no name of a pattern; write it in capitals, like LAB_TITLE"
    for lab in sheet.called:
        if lab not in sheet.labs:
            yield ("called", lab), f"{lab!r} is no lab of this course{meant(lab, sheet.labs)}"
    for n, hand_in in enumerate(sheet.demo):
        if not hand_in.text and hand_in.lab not in sheet.labs:
            yield ("demo", n), f"{hand_in.lab!r} is no lab of this course{meant(hand_in.lab, sheet.labs)}"


def _plain_complaints(sheet: Sheet) -> Iterator[Complaint]:
    if not sheet.title.strip():
        yield ("title",), "title is empty; say what the course is called"
    if sheet.self_check and WHEEL.fullmatch(sheet.self_check) is None:
        yield ("self_check",), "self_check is no address of a wheel; write it like https://example.org/check-1.whl"


def _lab_complaints(sheet: Sheet, folder: Path) -> Iterator[Complaint]:
    for n, lab in enumerate(sheet.labs):
        if re.fullmatch(r"[a-z0-9_]+", lab) is None:
            yield ("labs", n), f"{lab!r} is no slug; write it in small letters, digits and underscores"
        if lab in sheet.labs[:n]:
            yield ("labs", n), f"{lab!r} is there twice; take one away"
        for room, file in (("rubrics", f"{lab}.yaml"), ("reference/solutions", f"{lab}.py")):
            if not (folder / room / file).is_file():
                there = sorted(path.stem for path in (folder / room).glob(f"*{Path(file).suffix}"))
                near = meant(lab, (name for name in there if "." not in name))
                yield ("labs", n), f"{lab!r} has no {room}/{file}{near}; write it, or take {lab!r} off the list"


def _forgotten(sheet: Sheet, folder: Path) -> Iterator[Complaint]:
    """Files of labs that are not on the list."""
    for room, ending in (("rubrics", ".yaml"), ("reference/solutions", ".py"), ("reference/solutions", ".edits.yaml")):
        for path in sorted((folder / room).glob(f"*{ending}")):
            lab = path.name.removesuffix(ending)
            if lab not in sheet.labs and lab != "__init__":
                said = f"{room}/{path.name} is of no lab of this course; add {lab!r} to labs, or take the file away"
                yield ("labs",), said + meant(lab, sheet.labs)


def _insist_on_data(rubric: Rubric, sheet: Sheet, path: Path) -> None:
    for n, part in enumerate(rubric.head.data):
        if part not in sheet.data:
            remedy = meant(part, sheet.data, f"; add it to data in {FILE}")
            Page(path).wrong(f"the course has no data {part!r}{remedy}", "lab", "data", n)


def _insist_on_names(rubrics: dict[str, Rubric], folder: Path) -> None:
    """One name on the command line means one lab."""
    known = {plain(lab): lab for lab in rubrics}
    for lab, rubric in rubrics.items():
        for n, alias in enumerate(rubric.head.aliases):
            if known.setdefault(alias, lab) != lab:
                page = Page(rubric_path(folder, lab))
                page.wrong(f"{alias!r} is already a name of {known[alias]!r}; choose another", "lab", "aliases", n)
