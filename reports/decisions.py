"""Which points are open, as a list of decisions: each check once, with all whom it waits for, most points first."""

from collections.abc import Iterable

from msgspec import Struct

from grader.model import Outcome, Report, Verdict
from grader.scoring.score import OUR_FAULT
from reports import words
from reports.items import PENDING


class Waiting(Struct, frozen=True):
    """A notebook whose points are open."""

    student: str
    href: str  # of the check on the student's page
    message: str  # empty where it is that of the whole decision


class Decision(Struct, frozen=True):
    lab: str
    check: str
    verdict: Verdict
    points: float  # of all of them
    message: str  # the same for all; empty where each has its own
    waiting: tuple[Waiting, ...]


class Decisions(Struct, frozen=True):
    yours: tuple[Decision, ...]
    ours: tuple[Decision, ...]  # the grader is at fault, nobody has to decide


def decisions(reports: Iterable[Report], links: Iterable[str]) -> Decisions:
    """Where the grader failed altogether nothing is to be decided: such a notebook is graded again."""
    groups: dict[tuple[str, str, Verdict, bool], list[tuple[float, Waiting]]] = {}
    for report, href in zip(reports, links, strict=True):
        for check in report.card.checks if report.outcome is not Outcome.GRADER_ERROR else ():
            if check.verdict in PENDING and check.possible:
                key = (words.lab_name(report), check.title, check.verdict, OUR_FAULT in check.message)
                waiting = Waiting(report.submission.student, f"{href}#check-{check.id}", check.message)
                groups.setdefault(key, []).append((check.possible, waiting))
    made = [(ours, decision(lab, check, verdict, group)) for (lab, check, verdict, ours), group in groups.items()]
    made.sort(key=lambda one: (-one[1].points, one[1].lab, one[1].check))
    return Decisions(tuple(one for ours, one in made if not ours), tuple(one for ours, one in made if ours))


def decision(lab: str, check: str, verdict: Verdict, group: list[tuple[float, Waiting]]) -> Decision:
    messages = {waiting.message for _, waiting in group}
    alike = messages.pop() if len(messages) == 1 else ""
    waiting = [Waiting(one.student, one.href, "" if alike else one.message) for _, one in group]
    waiting.sort(key=lambda one: one.student.casefold())
    return Decision(lab, check, verdict, sum(points for points, _ in group), alike, tuple(waiting))
