"""The pages and tables of a batch, and what is said of them."""

from collections.abc import Sequence
from pathlib import Path

from grader.batch.kept_rows import beside, told_of
from grader.course.folder import current_course
from grader.model import Report
from grader.review.publishing import publish_graded


def handed_out(reports: Sequence[Report], out_folder: Path) -> tuple[list[Report], tuple[str, str]]:
    """With the marks of people; rows of earlier batches stay beside these: which, and where the pages lie."""
    stay = beside(reports, out_folder)
    own, pages = publish_graded(reports, out_folder, current_course().title)
    shown = pages[0] if len(reports) == 1 else out_folder / "index.html"
    told = told_of(stay, out_folder), f"{'Page' if len(reports) == 1 else 'Pages'}: {shown.resolve()}"
    return own, told
