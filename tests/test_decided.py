"""A person's mark takes the place of the grader's in the points, the words and what to fix first, and nowhere else."""

import pytest
from msgspec.structs import replace
from sample_reports import good, mistaken

from grader.model import Automatic, CheckResult, Decision, Report, Verdict
from grader.scoring.score import decided, undecided
from grader.scoring.summary import decided_report

ANY = Automatic(Verdict.PASS, 7.0, None, "Whatever it was when it was decided.")


def mark(points: float, reason: str = "", comment: str = "") -> Decision:
    return Decision(points, reason, comment, "Reader", "2026-03-01T10:00:00Z", ANY)


def one(report: Report, name: str) -> CheckResult:
    return next(check for check in report.card.checks if check.id == name)


@pytest.mark.parametrize(
    ("points", "verdict", "earned", "pending"),
    [(1.0, Verdict.PASS, 4.5, 1.0), (0.25, Verdict.FAIL, 3.75, 1.0), (0.0, Verdict.FAIL, 3.5, 1.0)],
)
def test_an_open_check_is_open_no_more(points: float, verdict: Verdict, earned: float, pending: float) -> None:
    marked = decided_report(mistaken(), {"early_stopping_text": mark(points)})
    assert one(marked, "early_stopping_text").verdict is verdict
    assert (marked.card.earned, marked.card.possible, marked.card.pending) == (earned, 8.0, pending)
    assert marked.card.fix_first == "l2_all_gates", "a person's mark is nothing to fix first"


def test_a_mistake_that_was_none_is_named_no_more_and_another_comes_first() -> None:
    marked = decided_report(mistaken(), {"l2_all_gates": mark(1.0, "The grader was mistaken")})
    check = one(marked, "l2_all_gates")
    assert (check.mistake, check.hint, check.message) == (None, "", "The grader was mistaken.")
    assert marked.card.fix_first == "gru_step"
    part = one(decided_report(mistaken(), {"l2_all_gates": mark(0.5)}), "l2_all_gates")
    assert part.mistake == "gates_not_regularised", "with some of its points it still is one"


def test_what_is_taken_back_is_as_it_was() -> None:
    card = mistaken().card
    marked = decided(card, {check.id: mark(0.0, "Not right", "No.") for check in card.checks})
    assert marked.earned == 0 and decided(marked, {}).earned == card.earned
    for check, before in zip(map(undecided, marked.checks), card.checks, strict=True):
        assert (check.verdict, check.points, check.mistake, check.message) == (
            *(before.verdict, before.points, before.mistake, before.message),
        )


def test_a_mark_holds_against_what_the_grader_says_now() -> None:
    check = one(decided_report(mistaken(), {"gru_step": mark(2.0)}), "gru_step")
    assert check.decision and check.decision.automatic.points == 1.5, "whatever it was when it was decided"


def test_a_check_that_is_worth_less_since_earns_no_more_than_that() -> None:
    check = one(decided_report(good(), {"logits_shape": mark(5.0)}), "logits_shape")
    assert (check.points, check.verdict) == (1.0, Verdict.PASS) and check.decision and check.decision.points == 5.0


def test_the_sentence_on_top_counts_what_is_left_to_fix() -> None:
    told = replace(mistaken(), summary="Three cells are lost. 2 things to fix; the box below says where to start.")
    first = decided_report(told, {"gru_step": mark(2.0)})
    assert first.summary == "Three cells are lost. One thing to fix; the box below says where to start."
    both = decided_report(told, {"gru_step": mark(2.0), "l2_all_gates": mark(1.0)})
    assert both.summary == "Three cells are lost. Everything that was checked works."
