"""What a reviewer has before them: every check of every row, what the grader says, what was decided, what is open."""

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from msgspec import Struct

from grader.batch.kept_rows import decided_row, earlier_rows
from grader.course.folder import current_course, title_of
from grader.errors import UsageError
from grader.gradebook.decisions import Entries, Entry, Owner, contents, decisions_of, holding, latest
from grader.model import Automatic, Decision, Level
from grader.scoring.results import CheckRow, SubmissionRow
from grader.scoring.score import PENDING


class Case(Struct, frozen=True):
    """One check of one hand-in."""

    ref: str  # of the row
    row: SubmissionRow  # with what was decided
    check: CheckRow  # as the grader says
    entry: Entry | None  # the latest, which may have taken back the one before
    content: str  # of the notebook

    @property
    def decision(self) -> Decision | None:
        return self.entry.decision if self.entry else None

    @property
    def seen(self) -> int:
        return self.entry.id if self.entry else 0

    @property
    def automatic(self) -> Automatic:
        return Automatic(self.check.verdict, self.check.points, self.check.mistake, self.check.message)

    @property
    def asks_a_person(self) -> bool:
        return self.check.verdict in PENDING and (self.check.possible > 0 or self.check.level is Level.MANUAL)

    @property
    def is_open(self) -> bool:
        return self.asks_a_person and self.decision is None

    @property
    def has_new_notebook(self) -> bool:
        return bool(self.decision and self.entry and self.entry.content not in ("", self.content))

    @property
    def has_new_mark(self) -> bool:
        """Whether the grader says something else than when it was decided."""
        own = self.decision.automatic if self.decision else None
        return bool(own and (own.verdict, own.points) != (self.check.verdict, self.check.points))

    @property
    def is_changed(self) -> bool:
        return self.has_new_notebook or self.has_new_mark


class Question(Struct, frozen=True):
    """One check of a lab, across students."""

    lab: str
    lab_title: str
    check: str
    title: str
    tested: str
    cases: tuple[Case, ...]

    @property
    def open(self) -> int:
        return sum(case.is_open for case in self.cases)

    @property
    def changed(self) -> int:
        return sum(case.is_changed for case in self.cases)

    @property
    def decided(self) -> int:
        return sum(case.decision is not None for case in self.cases)


class Desk(Struct, frozen=True):
    """An out folder at one moment."""

    rows: Mapping[str, SubmissionRow]  # by ref, with what was decided
    entries: Entries
    contents: Mapping[Owner, str]

    def cases(self, ref: str) -> tuple[Case, ...]:
        row = self.rows[ref]
        own, found = decided_row(row, {}), holding(self.entries, row)
        content = self.contents.get((row.student, row.student_id, row.lab or ""), "")
        return tuple(Case(ref, row, check, found.get(check.id), content) for check in own.checks)

    def all_cases(self) -> Iterator[Case]:
        for ref in self.rows:
            yield from self.cases(ref)


def without_place(desk: Desk) -> tuple[Entry, ...]:
    """Decisions that hold for nothing that was graded last."""
    placed = {case.entry.id for case in desk.all_cases() if case.entry}
    return tuple(entry for entry in desk.entries.values() if entry.decision and entry.id not in placed)


def look(out: Path) -> Desk:
    """Raises UsageError where nothing was graded."""
    rows = earlier_rows(out)
    if not rows:
        raise UsageError(f"{out} holds no graded hand-ins. Name the folder that `grader grade --out` wrote.")
    entries = latest(out)
    shown = {ref(row): decided_row(row, decisions_of(entries, row)) for row in rows}
    return Desk(shown, entries, contents(out))


def ref(row: SubmissionRow) -> str:
    """Names a row in addresses and forms, where a student's name has no place."""
    whole = "\0".join((row.student, row.student_id, row.lab or ""))
    return hashlib.sha256(whole.encode("utf-8", "replace")).hexdigest()[:20]


def questions(desk: Desk) -> tuple[Question, ...]:
    """Those with a case that a person decides or decided, in the order of the course and its rubrics."""
    asked: dict[tuple[str, str], list[Case]] = defaultdict(list)
    for case in desk.all_cases():
        if case.asks_a_person or case.decision:
            asked[case.row.lab or "", case.check.id].append(case)
    return tuple(_question(lab, check, asked[lab, check]) for lab, check in _in_order(asked))


def _in_order(keys: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    labs = current_course().labs
    order = [(lab, rule.id) for lab, rubric in labs.items() for rule in rubric.checks]
    places = {key: number for number, key in enumerate(order)}
    return sorted(keys, key=lambda key: (places.get(key, len(places)), key))


def _question(lab: str, check: str, cases: list[Case]) -> Question:
    title, tested = words_of(lab, check)
    ordered = sorted(cases, key=lambda case: (case.row.student.casefold(), case.ref))
    return Question(lab, title_of(lab) or lab, check, title, tested, tuple(ordered))


def words_of(lab: str, check: str) -> tuple[str, str]:
    """What a rubric calls a check, and how it was asked; its name, where no rubric has it any more."""
    rubric = current_course().labs.get(lab)
    rule = next((rule for rule in rubric.checks if rule.id == check), None) if rubric else None
    return (rule.title, rule.tested) if rule else (check, "")
