"""How findings become points: the only file that adds them."""

from collections import Counter
from collections.abc import Mapping, Sequence
from graphlib import TopologicalSorter

from msgspec.structs import replace

from grader.course.rubric import CheckRule, Rubric
from grader.errors import OurFault
from grader.model import Automatic, CheckResult, Decision, Finding, Scorecard, Verdict

PENDING = (Verdict.UNSURE, Verdict.MANUAL)
OUR_FAULT = "That is our fault, not yours: your instructor will look at it."
NO_ANSWER = f"The grader has no answer for this check. {OUR_FAULT}"
NOT_SURE = "Not decided, because “{title}” is not decided yet. Your instructor will look at it."
NOT_CHECKED = "Not checked because “{title}” has to work first."
UNKNOWN_MISTAKE = f"The grader found something here that its rubric does not describe ({{mistake}}). {OUR_FAULT}"
SILENT = {
    Verdict.PASS: "As asked.",
    Verdict.FAIL: "This does not do what was asked.",
    Verdict.MANUAL: "Your instructor will read this one.",
}

DECIDED = "A person marked this."

Results = Mapping[str, CheckResult]


def score(rubric: Rubric, findings: Sequence[Finding]) -> Scorecard:
    """In whatever order findings come. Without a pass in what it needs a check earns nothing; our doubt is pending."""
    found = _by_check(rubric, findings)
    rules = {rule.id: rule for rule in rubric.checks}
    results: dict[str, CheckResult] = {}
    for check in TopologicalSorter({rule.id: rule.needs for rule in rubric.checks}).static_order():
        results[check] = _result(rubric, rules[check], found.get(check), results)
    return _card(tuple(results[rule.id] for rule in rubric.checks), _fix_first(rubric, results))


def public(card: Scorecard) -> Scorecard:
    """The card with its public checks only, as a student's own check shows it."""
    checks = tuple(check for check in card.checks if check.public)
    return _card(checks, card.fix_first)


def left_open(card: Scorecard, reason: str, but_named: bool = False) -> Scorecard:
    """What failed or was not checked is pending, but for named mistakes where these were told by answers.

    A card is opened, not findings: what passes behind a check that failed earns nothing all the same.
    """
    return _card(tuple(_opened(check, reason, but_named) for check in card.checks), card.fix_first)


def _opened(check: CheckResult, reason: str, but_named: bool) -> CheckResult:
    if check.verdict not in (Verdict.FAIL, Verdict.BLOCKED) or (but_named and check.mistake):
        return check
    message = f"{reason} {check.message}".strip()
    return replace(check, verdict=Verdict.UNSURE, points=0.0, message=message, mistake=None, mistake_title="", hint="")


def decided(card: Scorecard, decisions: Mapping[str, Decision]) -> Scorecard:
    """With what people decided, by check, in the place of what the grader says; without it, as the grader says.

    Whatever `automatic` these decisions hold: they hold against what the card itself says.
    """
    checks = tuple(_decided(undecided(check), decisions.get(check.id)) for check in card.checks)
    return _card(checks, _next_to_fix(checks, card.fix_first))


def undecided(check: CheckResult) -> CheckResult:
    """As the grader says."""
    if check.decision is None:
        return check
    own = check.decision.automatic
    return replace(
        check, verdict=own.verdict, points=own.points, mistake=own.mistake, message=own.message, decision=None
    )


def _decided(check: CheckResult, decision: Decision | None) -> CheckResult:
    """What is worth less since, as a rubric was changed, cannot earn more than that."""
    if decision is None:
        return check
    own = Automatic(check.verdict, check.points, check.mistake, check.message)
    points = min(decision.points, check.possible)
    said = replace(
        check,
        verdict=Verdict.PASS if points == check.possible else Verdict.FAIL,
        points=points,
        message=" ".join(filter(None, (f"{decision.reason}." if decision.reason else "", decision.comment))) or DECIDED,
        decision=replace(decision, automatic=own),
    )
    right = said.verdict is Verdict.PASS
    return replace(said, mistake=None, mistake_title="", hint="", difference=None) if right else said


def _next_to_fix(checks: Sequence[CheckResult], first: str | None) -> str | None:
    """The same as before, unless a person decided that one: then what costs most, named mistakes first."""
    failed = [check for check in checks if check.verdict is Verdict.FAIL and not check.decision]
    if not failed or first in [check.id for check in failed]:
        return first
    return max(failed, key=lambda check: (check.mistake is not None, check.possible - check.points)).id


def _card(checks: tuple[CheckResult, ...], fix_first: str | None) -> Scorecard:
    failed = {check.id for check in checks if check.verdict is Verdict.FAIL}
    return Scorecard(
        checks=checks,
        earned=round(sum(check.points for check in checks), 2),
        possible=round(sum(check.possible for check in checks), 2),
        pending=round(sum(check.possible for check in checks if check.verdict in PENDING), 2),
        fix_first=fix_first if fix_first in failed else None,
    )


def _by_check(rubric: Rubric, findings: Sequence[Finding]) -> dict[str, Finding]:
    twice = [check for check, times in Counter(finding.check for finding in findings).items() if times > 1]
    if twice:
        raise OurFault(f"{rubric.lab}: several findings for {', '.join(twice)}; a check is judged once")
    unknown = {finding.check for finding in findings} - {rule.id for rule in rubric.checks}
    if unknown:
        raise OurFault(f"judged {', '.join(sorted(unknown))}, which rubrics/{rubric.lab}.yaml does not have")
    return {finding.check: finding for finding in findings}


def _result(rubric: Rubric, rule: CheckRule, finding: Finding | None, results: Results) -> CheckResult:
    blank = CheckResult(
        id=rule.id,
        level=rule.level,
        title=rule.title,
        verdict=Verdict.UNSURE,
        points=0.0,
        possible=rule.points,
        message=NO_ANSWER,
        public=rule.public,
        tested=rule.tested,
        why=rule.why,
        formula=rule.formula,
        example=rule.example,
        measured=finding.measured if finding else None,
    )
    needed = [results[need] for need in rule.needs]
    for need in needed:
        if need.verdict in (Verdict.FAIL, Verdict.BLOCKED):
            title = _root(rubric, need, results).title
            return replace(blank, verdict=Verdict.BLOCKED, message=NOT_CHECKED.format(title=title))
    undecided = next((need for need in needed if need.verdict in PENDING), None)
    # What could not be looked at behind something open is open too, not lost.
    if finding is not None and not (undecided and finding.verdict is Verdict.BLOCKED):
        return _judged(rubric, blank, finding)
    return replace(blank, message=NOT_SURE.format(title=undecided.title)) if undecided else blank


def _judged(rubric: Rubric, blank: CheckResult, finding: Finding) -> CheckResult:
    said = replace(
        blank,
        verdict=finding.verdict,
        message=finding.message or SILENT.get(finding.verdict, NO_ANSWER),
        seen=finding.seen,
        difference=finding.difference,
        cell=finding.cell,
        cut=finding.cut,
        closest=_title(rubric, finding.closest),
    )
    if finding.mistake is not None:
        return _named(rubric, said, finding)
    return replace(said, points=blank.possible) if finding.verdict is Verdict.PASS else said


def _named(rubric: Rubric, said: CheckResult, finding: Finding) -> CheckResult:
    """A mistake is a fail with words and perhaps some points; any other use of the name is a defect of ours."""
    rule = rubric.mistakes.get(finding.mistake or "")
    if rule is None or finding.check not in rule.checks or finding.verdict is not Verdict.FAIL:
        return replace(said, verdict=Verdict.UNSURE, message=UNKNOWN_MISTAKE.format(mistake=finding.mistake))
    return replace(
        said,
        points=round(rule.credit * said.possible, 2),
        message=finding.message or rule.says,
        mistake=finding.mistake,
        mistake_title=rule.title,
        hint=rule.hint,
        nudge=rule.nudge,
        formula=rule.formula or said.formula,
        example=rule.example or said.example,
        closest="",
    )


def _title(rubric: Rubric, mistake: str | None) -> str:
    return rubric.mistakes[mistake].title if mistake in rubric.mistakes else ""


def _root(rubric: Rubric, result: CheckResult, results: Results) -> CheckResult:
    """The check that failed, behind one that is blocked."""
    rule = next(rule for rule in rubric.checks if rule.id == result.id)
    for need in rule.needs:
        if result.verdict is Verdict.BLOCKED and results[need].verdict in (Verdict.FAIL, Verdict.BLOCKED):
            return _root(rubric, results[need], results)
    return result


def _fix_first(rubric: Rubric, results: Results) -> str | None:
    """The failed check whose repair unlocks most points, the earlier of equals; named mistakes go first."""
    failed = [results[rule.id] for rule in rubric.checks if results[rule.id].verdict is Verdict.FAIL]
    if not failed:
        return None
    return max(failed, key=lambda check: (check.mistake is not None, _unlocked(rubric, check, results))).id


def _unlocked(rubric: Rubric, check: CheckResult, results: Results) -> float:
    waiting = {check.id}
    for name in TopologicalSorter({rule.id: rule.needs for rule in rubric.checks}).static_order():
        rule = next(rule for rule in rubric.checks if rule.id == name)
        if results[name].verdict is Verdict.BLOCKED and waiting.intersection(rule.needs):
            waiting.add(name)
    return sum(results[name].possible - results[name].points for name in waiting)
