"""The table of checks: for each lab one interview, and functions from what it brought back to a finding."""

from collections.abc import Callable, Mapping
from typing import Any

from grader.errors import OurFault
from grader.figures import AttentionMap
from grader.model import Difference, Finding, Remark, Verdict

Interview = Callable[..., Any]
Check = Callable[[Any], Finding]

NO_CLASS = "No class with a training method was left by your notebook."

INTERVIEWS: dict[str, Interview] = {}
CHECKS: dict[str, dict[str, Check]] = {}
OUTCOMES: dict[str, dict[str, Callable[..., Finding]]] = {}  # checks of what training reaches; they ask by themselves
REMARKS: dict[str, Callable[[Any], tuple[Remark, ...]]] = {}
UNATTEMPTED: dict[str, Callable[[Any], bool]] = {}
UNDERSTOOD: dict[str, Callable[[Any], Any]] = {}
GRADIENT_ERRORS: dict[str, Callable[[Any], Mapping[str, float]]] = {}
ATTENTION: dict[str, Callable[[Any], tuple[AttentionMap, ...]]] = {}


def register(table: dict[str, Any], key: str, function: Any) -> Any:
    if key in table:
        raise OurFault(f"grader/judging: {key!r} is registered twice; rename one of the two functions' keys")
    table[key] = function
    return function


def interview(lab: str) -> Callable[[Interview], Interview]:
    """The function that questions a notebook of this lab and returns its evidence."""
    return lambda function: register(INTERVIEWS, lab, function)


def check(lab: str, name: str) -> Callable[[Check], Check]:
    """A function from evidence to a finding, under the id that the rubric gives points to."""
    return lambda function: register(CHECKS.setdefault(lab, {}), name, function)


def reaches(lab: str, name: str) -> Callable[[Any], Any]:
    """A check of what training reaches: from the examiner itself to a finding."""
    return lambda function: register(OUTCOMES.setdefault(lab, {}), name, function)


def remarks(lab: str) -> Callable[[Any], Any]:
    return lambda function: register(REMARKS, lab, function)


def unattempted(lab: str) -> Callable[[Any], Any]:
    """Decides by structure and behaviour whether nothing of the work was begun."""
    return lambda function: register(UNATTEMPTED, lab, function)


def understands(lab: str) -> Callable[[Any], Any]:
    """From evidence to what is known of a classifier, to train it outside; None where that is too little."""
    return lambda function: register(UNDERSTOOD, lab, function)


def attends(lab: str) -> Callable[[Any], Any]:
    """Maps of where the model looks in a few examples, for the page; they decide nothing."""
    return lambda function: register(ATTENTION, lab, function)


def compares_gradients(lab: str) -> Callable[[Any], Any]:
    """By path of a variable, how far its gradient is from that of the lab's cost, for the page; it decides nothing."""
    return lambda function: register(GRADIENT_ERRORS, lab, function)


def passed(message: str = "", seen: str = "") -> Finding:
    return Finding("", Verdict.PASS, message, seen=seen)


def failed(
    message: str = "",
    mistake: str | None = None,
    *,
    seen: str = "",
    difference: Difference | None = None,
    cell: int | None = None,
    closest: str | None = None,
) -> Finding:
    """`closest`: the known mistake that comes nearest, where it is none of them."""
    return Finding("", Verdict.FAIL, message, mistake, seen, difference, cell, closest=closest)


def blocked(message: str) -> Finding:
    return Finding("", Verdict.BLOCKED, message)


def unsure(message: str) -> Finding:
    return Finding("", Verdict.UNSURE, message)


def cut(message: str) -> Finding:
    """Undecided on purpose: the training it takes to see this was cut short."""
    return Finding("", Verdict.UNSURE, message, cut=True)


def manual(message: str, seen: str = "") -> Finding:
    return Finding("", Verdict.MANUAL, message, seen=seen)


def extra(name: str, message: str) -> Remark:
    """What is right and was not asked for."""
    return Remark(name, message, extra=True)
