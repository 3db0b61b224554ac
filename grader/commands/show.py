"""What a submission was asked and what it answered, found among what its out folder keeps."""

import os
from collections.abc import Sequence
from pathlib import Path

from grader.batch.preparing import asked_before
from grader.batch.store import FILE, FOLDER, Exchange, Store, opened
from grader.course.pages import meant
from grader.errors import UsageError
from grader.model import Report, Submission


def shown(name: str, out: Path) -> tuple[Report, list[Exchange]]:
    """Raises UsageError for a submission that is not there, or of which nothing is kept."""
    if not (out / FOLDER / FILE).is_file():
        raise UsageError(f"{out} keeps no graded batch. Give by --out the folder that `grader grade --out` wrote.")
    with opened(out) as store:
        if store.begun_anew:
            raise UsageError(f"{store.begun_anew} Grade the notebooks again.")
        return _of(one_called(name, asked_before(store, out).submissions), store)


def _of(submission: Submission, store: Store) -> tuple[Report, list[Exchange]]:
    about = (submission.content, submission.lab)
    found = [(r, run) for r, run in store.judged() if (r.submission.content, r.submission.lab) == about]
    if not found:
        why = submission.fault or "it is of no lab we know, or the grader failed on it; its page says which"
        raise UsageError(f"{submission.student} was asked nothing: {why.rstrip('.')}.")
    report, run = found[-1]
    return report, store.exchanges(run)


def one_called(name: str, submissions: Sequence[Submission]) -> Submission:
    """By the student's name, or by the path; a path may be written from where one stands, or as its end alone."""
    found = [s for s in submissions if name in (s.student, s.student_id, s.file) or is_path(name, s.path)]
    if not found:
        known = [text for s in submissions for text in (s.student, s.file, str(s.path)) if text]
        near = meant(name, known, "; results.json names them all.")
        raise UsageError(f"there is no submission {name!r}{near}")
    if len(found) > 1:
        raise UsageError(f"{name!r} means {len(found)} submissions. Name one by its path: {listed(found)}.")
    return found[0]


def is_path(name: str, path: Path) -> bool:
    parts = Path(name).parts
    return Path(os.path.abspath(name)) == path or (len(parts) > 0 and path.parts[-len(parts) :] == parts)


def listed(submissions: Sequence[Submission]) -> str:
    paths = [str(submission.path) for submission in submissions]
    return ", ".join(paths[:5]) + (f" and {len(paths) - 5} more" if len(paths) > 5 else "")
