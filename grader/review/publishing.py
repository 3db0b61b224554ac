"""Brings pages, tables and the gradebook in line with what people decided; the one place where decisions are applied.

Whoever is killed between a decision and its page loses nothing: the next who publishes finds what does not agree yet.
"""

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from grader.batch.kept_reports import KeptReports
from grader.batch.kept_rows import as_report, beside, decided_row, earlier_rows
from grader.batch.store import FOLDER
from grader.errors import UsageError
from grader.gradebook.decisions import Entries, contents, decisions_of, latest
from grader.gradebook.earlier import earlier_attempts
from grader.gradebook.recording import record, record_decided
from grader.model import Report
from grader.scoring.results import submission_row, write_page, write_reports, write_rows, write_tables
from grader.scoring.summary import decided_report
from reports.languages import ENGLISH, languages, speaking

_WAIT = 120  # seconds, while another process writes the pages of a class


def publish_graded(reports: Sequence[Report], out: Path, course: str) -> tuple[list[Report], tuple[Path, ...]]:
    """What was graded just now, with what people had decided of it before; and the files that were written."""
    with _publishing(out):
        entries = latest(out)
        own = [decided_report(report, decisions_of(entries, submission_row(report))) for report in reports]
        written = write_reports(own, out, beside(reports, out), earlier_attempts(own, out))
        record(own, out, course)
        _catch_up(out, entries, KeptReports(out), course)
    return own, written


def publish_decided(out: Path, kept: KeptReports, course: str) -> int:
    """How many rows were not in line."""
    with _publishing(out), speaking(_language_of(out)):
        return _catch_up(out, latest(out), kept, course)


def _language_of(out: Path) -> str:
    """In which the pages there were written, whatever the one speaks who marks."""
    try:
        with (out / "index.html").open(encoding="utf-8") as page:
            said = re.search(r'<html lang="(\w+)">', page.read(200))
    except OSError:
        said = None
    return said[1] if said and said[1] in languages() else ENGLISH


def is_inside(page: str) -> bool:
    """A list that somebody wrote into leads to no file beside the out folder."""
    return bool(page) and not Path(page).is_absolute() and ".." not in Path(page).parts


def _catch_up(out: Path, entries: Entries, kept: KeptReports, course: str) -> int:
    before = earlier_rows(out)
    rows = [decided_row(row, decisions_of(entries, row)) for row in before]
    changed = [row for row, old in zip(rows, before, strict=True) if row != old]
    if changed:
        known = contents(out)
        for row in changed:
            report = kept.of(row, known.get((row.student, row.student_id, row.lab or ""), ""))
            if report and is_inside(row.page):
                decided = decided_report(report, decisions_of(entries, row))
                write_page(decided, row.page, out, earlier_attempts([decided], out)[0])
        write_tables([(row, as_report(row)) for row in rows], out)
        record_decided(changed, out, course)
        write_rows(rows, out)
    return len(changed)


@contextmanager
def _publishing(out: Path) -> Iterator[None]:
    """One at a time: two who write results.json at once would each undo what the other wrote."""
    folder = out / FOLDER
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with FileLock(folder / "publishing.lock", timeout=_WAIT):
            yield
    except Timeout:
        raise UsageError(
            f"{out}: another grader has been writing pages for {_WAIT} seconds. Try again later."
        ) from None
