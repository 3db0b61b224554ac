"""When two readings agree, and what the declared judge says of one that agrees with none, one or several forms."""

from collections.abc import Mapping

import numpy as np
import pytest
from msgspec.structs import replace

from grader.batch.model_answers import differing, resized
from grader.course.folder import load_course
from grader.course.rubric import CheckRule, MistakeRule, Rubric
from grader.course.subject import secret
from grader.judging.declared.classifier_facts import goes_uphill
from grader.judging.declared.classifiers import unmasked
from grader.judging.declared.interview import YES, Interview, ending
from grader.judging.declared.penalty import PenaltyKind, penalty_of
from grader.judging.declared.readings import Fact, Reading, Spread, agrees, softmax, unlike
from grader.judging.declared.rule import Case, judged
from grader.judging.model_answer import DECK, ModelAnswer
from grader.model import Cell, Level, Observation, Verdict
from grader.sandbox.guest.wire import Question, Trouble
from tests.sample_course import ROOT

VISION = ROOT / "tests" / "courses" / "vision"
LOGITS = np.array([[1.0, -2.0, 0.5], [0.0, 3.0, -1.0]])


def values(number: float, part: str = "output") -> Fact:
    return Fact(Level.VALUES, "the output", np.array([number]), part=part)


def runs(word: str = YES) -> Fact:
    return Fact(Level.RUNS, "a training step", word, part="step", whole=True)


def rubric(**mistakes: tuple[str, ...]) -> Rubric:
    course = load_course(VISION)
    words = {
        slug: MistakeRule(checks, "A title", "What it does.", "Where to look.") for slug, checks in mistakes.items()
    }
    return Rubric("x", course.labs["filters"].head, 60.0, course.labs["filters"].training, (), words)


def nobody(form: str, sizes: Mapping[int, int], question: Question) -> Observation:
    raise AssertionError("nothing is asked here")


def finding(seen: Reading, forms: Mapping[str, Reading], level: Level, **mistakes: tuple[str, ...]) -> tuple[str, str]:
    """Verdict and slug, for a check `c` of this level. Forms that no mistake is called like are accepted ones."""
    return found_in(Interview(seen, forms.__getitem__), forms, level, mistakes)


def found_in(
    interview: Interview, forms: Mapping[str, Reading], level: Level, mistakes: Mapping[str, tuple[str, ...]]
) -> tuple[str, str]:
    check = CheckRule("c", level, 1.0, "A check", "How.", "Why.")
    accepted = tuple(form for form in forms if form != DECK and form not in mistakes)
    answer = ModelAnswer(accepted, tuple(form for form in forms if form in mistakes), nobody)
    found = judged(Case(check, rubric(**mistakes), interview, answer))
    assert not any(form and form in found.seen for form in forms), "students read no names of edits"
    return found.verdict, found.mistake or ""


def test_what_equals_the_model_answer_or_an_accepted_form_passes() -> None:
    forms = {DECK: {"output": values(1.0)}, "other": {"output": values(2.0)}}
    assert finding({"output": values(1.0)}, forms, Level.VALUES) == (Verdict.PASS, "")
    assert finding({"output": values(2.0)}, forms, Level.VALUES) == (Verdict.PASS, "")
    assert finding({"output": values(3.0)}, forms, Level.VALUES) == (Verdict.FAIL, "")


def test_what_equals_a_mutant_is_named_by_the_check_the_mistake_belongs_to() -> None:
    forms = {DECK: {"output": values(1.0)}, "mirrored": {"output": values(2.0)}}
    seen = {"output": values(2.0)}
    assert finding(seen, forms, Level.VALUES, mirrored=("c",)) == (Verdict.FAIL, "mirrored")
    assert finding(seen, forms, Level.VALUES, mirrored=("another",)) == (Verdict.PASS, "")


def test_what_is_no_number_agrees_with_what_is_none_in_the_same_places() -> None:
    nothing = Fact(Level.VALUES, "means", np.array([1.0, np.nan, -np.inf]))
    for own, same in (([1.0, np.nan, -np.inf], True), ([1.0, np.nan, np.inf], False), ([2.0, np.nan, -np.inf], False)):
        assert agrees(Fact(Level.VALUES, "means", np.array(own)), nothing) is same
    assert not agrees(nothing, Fact(Level.VALUES, "means", np.array([1.0, 2.0, 3.0])))


def test_who_makes_a_part_of_a_mistake_makes_the_mistake() -> None:
    """Two of three matrices without a penalty, where the mutant has none on any; but no other word, and no number."""
    deck, none = penalties(a="L2", b="L2", c="L2"), penalties(a="none", b="none", c="none")
    forms = {DECK: deck, "no-penalty": none}
    level = Level.REGULARISATION
    part, other = penalties(a="none", b="L2", c="none"), penalties(a="L1", b="L2", c="none")
    assert finding(part, forms, level, **{"no-penalty": ("c",)}) == (Verdict.FAIL, "no-penalty")
    assert finding(other, forms, level, **{"no-penalty": ("c",)}) == (Verdict.FAIL, "")


def test_two_ways_to_make_a_mistake_at_once_are_that_mistake() -> None:
    deck, level = penalties(a="L2", b="L2", c="L2"), Level.REGULARISATION
    first, second = penalties(a="none", b="L2", c="L2"), penalties(a="L2", b="none", c="L2")
    forms = {DECK: deck, "no-penalty": first, "no-penalty.2": second}
    both = {"no-penalty": ("c",), "no-penalty.2": ("c",)}
    assert finding(penalties(a="none", b="none", c="L2"), forms, level, **both) == (Verdict.FAIL, "no-penalty")
    assert finding(penalties(a="none", b="none", c="none"), forms, level, **both) == (Verdict.FAIL, "")


def test_of_mistakes_that_lack_the_same_the_one_that_computes_the_same_is_named() -> None:
    lacks = {"W": Fact(Level.SHAPES, "a variable like W", "is missing", part="W")}
    deck = {"W": Fact(Level.SHAPES, "a variable like W", "is there", part="W"), "output": values(1.0)}
    forms = {DECK: deck, "gone": {**lacks, "output": values(2.0)}, "shared": {**lacks, "output": values(3.0)}}
    own = {"gone": ("c",), "shared": ("c",)}
    assert finding({**lacks, "output": values(3.0)}, forms, Level.SHAPES, **own) == (Verdict.FAIL, "shared")


def test_of_mistakes_that_stop_alike_the_one_that_stops_with_the_same_numbers_is_named() -> None:
    def stops(numbers: str) -> Reading:
        return {"step": replace(runs("stops with ·"), shown=f"stops with {numbers}")}

    forms = {DECK: {"step": runs()}, "axis": stops("[5, 8]"), "loop": stops("[1, 8]")}
    own = {"axis": ("c",), "loop": ("c",)}
    assert finding(stops("[1, 8]"), forms, Level.RUNS, **own) == (Verdict.FAIL, "loop")
    assert finding(stops("[3, 2]"), forms, Level.RUNS, **own) == (Verdict.FAIL, "")


def test_what_a_right_form_does_not_show_either_is_not_held_against_a_notebook() -> None:
    deck = {"output": values(1.0), **penalties(a="L2")}
    forms = {DECK: deck, "five-classes": {"output": values(2.0)}}
    assert finding({"output": values(2.0)}, forms, Level.REGULARISATION) == (Verdict.UNSURE, "")
    assert finding({"output": values(3.0)}, forms, Level.REGULARISATION) == (Verdict.FAIL, "")


def test_in_sizes_without_answers_words_are_compared_and_numbers_stay_open() -> None:
    forms = {
        DECK: {"output": values(1.0), **penalties(a="L2", b="L2")},
        "first": {"output": values(1.0), **penalties(a="none", b="L2")},
        "all": {"output": values(1.0), **penalties(a="none", b="none")},
        "each": {"output": values(1.0), **penalties(a="none", b="none")},
    }
    own = {"first": ("c",), "all": ("c",), "each": ("c",)}

    def said(words: Reading, level: Level = Level.REGULARISATION) -> tuple[str, str]:
        return found_in(Interview(words, forms.__getitem__, in_words=True), forms, level, own)

    assert said(penalties(a="L2", b="L2")) == (Verdict.PASS, "")
    assert said(penalties(a="none", b="L2")) == (Verdict.FAIL, "first")
    assert said(penalties(a="none", b="none")) == (Verdict.UNSURE, "")  # two mistakes read like that
    assert said({}) == (Verdict.UNSURE, "")
    assert said(penalties(a="L2", b="L2"), Level.VALUES) == (Verdict.UNSURE, "")


def penalties(**words: str) -> Reading:
    return {name: Fact(Level.REGULARISATION, f"the penalty on {name}", word, part=name) for name, word in words.items()}


def test_a_mask_of_ones_own_hides_gradients_and_cost_but_not_what_is_dropped() -> None:
    def reading(number: float) -> Reading:
        return {
            "output": values(number),
            "loss": values(number, "loss"),
            "gradient of W": Fact(Level.GRADIENTS, "a gradient", np.array([number]), part="W", follows=True),
            "dropout": Fact(Level.DROPOUT, "the output in training", np.array([number]), part="dropout", follows=True),
        }

    seen, deck = reading(1.0), reading(2.0)
    kept = {key for key, fact in unmasked(seen, deck).items() if fact is seen[key]}
    assert kept == {"output", "dropout"}


def test_a_form_that_says_nothing_explains_nothing() -> None:
    forms: dict[str, Reading] = {DECK: {"output": values(1.0)}, "crashes": {}, "other": {}}
    assert finding({}, forms, Level.VALUES, crashes=("another",)) == (Verdict.FAIL, "")


def test_a_mistake_that_ends_the_step_is_named_by_how_it_ends() -> None:
    stop = "stops with ValueError: shapes · and · differ"
    forms = {DECK: {"step": runs(), "output": values(1.0)}, "axes": {"step": runs(stop)}}
    assert finding({"step": runs(stop)}, forms, Level.VALUES, axes=("c",)) == (Verdict.FAIL, "axes")
    other = {"step": runs("stops with TypeError: no")}
    assert finding(other, forms, Level.VALUES, axes=("c",)) == (Verdict.BLOCKED, "")
    assert finding(other, forms, Level.RUNS, axes=("c",)) == (Verdict.FAIL, "")


def test_an_error_reads_alike_whatever_its_numbers_and_names() -> None:
    one, other = (Trouble("ValueError", f"Shapes {a} and ({b}, 3) of '{name}' differ") for a, b, name in
                  ((7, 8, "x"), (12, 5, "hidden")))  # fmt: skip
    assert ending(one) == ending(other)


def test_probabilities_are_as_good_as_logits_but_other_numbers_are_not() -> None:
    right = Fact(Level.VALUES, "the output", LOGITS, scores=True)
    assert agrees(Fact(Level.VALUES, "the output", softmax(LOGITS)), right)
    assert not agrees(Fact(Level.VALUES, "the result", softmax(LOGITS)), Fact(Level.VALUES, "the result", LOGITS))
    assert agrees(Fact(Level.VALUES, "the output", LOGITS + 1.0, (LOGITS,)), right)
    assert not agrees(Fact(Level.VALUES, "the output", LOGITS + 1.0), right)
    assert not agrees(Fact(Level.VALUES, "the output", softmax(2 * LOGITS)), right)
    assert not agrees(None, right)


@pytest.mark.parametrize(("rate", "same"), [(0.3, True), (0.7, False), (0.0, False)])
def test_dropout_is_told_by_how_much_an_output_varies(rate: float, same: bool) -> None:
    random = np.random.default_rng(1)

    def spread(rate: float) -> Spread:
        kept = (random.random((400, 20)) >= rate) / (1 - rate)
        outputs = kept @ np.linspace(0.1, 1.0, 40).reshape(20, 2)
        return Spread(outputs)

    expected = Fact(Level.DROPOUT, "the output in training", spread(0.3))
    assert agrees(Fact(Level.DROPOUT, "the output in training", spread(rate)), expected) is same


def test_penalties_are_told_by_their_gradient() -> None:
    weight = np.random.default_rng(1).normal(size=(4, 3))
    squared = penalty_of(0.002 * weight, weight)
    assert squared.word(with_strength=True) == "L2 of 0.001"
    assert squared.size(weight) == pytest.approx(0.001 * float(np.sum(weight**2)))
    assert penalty_of(0.01 * np.sign(weight), weight).word(with_strength=False) == "L1"
    assert penalty_of(np.zeros_like(weight), weight).word(with_strength=True) == "none"
    half = np.where(np.arange(4)[:, None] < 2, 0.002 * weight, 0.0)
    assert penalty_of(half, weight).kind is PenaltyKind.OTHER


def test_sizes_change_where_they_are_written_and_nowhere_else() -> None:
    source = "%matplotlib inline\nd = 24  # 24 units\nx = h[:, 24:]\nname = 'W24'\ny = 240\n"
    assert resized(source, {24: 16}) == "%matplotlib inline\nd = 16  # 24 units\nx = h[:, 16:]\nname = 'W24'\ny = 240\n"


def test_a_form_begins_with_its_first_cell_that_differs() -> None:
    deck = tuple(Cell(n, "code", source) for n, source in enumerate(("a = 1", "b = 2", "c = 3")))
    form = (deck[0], Cell(1, "code", "b = 5"), deck[2])
    assert [cell.source for cell in differing(form, deck)] == ["b = 5", "c = 3"]
    assert differing(deck, deck) == ()


@pytest.mark.parametrize("text", ["normal", "normal [3", "integers [4]", "uniform [2] below 3", "gaussian [2]"])
def test_numbers_that_nobody_can_draw_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match="describes no numbers"):
        secret(text)


def test_only_a_step_that_follows_all_gradients_goes_uphill() -> None:
    gradients = {"W": np.array([[1.0, -2.0], [0.5, 3.0]]), "b": np.array([0.2, 0.1])}
    up = {role: 0.1 * gradient for role, gradient in gradients.items()}
    assert goes_uphill(up, gradients)
    assert goes_uphill({**up, "b": None}, gradients)
    assert not goes_uphill({role: -step for role, step in up.items()}, gradients)
    assert not goes_uphill({**up, "W": np.array([[1.0, -1.0], [-0.5, 3.0]])}, gradients)  # drawn anew
    assert not goes_uphill({"b": up["b"]}, gradients)  # two numbers may agree by chance


def test_draws_are_alike_though_their_numbers_are_rounded_otherwise() -> None:
    draws = np.random.default_rng(1).integers(0, 3, (1000, 1)) * np.float32(0.123455)
    assert unlike(draws, draws * np.float32(1 + 2e-5)) == 0
    fewer = np.random.default_rng(1).integers(0, 2, (1000, 1)) * np.float32(0.123455)
    assert unlike(draws, fewer) > 0.2
