"""The pages and tables of a batch, and what is said of them."""

from collections.abc import Sequence
from pathlib import Path

from grader.batch.kept_rows import beside, told_of
from grader.course.folder import current_course
from grader.gradebook.earlier import earlier_attempts
from grader.gradebook.recording import record
from grader.model import Report
from grader.scoring.results import write_reports


def handed_out(reports: Sequence[Report], out_folder: Path) -> tuple[str, str]:
    """Rows of earlier batches stay beside these: which, and where the pages lie."""
    stay = beside(reports, out_folder)
    pages = write_reports(reports, out_folder, stay, earlier_attempts(reports, out_folder))
    record(reports, out_folder, current_course().title)
    shown = pages[0] if len(reports) == 1 else out_folder / "index.html"
    return told_of(stay, out_folder), f"{'Page' if len(reports) == 1 else 'Pages'}: {shown.resolve()}"
