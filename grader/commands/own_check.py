"""A student's own check of a notebook or a folder: public checks only, training cut short; and what a CI reads."""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from rich.console import Console

from grader.batch.preparing import batch_for
from grader.commands.progress import graded
from grader.course.folder import lab_slug, load_rubric
from grader.exports.autograders import junit
from grader.exports.github import annotations, summary
from grader.intake.collect import hand_ins
from grader.intake.whole_files import write_whole
from grader.model import Report, TrainPolicy, Verdict
from grader.pipeline import Told
from grader.scoring.results import SubmissionRow, submission_row
from reports.self_check import standing


def own_checks(
    place: Path, lab: str | None, data: Path | None, seed: int | None, told: Told, console: Console
) -> list[Report]:
    chosen = hand_ins([place], lab_slug(lab) if lab else None).submissions
    batch = batch_for(data, TrainPolicy.NONE, seed, None, public_only=True)
    return sorted(graded(chosen, batch, 1, told, console), key=lambda report: report.submission.path)


def told_of_passes(row: SubmissionRow) -> str:
    passed = sum(check.verdict is Verdict.PASS for check in row.checks)
    hidden = sum(not check.public for check in load_rubric(row.lab).checks) if row.lab else 0
    return standing(passed, len(row.checks), later=hidden)


def told_to_programs(reports: Sequence[Report], junit_file: Path | None) -> Iterator[str]:
    """Writes JUnit's XML where it is wanted; where GitHub runs this, its annotations are said, its summary written."""
    rows = [submission_row(report) for report in reports]
    if junit_file is not None:
        write_whole(junit_file.absolute(), junit(rows))
    if os.environ.get("GITHUB_ACTIONS") == "true":
        yield from annotations(rows)
        if place := os.environ.get("GITHUB_STEP_SUMMARY"):
            with Path(place).open("a", encoding="utf-8") as page:  # GitHub's own, to which every step adds
                page.write(summary(rows, [told_of_passes(row) for row in rows]))
