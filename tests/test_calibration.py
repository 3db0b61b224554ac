"""Tolerance bounds, what they say of an accuracy, and the calibrations that come with the grader."""

from pathlib import Path

import numpy as np
import pytest
from msgspec.structs import asdict, replace

from grader.calibration.bounds import (
    Bounds,
    Calibration,
    Environment,
    Row,
    Split,
    Zone,
    load_calibration,
    read_calibration,
    written,
    zone,
)
from grader.calibration.tolerance import factor, lower_bound, rank
from grader.course.folder import current_course
from grader.data.folder import data_folder
from grader.data.truth import digest_of
from grader.data.truths import truths_of
from grader.errors import RubricError


def bounds(mean: float) -> Bounds:
    return Bounds(mean=mean, spread=0.02, smallest=mean - 0.05, bound=mean - 0.06, floor=mean - 0.1)


MADE = Calibration(
    lab="lab2_mlp",
    data="toy",
    digest="ab" * 32,
    seeds=59,
    settings={"epochs": 50, "learning_rate": 0.3},
    dev=Split(600, 0.52),  # constant prediction and two standard errors: .561
    test=Split(600, 0.52),
    environment=Environment("3.11.7", "2.21.0", "2.4.6", "Linux x86_64"),
    date="2026-11-22",
    rows=(Row(5, bounds(0.56), bounds(0.56)), Row(10, bounds(0.65), bounds(0.61)), Row(50, bounds(0.85), bounds(0.84))),
)
NAME = "lab2_mlp.toy.json"


@pytest.mark.parametrize(
    ("n", "cover", "k"), [(10, 0.95, 2.911), (20, 0.95, 2.396), (30, 0.95, 2.220), (10, 0.99, 3.981), (20, 0.99, 3.295)]
)
def test_normal_factors_are_those_of_the_published_tables(n: int, cover: float, k: float) -> None:
    assert factor(n, cover, 0.95) == pytest.approx(k, abs=6e-4)


@pytest.mark.parametrize(("n", "place"), [(58, 0), (59, 1), (92, 1), (93, 2), (124, 3)])
def test_of_59_values_the_smallest_is_a_bound_for_any_distribution(n: int, place: int) -> None:
    assert rank(n, 0.95, 0.95) == place


@pytest.mark.parametrize("n", [59, 199])
def test_bounds_keep_their_promise_for_runs_that_dip_now_and_then(n: int) -> None:
    """A few in a hundred fall anywhere down to chance; the normal bound alone would hold in 7 samples of 10."""
    dice = np.random.default_rng(7)

    def draws(count: int) -> np.ndarray:
        return np.where(dice.random(count) < 0.06, dice.uniform(0.5, 0.8, count), dice.normal(0.85, 0.01, count))

    future = np.sort(draws(200_000))
    covered = [1 - np.searchsorted(future, lower_bound(draws(n).tolist())) / len(future) for _ in range(2000)]
    assert np.mean(np.array(covered) >= 0.95) >= 0.94


@pytest.mark.parametrize(
    ("accuracy", "says"),
    [
        (1.0, Zone.PASS),
        (0.79, Zone.PASS),
        (0.789, Zone.GREY),
        (0.75, Zone.GREY),
        (0.749, Zone.FAIL),
        (0.0, Zone.FAIL),
        (float("nan"), Zone.FAIL),
    ],
)
def test_an_accuracy_passes_at_the_bound_and_fails_below_the_floor(accuracy: float, says: Zone) -> None:
    assert zone(accuracy, replace(bounds(0.85), bound=0.79, floor=0.75)) is says


def test_the_last_epoch_that_was_reached_decides() -> None:
    assert MADE.at(10, "dev") == MADE.at(49.9, "dev") == MADE.rows[1].dev
    assert MADE.at(50, "test") == MADE.at(500, "test") == MADE.rows[2].test


def test_nothing_is_decided_while_right_answers_look_like_constant_prediction() -> None:
    assert MADE.at(4, "dev") is None
    assert MADE.at(9, "dev") is None
    assert MADE.at(10, "test") is None


def test_a_figure_gets_the_band_of_dev() -> None:
    band = MADE.band()
    assert band.epochs == (5, 10, 50)
    assert band.mean == (0.56, 0.65, 0.85)
    assert band.low == tuple(row.dev.bound for row in MADE.rows)


def test_what_was_written_is_read_again_and_has_a_line_for_each_row(tmp_path: Path) -> None:
    (tmp_path / NAME).write_bytes(written(MADE))
    assert load_calibration("lab2_mlp", MADE.digest, tmp_path) == MADE
    assert sum(line.startswith('  {"epochs": ') for line in written(MADE).decode().splitlines()) == len(MADE.rows)


def test_other_data_or_another_lab_have_no_calibration(tmp_path: Path) -> None:
    (tmp_path / NAME).write_bytes(written(MADE))
    assert load_calibration("lab2_mlp", "cd" * 32, tmp_path) is None
    assert load_calibration("lab1_warmup", MADE.digest, tmp_path) is None


def test_one_byte_makes_other_data(tmp_path: Path) -> None:
    for name in ("train.txt", "dev.txt", "test.txt"):
        (tmp_path / name).write_text(f"(3 {name})\n")
    before = digest_of(tmp_path)
    (tmp_path / "dev.txt").write_text("(1 dev.txt)\n")
    assert digest_of(tmp_path) != before


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"rows": [', '"rows": [,'),
        ('"seeds": 59', '"seeds": "many"'),
        ('"seeds": 59', '"seeds": 1'),
        ('"seeds": 59', '"sedes": 59'),
        ('"mean": 0.65', '"mean": 0.55'),
        ('"spread": 0.02', '"spread": -0.02'),
        ('"epochs": 10,', '"epochs": 70,'),
        ('"lab": "lab2_mlp"', '"lab": "lab3_rnn"'),
        ('"examples": 600', '"examples": 0'),
    ],
)
def test_a_file_changed_by_hand_is_refused_in_one_sentence_with_a_remedy(tmp_path: Path, old: str, new: str) -> None:
    whole = written(MADE).decode()
    assert old in whole
    folder = tmp_path / "calibration"
    folder.mkdir()
    (folder / NAME).write_text(whole.replace(old, new, 1))
    with pytest.raises(RubricError, match=r"^calibration/lab2_mlp\.toy\.json: .*grader calibrate lab2_mlp") as refused:
        load_calibration("lab2_mlp", MADE.digest, folder)
    assert "\n" not in str(refused.value)


def test_a_file_cut_short_is_refused_too(tmp_path: Path) -> None:
    (tmp_path / NAME).write_bytes(written(MADE)[:-40])
    with pytest.raises(RubricError, match="grader calibrate lab2_mlp"):
        load_calibration("lab2_mlp", MADE.digest, tmp_path)


SETTINGS = {lab: rubric.head.settings for lab, rubric in current_course().labs.items() if rubric.head.settings}


@pytest.mark.parametrize("lab", SETTINGS)
def test_every_lab_that_trains_comes_with_what_it_reaches_on_toy_data_as_they_are_now(
    lab: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("GRADER_DATA", raising=False)
    found = load_calibration(lab, truths_of(data_folder(None))[lab].digest)
    assert found is not None, f"the toy data have changed: grader calibrate {lab}"
    assert found.data == "toy" and found.seeds >= 59
    kept = {name: found.settings.get(name, 0) for name in asdict(SETTINGS[lab])}
    assert kept | {"epochs": 0} == asdict(SETTINGS[lab]) | {"epochs": 0}
    assert found.at(SETTINGS[lab].epochs, "dev") and found.at(SETTINGS[lab].epochs, "test")


@pytest.mark.parametrize("path", sorted(current_course().calibrations.glob("*.json")), ids=lambda path: path.stem)
def test_the_calibrations_that_come_with_the_grader_hold_what_they_should(path: Path) -> None:
    made = read_calibration(path)
    assert written(made) == path.read_bytes()
    assert made.rows[-1].epochs == made.settings["epochs"]
    assert all(row.dev.smallest >= row.dev.floor and row.test.smallest >= row.test.floor for row in made.rows)


@pytest.mark.parametrize("lab", ["a1_logistic_regression", "lab2_mlp"])
def test_the_labs_that_learn_on_the_treebank_come_with_what_they_reach_there(lab: str) -> None:
    made = read_calibration(current_course().calibrations / f"{lab}.treebank.json")
    assert (made.dev.examples, made.test.examples) == (872, 1821)
