"""The examination by the judge that a lab has of its own, without what only a training reaches."""

import importlib
import logging
from collections.abc import Callable, Mapping
from typing import Any

from grader.course.head import Judge
from grader.figures import GradientRow
from grader.judging import checks
from grader.judging.examination import Examination, faulty, found, open_after, undecided, wanting
from grader.judging.examiner import Examiner
from grader.judging.instruments.gradient_table import gradient_rows
from grader.judging.unaskable import Unaskable, Unsealed
from grader.model import Finding

KINDS = "grader.judging.kinds"
JUDGES = {judge: f"{KINDS}.{judge}.checks" for judge in Judge} | {Judge.DENSITY: f"{KINDS}.density.interview"}
log = logging.getLogger("grader")


def load(judge: Judge) -> None:
    """So that what it registers is known."""
    importlib.import_module(JUDGES[judge])


def as_judged(examiner: Examiner, outcomes: Mapping[str, Callable[[Any], Finding]]) -> Examination:
    """`outcomes`: from evidence to what training has reached; none, where that is not asked."""
    lab = examiner.lab
    if examiner.head.judge is not None:
        load(examiner.head.judge)
    try:
        evidence = checks.INTERVIEWS[lab](examiner)
    except (Unaskable, MemoryError) as claim:
        names = (*checks.CHECKS[lab], *outcomes)
        return Examination(tuple(open_after(claim, name) for name in names))
    except Exception as error:
        log.exception("the interview of %s failed", lab)
        return faulty(error, checks.CHECKS[lab])
    every = (*checks.CHECKS[lab].items(), *outcomes.items())
    findings = tuple(undecided(answered(name, check, evidence), wanting(examiner.run)) for name, check in every)
    try:
        attention = checks.ATTENTION[lab](evidence) if lab in checks.ATTENTION else ()
        untouched = checks.UNATTEMPTED[lab](evidence)
        rows = table_of_gradients(lab, evidence)
        return Examination(findings, checks.REMARKS[lab](evidence), untouched, attention, gradients=rows)
    except Exception:
        log.exception("the remarks of %s failed", lab)
        return Examination(findings)


def answered(name: str, check: checks.Check, evidence: Any) -> Finding:
    """Open where a sealed file has no answer for what the check rests on, and no mistake is seen without."""
    finding = found(name, check, evidence)
    unsealed = name in getattr(evidence, "unsealed", ()) and not finding.mistake
    return open_after(Unsealed(), name) if unsealed else finding


def table_of_gradients(lab: str, evidence: Any) -> tuple[GradientRow, ...]:
    """For the page alone: where it cannot be made, everything else stands."""
    try:
        return gradient_rows(evidence, checks.GRADIENT_ERRORS.get(lab))
    except Exception:
        log.exception("the table of gradients of %s failed", lab)
        return ()
