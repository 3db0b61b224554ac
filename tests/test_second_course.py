"""A second course of three files a lab, under the judge that compares with the model answer: its promises, its class.

What `expected.yaml` says is what should be. `open` there names what the judge does not do yet, so that it is seen.
"""

import re
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml
from _pytest.mark import ParameterSet

from grader.commands.verify import Trial, by_policy, failures, named, trials
from grader.course.folder import load_course
from grader.intake.collect import collect
from grader.model import Report, TrainPolicy, Verdict
from tests.test_notebooks import Grade, told

COURSE = Path(__file__).parent / "courses" / "vision"
NOTEBOOKS = COURSE / "notebooks"
EXPECTED: dict[str, dict[str, Any]] = yaml.safe_load((NOTEBOOKS / "expected.yaml").read_text("utf-8"))
# our own words, gaps for names, two colons in a row, a verb that is missing
UNREADABLE = re.compile(r"·|Opaque|Listing|,:|: [^.]*: |\.\.|` no answer|: nothing, expected")
WHOLE = ("filters", "digits_mlp", "digits_cnn")
LABS = (*WHOLE, "same_digit", "digit_and_hint")  # the last two have several inputs, and show what is new with these
# A mistake that some notebook shows needs no second one in every run (as in test_verify.py).
SEEN = {
    (place.partition("/")[0], slug)
    for place, row in EXPECTED.items()
    for slug in row.get("mistakes", ())
    if "mistakes" not in row.get("open", {})
}


@pytest.fixture(autouse=True)
def chosen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GRADER_COURSE", str(COURSE))


def lab_of(place: str) -> str:
    return place.partition("/")[0]


def those(key: str) -> list[ParameterSet]:
    """Notebooks of which something is expected; a failure that is known by its reason must go on failing."""
    rows = [(place, row) for place, row in EXPECTED.items() if key in row]
    return [pytest.param(place, id=place, marks=open_for(row, key)) for place, row in rows]


def open_for(row: dict[str, Any], key: str) -> list[pytest.MarkDecorator]:
    reason = row.get("open", {}).get(key)
    return [pytest.mark.xfail(strict=True, reason=reason)] if reason else []


@pytest.fixture(scope="module")
def report_on(grade: Grade) -> Callable[[str], Report]:
    """Each lab's notebooks are graded as one batch, the first time one of them is asked for."""

    @cache
    def batch_of(lab: str) -> dict[str, Report]:
        submissions = collect([NOTEBOOKS / lab], lab)
        reports = grade(f"vision {lab}", submissions, TrainPolicy.NONE)
        return {report.submission.path.relative_to(NOTEBOOKS).as_posix(): report for report in reports}

    return lambda place: batch_of(lab_of(place))[place]


def test_every_notebook_here_has_an_expectation() -> None:
    assert {path.relative_to(NOTEBOOKS).as_posix() for path in NOTEBOOKS.rglob("*.ipynb")} == set(EXPECTED)
    assert all(row["possible"] and set(row.get("open", {})) <= {*row, "plain"} for row in EXPECTED.values())


@pytest.mark.parametrize("lab", WHOLE)
def test_a_lab_has_notebooks_of_six_people_who_are_right_or_wrong_and_one_that_cheats(lab: str) -> None:
    rows = {place: row for place, row in EXPECTED.items() if lab_of(place) == lab}
    assert sum("hostile" not in place for place in rows) >= 6
    assert any(row["earned"] == row["possible"] for row in rows.values())
    assert any("lost" in row for row in rows.values()) and any("hostile" in place for place in rows)


@pytest.mark.parametrize("place", those("earned"))
def test_a_notebook_earns_what_its_work_is_worth(place: str, report_on: Callable[[str], Report]) -> None:
    report, row = report_on(place), EXPECTED[place]
    card = report.card
    assert (card.earned, card.possible, card.pending) == (row["earned"], row["possible"], 0), told(report)


@pytest.mark.parametrize("place", those("mistakes"))
def test_its_mistakes_are_named_and_no_others(place: str, report_on: Callable[[str], Report]) -> None:
    report = report_on(place)
    assert named(report) == set(EXPECTED[place]["mistakes"]), told(report)


@pytest.mark.parametrize("place", those("lost"))
def test_what_is_wrong_earns_nothing_where_it_is_wrong(place: str, report_on: Callable[[str], Report]) -> None:
    report = report_on(place)
    passed = {check.id for check in report.card.checks if check.verdict is Verdict.PASS}
    assert not passed & set(EXPECTED[place]["lost"]), told(report)


@pytest.mark.parametrize("place", those("remarks"))
def test_what_it_does_in_its_own_way_is_remarked_upon(place: str, report_on: Callable[[str], Report]) -> None:
    made = {remark.id for remark in report_on(place).remarks}
    assert set(EXPECTED[place]["remarks"]) <= made, made


@pytest.mark.parametrize("place", those("outcome"))
def test_how_a_notebook_ended_is_said_truly(place: str, report_on: Callable[[str], Report]) -> None:
    report = report_on(place)
    assert report.outcome == EXPECTED[place]["outcome"], told(report)


@pytest.mark.parametrize("place", [pytest.param(p, marks=open_for(row, "plain")) for p, row in EXPECTED.items()])
def test_a_student_is_told_in_sentences(place: str, report_on: Callable[[str], Report]) -> None:
    report = report_on(place)
    assert not [check.message for check in report.card.checks if UNREADABLE.search(check.message)], told(report)


@pytest.mark.parametrize("place", [place for place in EXPECTED if "hostile" in place])
def test_who_looks_for_answers_finds_none(place: str, report_on: Callable[[str], Report]) -> None:
    report = report_on(place)
    assert report.card.earned == 0, told(report)
    printed = [output for cell in report.run.cells for output in map(str, cell.outputs)]
    assert not any("REACHED /" in text for text in printed)


def quick(lab: str) -> tuple[Trial, ...]:
    return tuple(trial for trial in trials([lab], fast=True) if (lab, trial.expects) not in SEEN)


@pytest.mark.parametrize("lab", LABS)
def test_the_solution_earns_everything_the_starter_nothing_and_mistakes_not_in_the_notebooks_are_named(
    lab: str, grade: Grade
) -> None:
    promises = quick(lab)
    reports = [
        report for policy, submissions in by_policy(promises) for report in grade(f"vision {lab}", submissions, policy)
    ]
    assert failures(promises, reports) == []


@pytest.mark.slow
@pytest.mark.parametrize("lab", LABS)
def test_every_accepted_variant_earns_everything_and_every_way_to_make_a_mistake_is_named(
    lab: str, grade: Grade
) -> None:
    done = {trial.name for trial in quick(lab)}
    promises = tuple(trial for trial in trials([lab], fast=False) if trial.name not in done)
    reports = [
        report for policy, submissions in by_policy(promises) for report in grade(f"vision {lab}", submissions, policy)
    ]
    assert failures(promises, reports) == []


def test_a_lab_is_three_files_and_there_is_no_python_beside_the_solutions() -> None:
    assert tuple(load_course(COURSE).labs) == LABS
    for lab in LABS:
        files = {path.relative_to(COURSE).as_posix() for path in COURSE.rglob(f"{lab}*") if path.is_file()}
        solutions = "reference/solutions"
        assert files == {f"rubrics/{lab}.yaml", f"{solutions}/{lab}.py", f"{solutions}/{lab}.edits.yaml"}
    assert {path.stem for path in COURSE.rglob("*.py")} == set(LABS)


@pytest.mark.parametrize("lab", WHOLE)
def test_a_lab_knows_at_least_six_mistakes_and_six_ways_to_be_right(lab: str) -> None:
    edits = yaml.safe_load((COURSE / "reference" / "solutions" / f"{lab}.edits.yaml").read_text("utf-8"))
    assert len(edits["accepted"]) >= 6
    assert len({name.partition(".")[0] for name in edits["mistakes"]}) >= 6
