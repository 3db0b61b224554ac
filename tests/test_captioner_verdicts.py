"""What is said of captioners whose attention, loss, training step or checkpoint is not what was asked for."""

import numpy as np
import pytest

from grader.judging.kinds.captioning.attention_checks import attention_weights
from grader.judging.kinds.captioning.checks import gradients, training_step
from grader.judging.kinds.captioning.contact import BATCH, PLACES
from grader.judging.kinds.captioning.interview import Evidence, Seen, Step_
from grader.judging.kinds.captioning.photos_checks import checkpoint
from grader.judging.kinds.captioning.remarks import remarks_on
from grader.judging.kinds.captioning.saved import BRINGS_BACK, Restored, names
from grader.judging.kinds.captioning.training import Steps
from grader.model import Cell, Verdict
from reference.lab6_captioning import cost

dice = np.random.default_rng(6)
SCORES = np.exp(dice.normal(size=(BATCH, PLACES, 1)))
AXES = {axis: SCORES / SCORES.sum(axis=axis, keepdims=True) for axis in (0, 1, 2)}


def looking(alpha: np.ndarray, **steps: object) -> Evidence:
    seen = Seen((), None, None, alpha, {}, {"hidden": True, "features": True, "first": False})
    return Evidence(None, seen, Step_({}, ()), Steps(**steps))  # type: ignore[arg-type]


@pytest.mark.parametrize("axis", [0, 2])
def test_a_softmax_over_another_axis_is_called_that_and_not_a_tensor_that_left(axis: int) -> None:
    e = looking(AXES[axis], unreached=(), cut=("t.d.attention.W1",))
    assert attention_weights(e).mistake == "softmax-axis"
    assert gradients(e).verdict is Verdict.BLOCKED and gradients(e).mistake is None


def test_a_softmax_over_the_places_is_neither_and_weights_that_are_no_softmax_keep_their_sentence() -> None:
    e = looking(AXES[1], unreached=(), cut=("t.d.attention.W1",))
    assert attention_weights(e).mistake is None and gradients(e).mistake == "gradient-cut"
    told = attention_weights(looking(SCORES))
    assert told.mistake is None and "do not sum to 1" in told.message


def test_an_attention_of_ones_own_that_only_follows_the_word_is_told_so_and_not_called_right() -> None:
    seen = Seen((), None, None, AXES[1], {}, {"hidden": False, "features": True, "first": False, "words": True})
    e = Evidence(None, seen, Step_({}, (), own_attention=True))
    told = attention_weights(e)
    assert told.mistake == "hidden-not-attended" and "with the word" in told.message
    assert "own-attention" not in {remark.id for remark in remarks_on(e)}


def test_a_mean_before_the_mask_is_another_loss_than_one_after_it_or_without_one() -> None:
    target = np.array([[1, 5, 6, 2], [1, 5, 2, 0], [1, 2, 0, 0]], np.int32)
    logits = dice.normal(size=(3, 3, 9))
    losses = [float(cost(logits, target, kind)) for kind in ("deck", "mask-after-mean", "mask-lost")]
    assert len({round(loss, 4) for loss in losses}) == 3
    assert training_step(looking(AXES[1], loss=1.0, form="mask-after-mean/per-word")).mistake == "mask-after-mean"


def test_a_step_for_whole_batches_only_is_told_as_that_and_costs_nothing_where_all_are_whole() -> None:
    told = training_step(looking(AXES[1], loss=1.0, form="deck", full_only="ValueError: 64 and 32"))
    assert told.verdict is Verdict.FAIL and "whole batches only" in told.message and "64 and 32" in told.message
    whole = looking(AXES[1], loss=1.0, form="deck", full_only="ValueError: 64 and 32", drops=True)
    assert training_step(whole).verdict is Verdict.PASS
    assert "whole-batches" in {remark.id for remark in remarks_on(whole)}


def code(source: str) -> tuple[Cell, ...]:
    return (Cell(0, "code", source),)


def test_a_checkpoint_that_no_line_restores_is_not_called_brought_back() -> None:
    forgotten = Evidence(None, restored=Restored(True, None, restored=False))
    assert checkpoint(forgotten).verdict is Verdict.FAIL
    saved_only = Evidence(None, restored=Restored(True, None, restored=False, looked_up=False))
    assert checkpoint(saved_only).verdict is Verdict.PASS
    assert [remark.id for remark in remarks_on(saved_only)] == ["never-restored"] and not remarks_on(forgotten)
    assert checkpoint(Evidence(None, restored=Restored(True, None))).verdict is Verdict.PASS


def test_which_lines_bring_something_back() -> None:
    for line in (
        "ckpt.restore(m.latest_checkpoint)",
        "decoder.load_weights('w')",
        "m.restore_or_initialize()",
    ):
        assert names(code(line), BRINGS_BACK)
    for line in ("m.save()\nif m.latest_checkpoint: start = 3", "img = load_image(p)\nnp.load(p)", "# ckpt.restore(x)"):
        assert not names(code(line), BRINGS_BACK)
