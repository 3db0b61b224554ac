"""Who has earned which certificate, and what everybody else lacks: by what came in time, and by what it was worth."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from enum import StrEnum

from msgspec import Struct

from grader.course.folder import Course
from grader.course.policies import Rule
from grader.course.roster import Student
from grader.course.schedule import Session
from grader.inbox.facts import moment
from grader.inbox.people import tokens
from grader.intake.ledger import Became, Message, TimedBy
from grader.model import Outcome
from grader.scoring.results import SubmissionRow
from grader.wording.counting import quantity

_READ = (Became.TAKEN, Became.SUPERSEDED, Became.LATE)
_NO_WORK = {
    Outcome.UNREADABLE: "could not be read",
    Outcome.UNATTEMPTED: "is as it was handed out",
    Outcome.GRADER_ERROR: "was not graded, through a fault of the grader",
}


class Kind(StrEnum):
    ATTENDANCE = "attendance"  # sent on the day itself, before it closed
    PROGRESS = "progress"  # sent before the solution was shown


_NOT_READ = {
    Became.DOUBTFUL: "was sent, but it is doubtful what counts: see intake.json",
    Became.NO_PERMISSION: "was sent, but its link is not shared",
    Became.UNREADABLE: "was sent, but could not be read",
}


class Sent(Struct, frozen=True):
    lab: str
    became: Became
    time: datetime | None
    timed_by: TimedBy


class Standing(Struct, frozen=True):
    """One student and one sort of certificate."""

    student: Student
    kind: Kind
    labs: tuple[str, ...]  # that count
    lacks: tuple[str, ...]  # a clause for each lab that does not
    wanted: int

    @property
    def earned(self) -> bool:
        return len(self.labs) >= self.wanted > 0


def standings(
    course: Course, roster: Sequence[Student], messages: Sequence[Message], rows: Sequence[SubmissionRow]
) -> tuple[Standing, ...]:
    """For everybody on the roster, or who sent something where there is none; in the order of both."""
    sent = _sent(messages)
    people = roster or [
        *{(m.student, m.student_id): Student(m.student, m.student_id) for m in messages if m.student}.values()
    ]
    grades = _grades(rows)
    return tuple(
        _standing(course, student, kind, sent[student.name, student.id], _of(student, grades))
        for student in people
        for kind in Kind
    )


def _sent(messages: Iterable[Message]) -> Mapping[tuple[str, str], list[Sent]]:
    """Of each student, whether or not it counts for grading."""
    sent: dict[tuple[str, str], list[Sent]] = defaultdict(list)
    for message in messages:
        for held in message.held:
            if held.lab:
                entry = Sent(held.lab, held.became, moment(message.time), message.timed_by)
                sent[message.student, message.student_id].append(entry)
    return sent


def _grades(rows: Iterable[SubmissionRow]) -> dict[tuple[str, str], SubmissionRow]:
    """By lab, and by id as well as by name."""
    found: dict[tuple[str, str], SubmissionRow] = {}
    for row in rows:
        for key in filter(None, (row.student_id, row.student)):
            found[row.lab or "", key] = row
    return found


def _of(student: Student, grades: Mapping[tuple[str, str], SubmissionRow]) -> dict[str, SubmissionRow]:
    keys = [student.id] if student.id else []
    return {lab: row for (lab, who), row in grades.items() if who in (*keys, student.name) and _is_theirs(row, student)}


def _is_theirs(row: SubmissionRow, student: Student) -> bool:
    """Two students of one name are told apart by their ids."""
    if row.student_id and student.id:
        return row.student_id == student.id
    return tokens(row.student) == tokens(student.name)


def _standing(
    course: Course, student: Student, kind: Kind, sent: Sequence[Sent], grades: Mapping[str, SubmissionRow]
) -> Standing:
    policy = course.sheet.certificates
    rule = policy.attendance if kind is Kind.ATTENDANCE else policy.progress
    labs, lacks, sessions = [], [], course.sessions
    counted = [lab for lab in course.sent_in if kind is Kind.PROGRESS or lab in sessions]
    for lab in counted:
        why = _why_not(kind, [one for one in sent if one.lab == lab], sessions.get(lab))
        why = why or _why_worthless(kind, rule, grades.get(lab))
        if why:
            lacks.append(f"{lab} {why}")
        else:
            labs.append(lab)
    if not counted:
        lacks.append("course.yaml has no session, so nothing can be attended" if kind is Kind.ATTENDANCE else "no labs")
    return Standing(student, kind, tuple(labs), tuple(lacks), rule.labs or len(counted) or 1)


def _why_not(kind: Kind, sent: Sequence[Sent], session: Session | None) -> str:
    """Empty where one of them came in time."""
    read = [one for one in sent if one.became in _READ]
    if not read:
        return next((_NOT_READ[one.became] for one in sent if one.became in _NOT_READ), "was not sent")
    if kind is Kind.PROGRESS and (session is None or session.solution is None):
        return ""
    sure = [one.time for one in read if one.time and one.timed_by is not TimedBy.DATE]
    if not sure:
        return "was sent, but only its sender's clock says when"
    if session is None:
        return ""
    if any(session.in_time(time) if kind is Kind.ATTENDANCE else session.before_solution(time) for time in sure):
        return ""
    first = min(sure).astimezone(session.zone)
    limit = session.closes if kind is Kind.ATTENDANCE else session.solution
    due = f"{limit:%Y-%m-%d %H:%M}" if limit else f"{session.day}"
    return (
        f"was sent on {first:%Y-%m-%d at %H:%M:%S}, and was due {'by' if kind is Kind.ATTENDANCE else 'before'} {due}"
    )


def _why_worthless(kind: Kind, rule: Rule, row: SubmissionRow | None) -> str:
    if kind is Kind.ATTENDANCE and not rule.earned:
        return ""
    if row is None:
        return "was not graded yet"
    if said := _NO_WORK.get(row.outcome):
        return said
    share = 100 * row.earned / row.possible if row.possible else 100.0
    return f"earned {share:.0f} % of its points, of {rule.earned:g} % that are asked for" if share < rule.earned else ""


def lacking(standing: Standing) -> str:
    """A sentence for whoever asks why there is no certificate."""
    enough = f"{quantity(len(standing.labs), 'lab')} of {standing.wanted}"
    return f"{enough}: {'; '.join(standing.lacks)}."


def without(everybody: Iterable[Standing]) -> Iterator[Standing]:
    yield from (standing for standing in everybody if not standing.earned)
