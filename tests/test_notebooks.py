"""Notebooks as people hand them in, graded by the whole line: who is right loses nothing, who is wrong is told why."""

from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml
from _pytest.mark import ParameterSet

from grader.commands.verify import complete, named
from grader.intake.collect import collect
from grader.model import Report, Submission, TrainPolicy, Verdict

NOTEBOOKS = Path(__file__).with_name("notebooks")
EXPECTED: dict[str, dict[str, Any]] = yaml.safe_load((NOTEBOOKS / "expected.yaml").read_text("utf-8"))
Grade = Callable[[str, Sequence[Submission], TrainPolicy], list[Report]]  # of tests/conftest.py
LABS = sorted({str(row["lab"]) for row in EXPECTED.values()})


def those(wanted: Callable[[dict[str, Any]], bool]) -> list[ParameterSet]:
    """Slow is what covers nothing of its lab's judge alone."""
    rows = [(place, row) for place, row in EXPECTED.items() if wanted(row)]
    return [pytest.param(place, marks=[pytest.mark.slow] if row.get("slow") else []) for place, row in rows]


def expecting(kind: str) -> list[ParameterSet]:
    return those(lambda row: row["expect"] == kind)


@pytest.fixture(scope="session")
def report_on(grade: Grade) -> Callable[[str], Report]:
    """Each lab's notebooks are graded as one batch, the first time one of them is asked for; the slow ones apart."""

    @cache
    def batch_of(lab: str, slow: bool) -> dict[str, Report]:
        places = [p for p, row in EXPECTED.items() if row["lab"] == lab and row.get("slow", False) is slow]
        submissions = [collect([NOTEBOOKS / place])[0] for place in places]
        reports = grade(lab, submissions, TrainPolicy.NONE)
        return {report.submission.path.relative_to(NOTEBOOKS).as_posix(): report for report in reports}

    return lambda place: batch_of(EXPECTED[place]["lab"], EXPECTED[place].get("slow", False))[place]


def told(report: Report) -> str:
    """What a failing test has to show."""
    checks = [f"{c.id} {c.verdict} {c.mistake or ''} {c.message}" for c in report.card.checks if c.verdict != "pass"]
    card = report.card
    ended = f"{card.earned:g} of {card.possible:g}, {card.pending:g} open, {report.outcome}, {report.run.fault}"
    return "\n".join([ended, *checks])


def test_every_notebook_here_has_an_expectation() -> None:
    kinds = (NOTEBOOKS / "honest", NOTEBOOKS / "mistaken")  # the others are test_hostile's
    assert {path.relative_to(NOTEBOOKS).as_posix() for kind in kinds for path in kind.rglob("*.ipynb")} == set(EXPECTED)
    assert {row["expect"] for row in EXPECTED.values()} == {"full", "open", "mistake", "fails", "nothing"}


@pytest.mark.parametrize("place", EXPECTED)
def test_the_lab_is_recognised_without_being_told(place: str) -> None:
    assert collect([NOTEBOOKS / place])[0].lab == EXPECTED[place]["lab"]


@pytest.mark.parametrize("place", expecting("full"))
def test_honest_work_loses_no_point(place: str, report_on: Callable[[str], Report]) -> None:
    report = report_on(place)
    assert complete(report.card) and report.card.earned > 0, told(report)


@pytest.mark.parametrize("place", those(lambda row: "remarks" in row))
def test_what_differs_from_the_slide_and_costs_nothing_is_remarked_upon(
    place: str, report_on: Callable[[str], Report]
) -> None:
    made = {remark.id for remark in report_on(place).remarks}
    assert set(EXPECTED[place]["remarks"]) <= made, made


@pytest.mark.parametrize("place", expecting("open"))
def test_what_goes_beyond_the_reference_is_left_to_a_person(place: str, report_on: Callable[[str], Report]) -> None:
    report = report_on(place)
    assert not complete(report.card) and report.card.pending > 0, told(report)
    assert report.card.earned + report.card.pending == report.card.possible, told(report)


@pytest.mark.parametrize("place", expecting("mistake"))
def test_a_mistake_is_named_and_costs_points(place: str, report_on: Callable[[str], Report]) -> None:
    report = report_on(place)
    assert set(EXPECTED[place]["slugs"]) <= named(report), told(report)
    assert report.card.earned < report.card.possible


@pytest.mark.parametrize("place", expecting("fails"))
def test_work_that_is_not_right_loses_points(place: str, report_on: Callable[[str], Report]) -> None:
    report = report_on(place)
    assert report.card.earned < report.card.possible - report.card.pending, told(report)
    assert any(check.verdict is Verdict.FAIL for check in report.card.checks), told(report)


@pytest.mark.parametrize("place", expecting("nothing"))
def test_where_nothing_was_done_nothing_is_earned(place: str, report_on: Callable[[str], Report]) -> None:
    report = report_on(place)
    assert report.card.earned == 0 and report.card.possible > 0, told(report)
    assert report.outcome == "unattempted", told(report)


@pytest.mark.parametrize("place", those(lambda row: "earned" in row or "pending" in row))
def test_what_is_right_earns_its_points_though_the_rest_cannot_be_judged(
    place: str, report_on: Callable[[str], Report]
) -> None:
    card, row = report_on(place).card, EXPECTED[place]
    assert (card.earned, card.pending) == (row.get("earned", 0), row.get("pending", 0)), told(report_on(place))
