"""From an examiner to findings for every check of a lab; what stopped us takes no points from anybody."""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from msgspec.structs import replace

from grader.course.folder import Course
from grader.course.head import Head
from grader.course.pages import Complaint, Page, meant
from grader.course.rubric import Rubric
from grader.errors import OurFault
from grader.judging import checks
from grader.judging.examination import Examination, as_declared
from grader.judging.examiner import Examiner
from grader.judging.instruments import outcome
from grader.judging.own_judge import KINDS, as_judged, load
from grader.model import Finding, Observation, Status
from grader.sandbox.guest.wire import Question


def examine(examiner: Examiner) -> Examination:
    """Findings for every check of the lab; a defect of ours is UNSURE for the checks it touches, never a mark."""
    unasked: list[str] = []

    def noted(question: Question) -> Observation:
        answer = examiner.asking(question)
        if answer.status is Status.UNASKED:
            unasked.append(question.id)
        return answer

    examination = by_its_answers(replace(examiner, asking=noted))
    if not unasked:
        return examination
    return replace(examination, hurried=True, unattempted=False)


def by_its_answers(examiner: Examiner) -> Examination:
    if examiner.declared is not None:
        return as_declared(examiner, examiner.declared)
    outcomes = outcome_checks(examiner.lab, examiner.head)
    return as_judged(examiner, {name: partial(reached, examiner, check) for name, check in outcomes.items()})


def reached(examiner: Examiner, check: Callable[[Examiner], Finding], evidence: Any) -> Finding:
    return check(knowing(examiner, evidence))


def explained(trained: Examination, glance: Examination) -> Examination:
    """What a training of the notebook's own showed, with the reasons why it was not trained outside."""
    reasons = {finding.check: finding.message for finding in glance.findings if finding.cut}
    told = (replace(f, message=" ".join(filter(None, (f.message, reasons.get(f.check))))) for f in trained.findings)
    return replace(trained, findings=tuple(told))


def knowing(examiner: Examiner, evidence: Any) -> Examiner:
    """With what its judge understood of the classifier, where that may be trained outside."""
    if examiner.outside is None or examiner.lab not in checks.UNDERSTOOD:
        return examiner
    return replace(examiner, understood=checks.UNDERSTOOD[examiner.lab](evidence))


def outcome_checks(lab: str, head: Head) -> dict[str, Callable[..., Finding]]:
    """What training has to reach: what the lab's judge says of it, else the accuracy where there are labels for it."""
    if head.judge is None:
        raise OurFault(
            f"{lab} names no judge in the head of its rubric, and there is no judge for labs that name none."
        )
    load(head.judge)
    return checks.OUTCOMES.get(lab) or ({"accuracy": outcome.accuracy} if head.labels else {})


def insist_on_judges(course: Course) -> None:
    """Raises RubricError for a lab that its judge does not know, and for a check without a judge or the other way."""
    for lab, rubric in course.labs.items():
        if said := next(complaints(rubric), None):
            place, sentence = said
            Page(course.rubric(lab)).wrong(sentence, *place)


def complaints(rubric: Rubric) -> Iterator[Complaint]:
    if rubric.head.judge is None:
        if rubric.subject is None:
            yield ("lab",), "no judge is named, and there is no `subject`, which says what the declared judge asks"
        return
    judged = {*outcome_checks(rubric.lab, rubric.head), *checks.CHECKS.get(rubric.lab, {})}
    interview = checks.INTERVIEWS.get(rubric.lab)
    if interview is None or not interview.__module__.startswith(f"{KINDS}.{rubric.head.judge}."):
        yield ("lab", "judge"), f"the judge {rubric.head.judge} does not know {rubric.lab!r}; leave `judge` out"
    for n, check in enumerate(rubric.checks):
        if check.id not in judged:
            yield ("checks", n, "id"), f"nobody judges {check.id!r}{meant(check.id, judged, '; take the check away')}"
    for missing in sorted(judged - {check.id for check in rubric.checks}):
        yield ("checks",), f"the judge {rubric.head.judge} checks {missing!r}, which has no points here; add it"
