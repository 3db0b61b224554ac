"""Marks as CSV, there and back: a line for each case that a person decides, to be filled in with a spreadsheet.

A cell that a spreadsheet would take for a formula gets an apostrophe before it, and so does one that begins with an
apostrophe: one is taken away again, so that what comes back is what was written.
"""

import csv
import io
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NoReturn

from msgspec import Struct
from msgspec.structs import replace

from grader.course.pages import meant
from grader.errors import UsageError
from grader.gradebook.decisions import Wish
from grader.review.desk import Case, Desk, questions
from grader.review.evidence import Answers
from grader.review.marking import Mark, clean, wish
from grader.scoring.results import STARTS_A_FORMULA
from reports.scrub import name, visible
from reports.words import number, points

COLUMNS = (
    *("student", "id", "lab", "check", "title", "verdict", "automatic", "possible", "message", "answer"),
    *("points", "reason", "comment", "reviewer", "time", "decision"),
)
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", re.ASCII)  # spreadsheets may write it otherwise
NEEDED = ("student", "lab", "check", "points", "reason", "comment")


class Line(Struct, frozen=True):
    """A line of a table, to be held against what is decided now."""

    where: str  # file:line
    case: Case
    cells: Mapping[str, str]

    def wrong(self, sentence: str) -> NoReturn:
        raise UsageError(f"{self.where}: {sentence}")


def written(desk: Desk, answers: Answers) -> bytes:
    table = io.StringIO()
    writer = csv.writer(table, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    for question in questions(desk):
        for case in question.cases:
            writer.writerow([cell(value) for value in _values(case, question.title, answers)])
    return table.getvalue().encode()


def read(path: Path, desk: Desk, reviewer: str) -> list[Wish]:
    """What the table decides that is not decided yet. Raises UsageError with the line, where one does not hold."""
    lines = list(_lines(path, desk))
    seen: dict[tuple[str, str], str] = {}
    for line in lines:
        first = seen.setdefault((line.case.ref, line.case.check.id), line.where)
        if first != line.where:
            line.wrong(
                f"{line.case.row.student} and {line.case.check.id} stand in {first} already. Keep one of the two."
            )
    return [found for line in lines if (found := _wish(line, reviewer))]


def cell(text: str) -> str:
    line = visible(text).strip()
    return f"'{line}" if line.startswith((*STARTS_A_FORMULA, "'")) else line


def plain(text: str) -> str:
    return text.strip().removeprefix("'")


def _values(case: Case, title: str, answers: Answers) -> Iterator[str]:
    row, check, decision = case.row, case.check, case.decision
    yield from (row.student, row.student_id, row.lab or "", check.id, title, check.verdict.value)
    yield from (number(check.points), number(check.possible), check.message, answers.of(case).text)
    if decision:
        yield from (number(decision.points), decision.reason, decision.comment, decision.reviewer, decision.time)
    else:
        yield from [""] * 5
    yield str(case.seen)


def _lines(path: Path, desk: Desk) -> Iterator[Line]:
    try:
        text = path.read_text(encoding="utf-8-sig", errors="strict")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{path} cannot be read as a table ({error}). Save it as CSV UTF-8.") from None
    head = text.partition("\n")[0]
    table = csv.reader(io.StringIO(text, newline=""), delimiter=max(",;\t", key=head.count))
    try:
        titles = [title.strip().casefold() for title in next(table, [])]
        if missing := [title for title in NEEDED if title not in titles]:
            raise UsageError(
                f"{path.name}:1: there is no column {missing[0]!r}. Write a table by --export and fill that in."
            )
        cases = {(cell(case.row.student), case.row.lab or "", case.check.id): case for case in desk.all_cases()}
        last = table.line_num
        for row in table:
            where, last = f"{path.name}:{last + 1}", table.line_num
            if any(value.strip() for value in row):
                yield _line(where, dict(zip(titles, row, strict=False)), cases)
    except csv.Error as error:
        raise UsageError(f"{path.name}:{table.line_num}: {error}. Save it as CSV UTF-8.") from None


def _line(where: str, cells: Mapping[str, str], cases: Mapping[tuple[str, str, str], Case]) -> Line:
    student, lab, check = (cells.get(column, "").strip() for column in ("student", "lab", "check"))
    student = cell(plain(student))  # whether or not a spreadsheet kept the apostrophe
    if case := cases.get((student, plain(lab), plain(check))):
        return Line(where, case, {column: plain(value) for column, value in cells.items()})
    students = {who for who, own, _ in cases if own == lab} or {who for who, _, _ in cases}
    if student not in students:
        raise UsageError(f"{where}: {student!r} handed in nothing for {lab!r}{meant(student, sorted(students), '.')}")
    checks = sorted({own for who, own_lab, own in cases if (who, own_lab) == (student, lab)})
    raise UsageError(f"{where}: {check!r} is no check of {student} in {lab!r}{meant(check, checks, '.')}")


def _wish(line: Line, reviewer: str) -> Wish | None:
    """None where nothing changes."""
    case, decision = line.case, line.case.decision
    try:
        comment = clean(line.cells.get("comment", ""))
        mark = Mark(line.cells.get("points", ""), line.cells.get("reason", ""), comment)
        if not mark.points:
            if (mark.reason or comment) and not decision:
                line.wrong("there is a reason or a comment, but there are no points. Write them, or empty both.")
            return None
        seen = _seen(line)
        made = wish(case, mark, comment, reviewer, case.seen)
    except UsageError as error:
        if str(error).startswith(line.where):
            raise
        raise UsageError(f"{line.where}: {error}") from None
    if decision and (made.points, made.reason, made.comment) == (decision.points, decision.reason, decision.comment):
        return None
    if case.seen and seen != case.seen:
        line.wrong(
            f"this was decided by somebody else since the table was written ({_told(case)}). Write it anew by --export."
        )
    return _by_whom(line, made)


def _by_whom(line: Line, made: Wish) -> Wish:
    """A table from elsewhere keeps who decided and when; what is changed in it is decided now."""
    decision = line.case.decision
    who, when = name(line.cells.get("reviewer", "")), line.cells.get("time", "")
    return replace(
        made,
        reviewer=who if who and (decision is None or who != decision.reviewer) else made.reviewer,
        time=when if _TIME.fullmatch(when) and (decision is None or when != decision.time) else "",
    )


def _seen(line: Line) -> int:
    text = line.cells.get("decision", "") or "0"
    if not (text.isascii() and text.isdigit() and len(text) < 18):
        line.wrong(f"{text!r} is no number of a decision. Leave this column as --export wrote it.")
    return int(text)


def _told(case: Case) -> str:
    if case.decision is None:
        return "it was taken back"
    return f"{points(case.decision.points, case.check.possible)}, {case.decision.reviewer}, {case.decision.time}"
