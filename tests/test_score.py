"""Points: what a verdict is worth, what blocks what, and that nothing but a right answer earns any."""

import random
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from grader.course.head import Head
from grader.course.rubric import CheckRule, MistakeRule, Rubric, Training
from grader.errors import OurFault
from grader.model import CheckResult, Finding, Level, Scorecard, Verdict
from grader.scoring.score import left_open, score


def rule(name: str, points: float, *needs: str) -> CheckRule:
    return CheckRule(
        id=name,
        level=Level.VALUES,
        points=points,
        title=f"{name} is right",
        tested="We asked.",
        why="It matters.",
        needs=needs,
    )


def rubric_of(*checks: CheckRule, **mistakes: MistakeRule) -> Rubric:
    return Rubric("some", Head("Some lab"), 300, Training(1, 10), checks, mistakes)


MIRRORED = MistakeRule(
    check=("gate", "state"), title="Mirrored gate", says="It is mirrored.", hint="Swap.", credit=0.25
)
LAB = rubric_of(rule("runs", 0), rule("gate", 4, "runs"), rule("state", 2, "gate"), rule("plot", 1), mirrored=MIRRORED)


def found(check: str, verdict: Verdict, message: str = "Seen.", mistake: str | None = None) -> Finding:
    return Finding(check=check, verdict=verdict, message=message, mistake=mistake)


def all_pass(*others: Finding) -> list[Finding]:
    named = {finding.check for finding in others}
    return [*others, *(found(c.id, Verdict.PASS) for c in LAB.checks if c.id not in named)]


def of(card: Scorecard, check: str) -> CheckResult:
    return next(result for result in card.checks if result.id == check)


def test_everything_right_earns_everything() -> None:
    card = score(LAB, all_pass())
    assert (card.earned, card.possible, card.pending, card.fix_first) == (7, 7, 0, None)


def test_what_did_not_pass_is_left_open_and_what_passes_behind_it_earns_nothing() -> None:
    card = left_open(score(LAB, all_pass(found("gate", Verdict.FAIL, "No gate."))), "Lost.")
    assert (card.earned, card.pending, card.fix_first) == (1, 6, None)
    assert of(card, "gate").message == "Lost. No gate." and of(card, "state").verdict is Verdict.UNSURE
    assert left_open(score(LAB, all_pass()), "Lost.") == score(LAB, all_pass())


def test_a_named_mistake_was_told_by_answers_and_stays_where_others_are_missing() -> None:
    card = score(LAB, all_pass(found("gate", Verdict.FAIL, mistake="mirrored"), found("plot", Verdict.FAIL)))
    opened = left_open(card, "No time.", but_named=True)
    assert (of(opened, "gate"), opened.fix_first) == (of(card, "gate"), "gate")
    assert (opened.earned, opened.pending) == (card.earned, 3)
    assert of(left_open(card, "Lost."), "gate").mistake is None


def test_the_rubric_lends_its_words() -> None:
    gate = of(score(LAB, all_pass()), "gate")
    assert (gate.title, gate.tested, gate.why, gate.public) == ("gate is right", "We asked.", "It matters.", True)


def test_a_check_nobody_judged_is_our_fault_and_pending() -> None:
    card = score(LAB, [f for f in all_pass() if f.check != "plot"])
    assert of(card, "plot").verdict is Verdict.UNSURE
    assert "our fault, not yours" in of(card, "plot").message
    assert (card.earned, card.possible, card.pending) == (6, 7, 1)


def test_a_failed_check_blocks_what_needs_it() -> None:
    card = score(LAB, all_pass(found("gate", Verdict.FAIL)))
    state = of(card, "state")
    assert (state.verdict, state.points) == (Verdict.BLOCKED, 0)
    assert state.message == "Not checked because “gate is right” has to work first."


def test_a_block_is_passed_on_and_names_what_failed() -> None:
    card = score(LAB, all_pass(found("runs", Verdict.FAIL)))
    assert of(card, "state").message == "Not checked because “runs is right” has to work first."
    assert (card.earned, card.pending) == (1, 0)


def test_a_blocked_check_needs_no_finding() -> None:
    card = score(LAB, [found("runs", Verdict.FAIL), found("plot", Verdict.PASS)])
    assert [check.verdict for check in card.checks][1:3] == [Verdict.BLOCKED, Verdict.BLOCKED]


def test_a_named_mistake_keeps_its_share_and_still_blocks() -> None:
    card = score(LAB, all_pass(found("gate", Verdict.FAIL, mistake="mirrored")))
    gate = of(card, "gate")
    assert (gate.points, gate.mistake, gate.mistake_title, gate.hint) == (1, "mirrored", "Mirrored gate", "Swap.")
    assert of(card, "state").verdict is Verdict.BLOCKED
    assert card.earned == 2


def test_a_mistake_without_a_message_is_told_in_the_rubrics_words() -> None:
    card = score(LAB, all_pass(found("gate", Verdict.FAIL, message="", mistake="mirrored")))
    assert of(card, "gate").message == "It is mirrored."


@pytest.mark.parametrize(
    "finding",
    [
        found("gate", Verdict.FAIL, mistake="unheard-of"),
        found("plot", Verdict.FAIL, mistake="mirrored"),
        found("gate", Verdict.PASS, mistake="mirrored"),
    ],
    ids=["unknown", "known elsewhere", "on a pass"],
)
def test_a_mistake_the_rubric_does_not_know_there_is_pending_and_said(finding: Finding) -> None:
    result = of(score(LAB, all_pass(finding)), finding.check)
    assert (result.verdict, result.points) == (Verdict.UNSURE, 0)
    assert str(finding.mistake) in result.message and "our fault, not yours" in result.message


def test_what_could_not_be_checked_behind_something_open_is_open_too() -> None:
    card = score(LAB, all_pass(found("gate", Verdict.UNSURE), found("state", Verdict.BLOCKED)))
    assert of(card, "state").verdict is Verdict.UNSURE and card.pending == 6
    lost = score(LAB, all_pass(found("state", Verdict.BLOCKED)))
    assert of(lost, "state").verdict is Verdict.BLOCKED and lost.pending == 0


@pytest.mark.parametrize("doubt", [Verdict.UNSURE, Verdict.MANUAL])
def test_doubt_is_passed_on_as_doubt(doubt: Verdict) -> None:
    card = score(LAB, [found("runs", Verdict.PASS), found("gate", doubt), found("plot", Verdict.PASS)])
    assert of(card, "state").verdict is Verdict.UNSURE
    assert of(card, "state").message.startswith("Not decided, because “gate is right”")
    assert (card.earned, card.pending) == (1, 6)


def test_a_check_judged_by_itself_is_free_of_the_doubt_before_it() -> None:
    card = score(LAB, all_pass(found("gate", Verdict.UNSURE), found("state", Verdict.FAIL)))
    assert of(card, "state").verdict is Verdict.FAIL
    assert score(LAB, all_pass(found("gate", Verdict.UNSURE))).earned == 3


def test_two_findings_for_one_check_are_our_fault() -> None:
    with pytest.raises(OurFault, match="several findings for gate"):
        score(LAB, [*all_pass(), found("gate", Verdict.FAIL)])


def test_a_finding_for_no_check_of_the_rubric_is_our_fault() -> None:
    with pytest.raises(OurFault, match=r"judged gates, which rubrics/some\.yaml does not have"):
        score(LAB, [*all_pass(), found("gates", Verdict.PASS)])


def test_what_unlocks_most_is_fixed_first() -> None:
    card = score(LAB, all_pass(found("runs", Verdict.FAIL), found("plot", Verdict.FAIL)))
    assert card.fix_first == "runs"


def test_a_named_mistake_is_fixed_before_a_nameless_one() -> None:
    lab = rubric_of(rule("a", 3), rule("b", 1), slip=MistakeRule(check="b", title="Slip", says="So.", hint="There."))
    card = score(lab, [found("a", Verdict.FAIL), found("b", Verdict.FAIL, mistake="slip")])
    assert card.fix_first == "b"


def test_tenths_add_up_without_dust() -> None:
    lab = rubric_of(*(rule(f"c{i}", 0.1) for i in range(3)))
    assert score(lab, [found(f"c{i}", Verdict.PASS) for i in range(3)]).earned == 0.3


slowly_if_need_be = settings(deadline=None)  # a busy machine is no defect
NAMES = [f"c{i}" for i in range(6)]
CENTS = st.integers(0, 500).map(lambda cents: cents / 100)


@st.composite
def rubrics(draw: st.DrawFn) -> Rubric:
    count = draw(st.integers(1, len(NAMES)))
    checks = [
        rule(NAMES[i], draw(CENTS), *draw(st.sets(st.sampled_from(NAMES[:i]) if i else st.nothing())))
        for i in range(count)
    ]
    credit = draw(st.floats(0, 0.99))
    slip = MistakeRule(check=tuple(NAMES[:count]), title="Slip", says="So.", hint="There.", credit=credit)
    return rubric_of(*draw(st.permutations(checks)), slip=slip)


@st.composite
def judged(draw: st.DrawFn) -> tuple[Rubric, list[Finding]]:
    lab = draw(rubrics())
    findings = [
        found(check.id, draw(st.sampled_from(Verdict)), mistake=draw(st.sampled_from([None, "slip", "unknown"])))
        for check in lab.checks
        if draw(st.integers(0, 4))
    ]
    return lab, findings


def verdicts(findings: Sequence[Finding]) -> dict[str, Verdict]:
    return {finding.check: finding.verdict for finding in findings}


@slowly_if_need_be
@given(judged())
def test_nobody_earns_more_than_there_is(case: tuple[Rubric, list[Finding]]) -> None:
    card = score(*case)
    assert 0 <= card.earned and 0 <= card.pending
    assert card.earned + card.pending <= card.possible + 1e-9
    assert card.possible == round(sum(check.points for check in case[0].checks), 2)
    assert all(0 <= check.points <= check.possible for check in card.checks)


@slowly_if_need_be
@given(judged())
def test_only_a_finding_of_a_pass_is_ever_a_pass(case: tuple[Rubric, list[Finding]]) -> None:
    seen = verdicts(case[1])
    for check in score(*case).checks:
        assert check.verdict is not Verdict.PASS or seen[check.id] is Verdict.PASS
        assert check.points == 0 or seen[check.id] in (Verdict.PASS, Verdict.FAIL)


@slowly_if_need_be
@given(judged())
def test_a_pass_never_rests_on_something_that_failed(case: tuple[Rubric, list[Finding]]) -> None:
    card = score(*case)
    after = {check.id: check.verdict for check in card.checks}
    for check in case[0].checks:
        if after[check.id] is Verdict.PASS:
            assert not {after[need] for need in check.needs} & {Verdict.FAIL, Verdict.BLOCKED}


@slowly_if_need_be
@given(judged(), st.randoms(use_true_random=False))
def test_the_order_of_findings_does_not_matter(case: tuple[Rubric, list[Finding]], dice: random.Random) -> None:
    shuffled = list(case[1])
    dice.shuffle(shuffled)
    assert score(case[0], shuffled) == score(*case)


@slowly_if_need_be
@given(judged())
def test_there_is_something_to_fix_exactly_when_something_failed(case: tuple[Rubric, list[Finding]]) -> None:
    card = score(*case)
    failed = {check.id for check in card.checks if check.verdict is Verdict.FAIL}
    assert card.fix_first in failed if failed else card.fix_first is None
