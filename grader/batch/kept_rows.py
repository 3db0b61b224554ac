"""Which rows of earlier gradings in the same out folder stay, and what newcomers of the same name are called.

A later hand-in takes the place of an earlier one of the same student and lab, or of the same file. Nobody takes the
place of another: not by an id that differs, and not by what a notebook says of itself.
"""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from grader.batch.store import Asked
from grader.course.folder import current_course, title_of
from grader.errors import UsageError
from grader.intake.page_names import page_name, with_suffix
from grader.intake.person import same
from grader.model import CellRun, CellStatus, CheckResult, Decision, Remark, Report, Run, Scorecard, Submission
from grader.scoring.results import Results, Stay, SubmissionRow, page_of, with_card
from grader.scoring.score import decided
from grader.wording.counting import quantity

_CLAIM = "words"  # the notebook's own, which anybody may write
_FILE = "file"  # nothing told whose it is


class Settled(Struct, frozen=True):
    submissions: tuple[Submission, ...]  # in the same order, no two rows of one name, those that stay included
    stay: tuple[SubmissionRow, ...] = ()


def earlier_rows(out: Path) -> tuple[SubmissionRow, ...]:
    """Raises UsageError where rows are there and cannot be read: they would be lost."""
    file = out / "results.json"
    try:
        rows = msgspec.json.decode(file.read_bytes(), type=Results).submissions
        return tuple(row if row.page else replace(row, page=page_of(row.student, row.lab)) for row in rows)
    except (FileNotFoundError, NotADirectoryError):
        return ()
    except (OSError, msgspec.DecodeError) as error:
        raise UsageError(
            f"{file}: the rows of earlier gradings cannot be read ({error}). "
            "Move the file away to start afresh, or choose another folder with --out."
        ) from error


def settled(submissions: Sequence[Submission], earlier: Sequence[SubmissionRow]) -> Settled:
    paths = {_encodable(each.path) for each in submissions}
    stay = [row for row in earlier if row.path not in paths]
    settled = []
    for each in submissions:
        rivals = [row for row in stay if _row(row.student, row.lab) == _row(each.student, each.lab)]
        others = [row for row in rivals if not _is_the_same(each, row)]
        stay = [row for row in stay if row not in rivals or row in others]
        if others and others[0].named_by == _CLAIM and each.named_by not in (_CLAIM, _FILE):
            # A path outranks what a notebook said of itself.
            stay = [_renamed(row, (*submissions, *stay)) if row in others else row for row in stay]
            others = []
        settled.append((each, bool(others)))
    taken: list[Submission | SubmissionRow] = [*stay, *(each for each, rivalled in settled if not rivalled)]
    names = []
    for each, rivalled in settled:
        own = replace(each, student=_free(each, taken)) if rivalled else each
        taken += [own] if rivalled else []
        names.append(own)
    return Settled(tuple(names), tuple(stay))


def beside(reports: Sequence[Report], out: Path) -> Stay:
    """Rows of earlier gradings that stay beside these, with what the class page shows of them."""
    rows = settled([report.submission for report in reports], earlier_rows(out)).stay
    return [(row, as_report(row)) for row in rows]


def told_of(stay: Stay, out: Path) -> str:
    return f"Kept beside these, of earlier gradings in {out}: {quantity(len(stay), 'row')}." if stay else ""


def together(before: Asked | None, asked: Asked) -> Asked:
    """What `grader regrade` goes through: all that was graded in the same way into one folder."""
    if before is None or replace(before, submissions=()) != replace(asked, submissions=()):
        return asked
    rows = {_row(each.student, each.lab) for each in asked.submissions}
    paths = {each.path for each in asked.submissions}
    stay = [s for s in before.submissions if _row(s.student, s.lab) not in rows and s.path not in paths]
    return replace(asked, submissions=(*stay, *asked.submissions))


def as_report(row: SubmissionRow) -> Report:
    """As much of it as the class page and the gradebook show."""
    rubric = current_course().labs.get(row.lab or "")
    titles = {slug: mistake.title for slug, mistake in rubric.mistakes.items()} if rubric else {}
    asked = {rule.id: rule.title for rule in rubric.checks} if rubric else {}
    checks = tuple(
        CheckResult(
            id=check.id,
            level=check.level,
            title=asked.get(check.id, check.id),
            verdict=check.verdict,
            points=check.points,
            possible=check.possible,
            message=check.message,
            mistake=check.mistake,
            mistake_title=titles.get(check.mistake or "", ""),
            decision=check.decision,
        )
        for check in row.checks
    )
    ran = (CellRun(0, CellStatus.OK),) if checks else ()  # the class page says how many ran without a jail
    return Report(
        Submission(Path(row.path), row.student, row.lab, student_id=row.student_id, file=row.file),
        title_of(row.lab),
        row.outcome,
        Run(row.outcome, row.isolation, ran, fault=row.reason or None),
        Scorecard(checks, row.earned, row.possible, row.pending),
        tuple(Remark(remark.id, remark.message) for remark in row.remarks),
        seconds=row.seconds,
    )


def decided_row(row: SubmissionRow, decisions: Mapping[str, Decision]) -> SubmissionRow:
    """With these marks of people, by check, and no others; rows that never had any stay as they are."""
    if not decisions and all(check.decision is None for check in row.checks):
        return row
    return with_card(row, decided(as_report(row).card, decisions))


def _row(student: str, lab: str | None) -> tuple[str, str | None]:
    return same(student), lab


def _is_the_same(new: Submission, row: SubmissionRow) -> bool:
    """The same student's, as far as names, ids and where they come from tell."""
    if new.student_id and row.student_id and new.student_id != row.student_id:
        return False
    if _FILE in (new.named_by, row.named_by):
        return False  # two people may call their files lab1.ipynb
    return new.named_by == row.named_by or _CLAIM not in (new.named_by, row.named_by)


def _free(new: Submission, taken: Iterable[Submission | SubmissionRow]) -> str:
    names = {page_name(each.student).casefold() for each in taken}
    more = (new.student_id, *map(str, range(2, 10_000)))
    called = (with_suffix(new.student, f" ({each})") for each in more if each)
    return next(name for name in called if page_name(name).casefold() not in names)


def _renamed(row: SubmissionRow, taken: Iterable[Submission | SubmissionRow]) -> SubmissionRow:
    own = Submission(Path(row.path), row.student, row.lab)
    return replace(row, student=_free(own, taken))


def _encodable(path: Path) -> str:
    return str(path).encode("utf-8", "replace").decode()
