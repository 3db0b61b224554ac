"""What is read from printed output: curves and accuracies in many styles, and nothing at all from hostile text."""

import math
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sample_reports import display, stream, submission

from grader.figures import Curve
from grader.judging.claims.claims import Claims, claimed, learning_curves
from grader.judging.claims.figures import figures
from grader.judging.claims.printed import lines
from grader.model import Cell, CellRun, CellStatus, Isolation, Outcome, Run


def handed_in(*outputs: str | dict[str, Any]) -> Claims:
    """One cell for each output."""
    made = [stream(output) if isinstance(output, str) else output for output in outputs]
    return claimed([Cell(index, "code", "", outputs=(output,)) for index, output in enumerate(made)])


def only_curve(text: str) -> Curve:
    (curve,) = handed_in(text).curves
    return curve


def columns(curve: Curve) -> list[tuple[int, float | None, float | None, float | None]]:
    return [(point.epoch, point.cost, point.dev, point.train) for point in curve.points]


EPOCH_LINES = {
    "tf.print": "Epoch: 5 Cost: 0.69 Dev acc: 0.5 Train acc: 0.75",
    "tabs": "Epoch 00005\tcost=0.69\tdev=0.5\ttrain=0.75",
    "percent": "epoch 5 | avg_cost 0.69 | dev acc 50 % | train acc 75.0%",
    "percent without its sign": "Epoch 5: cost 6.9e-01, dev_acc 50.0, train_acc 75.0",
    "of all": "epoch 5/100 loss=0.69 val_loss=0.9 acc=0.75 val_acc=0.5",
    "brackets": "[Epoch 5] loss: 0.69 trainAcc: 0.75 devAcc: 0.5",
    "Spanish": "Época 5 - coste medio: 0.69 - precisión desarrollo: 0.5 - precisión entrenamiento: 0.75",
    "Spanish, short": "época 5: pérdida 0.69, dev 0.500, train 0.750",
    "Basque": "Epoka: 5 Kostua: 0.69 Zehaztasuna (garapena): 0.5 Zehaztasuna (entrenamendua): 0.75",
    "Basque, number first": "5. epoka: kostua 0.69, dev-ean 0.5, train-ean 0.75",
    "tensors": "Epoch: 5 Cost: tf.Tensor(0.69, shape=(), dtype=float32) "
    "Dev acc: <tf.Tensor: shape=(), dtype=float32, numpy=0.5> Train acc: np.float64(0.75)",
    "old tensors": "Epoch: 5 Cost: <tf.Tensor: id=99, shape=(1,), dtype=float32, numpy=array([0.69], dtype=float32)> "
    "Dev acc: 0.5 Train acc: 0.75",
    "dictionary": "5 {'cost': 0.69, 'dev': 0.5, 'train': 0.75}",
    "counts": "Epoch 5 cost 0.69 dev acc 128/256 train acc 192/256",
    "together": "Epoch 5 cost 0.69 Dev/Train acc: 0.5 / 0.75",
    "headed": "Epoch 5 Loss: train 0.69 dev 0.9 | Acc: train 0.75 dev 0.5",
    "the best so far": "Epoch: 5 Cost: 0.69 Dev acc: 0.5 (best 0.61) Train acc: 0.75 (12.5s, lr 0.1)",
}


@pytest.mark.parametrize("line", EPOCH_LINES.values(), ids=EPOCH_LINES)
def test_an_epochs_line_is_read_however_it_is_printed(line: str) -> None:
    seen = figures(next(lines(line)))
    assert seen.epoch == 5
    assert seen.values == {"cost": 0.69, "dev": 0.5, "train": 0.75}


SILENT = [
    "Dev size: 872",
    "Training time: 12.5",
    "Learning rate: 0.1 dropout rate 0.2",
    "Test 1 of 3",
    "dev 872 test 1821",
    "Train on 6920 samples, validate on 872 samples",
    "Accuracy: 0.79",
    "W_1 0.5 l2 0.01 F1 0.7",
    "dev loss 0.5",
]


@pytest.mark.parametrize("line", SILENT)
def test_other_quantities_are_no_accuracies(line: str) -> None:
    assert figures(next(lines(line))).values == {}


def test_epochs_counted_from_zero_and_accuracies_of_one_are_kept() -> None:
    curve = only_curve("Epoch: 0 Cost: 0.7 Dev acc: 0 Train acc: 1\nEpoch: 1 Cost: nan Dev acc: 1 Train acc: 1.\n")
    assert columns(curve)[0] == (0, 0.7, 0.0, 1.0)
    assert curve.points[1].cost is not None and math.isnan(curve.points[1].cost)


def test_figures_below_their_epoch_belong_to_it_and_those_after_the_training_do_not() -> None:
    text = "".join(f"Epoch: {n}\nCost: {1 / n}\nDev: 0.{50 + n}\n\nTrain: 0.{60 + n}\n" for n in (1, 2, 3))
    claims = handed_in("Training.\n" + text + "Dev accuracy: 0.71\nTest accuracy: 79 %\n")
    assert columns(claims.curves[0])[2] == (3, 1 / 3, 0.53, 0.63)
    assert (claims.dev, claims.test, claims.train) == (0.71, 0.79, None)


def test_accuracies_after_a_training_that_shows_only_its_cost_are_final_ones() -> None:
    claims = handed_in("".join(f"Epoch: {n} Cost: {n}\n" for n in range(5)) + "Dev accuracy: 0.71\n")
    assert claims.dev == 0.71
    assert all(point.dev is None for point in claims.curves[0].points)


def test_the_best_so_far_is_a_claim_and_no_point() -> None:
    text = "".join(f"Epoch: {n} Dev acc: 0.7{n}\nbest so far 0.74 (epoch 2)\n" for n in range(1, 9))
    claims = handed_in(text + "Early stopping at epoch 12. Best dev accuracy: 0.75 at epoch 8\n")
    assert [point.epoch for point in claims.curves[0].points] == list(range(1, 9))
    assert claims.dev == 0.75


def test_a_keras_progress_bar_counts_with_its_last_state() -> None:
    def bar(epoch: int) -> str:
        states = [f"{n:>3}/155 [==>...] - ETA: 5:00 - loss: 0.9 - accuracy: 0.1" for n in (1, 60, 120)]
        last = f"155/155 [====] - 23s 146ms/step - loss: 0.{9 - epoch} - accuracy: 0.5{epoch} - val_loss: 2.0"
        return f"Epoch {epoch}/3\n" + "\b" * 60 + "\r" + ("\b" * 60 + "\r").join([*states, last]) + "\n"

    curve = only_curve("".join(map(bar, (1, 2, 3))))
    assert columns(curve) == [(1, 0.8, None, 0.51), (2, 0.7, None, 0.52), (3, 0.6, None, 0.53)]


def test_colours_of_a_newer_progress_bar_do_not_hide_its_figures() -> None:
    line = "\x1b[1m155/155\x1b[0m \x1b[32m━━━━\x1b[0m\x1b[37m\x1b[0m \x1b[1m23s\x1b[0m 146ms/step - accuracy: 0.5{0} - "
    text = "".join(f"Epoch {n}/2\n" + line.format(n) + f"loss: 0.6 - val_accuracy: 0.6{n}\n" for n in (1, 2))
    assert columns(only_curve(text))[1] == (2, 0.6, 0.62, 0.52)


def test_steps_are_counted_through_the_epochs() -> None:
    text = "".join(f"Epoch: {e} Step: {s} Cost: 1.0 Dev acc: 0.{e}{s}\n" for e in (1, 2) for s in (250, 500))
    curve = only_curve(text)
    assert curve.unit == "step"
    assert [point.epoch for point in curve.points] == [250, 500, 751, 1001]


def test_figures_of_batches_give_way_to_those_of_epochs() -> None:
    text = "".join(f"Epoch {e} Batch 0 Loss 9.0\nEpoch {e} Batch 100 Loss 8.0\nEpoch {e} Loss 0.{e}\n" for e in (1, 2))
    assert columns(only_curve(text)) == [(1, 0.1, None, None), (2, 0.2, None, None)]


def test_a_sweep_gives_a_curve_for_each_training_and_the_longest_four_are_kept() -> None:
    lengths = (3, 9, 5, 5, 2, 5, 5)
    text = "".join(
        f"lr 0.{n}\n" + "".join(f"Epoch: {e} Dev acc: 0.{n}{e}\n" for e in range(length)) + f"dev 0.7{n}\n"
        for n, length in enumerate(lengths)
    )
    claims = handed_in(text)
    assert [curve.title for curve in claims.curves] == [f"Training {n} in a cell" for n in (2, 4, 6, 7)]
    assert claims.dev == 0.76


def test_a_table_is_read_by_its_header() -> None:
    table = (
        "   epoch    cost  dev_acc  train_acc\n0      1  0.6931   0.5547     0.55\n1      2     nan     0.56     57.0\n"
    )
    curve = handed_in(display(text_plain=table)).curves[0]
    assert columns(curve)[0] == (1, 0.6931, 0.5547, 0.55)
    assert (curve.points[1].dev, curve.points[1].train) == (0.56, 0.57)
    marked = only_curve("| Epoch | Dev acc | Train acc |\n|---|---|---|\n| 1 | 0.5 | 0.6 |\n| 2 | 0.55 | 0.66 |\n")
    assert columns(marked)[1] == (2, None, 0.55, 0.66)


def test_a_table_of_settings_is_no_curve() -> None:
    assert handed_in("      lr  dev\n0  0.1  0.7\n1  0.3  0.72\n").curves == ()
    assert handed_in("   dev  test\n0  0.70  0.7\n1  0.72  0.71\n").curves == ()
    assert handed_in("16 dev 0.70\n32 dev 0.72\n64 dev 0.71\n").curves == ()


def test_a_single_epoch_is_no_curve() -> None:
    assert handed_in("Epoch: 1 Cost: 0.69 Dev acc: 0.5547 Train acc: 0.55\n").curves == ()


def test_the_last_figure_of_a_name_is_the_claim() -> None:
    claims = handed_in("dev 0.70\n", "Dev accuracy: 0.73\nTest: 79.2%\n", "Zehaztasuna test multzoan: 0.8\n")
    assert (claims.dev, claims.test) == (0.73, 0.8)


def test_a_notebook_without_outputs_claims_nothing() -> None:
    assert claimed([Cell(0, "code", "x")]) == claimed([]) == Claims()


def test_curves_handed_in_and_those_of_the_run_are_told_apart_and_equal_ones_shown_once() -> None:
    def training(length: int) -> tuple[dict[str, Any], ...]:
        return (stream("".join(f"Epoch: {n} Dev acc: 0.6{n}\n" for n in range(length))),)

    handed = submission("s", cells=(Cell(0, "code", "", outputs=training(9)), Cell(1, "code", "", outputs=training(4))))
    cells = (CellRun(0, CellStatus.OK, outputs=training(3)), CellRun(1, CellStatus.OK, outputs=training(4)))
    curves = learning_curves(handed, Run(Outcome.OK, Isolation.NONE, cells))
    assert [(len(curve.points), curve.source) for curve in curves] == [
        (9, "as you handed it in"),
        (4, "as you handed it in"),
        (3, "as it ran here"),
    ]


def test_of_many_curves_both_sides_keep_their_share() -> None:
    text = "".join(f"Epoch: {e} Dev acc: 0.{n}{e}\n" for n in range(6) for e in range(3))
    handed = submission("s", cells=(Cell(0, "code", "", outputs=(stream(text),)),))
    here = CellRun(0, CellStatus.OK, outputs=(stream(text.replace("0.", "0.9")),))
    curves = learning_curves(handed, Run(Outcome.OK, Isolation.NONE, (here,)))
    assert [curve.source for curve in curves] == ["as you handed it in"] * 2 + ["as it ran here"] * 2


HOSTILE = {
    "backspaces": "\b" * 10**6,
    "returns": "\r" * 10**6,
    "digits": "epoch " + "1" * 10**6,
    "letters": "a" * 10**6,
    "fractions": "dev 1/" * 10**5 + "1/" * 10**5,
    "spaces": "1 epoch" + " " * 10**6,
    "escapes": "\x1b[" * 10**6,
    "exponents": "1e" * 10**6,
    "accents": "e\u0301" * 10**6,
    "ligatures": "\ufdfa" * 10**6,
    "empty lines": "\n" * 10**6,
    "trainings": "epoch 1 cost 1\nepoch 0 cost 1\n" * 10**5,
    "new words": "".join(f"w{chr(97 + n % 26)}{chr(97 + n // 26 % 26)} dev {n}.5\n" for n in range(10**5)),
    "tables": ("dev train\n" + "0.1 0.2\n" * 3) * 10**5,
    "large": "9" * 900 + " cost 1\nepoch 1e999 cost 1e999\nepoch 99999999999999 cost 1\n",
    "not ASCII": "epoch ² cost ³ dev ٣ acc ١٢.٥%\n",
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_hostile_output_costs_seconds_at_most_and_never_an_exception(text: str) -> None:
    started = time.monotonic()
    claims = handed_in(*(text[start : start + 300_000] for start in range(0, len(text), 300_000)))
    assert time.monotonic() - started < 15
    assert len(claims.curves) <= 4


def test_outputs_of_odd_types_are_nothing() -> None:
    odd: list[dict[str, Any]] = [{}, {"text": 3}, {"text": [1, "dev 0.7\n"]}, {"data": 7}, {"data": {"text/plain": {}}}]
    odd += [{"output_type": "stream", "name": ["x"], "text": "test 0.8\n"}]
    claims = handed_in(*odd)
    assert (claims.dev, claims.test) == (0.7, 0.8)


@given(
    st.lists(st.sampled_from("epoch dev train acc cost loss best 0.5 1 7 nan inf % / : ( \n 5. test step".split(" ")))
)
def test_no_order_of_known_words_raises(words: list[str]) -> None:
    for curve in handed_in(" ".join(words)).curves:
        epochs = [point.epoch for point in curve.points]
        assert epochs == sorted(set(epochs))
        assert all(0 <= value <= 1 for point in curve.points for value in (point.dev, point.train) if value is not None)
