"""The sentence on top of a page, which follows the marks of people."""

from collections.abc import Mapping

from msgspec.structs import replace

from grader.model import Decision, Outcome, Report, Run, Scorecard
from grader.scoring.score import decided


def summary(outcome: Outcome, run: Run, card: Scorecard, other: str = "") -> str:
    """`other`: what the notebook is, where it is not the work it was taken for."""
    if outcome is Outcome.UNATTEMPTED:
        return "Your notebook runs, but the part that was yours to write is still as it was handed out."
    if other or run.fault:
        return other or run.fault or ""
    failed = sum(check.verdict == "fail" and not check.decision for check in card.checks)
    if failed == 1:
        return "One thing to fix; the box below says where to start."
    if failed:
        return f"{failed} things to fix; the box below says where to start."
    return "Everything that was checked works." if any(not check.decision for check in card.checks) else ""


def decided_report(report: Report, decisions: Mapping[str, Decision]) -> Report:
    """With the marks of people; what the page says on top follows them."""
    if not decisions:
        return report
    card = decided(report.card, decisions)
    before, after = (summary(report.outcome, report.run, each) for each in (report.card, card))
    told = report.summary.replace(before, after) if before else report.summary
    return replace(report, card=card, summary=told.strip())
