"""The grader's promises about its own notebooks, kept by the whole line; and that a broken promise would be noticed."""

import pytest
from msgspec.structs import replace
from rich.console import Console

from grader.batch.preparing import batch_for
from grader.commands.verify import Trial, by_policy, failures, matrix, trials
from grader.course.folder import current_course, load_rubric
from grader.model import (
    CellRun,
    CellStatus,
    CheckResult,
    Level,
    Outcome,
    Report,
    Scorecard,
    TrainPolicy,
    Verdict,
)
from grader.sandbox.guest.wire import Trouble
from grader.scoring.summing_up import unread
from reference.notebooks import load_edits, mistake_of
from tests.test_notebooks import EXPECTED, Grade

# A mistake that some notebook of a student shows needs no second one for a change to be judged by.
SEEN = {(row["lab"], slug) for row in EXPECTED.values() if not row.get("slow") for slug in row.get("slugs", ())}


def graded(grade: Grade, name: str, expected: tuple[Trial, ...]) -> list[Report]:
    return [report for policy, submissions in by_policy(expected) for report in grade(name, submissions, policy)]


def quick(lab: str) -> tuple[Trial, ...]:
    return tuple(trial for trial in trials([lab], fast=True) if (lab, trial.expects) not in SEEN)


@pytest.mark.parametrize("lab", sorted(current_course().labs))
def test_the_solution_earns_everything_the_starter_nothing_and_mistakes_not_in_the_notebooks_are_named(
    lab: str, grade: Grade
) -> None:
    expected = quick(lab)
    assert failures(expected, graded(grade, lab, expected)) == []


@pytest.mark.slow
@pytest.mark.parametrize("lab", sorted(current_course().labs))
def test_every_accepted_variant_earns_everything_and_every_way_to_make_a_mistake_is_named(
    lab: str, grade: Grade
) -> None:
    done = {trial.name for trial in quick(lab)}
    expected = tuple(trial for trial in trials([lab], fast=False) if trial.name not in done)
    assert failures(expected, graded(grade, lab, expected)) == []


@pytest.mark.parametrize("lab", sorted(current_course().labs))
def test_every_mistake_of_a_rubric_is_shown_by_a_notebook_and_has_a_hint(lab: str) -> None:
    rubric = load_rubric(lab)
    assert {mistake_of(name) for name in load_edits(lab).mistakes} == set(rubric.mistakes)
    assert all(mistake.hint for mistake in rubric.mistakes.values())


LAB = "lab1_warmup"
SOLUTION, STARTER, *MISTAKES = trials([LAB], fast=True)


def reported(
    trial: Trial, verdict: Verdict, points: float, mistake: str | None = None, outcome: Outcome = Outcome.OK
) -> Report:
    """A report on one check worth two points."""
    check = CheckResult("c", Level.VALUES, "A check", verdict, points, 2.0, "Seen.", mistake=mistake)
    pending = 2.0 if verdict is Verdict.UNSURE else 0.0
    blank = unread(trial.submission, batch_for(None, TrainPolicy.NONE, 1, None))
    return replace(blank, outcome=outcome, card=Scorecard((check,), points, 2.0, pending))


def test_promises_that_are_kept_are_no_failures() -> None:
    kept = [
        reported(SOLUTION, Verdict.PASS, 2.0),
        reported(STARTER, Verdict.FAIL, 0.0, outcome=Outcome.UNATTEMPTED),
        reported(MISTAKES[0], Verdict.FAIL, 1.0, MISTAKES[0].expects),
    ]
    assert failures([SOLUTION, STARTER, MISTAKES[0]], kept) == []


@pytest.mark.parametrize(
    ("trial", "report", "line"),
    [
        (SOLUTION, reported(SOLUTION, Verdict.FAIL, 1.0), "has to earn everything, got 1 of 2 points"),
        (SOLUTION, reported(SOLUTION, Verdict.UNSURE, 0.0), "has to earn everything, got 0 of 2 points, 2 open"),
        (STARTER, reported(STARTER, Verdict.PASS, 2.0), "has to earn nothing"),
        (STARTER, reported(STARTER, Verdict.FAIL, 0.0), "has to earn nothing and be called unattempted"),
        (MISTAKES[0], reported(MISTAKES[0], Verdict.FAIL, 0.0, "another"), "has to be named, got 0 of 2 points"),
        (MISTAKES[0], reported(MISTAKES[0], Verdict.UNSURE, 0.0, MISTAKES[0].expects), "has to be named"),
        (MISTAKES[0], reported(MISTAKES[0], Verdict.FAIL, 2.0, MISTAKES[0].expects), "has to cost points"),
    ],
)
def test_a_broken_promise_is_a_line_that_says_which(trial: Trial, report: Report, line: str) -> None:
    (said,) = failures([trial], [report])
    assert said.startswith(f"{LAB} {trial.name}: ") and line in said
    assert shown([trial], [report]).count("✗") == 1


def outcome_left_open(cut: bool) -> Report:
    check = CheckResult("accuracy", Level.OUTCOME, "Reached", Verdict.UNSURE, 0.0, 2.0, "Not decided.", cut=cut)
    return replace(reported(SOLUTION, Verdict.PASS, 2.0), card=Scorecard((check,), 0.0, 2.0, 2.0))


def test_a_solution_whose_outcome_is_open_for_another_reason_than_our_cut_does_not_earn_everything() -> None:
    assert failures([SOLUTION], [outcome_left_open(cut=True)]) == []
    assert len(failures([SOLUTION], [outcome_left_open(cut=False)])) == 1


def test_a_notebook_that_was_not_graded_is_a_failure() -> None:
    assert failures([SOLUTION], []) == [f"{LAB} solution: was not graded"]
    assert "✗ solution" in shown([SOLUTION], [])


def shown(expected: list[Trial], reports: list[Report]) -> str:
    console = Console(width=100)
    with console.capture() as capture:
        console.print(matrix(expected, reports))
    return capture.get()


def test_a_line_says_when_the_notebook_itself_raises() -> None:
    trouble = Trouble("SyntaxError", "'(' was never closed\n")
    broken = reported(SOLUTION, Verdict.FAIL, 0.0)
    broken = replace(broken, run=replace(broken.run, cells=(CellRun(0, CellStatus.ERROR, trouble=trouble),)))
    (said,) = failures([SOLUTION], [broken])
    assert "It raises SyntaxError: '(' was never closed. " in said
