"""What a batch leaves behind: results.json, gradebook.csv and the pages, each file whole or not at all."""

import csv
import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal
from urllib.parse import quote
from uuid import uuid4

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from grader.course.folder import current_course
from grader.gradebook.earlier import Earlier
from grader.intake.page_names import page_name
from grader.intake.whole_files import write_whole
from grader.model import CheckResult, Decision, Isolation, Level, Measured, Outcome, Report, Scorecard, Verdict
from reports.classpage import class_page
from reports.feedback import feedback_page
from reports.nameless import nameless_page
from reports.scrub import name, said

_COLUMNS = ("student", "lab", "earned", "possible", "pending", "outcome", "mistakes", "id", "file")
STARTS_A_FORMULA = ("=", "+", "-", "@", "＝", "＋", "－", "＠", "|", "%")


class RemarkRow(Struct, frozen=True):
    id: str
    message: str


class CheckRow(Struct, frozen=True, omit_defaults=True):
    id: str
    level: Level
    verdict: Verdict
    points: float
    possible: float
    mistake: str | None
    message: str
    decision: Decision | None = None  # a person's; `verdict`, `points`, `mistake` and `message` follow it


class SubmissionRow(Struct, frozen=True):
    path: str
    student: str
    lab: str | None
    outcome: Outcome
    earned: float
    possible: float  # pending included
    pending: float
    seconds: float
    isolation: Isolation
    repairs: tuple[str, ...]
    remarks: tuple[RemarkRow, ...]
    checks: tuple[CheckRow, ...]
    student_id: str = ""  # where a name held one
    file: str = ""  # as it was called, below what was given to the grader
    named_by: str = ""  # what told whose it is: pattern | path | words (its own) | file
    reason: str = ""  # why it ended as it did, where that has to be said
    page: str = ""  # relative to results.json
    measured: Measured | None = None  # where its accuracy was measured


Stay = Sequence[tuple[SubmissionRow, Report]]  # of earlier gradings into the same folder


class Results(Struct, frozen=True):
    """The whole of results.json."""

    schema: Literal[1]
    submissions: tuple[SubmissionRow, ...]


def results_json(reports: Sequence[Report], pages: Sequence[str] = (), stay: Stay = ()) -> bytes:
    """Those that stay stand first, as they were."""
    rows = map(submission_row, reports, pages or [""] * len(reports))
    return _as_json((*(row for row, _ in stay), *rows))


def _as_json(rows: Sequence[SubmissionRow]) -> bytes:
    return msgspec.json.format(msgspec.json.encode(Results(1, tuple(rows))), indent=2) + b"\n"


def submission_row(report: Report, page: str = "") -> SubmissionRow:
    card = report.card
    return SubmissionRow(
        path=_encodable(str(report.submission.path)),
        student=_encodable(report.submission.student),
        lab=report.submission.lab,
        outcome=report.outcome,
        earned=_rounded(card.earned),
        possible=_rounded(card.possible),
        pending=_rounded(card.pending),
        seconds=round(report.seconds, 2),
        isolation=report.run.isolation,
        repairs=tuple(said(text) for text in (*report.submission.repairs, *report.run.changes)),
        remarks=tuple(RemarkRow(remark.id, said(remark.message)) for remark in report.remarks),
        checks=tuple(_check_row(check) for check in card.checks),
        student_id=_encodable(report.submission.student_id),
        file=_encodable(report.submission.file),
        named_by=report.submission.named_by,
        reason=said(report.submission.fault or report.run.fault or ""),
        page=page,
        measured=next((check.measured for check in card.checks if check.measured), None),
    )


def with_card(row: SubmissionRow, card: Scorecard) -> SubmissionRow:
    return replace(
        row,
        earned=_rounded(card.earned),
        possible=_rounded(card.possible),
        pending=_rounded(card.pending),
        checks=tuple(_check_row(check) for check in card.checks),
    )


def results_schema() -> bytes:
    """The JSON Schema published as reports/results.schema.json."""
    schema: dict[str, Any] = {"$schema": "https://json-schema.org/draft/2020-12/schema", **msgspec.json.schema(Results)}
    return msgspec.json.format(msgspec.json.encode(schema), indent=2) + b"\n"


def gradebook_csv(reports: Sequence[Report]) -> bytes:
    """UTF-8 without a byte order mark, as learning platforms and csv readers want it (Excel: Data, From Text)."""
    table = io.StringIO()
    writer = csv.writer(table, lineterminator="\r\n")
    writer.writerow(_COLUMNS)
    for report in reports:
        card = report.card
        failed = (check.mistake for check in card.checks if check.verdict is Verdict.FAIL)
        writer.writerow(
            [
                harmless(report.submission.student),
                harmless(report.submission.lab or ""),
                *map(_rounded, (card.earned, card.possible, card.pending)),
                report.outcome.value,
                harmless(" ".join(dict.fromkeys(filter(None, failed)))),
                harmless(report.submission.student_id),
                harmless(report.submission.file),
            ]
        )
    return table.getvalue().encode()


def harmless(text: str) -> str:
    """On one line, and never a formula to a spreadsheet: such a start gets an apostrophe before it."""
    line = name(text)
    return f"'{line}" if line.startswith(STARTS_A_FORMULA) else line


def page_paths(reports: Sequence[Report], stay: Stay = ()) -> tuple[str, ...]:
    """For each report its page, relative to the output folder; no two share one, even where case does not count."""
    taken = {row.page.casefold() for row, _ in stay}
    return tuple(_page_path(report, taken) for report in reports)


def page_of(student: str, lab: str | None) -> str:
    return f"{page_name(student)}/{page_name(lab) if lab else 'unrecognised'}.html"


def write_reports(
    reports: Sequence[Report], out: Path, stay: Stay = (), earlier: Sequence[Earlier | None] = ()
) -> tuple[Path, ...]:
    """The pages first and results.json last: whoever finds it finds everything it speaks of."""
    ensure_writable(out)
    pages = page_paths(reports, stay)
    before = earlier or [None] * len(reports)
    written = [write_page(report, path, out, b) for path, report, b in zip(pages, reports, before, strict=True)]
    rows = [*stay, *((submission_row(report, page), report) for report, page in zip(reports, pages, strict=True))]
    written += write_tables(rows, out)
    written.append(write_rows([row for row, _ in rows], out))
    return tuple(written)


def write_page(report: Report, page: str, out: Path, earlier: Earlier | None = None) -> Path:
    return write_whole(out / page, feedback_page(report, earlier).encode())


def write_tables(rows: Stay, out: Path) -> list[Path]:
    """What sums a class up, but for results.json."""
    everybody = [report for _, report in rows]
    pages = write_class_pages(everybody, [row.page for row, _ in rows], out)
    return [*pages, write_whole(out / "gradebook.csv", gradebook_csv(everybody))]


def write_class_pages(reports: Sequence[Report], pages: Sequence[str], out: Path) -> list[Path]:
    """One for the teacher, and one without names to show in class. `pages`: of each report, relative to `out`."""
    labs = tuple(current_course().labs)
    return [
        write_whole(out / "index.html", class_page(reports, [quote(page) for page in pages], labs).encode()),
        write_whole(out / "class.html", nameless_page(reports, labs).encode()),
    ]


def write_rows(rows: Sequence[SubmissionRow], out: Path) -> Path:
    return write_whole(out / "results.json", _as_json(rows))


def ensure_writable(out: Path) -> None:
    """To be called before work starts: hours of grading should not end at a folder nobody may write to."""
    write_whole(out / f".{uuid4().hex}.tried", b"").unlink(missing_ok=True)


def _page_path(report: Report, taken: set[str]) -> str:
    path = first = page_of(report.submission.student, report.submission.lab)
    turn = 1
    while path.casefold() in taken:
        turn += 1
        path = f"{first.removesuffix('.html')}-{turn}.html"
    taken.add(path.casefold())
    return path


def _check_row(check: CheckResult) -> CheckRow:
    return CheckRow(
        id=check.id,
        level=check.level,
        verdict=check.verdict,
        points=_rounded(check.points),
        possible=_rounded(check.possible),
        mistake=check.mistake,
        message=said(check.message),
        decision=check.decision,
    )


def _rounded(value: float) -> float:
    return round(value, 4) + 0.0


def _encodable(text: str) -> str:
    """Text that UTF-8 can hold: a file name on disk need not be."""
    return text.encode("utf-8", "replace").decode()
