"""What training could not do is charged once: a step that stops is told, what is computed is judged all the same."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from msgspec.structs import replace
from test_other_layouts import NONE_GIVEN, contact

from grader.course.folder import load_rubric
from grader.judging.binding.arrangements import Arrangement
from grader.judging.binding.layers import LayerPaths
from grader.judging.binding.roles import Parts
from grader.judging.checks import CHECKS
from grader.judging.examination import undecided
from grader.judging.instruments.learning import Learning
from grader.judging.kinds.attention import checks as lab5
from grader.judging.kinds.attention.asking import Answer
from grader.judging.kinds.attention.evidence import Evidence as Attentive
from grader.judging.kinds.attention.layout import Layout
from grader.judging.kinds.language_model import checks as a3
from grader.judging.kinds.language_model.interview import Evidence as LanguageModel
from grader.judging.kinds.language_model.roles import Explained, Roles
from grader.judging.kinds.logistic import checks as a1
from grader.judging.kinds.logistic.interview import Evidence as Logistic
from grader.judging.kinds.logistic.penalty import l2_penalty
from grader.judging.kinds.perceptron import checks as lab2
from grader.judging.kinds.perceptron.interview import Evidence as Perceptron
from grader.judging.kinds.recurrent import checks as lab4
from grader.judging.kinds.recurrent.interview import Evidence as Recurrent
from grader.judging.kinds.word_by_word import checks as a4
from grader.judging.kinds.word_by_word.explained import Explanation
from grader.judging.kinds.word_by_word.interview import Evidence as WordByWord
from grader.judging.meeting.classes import WORDS as WORDS_ASKED
from grader.model import Finding, Verdict
from grader.sandbox.guest.wire import VariableInfo
from grader.scoring.score import score

STOPPED = contact(False, NONE_GIVEN)
ALL = ("c.b_z", "c.b_r")  # what the step that stopped left as it was
ATTN = np.tile(np.arange(10, dtype=np.float32) / 45, (5, 1))
LOGITS = np.ones((5, 3), np.float32)
FLAT = Learning((1.1,), NONE_GIVEN)

ROLES = {"W_y": "c.W_y", "W_h": "c.W_h", "w": "c.w", "W_combination": "c.W_c", "W_cl": "c.W_cl", "b_z_p": "c.b_r"}
KNOWN = {"deck": {"attn": ATTN, "logits": LOGITS, "logits_h_first": LOGITS}}
PAIRS = Attentive(
    STOPPED, layout=Layout(ROLES, 3, 2), answer=Answer(LOGITS, ATTN), known=KNOWN, standing=ALL, learning=FLAT
)
MATCHED = WordByWord(STOPPED, idle=ALL, learning=FLAT)
WORDS = LanguageModel(STOPPED, standing=ALL, learning=FLAT)

RIGHT: dict[str, Any] = {
    "lab5_attention": replace(PAIRS, explanation="deck"),
    "a4_word_by_word": replace(MATCHED, told=Explanation(form="deck", logits_follow=True)),
    "a3_lstm_lm": replace(WORDS, explained=Explained(Roles({}), "deck")),
}
WRONG: dict[str, Any] = {"lab5_attention": PAIRS, "a4_word_by_word": MATCHED, "a3_lstm_lm": WORDS}


def judged(lab: str, name: str, evidence: Any) -> Finding:
    return CHECKS[lab][name](evidence)


@pytest.mark.parametrize("lab", RIGHT)
def test_a_variable_no_gradient_reaches_is_the_cause_where_all_that_is_computed_is_right(lab: str) -> None:
    told = judged(lab, "trains", RIGHT[lab])
    assert told.verdict is Verdict.FAIL and "ValueError" in told.message and "`self.b_r`" in told.message
    cause = judged(lab, "all-trained", RIGHT[lab])
    assert cause.verdict is Verdict.FAIL and "No gradient reaches `self.b_r`" in cause.message
    assert "b_z" not in cause.message


@pytest.mark.parametrize("lab", WRONG)
def test_what_is_computed_is_judged_and_what_follows_from_the_stop_is_not_charged_again(lab: str) -> None:
    assert judged(lab, "all-trained", WRONG[lab]).verdict is Verdict.BLOCKED
    rubric = load_rubric(lab)
    names = ("trains", "all-trained", "learns", "examples-apart", "weights", "cost")
    findings = [replace(judged(lab, n, WRONG[lab]), check=n) for n in names if n in CHECKS[lab]]
    results = {check.id: check.verdict for check in score(rubric, findings).checks}
    assert results["trains"] is Verdict.FAIL and results["learns"] is results["all-trained"] is Verdict.BLOCKED
    assert results.get("cost", Verdict.UNSURE) is results.get("examples-apart", Verdict.UNSURE) is Verdict.UNSURE


def test_the_penalty_is_judged_where_a_step_of_logistic_regression_stops() -> None:
    e = Logistic(STOPPED, fixed_factor=0.02)
    rubric = load_rubric("a1_logistic_regression")
    judges: dict[str, Callable[[Logistic], Finding]] = {
        "trains": a1.trains, "learning-rate": a1.learning_rate, "l2-penalty": l2_penalty
    }  # fmt: skip
    card = score(rubric, [replace(judge(e), check=name) for name, judge in judges.items()])
    results = {check.id: check.verdict for check in card.checks}
    assert [results[name] for name in judges] == [Verdict.FAIL, Verdict.BLOCKED, Verdict.PASS]


@pytest.mark.parametrize("lab", [*WRONG, "a1_logistic_regression"])
def test_a_class_that_takes_no_step_loses_nothing_but_that_by_name(lab: str) -> None:
    kinds = {"lab5_attention": Attentive, "a4_word_by_word": WordByWord, "a3_lstm_lm": LanguageModel}
    e = kinds.get(lab, Logistic)(replace(STOPPED, watched=None, trouble=NONE_GIVEN))
    rubric = load_rubric(lab)
    findings = [replace(check(e), check=name) for name, check in CHECKS[lab].items()]
    failed = [check.id for check in score(rubric, findings).checks if check.verdict is Verdict.FAIL]
    assert failed == ["trains"]


def test_an_attention_that_is_not_written_yet_is_told_once() -> None:
    e = replace(PAIRS, begun=False)
    assert lab5.trains(e).verdict is Verdict.FAIL
    assert {judge(e).verdict for judge in (lab5.weights, lab5.attention, lab5.any_number)} == {Verdict.BLOCKED}


def test_checks_after_a_whole_step_are_as_before() -> None:
    whole = contact(True, None)
    assert a4.all_trained(replace(MATCHED, contact=whole)).mistake == "weights-not-trained"
    assert a3.all_trained(replace(WORDS, contact=whole)).mistake == "variable-not-trained"
    moved = replace(PAIRS, contact=whole, explanation="deck")
    assert "`self.b_r`" in lab5.all_trained(moved).message


def test_a_variable_that_is_not_used_is_charged_once_where_missing_gradients_are_left_out() -> None:
    whole = contact(True, None)
    unused = replace(WORDS, contact=whole, standing=("c.b_r",), ready_layers=True)  # whatever the cell fails for
    assert a3.cell(unused).verdict is Verdict.FAIL and a3.all_trained(unused).verdict is Verdict.PASS
    assert "`self.b_z`" in a3.all_trained(replace(unused, standing=ALL)).message
    known = {"deck": {"logits": np.zeros((4, 2))}}
    chain = tuple(LayerPaths(f"c.W{i}", f"c.b{i}", (4, 4)) for i in range(3))
    skipped = Perceptron(whole, chain, standing=("c.b_r",), logits=np.ones((4, 2)), values=known, explanation="no-bias")
    assert lab2.forward(skipped).verdict is Verdict.FAIL and lab2.all_trained(skipped).verdict is Verdict.PASS
    assert lab2.all_trained(replace(skipped, explanation="deck")).mistake == "variable-not-trained"
    initial = tuple(replace(v, shape=(13, 8)) for v in whole.initial)
    looked_up_outside = replace(unused, contact=replace(whole, initial=initial, inputs=WORDS_ASKED))
    assert a3.all_trained(looked_up_outside).mistake == "variable-not-trained"


def test_a_gate_of_lab4_that_is_not_used_is_charged_once_as_well() -> None:
    roles = {name: f"c.{name}" for name in ("E", "W_cl", "b_cl", "W_z", "W_r", "W_rnn", "b_z", "b_r", "b_rnn")}
    found = Parts(VariableInfo("c.E", (13, 8), "float32"), (), (), (LayerPaths("c.W_cl", None, (12, 2)),), 12)
    values = {"deck": {"logits": np.zeros((4, 2))}}
    logits = np.ones((4, 2))
    e = Recurrent(contact(True, None), found, Arrangement(()), roles, logits, values, "reset-missing")
    e = replace(e, standing=("c.b_r",))
    assert lab4.cell(e).mistake == "reset-missing" and lab4.all_trained(e).verdict is Verdict.PASS
    assert lab4.all_trained(replace(e, standing=ALL)).verdict is Verdict.FAIL
    assert lab4.all_trained(replace(e, explanation="deck", logits=np.zeros((4, 2)))).verdict is Verdict.FAIL


@pytest.mark.parametrize("lab", WRONG)
def test_a_step_that_stops_for_what_could_not_be_had_here_leaves_everything_open(lab: str) -> None:
    lost = "name 'tfa' is not defined"
    e = replace(WRONG[lab], contact=contact(False, replace(NONE_GIVEN, kind="NameError", message=lost)))
    findings = [undecided(judged(lab, name, e), (lost,)) for name in ("trains", "all-trained", "learns")]
    assert {finding.verdict for finding in findings} == {Verdict.UNSURE}
