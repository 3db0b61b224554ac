"""A class of any size: reports as a batch makes them, with checks of all verdicts, mistakes, times and trouble."""

import random
from collections.abc import Sequence

import sample_reports as sample
from msgspec.structs import replace

from grader.course.folder import current_course
from grader.course.rubric import CheckRule, Rubric
from grader.model import CellRun, CellStatus, CheckResult, Isolation, Outcome, Report, Run, Scorecard, Verdict

TIME = 1_770_000_000.0  # seconds since 1970


def a_class(students: int, labs: Sequence[str] | None = None, seed: int = 1) -> list[Report]:
    """Able students pass more, and hand more in; the last one's notebooks cannot be read."""
    dice = random.Random(seed)
    rubrics = [current_course().labs[lab] for lab in labs or current_course().labs]
    reports, begun = [], TIME
    for number in range(1, students + 1):
        ability = dice.random()
        for rubric in rubrics:
            if dice.random() < 0.93:
                report = graded(f"student{number:02}", rubric, ability, dice)
                reports.append(replace(report, begun=begun, seconds=round(5 + 40 * dice.random(), 2)))
                begun += reports[-1].seconds / 2
    reports[-1] = replace(sample.unreadable(), begun=begun)
    if len(reports) > 1:
        fault = "The grader itself failed (OSError); nothing is lost, your instructor will grade this again."
        run = Run(Outcome.GRADER_ERROR, Isolation.BUBBLEWRAP, fault=fault)
        reports[-2] = replace(reports[-2], outcome=Outcome.GRADER_ERROR, run=run)
    return reports


def graded(student: str, rubric: Rubric, ability: float, dice: random.Random) -> Report:
    checks = tuple(result(rule, rubric, ability, dice) for rule in rubric.checks)
    pending = sum(check.possible for check in checks if check.verdict in (Verdict.UNSURE, Verdict.MANUAL))
    card = Scorecard(checks, sum(check.points for check in checks), sum(check.possible for check in checks), pending)
    return Report(
        sample.submission(student, rubric.lab, content=f"{student} {rubric.lab}"),
        rubric.title,
        Outcome.OK,
        Run(Outcome.OK, Isolation.BUBBLEWRAP, (CellRun(0, CellStatus.OK),)),
        card,
    )


def result(rule: CheckRule, rubric: Rubric, ability: float, dice: random.Random) -> CheckResult:
    level = rule.level
    if level == "manual" or (level == "outcome" and dice.random() < 0.2):
        verdict = Verdict.MANUAL if level == "manual" else Verdict.UNSURE
        return CheckResult(rule.id, level, rule.title, verdict, 0.0, rule.points, "Training was cut short here.")
    if dice.random() < 0.3 + 0.65 * ability:
        return CheckResult(rule.id, level, rule.title, Verdict.PASS, rule.points, rule.points, "As asked.")
    known = [(slug, mistake) for slug, mistake in rubric.mistakes.items() if rule.id in mistake.checks]
    if not known:
        return CheckResult(rule.id, level, rule.title, Verdict.FAIL, 0.0, rule.points, "Not as asked.")
    slug, mistake = dice.choice(known[:4])
    points = round(mistake.credit * rule.points, 2)
    return CheckResult(
        rule.id,
        level,
        rule.title,
        Verdict.FAIL,
        points,
        rule.points,
        mistake.says,
        mistake=slug,
        mistake_title=mistake.title,
        hint=mistake.hint,
    )
