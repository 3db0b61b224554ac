"""What a fine-tuned model reaches is held against right answers that began with the same checkpoint."""

import re
import shutil
from pathlib import Path

import jupytext
import pytest
from msgspec.structs import replace

from grader.calibration.bounds import Bounds, Calibration, Environment, Row, Split
from grader.course.folder import load_rubric
from grader.data.folder import data_folder
from grader.data.parts import BERT
from grader.data.truths import truths_of
from grader.judging.examiner import Examiner, no_formulas
from grader.judging.kinds.fine_tuning.accuracy import decided
from grader.judging.kinds.fine_tuning.checks import one_to_one
from grader.judging.kinds.fine_tuning.interview import secret
from grader.model import Isolation, Observation, Outcome, Run, Status, TrainBudget, TrainPolicy, Verdict
from reference.notebooks import solution


def row(epochs: int, bound: float) -> Row:
    bounds = Bounds(mean=bound + 0.05, spread=0.02, smallest=bound, bound=bound, floor=0.3)
    return Row(epochs, bounds, bounds)


MADE = Calibration(
    lab="lab5b_bert",
    data="toy",
    digest="ab" * 32,
    seeds=59,
    settings={"epochs": 3},
    dev=Split(1000, 0.335),
    test=Split(1000, 0.335),
    environment=Environment("3.11.7", "2.21.0", "2.4.6", "Linux x86_64"),
    date="2026-11-23",
    rows=(row(1, 0.33), row(3, 0.45)),
)
AT_CHANCE = replace(MADE, rows=MADE.rows[:1])


@pytest.mark.parametrize(
    ("calibration", "reached", "verdict"),
    [
        (MADE, 0.45, Verdict.PASS),
        (MADE, 0.449, Verdict.UNSURE),
        (MADE, 0.2, Verdict.UNSURE),
        (AT_CHANCE, 0.9, Verdict.UNSURE),
        (None, 0.9, Verdict.UNSURE),
    ],
)
def test_only_what_right_answers_reach_in_the_end_decides(
    calibration: Calibration | None, reached: float, verdict: Verdict
) -> None:
    found = decided(calibration, reached, "Measured.")
    assert (found.verdict, found.message.startswith("Measured.")) == (verdict, True)


@pytest.mark.parametrize("seed", range(40))
def test_no_other_order_of_our_labels_looks_like_classes_with_other_numbers(seed: int) -> None:
    run, budget = Run(Outcome.OK, Isolation.NONE), TrainBudget(TrainPolicy.NONE)
    x = Examiner("lab5b_bert", (), run, lambda asked: Observation(asked.id, Status.UNASKED), no_formulas, seed, budget)
    labels = secret(x).labels
    orders = (labels[::-1], tuple(sorted(labels)), (*labels[1:], labels[0]))
    assert not any(one_to_one(other, labels) for other in orders)


def test_another_checkpoint_is_other_data_to_the_lab_that_fine_tunes_and_to_no_other(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("GRADER_DATA", raising=False)
    data = data_folder(None)
    there = tmp_path / BERT.name
    shutil.copytree(data.parts[BERT.name], there)
    other = replace(data, parts={**data.parts, BERT.name: there})
    first = truths_of(data)
    assert truths_of(other) == first
    weights = there / "model.safetensors"
    told = bytearray(weights.read_bytes())
    told[100_000] ^= 1
    weights.write_bytes(told)
    assert {lab for lab, truth in truths_of(other).items() if truth != first[lab]} == {"lab5b_bert"}


def test_it_is_fine_tuned_with_the_settings_of_the_notebook() -> None:
    text = jupytext.writes(solution("lab5b_bert"), fmt="py:percent").split("## Natural language inference")[1]
    stated = {
        "learning_rate": r"learning_rate=([\de-]+)",
        "epochs": r"epochs=(\d+)",
        "batch": r"train_features\)\.shuffle\(100\)\.batch\((\d+)",
        "clip": r"clipnorm=([\d.]+)",
    }
    found = {name: float(match[1]) for name, pattern in stated.items() if (match := re.search(pattern, text))}
    assert found == {name: getattr(load_rubric("lab5b_bert").head.settings, name) for name in stated}
    assert "[:5000]" in text
