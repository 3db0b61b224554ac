"""From an examiner to findings for every check of a lab; what stopped us takes no points from anybody."""

import importlib
import logging
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from grader.errors import GraderError
from grader.judging import checks
from grader.judging.examiner import Examiner
from grader.judging.unaskable import Unaskable, too_much
from grader.model import AttentionMap, Finding, Observation, Remark, Run, Status, Verdict
from grader.sandbox.guest.wire import Question

MODULES = {
    "lab1_warmup": "grader.judging.kinds.density.interview",
    "a1_logistic_regression": "grader.judging.kinds.logistic.checks",
    "lab2_mlp": "grader.judging.kinds.perceptron.checks",
    "lab3_rnn": "grader.judging.kinds.recurrent.checks",
    "lab4_gru": "grader.judging.kinds.recurrent.checks",
    "a2_embeddings": "grader.judging.kinds.embeddings.checks",
    "a3_lstm_lm": "grader.judging.kinds.language_model.checks",
    "lab5b_bert": "grader.judging.kinds.fine_tuning.checks",
    "lab5_attention": "grader.judging.kinds.attention.checks",
    "a4_word_by_word": "grader.judging.kinds.word_by_word.checks",
    "lab6_captioning": "grader.judging.kinds.captioning.checks",
}
log = logging.getLogger("grader")


class Examination(Struct, frozen=True):
    findings: tuple[Finding, ...]
    remarks: tuple[Remark, ...] = ()
    unattempted: bool = False
    attention: tuple[AttentionMap, ...] = ()
    hurried: bool = False  # time was over before everything was asked
    fault: str | None = None  # of ours, that left every check undecided


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
    lab = examiner.lab
    for module in (MODULES[lab], "grader.judging.instruments.outcome"):
        importlib.import_module(module)
    try:
        evidence = checks.INTERVIEWS[lab](examiner)
    except (Unaskable, MemoryError) as claim:
        names = (*checks.CHECKS[lab], *checks.OUTCOMES.get(lab, {}))
        return Examination(tuple(open_after(claim, name) for name in names))
    except Exception as error:
        log.exception("the interview of %s failed", lab)
        fault = (
            f"The grader itself failed while asking your notebook ({named(error)}); your instructor has been told. "
            "No points are lost."
        )
        return Examination(tuple(Finding(name, Verdict.UNSURE, fault) for name in checks.CHECKS[lab]), fault=fault)
    findings = tuple(found(name, check, evidence) for name, check in checks.CHECKS[lab].items())
    findings += tuple(found(name, check, examiner) for name, check in checks.OUTCOMES.get(lab, {}).items())
    findings = tuple(undecided(finding, wanting(examiner.run)) for finding in findings)
    try:
        attention = checks.ATTENTION[lab](evidence) if lab in checks.ATTENTION else ()
        return Examination(findings, checks.REMARKS[lab](evidence), checks.UNATTEMPTED[lab](evidence), attention)
    except Exception:
        log.exception("the remarks of %s failed", lab)
        return Examination(findings)


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
