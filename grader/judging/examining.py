"""From an examiner to findings for every check of a lab; what stopped us takes no points from anybody."""

import importlib
import logging
from collections.abc import Callable, Iterator
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from grader.course.folder import Course
from grader.course.head import Head, Judge
from grader.course.pages import Complaint, Page, meant
from grader.course.rubric import CheckRule, Rubric
from grader.errors import GraderError, OurFault
from grader.judging import checks
from grader.judging.declared import judge
from grader.judging.examiner import Examiner
from grader.judging.instruments import outcome
from grader.judging.instruments.gradient_table import gradient_rows
from grader.judging.model_answer import Declared
from grader.judging.unaskable import Unaskable, too_much
from grader.model import AttentionMap, Finding, GradientRow, Observation, Remark, Run, Status, Verdict
from grader.sandbox.guest.wire import Question

KINDS = "grader.judging.kinds"
JUDGES = {judge: f"{KINDS}.{judge}.checks" for judge in Judge} | {Judge.DENSITY: f"{KINDS}.density.interview"}
log = logging.getLogger("grader")


class Examination(Struct, frozen=True):
    findings: tuple[Finding, ...]
    remarks: tuple[Remark, ...] = ()
    unattempted: bool = False
    attention: tuple[AttentionMap, ...] = ()
    hurried: bool = False  # time was over before everything was asked
    fault: str | None = None  # of ours, that left every check undecided
    gradients: tuple[GradientRow, ...] = ()


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


def named(error: Exception) -> str:
    """In a report: what ours or the system's say in words, of others the kind."""
    return (
        f"{type(error).__name__}: {str(error)[:300]}"
        if isinstance(error, GraderError | OSError)
        else type(error).__name__
    )


def by_its_answers(examiner: Examiner) -> Examination:
    if examiner.declared is not None:
        return as_declared(examiner, examiner.declared)
    lab, outcomes = examiner.lab, outcome_checks(examiner.lab, examiner.head)
    try:
        evidence = checks.INTERVIEWS[lab](examiner)
    except (Unaskable, MemoryError) as claim:
        names = (*checks.CHECKS[lab], *outcomes)
        return Examination(tuple(open_after(claim, name) for name in names))
    except Exception as error:
        log.exception("the interview of %s failed", lab)
        fault = (
            f"The grader itself failed while asking your notebook ({named(error)}); your instructor has been told. "
            "No points are lost."
        )
        return Examination(tuple(Finding(name, Verdict.UNSURE, fault) for name in checks.CHECKS[lab]), fault=fault)
    findings = tuple(found(name, check, evidence) for name, check in checks.CHECKS[lab].items())
    findings += tuple(found(name, check, knowing(examiner, evidence)) for name, check in outcomes.items())
    findings = tuple(undecided(finding, wanting(examiner.run)) for finding in findings)
    try:
        attention = checks.ATTENTION[lab](evidence) if lab in checks.ATTENTION else ()
        untouched = checks.UNATTEMPTED[lab](evidence)
        rows = table_of_gradients(lab, evidence)
        return Examination(findings, checks.REMARKS[lab](evidence), untouched, attention, gradients=rows)
    except Exception:
        log.exception("the remarks of %s failed", lab)
        return Examination(findings)


def table_of_gradients(lab: str, evidence: Any) -> tuple[GradientRow, ...]:
    """For the page alone: where it cannot be made, everything else stands."""
    try:
        return gradient_rows(evidence, checks.GRADIENT_ERRORS.get(lab))
    except Exception:
        log.exception("the table of gradients of %s failed", lab)
        return ()


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


def as_declared(examiner: Examiner, declared: Declared) -> Examination:
    """By the declared judge; where the model answer itself cannot be asked, nothing is decided."""
    rules = {rule.id: rule for rule in declared.rubric.checks}
    try:
        interview = judge.interviewed(examiner, declared.rubric, declared.answer)
    except (Unaskable, MemoryError) as claim:
        return Examination(tuple(open_after(claim, name) for name in rules))
    except Exception as error:
        log.exception("the interview of %s failed", examiner.lab)
        fault = f"The grader itself failed while asking your notebook ({named(error)}). No points are lost."
        return Examination(tuple(Finding(name, Verdict.UNSURE, fault) for name in rules), fault=fault)

    def checked(rule: CheckRule) -> checks.Check:
        return lambda evidence: judge.finding(rule, declared.rubric, evidence, declared.answer)

    findings = (found(name, checked(rule), interview) for name, rule in rules.items())
    lacking = wanting(examiner.run)
    untouched = judge.unattempted(examiner, declared.rubric, interview)
    return Examination(tuple(undecided(finding, lacking) for finding in findings), interview.remarks, untouched)


def outcome_checks(lab: str, head: Head) -> dict[str, Callable[..., Finding]]:
    """What training has to reach: what the lab's judge says of it, else the accuracy where there are labels for it."""
    if head.judge is None:
        raise OurFault(
            f"{lab} names no judge in the head of its rubric, and there is no judge for labs that name none."
        )
    importlib.import_module(JUDGES[head.judge])
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
    if rubric.subject is not None:
        yield ("subject",), f"the lab has a judge of its own, {rubric.head.judge}; take `subject` or `judge` away"
    judged = {*outcome_checks(rubric.lab, rubric.head), *checks.CHECKS.get(rubric.lab, {})}
    interview = checks.INTERVIEWS.get(rubric.lab)
    if interview is None or not interview.__module__.startswith(f"{KINDS}.{rubric.head.judge}."):
        yield ("lab", "judge"), f"the judge {rubric.head.judge} does not know {rubric.lab!r}; leave `judge` out"
    for n, check in enumerate(rubric.checks):
        if check.id not in judged:
            yield ("checks", n, "id"), f"nobody judges {check.id!r}{meant(check.id, judged, '; take the check away')}"
    for missing in sorted(judged - {check.id for check in rubric.checks}):
        yield ("checks",), f"the judge {rubric.head.judge} checks {missing!r}, which has no points here; add it"


def open_after(claim: Unaskable | MemoryError, name: str) -> Finding:
    return Finding(name, Verdict.UNSURE, str(claim if isinstance(claim, Unaskable) else too_much()))


def wanting(run: Run) -> tuple[str, ...]:
    """How errors read that only come of what cells of this run could not get here."""
    excused = [one for one in run.cells if one.excuse]
    missing = [one.trouble.message for one in excused if one.trouble and one.trouble.kind == "ModuleNotFoundError"]
    return (*(f"name '{name}' is not defined" for one in excused for name in one.lost), *filter(None, missing))


def undecided(finding: Finding, errors: tuple[str, ...]) -> Finding:
    """Open where it failed, or was not checked, for an error that only comes of what could not be had here."""
    lost = finding.verdict in (Verdict.FAIL, Verdict.BLOCKED) and not finding.mistake
    if not lost or not any(e in finding.message for e in errors):
        return finding
    message = f"{finding.message.rstrip()} That could not be had here, so this is not decided."
    return replace(finding, verdict=Verdict.UNSURE, message=message)


def found(name: str, check: checks.Check, evidence: Any) -> Finding:
    try:
        return replace(check(evidence), check=name)
    except (Unaskable, MemoryError) as claim:
        return open_after(claim, name)
    except Exception:
        log.exception("check %s failed", name)
        return Finding(name, Verdict.UNSURE, "The grader itself failed in this check; your instructor has been told.")
