"""The class at a glance: who earned what, what to decide, how hard checks were; and a page that shows nobody."""

import base64
import hashlib
import math
import random
import re
from collections.abc import Sequence

import numpy as np
import pytest
import sample_class
import sample_reports as sample
from msgspec.structs import replace
from test_pages import Outline

from grader.course.folder import current_course
from grader.model import Level, Outcome, Report, Scorecard, Verdict
from grader.scoring.score import OUR_FAULT
from reports.classpage import class_page
from reports.decisions import decisions
from reports.items import LEAST, correlation, lab_figures
from reports.matrix import matrix, step, works
from reports.nameless import FEWEST, nameless_page
from reports.timeline import PAUSE, timeline

LABS = ("lab1_warmup", "lab4_gru")


def links(reports: Sequence[Report]) -> list[str]:
    return [f"{n}.html" for n, _ in enumerate(reports)]


def shown(reports: Sequence[Report]) -> str:
    return class_page(reports, links(reports), tuple(current_course().labs))


def of(student: str, *shares: float, lab: str = "lab4_gru", verdict: Verdict = Verdict.FAIL) -> Report:
    """A report whose checks, of a point each, have these shares."""
    checks = tuple(
        sample.check(f"c{n}", Level.VALUES, Verdict.PASS if share == 1 else verdict, share)
        for n, share in enumerate(shares)
    )
    card = Scorecard(checks, sum(shares), len(shares))
    return replace(sample.good(), submission=sample.submission(student, lab), card=card)


def test_the_matrix_has_a_row_for_each_student_and_a_column_for_each_work_in_the_courses_order() -> None:
    reports = [of("Ane", 1, 0), of("Jon", 1, 1, lab="lab1_warmup"), of("ane", 1, 1, lab="lab1_warmup")]
    table = matrix(reports, links(reports), LABS)
    assert [column.lab for column in table.columns] == list(LABS)
    assert [(row.student, row.earned, row.possible) for row in table.rows] == [("Ane", 3, 4), ("Jon", 2, 2)]
    assert [[len(cell) for cell in row.cells] for row in table.rows] == [[1, 1], [1, 0]]
    assert "has-gap" not in table.rows[0].filters and "has-gap" in table.rows[1].filters


def test_a_work_beyond_the_course_has_a_column_and_what_nobody_recognised_the_last_one() -> None:
    reports = [of("Ane", 1), of("Jon", 1, lab="other"), sample.unreadable()]
    assert [column.short for column in works(reports, LABS)] == ["lab4", "other", "?"]


@pytest.mark.parametrize(("share", "expected"), [(0, 0), (0.19, 0), (0.2, 1), (0.6, 3), (0.8, 4), (1, 4)])
def test_a_fifth_of_the_points_is_a_step_of_colour(share: float, expected: int) -> None:
    assert step(share) == expected


def test_no_figure_stands_where_nothing_was_graded() -> None:
    page = shown([of("Ane", 1), sample.unreadable(), sample.unisolated()])
    assert '<span class="word">unread</span>' in page
    assert '<span class="word">not begun</span>' in page


def test_difficulty_is_the_mean_share_of_decided_points() -> None:
    (lab,) = lab_figures([of("a", 1, 0.5), of("b", 1, 0), of("c", 0, 0, verdict=Verdict.UNSURE)])
    assert [check.difficulty for check in lab.checks] == [1.0, 0.25]
    assert [(check.passed, check.part, check.failed, check.pending) for check in lab.checks] == [
        (2, 0, 0, 1),
        (0, 1, 1, 1),
    ]


def test_discrimination_is_the_correlation_with_all_other_points() -> None:
    dice = random.Random(3)
    shares = [tuple(float(dice.random() < 0.5) for _ in range(4)) for _ in range(LEAST)]
    (lab,) = lab_figures([of(f"student{n}", *one) for n, one in enumerate(shares)])
    table = np.array(shares)
    for n, check in enumerate(lab.checks):
        rest = np.delete(table, n, axis=1).sum(axis=1)
        assert check.discrimination == pytest.approx(np.corrcoef(table[:, n], rest)[0, 1])


def test_discrimination_of_a_small_class_or_of_what_all_did_alike_is_not_said() -> None:
    few = [of(f"student{n}", n % 2, n % 3 / 2) for n in range(LEAST - 1)]
    assert all(check.discrimination is None for lab in lab_figures(few) for check in lab.checks)
    assert f"shown from {LEAST} notebooks on; here are {LEAST - 1}" in shown(few)
    (lab,) = lab_figures([of(f"student{n}", 1, n % 2, n % 2) for n in range(LEAST)])
    assert lab.checks[0].discrimination is None
    assert lab.checks[1].discrimination == pytest.approx(1)


def test_a_correlation_is_one_number_between_minus_one_and_one() -> None:
    assert correlation([(0, 1), (1, 0)]) == pytest.approx(-1)
    assert correlation([(0, 1), (0, 2)]) is None
    assert not math.isnan(correlation([(0, 1), (1, 1), (2, 2)]) or 0)


def test_open_points_are_gathered_by_check_with_all_they_wait_for() -> None:
    reports = [sample.mistaken(), sample.mistaken("student06")]
    open_ones = decisions(reports, links(reports))
    assert [(one.check, one.points, [w.student for w in one.waiting]) for one in open_ones.yours] == [
        ("Accuracy on the blind test", 2.0, ["student02", "student06"]),
        ("Where would you stop training?", 2.0, ["student02", "student06"]),
    ]
    assert 'href="1.html#check-dev_accuracy"' in shown(reports)


def test_trouble_of_the_graders_own_is_no_decision() -> None:
    ours = sample.check("x", Level.VALUES, Verdict.UNSURE, 0.0, message=f"No answer. {OUR_FAULT}")
    reports = [
        replace(sample.good(), card=Scorecard((ours,), 0, 1, 1)),
        replace(sample.mistaken(), outcome=Outcome.GRADER_ERROR),
    ]
    found = decisions(reports, links(reports))
    assert not found.yours and [one.check for one in found.ours] == ["X"]
    page = shown(reports)
    assert "Trouble of the grader’s own" in page and "To decide" not in page


def test_the_commonest_mistakes_say_who_made_them() -> None:
    page = shown([sample.mistaken(), sample.mistaken("student06"), sample.good()])
    (told,) = re.findall(r"<summary>The update gate is mirrored: 2 of 3</summary>(.*?)</details>", page)
    assert re.findall(r"<bdi>(.*?)</bdi>", told) == ["student02", "student06"]


def test_the_time_line_shows_the_latest_batch_and_how_many_ran_at_a_time() -> None:
    times = [(0, 5), (10 + PAUSE, 60), (20 + PAUSE, 60), (90 + PAUSE, 30)]
    reports = [replace(of(f"s{n}", 1), begun=1e9 + begun, seconds=took) for n, (begun, took) in enumerate(times)]
    line = timeline(reports, links(reports))
    assert line and line.sentence.startswith("3 notebooks in 2 min, at most 2 at a time. The longest took 60 s: s1")
    assert [bar.y for bar in line.bars] == [0, 17, 0]
    assert timeline([of("a", 1), of("b", 1)], ["a", "b"]) is None


def test_a_class_page_runs_no_script_but_its_own() -> None:
    page = shown([sample.hostile(), sample.mistaken()])
    (script,) = re.findall(r"<script>(.*?)</script>", page, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert f"script-src 'sha256-{digest}'" in page and "HACKED'" not in script
    outline = Outline(page)
    assert outline.tags.count("script") == 1 and not outline.unbalanced and not outline.handlers


def test_an_unknown_hostile_name_is_text_and_nothing_else() -> None:
    page = shown([sample.hostile()])
    assert "<b>student03" not in page and "\u202e" not in page


def test_nothing_on_the_page_without_names_comes_from_a_person() -> None:
    reports = sample_class.a_class(12, LABS)
    page = nameless_page(reports, LABS)
    for report in reports:
        assert report.submission.student not in page and str(report.submission.path) not in page
        assert report.submission.content not in page or len(report.submission.content) < 3
    assert set(Outline(page).links) == {"#main"}


def test_the_page_without_names_is_the_same_whoever_they_are_and_in_whatever_order() -> None:
    reports = sample_class.a_class(12, LABS)
    page = nameless_page(reports, LABS)
    called = [
        replace(r, submission=replace(r.submission, student=f"Ane {n}", content="", file="x"), seconds=n, seed=n)
        for n, r in enumerate(reports)
    ]
    random.Random(2).shuffle(called)
    assert nameless_page(called, LABS) == page


def test_of_a_work_that_few_handed_in_nothing_is_shown_without_names() -> None:
    reports = [of(f"s{n}", 1, 0) for n in range(FEWEST - 1)]
    page = nameless_page(reports, LABS)
    assert "Left out, since fewer than 5 notebooks could be graded: Lab4" in page
    assert "<table" not in page
    assert "<table" in nameless_page([*reports, of("one more", 1, 0)], LABS)
