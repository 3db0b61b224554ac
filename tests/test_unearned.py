"""Points that were not earned: what only looks like learning, like random weights, like a penalty, like a dev set."""

import numpy as np
import pytest
from msgspec.structs import replace

from grader.judging.instruments.blindness import test_misuse as misuse
from grader.judging.instruments.learning import Learning, falling
from grader.judging.instruments.recomputed import Recomputed, recomputed
from grader.judging.kinds.logistic.interview import Evidence
from grader.judging.kinds.logistic.penalty import without_knob
from grader.judging.kinds.perceptron.interview import equal_units, of_every_class
from grader.model import Cell, Verdict

TOLD = Learning(tuple(0.7 * 0.95**n for n in range(160)))
DOWN_TO_CHANCE = Learning(tuple(np.linspace(2.06, 0.695, 40)) + (0.694,) * 120)
SLOW = Learning(tuple(0.6932 - 1e-5 * n for n in range(160)))


@pytest.mark.parametrize(("right", "verdict"), [(0, Verdict.UNSURE), (8, Verdict.UNSURE), (12, Verdict.PASS)])
@pytest.mark.parametrize("seen", [TOLD, DOWN_TO_CHANCE])
def test_a_loss_that_falls_is_believed_where_examples_come_out_right(
    seen: Learning, right: int, verdict: Verdict
) -> None:
    assert falling(replace(seen, fits=(right, 16)), None).verdict is verdict


def test_a_small_rate_that_has_hardly_begun_and_a_class_that_shows_no_predictions_pass_as_they_did() -> None:
    assert falling(replace(SLOW, fits=(8, 16)), None).verdict is Verdict.PASS
    assert falling(replace(TOLD, fits=None), None).verdict is Verdict.PASS


@pytest.mark.parametrize(
    ("losses", "verdict"),
    [
        ((1.18, 1.15, 1.12, 1.09, 1.06, 1.03, 1.01), Verdict.UNSURE),  # stopped early, by itself
        ((1.18, 1.18, 1.18, 1.18), Verdict.FAIL),
        ((1.18, 1.0), Verdict.FAIL),  # as where a return stands inside the loop
    ],
)
def test_a_training_that_ends_after_few_steps_has_failed_only_where_its_loss_was_not_falling(
    losses: tuple[float, ...], verdict: Verdict
) -> None:
    assert falling(Learning(losses), None).verdict is verdict


@pytest.mark.parametrize(
    ("before", "after", "verdict"),
    [
        (0.72, 0.72, Verdict.UNSURE),  # nothing was learnt
        (0.72, 0.71, Verdict.UNSURE),  # by its one true step
        (0.72, 0.78, Verdict.UNSURE),
        (0.72, float("nan"), Verdict.UNSURE),
        (0.72, 0.05, Verdict.PASS),
    ],
)
def test_a_loss_that_falls_is_believed_where_the_models_own_answers_become_better(
    before: float, after: float, verdict: Verdict
) -> None:
    """Whether twelve of sixteen come out right by chance or not."""
    finding = falling(replace(TOLD, fits=(12, 16), own=Recomputed(before, after)), None)
    assert finding.verdict is verdict
    assert (f"{before:.3f} before" in finding.message) is (verdict is Verdict.UNSURE)


def test_a_slow_fall_is_borne_out_by_as_slow_a_fall_and_not_by_half_of_a_half() -> None:
    early, late = SLOW.ends
    assert Recomputed(0.6932, 0.6932 - (early - late)).bears_out(early, late)
    assert not Recomputed(0.6932, 0.6932 - (early - late) / 4).bears_out(early, late)
    assert not Recomputed(0.6932, 0.6940).bears_out(early, late)


def test_what_is_recomputed_is_the_mean_cross_entropy_whatever_the_axes_before_the_classes() -> None:
    generator = np.random.default_rng(3)
    logits, labels = generator.normal(size=(4, 5, 7)), generator.integers(0, 7, (4, 5))
    chances = np.exp(logits) / np.exp(logits).sum(-1, keepdims=True)
    expected = np.mean([-np.log(chances[i, j, labels[i, j]]) for i in range(4) for j in range(5)])
    told = recomputed(np.zeros((4, 5, 7)), logits + 1000.0, labels)
    assert told is not None and np.allclose([told.before, told.after], [np.log(7), expected])
    assert recomputed(None, logits, labels) is None


def test_units_that_differ_by_dust_are_equal() -> None:
    generator = np.random.default_rng(3)
    drawn = generator.normal(size=(11, 13))
    assert equal_units(np.zeros((11, 13))) and equal_units(0.1 + 1e-6 * drawn)
    assert equal_units(np.repeat(drawn[:, :1], 13, axis=1)), "another number for each input, the same for every unit"


def test_small_and_structured_start_weights_are_different() -> None:
    generator = np.random.default_rng(3)
    for weights in (
        1e-4 * generator.normal(size=(11, 13)),
        np.eye(11, 13),
        1 + generator.uniform(-0.01, 0.01, (11, 13)),
    ):
        assert not equal_units(weights)


def test_a_penalty_of_a_millionth_is_open_and_a_small_one_is_right() -> None:
    verdicts = [without_knob(Evidence(None, fixed_factor=c)).verdict for c in (2e-6, 1e-5, 2e-3)]
    assert verdicts == [Verdict.UNSURE, Verdict.PASS, Verdict.PASS]


def test_what_is_classified_is_of_every_class_so_that_no_constant_is_a_good_prediction() -> None:
    generator = np.random.default_rng(3)
    data, margin = generator.normal(size=(2000, 11)), generator.normal(size=2000) + 2.0  # one in fifty is of class 0
    chosen, classes = of_every_class(data, np.stack([np.zeros(2000), margin], axis=1))
    assert chosen.shape == (40, 11) and np.bincount(classes).tolist() == [20, 20]
    chosen, classes = of_every_class(data, np.stack([np.zeros(2000), np.ones(2000)], axis=1))
    assert np.bincount(classes).tolist() == [0, 40]


SWEEP = (
    "for lr in [0.1, 1.0]:\n    c = Softmax(dim, lr)\n    c.train(training_set, dev_set)\n    print(accuracy(c, {}))"
)


@pytest.mark.parametrize(
    "held",
    [
        "globals()['te' + 'st_set']",
        "vars()[''.join(['test', '_set'])][:500]",
        "globals().get(f'{\"test\"}_set')",
        "eval('test' + '_set')",
        "getattr(data, 'test' + '_set')",
    ],
)
def test_the_test_set_is_known_by_a_name_that_is_spelled_out(held: str) -> None:
    assert misuse([Cell(0, "code", "class Softmax: pass\n" + SWEEP.format(held))]) is not None


@pytest.mark.parametrize("held", ["globals()['dev' + '_set']", "globals()[f'dev_{lr}']", "vars(args)['data']"])
def test_other_data_by_such_a_name_is_no_misuse(held: str) -> None:
    assert misuse([Cell(0, "code", "class Softmax: pass\n" + SWEEP.format(held))]) is None
