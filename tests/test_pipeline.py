"""The whole line over a class as it comes in; what a fault of ours does to a student's points: nothing."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from grader.batch.preparing import batch_for
from grader.batch.shared import Batch, kernel_seed
from grader.commands.demo import write_sample_class
from grader.commands.verify import complete, named, trials
from grader.intake.collect import collect
from grader.judging.oracle import Answers, Oracle
from grader.model import Isolation, Outcome, Report, Submission, TrainPolicy, Verdict
from grader.pipeline import grade, grade_batch, in_order
from grader.running.slots import Slot
from grader.scoring.results import results_json, write_reports
from tests.kept_sessions import open_session


@pytest.fixture(scope="module")
def batch() -> Batch:
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("GRADER_DATA", raising=False)
        return replace(batch_for(None, TrainPolicy.NONE, 11, None), opening=open_session)


@pytest.fixture(scope="module")
def reports(batch: Batch, oracle: Oracle, tmp_path_factory: pytest.TempPathFactory) -> list[Report]:
    submissions = collect([write_sample_class(tmp_path_factory.mktemp("class"))])
    return in_order(list(grade_batch(submissions, batch, oracle, 2, lambda s, what: None)), submissions)


@pytest.fixture(scope="module")
def of(reports: list[Report]) -> Callable[[str, str], Report]:
    return lambda student, lab: next(r for r in reports if (r.submission.student, r.submission.lab) == (student, lab))


def test_every_hand_in_has_a_row_of_its_own(reports: list[Report]) -> None:
    assert [(report.submission.student, report.submission.lab) for report in reports] == [
        ("student09", "lab2_mlp"),
        ("student10", "lab1_warmup"),
        ("student07", "lab1_warmup"),
        ("student08", "lab2_mlp"),
        ("student01", "lab1_warmup"),
        ("student01", "lab2_mlp"),
        ("student02", "lab1_warmup"),
        ("student02", "lab2_mlp"),
        ("student03", "lab2_mlp"),
        ("student04", "a1_logistic_regression"),
        ("student05", "lab2_mlp"),
        ("student06", "lab1_warmup"),
        ("student11", "lab1_warmup"),
    ]


def test_honest_work_earns_every_point_wherever_it_lies(of: Callable[[str, str], Report]) -> None:
    for student, lab in (("student01", "lab1_warmup"), ("student01", "lab2_mlp"), ("student02", "lab2_mlp")):
        card = of(student, lab).card
        assert complete(card) and card.earned > 0


def test_mistakes_are_named_in_a_batch_of_several_labs(of: Callable[[str, str], Report]) -> None:
    assert "zero-weights" in named(of("student09", "lab2_mlp"))
    assert "dropout-at-test" in named(of("student08", "lab2_mlp"))
    assert "l2-absolute" in named(of("student04", "a1_logistic_regression"))
    assert "sign-missing" in named(of("student07", "lab1_warmup"))
    assert "factor-missing" in named(of("student11", "lab1_warmup"))


def test_a_kernel_that_dies_costs_nothing_where_nothing_judged_depends_on_it(of: Callable[[str, str], Report]) -> None:
    report = of("student05", "lab2_mlp")
    assert report.outcome is Outcome.DIED
    assert "ended the Python process" in (report.run.fault or "")
    assert complete(report.card)


def test_the_untouched_starter_and_a_web_page_earn_nothing_and_say_why(of: Callable[[str, str], Report]) -> None:
    starter, page = of("student03", "lab2_mlp"), of("student06", "lab1_warmup")
    assert (starter.outcome, starter.card.earned) == (Outcome.UNATTEMPTED, 0)
    assert (page.outcome, page.card.possible) == (Outcome.UNREADABLE, 0)
    assert "Colab's page around it" in page.summary


def test_the_whole_class_can_be_written_down(reports: list[Report], tmp_path: Path) -> None:
    write_reports(reports, tmp_path)
    assert len(list(tmp_path.rglob("*.html"))) == len(reports) + 2  # index.html and class.html
    assert len(json.loads(results_json(reports))["submissions"]) == len(reports)


def solution(lab: str = "lab1_warmup") -> Submission:
    return trials([lab], fast=True)[0].submission


def without_answers(lab: str, question: str, case: dict[str, Any]) -> Answers:
    raise RuntimeError("the oracle is gone")


def test_an_oracle_that_fails_leaves_points_open_and_takes_none(batch: Batch) -> None:
    report = grade(solution(), batch, without_answers, Slot(0), lambda what: None)
    assert report.card.pending == report.card.possible > 0
    assert {check.verdict for check in report.card.checks} <= {Verdict.UNSURE, Verdict.PASS}


def test_a_fault_of_ours_is_a_report_with_all_points_open(batch: Batch) -> None:
    """Data the jailed user cannot read is refused before any student code runs."""
    nowhere = replace(batch, data=replace(batch.data, parts={"trees": Path("/nonexistent/data")}))
    report = grade(solution(), nowhere, without_answers, Slot(0), lambda what: None)
    assert report.outcome is Outcome.GRADER_ERROR
    assert report.card.pending == report.card.possible > 0
    assert "nothing is lost" in (report.run.fault or "")


def test_a_fault_of_ours_that_does_not_come_again_costs_a_second_run_and_nothing_else(
    batch: Batch, oracle: Oracle
) -> None:
    heard: list[str] = []

    def failing_once(what: str) -> None:
        heard.append(what)
        if len(heard) == 1:
            raise SystemError("as a busy machine once had it")

    report = grade(solution(), batch, oracle, Slot(0), failing_once)
    assert report.outcome is Outcome.OK and complete(report.card) and heard.count("is being asked") == 1


def test_where_the_labels_are_shown_no_blind_copy_is_made(batch: Batch, tmp_path: Path) -> None:
    for name in ("train.txt", "dev.txt", "test.txt"):
        (tmp_path / name).write_bytes(b"\xff, which is no text that could be copied with other labels\n")
    shown = replace(batch, data=replace(batch.data, parts={"trees": tmp_path}), blind_test=False)
    assert list(grade_batch([], shown, without_answers, 1, lambda s, what: None)) == []
    with pytest.raises(UnicodeDecodeError):
        list(grade_batch([], replace(shown, blind_test=True), without_answers, 1, lambda s, what: None))


def test_a_check_that_is_not_public_is_hidden_from_a_students_own_check(batch: Batch) -> None:
    rubric = batch.rubrics["lab1_warmup"]
    secret = rubric.checks[-1].id
    hidden = replace(rubric, checks=(*rubric.checks[:-1], replace(rubric.checks[-1], public=False)))
    own = replace(batch, rubrics={"lab1_warmup": hidden}, public_only=True)
    report = grade(solution(), own, without_answers, Slot(0), lambda what: None)
    assert report.card.checks and secret not in {check.id for check in report.card.checks}
    assert report.card.possible == sum(check.points for check in rubric.checks[:-1])


def test_a_notebook_of_no_known_lab_is_not_run(batch: Batch) -> None:
    stray = replace(solution(), lab=None)
    report = grade(stray, batch, without_answers, Slot(0), lambda what: None)
    assert report.outcome is Outcome.UNREADABLE and "--lab" in report.summary
    assert report.run.isolation in set(Isolation) and report.run.cells == ()


def test_what_student_code_can_see_of_the_seed_tells_nothing_about_it() -> None:
    seen = {kernel_seed(seed) for seed in range(1000)}
    assert len(seen) == 1000 and not seen & set(range(1000))
