"""Renders the pages of an out folder again from what it keeps: nothing is run, judged, or entered anywhere."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from grader.batch.kept_rows import as_report, earlier_rows
from grader.batch.store import FILE, FOLDER, opened
from grader.errors import UsageError
from grader.gradebook.decisions import decisions_of, latest
from grader.gradebook.earlier import earlier_attempts
from grader.model import Decision, Report, Submission
from grader.scoring.results import SubmissionRow, ensure_writable, submission_row, write_class_pages, write_page
from grader.scoring.summary import decided_report
from grader.wording.counting import quantity
from reports.languages import languages, speaking


class Kept(Struct, frozen=True):
    """A row of results.json, and what its page is made of."""

    row: SubmissionRow
    report: Report
    whole: bool  # else only what results.json itself holds is left, and the page stays as it is


def told_of_pages(out: Path, language: str) -> Iterator[str]:
    """Raises UsageError where nothing was graded into this folder, or the language has no catalogue."""
    if language not in languages():
        raise UsageError(f"There are no pages in {language!r} yet. Choose among: {', '.join(languages())}.")
    if not (out / FOLDER / FILE).is_file():
        raise UsageError(f"{out} keeps no graded batch. Name the folder that `grader grade --out` wrote.")
    ensure_writable(out)
    kept = kept_in(out)
    reports = [one.report for one in kept]
    earlier = earlier_attempts(reports, out)
    with speaking(language):
        for one, before in zip(kept, earlier, strict=True):
            if one.whole:
                write_page(one.report, one.row.page, out, before)
        write_class_pages(reports, [one.row.page for one in kept], out)
    left = sum(not one.whole for one in kept)
    if left:
        yield f"Left as they were, since what they were made of is not kept: {quantity(left, 'page')}."
    yield f"Rendered again: {quantity(len(kept) - left, 'page')}. Pages: {(out / 'index.html').resolve()}"


def kept_in(out: Path) -> list[Kept]:
    rows = earlier_rows(out)
    if not rows:
        raise UsageError(f"{out} holds no results.json. Grade the notebooks with `grader grade` first.")
    with opened(out) as store:
        if store.begun_anew:
            raise UsageError(f"{store.begun_anew} Grade the notebooks again.")
        asked = store.asked()
        judged = [report for report, _ in store.judged()]
    marks = latest(out)
    return [kept(row, asked.submissions if asked else (), judged, decisions_of(marks, row)) for row in rows]


def kept(
    row: SubmissionRow, submissions: Sequence[Submission], judged: Sequence[Report], marks: Mapping[str, Decision]
) -> Kept:
    """Of all reports on this notebook, the latest that says what the row says: points on a page are those of the row.

    `marks` are those of people, which stand in the row.

    A notebook that two students handed in has one report for both.
    """
    asked = next((each for each in submissions if str(each.path) == row.path and each.lab == row.lab), None)
    for report in reversed(judged):
        of = report.submission
        about = (of.content, of.lab) == (asked.content, asked.lab) if asked else (str(of.path), of.lab) == place(row)
        decided = decided_report(report, marks)
        if about and says(submission_row(decided)) == says(row):
            return Kept(row, replace(decided, submission=called(asked or of, row)), whole=True)
    if asked and not row.checks:  # it was asked nothing: its row holds all there is to say
        said = as_report(row)
        return Kept(row, replace(said, submission=called(asked, row), summary=row.reason), whole=True)
    return Kept(row, as_report(row), whole=False)


def place(row: SubmissionRow) -> tuple[str, str | None]:
    return row.path, row.lab


def called(submission: Submission, row: SubmissionRow) -> Submission:
    return replace(submission, student=row.student, student_id=row.student_id)


def says(row: SubmissionRow) -> tuple[object, ...]:
    checks = [(check.id, check.verdict, check.points, check.possible, check.mistake) for check in row.checks]
    return row.outcome, row.earned, row.possible, row.pending, checks
