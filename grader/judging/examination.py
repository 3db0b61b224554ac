"""What an examination brings, and the one by the declared judge, which needs no judge of the lab itself."""

import logging
from collections.abc import Iterable
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from grader.course.rubric import CheckRule
from grader.errors import GraderError
from grader.figures import AttentionMap, GradientRow
from grader.judging import checks
from grader.judging.declared import judge
from grader.judging.examiner import Examiner
from grader.judging.model_answer import Declared
from grader.judging.unaskable import Unaskable, too_much
from grader.model import Finding, Remark, Run, Verdict

log = logging.getLogger("grader")


class Examination(Struct, frozen=True):
    findings: tuple[Finding, ...]
    remarks: tuple[Remark, ...] = ()
    unattempted: bool = False
    attention: tuple[AttentionMap, ...] = ()
    hurried: bool = False  # time was over before everything was asked
    fault: str | None = None  # of ours, that left every check undecided
    gradients: tuple[GradientRow, ...] = ()


def as_declared(examiner: Examiner, declared: Declared) -> Examination:
    """By the declared judge; where the model answer itself cannot be asked, nothing is decided."""
    rules = {rule.id: rule for rule in declared.rubric.checks}
    try:
        interview = judge.interviewed(examiner, declared.rubric, declared.answer)
    except (Unaskable, MemoryError) as claim:
        return Examination(tuple(open_after(claim, name) for name in rules))
    except Exception as error:
        log.exception("the interview of %s failed", examiner.lab)
        return faulty(error, rules)

    def checked(rule: CheckRule) -> checks.Check:
        return lambda evidence: judge.finding(rule, declared.rubric, evidence, declared.answer)

    findings = (found(name, checked(rule), interview) for name, rule in rules.items())
    lacking = wanting(examiner.run)
    untouched = judge.unattempted(examiner, declared.rubric, interview)
    return Examination(tuple(undecided(finding, lacking) for finding in findings), interview.remarks, untouched)


def faulty(error: Exception, names: Iterable[str]) -> Examination:
    fault = f"The grader itself failed while asking your notebook ({named(error)}). No points are lost."
    return Examination(tuple(Finding(name, Verdict.UNSURE, fault) for name in names), fault=fault)


def named(error: Exception) -> str:
    """In a report: what ours or the system's say in words, of others the kind."""
    return (
        f"{type(error).__name__}: {str(error)[:300]}"
        if isinstance(error, GraderError | OSError)
        else type(error).__name__
    )


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
