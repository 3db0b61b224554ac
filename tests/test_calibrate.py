"""`grader calibrate`: that it trains as the notebooks do, keeps what is done, and what it leaves on disk."""

import json
import re
import statistics
from pathlib import Path
from typing import Any

import jupytext
import numpy as np
import pytest
import tensorflow as tf
from msgspec.structs import asdict, replace

import reference
from grader.calibration.bounds import load_calibration, read_calibration
from grader.calibration.plan import handed_out
from grader.commands.calibrate import calibrations, name_of
from grader.course.folder import current_course, load_rubric
from grader.course.head import Labels
from grader.data.folder import data_folder
from grader.data.toy.snli import toy_snli
from grader.data.truth import digest_of
from grader.errors import UsageError
from grader.model import Cell, Limits, TrainBudget, TrainPolicy
from grader.sandbox.kernel import Setting
from grader.sandbox.session import open_session
from grader.sandbox.walls.isolation import best_isolation
from reference.notebooks import Edit, edited, solution
from reference.trainings.pair_starts import MODELS, PairStarts
from reference.trainings.training import RECIPES, Course
from reference.trainings.training_pairs import first_step_of_adam, read, words_of

SETTINGS = {lab: rubric.head.settings for lab, rubric in current_course().labs.items() if rubric.head.settings}
LABS = tuple(lab for lab in SETTINGS if load_rubric(lab).head.labels is Labels.SENTIMENT)


@pytest.fixture(autouse=True)
def own_cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv("GRADER_DATA", raising=False)


@pytest.fixture
def trees() -> Path:
    return data_folder(None).parts["trees"]


def lines(labs: list[str], seeds: int, folder: Path, data: Path | None = None) -> list[str]:
    return [told.line for told in calibrations(labs, data, seeds, jobs=1, epochs=3, folder=folder)]


def test_a_small_calibration_is_made_kept_and_continued(tmp_path: Path, trees: Path) -> None:
    folder = tmp_path / "calibration"
    lines(["lab2", "Assignment 1"], 2, folder)
    assert sorted(path.name for path in folder.iterdir()) == ["a1_logistic_regression.toy.json", "lab2_mlp.toy.json"]
    made = load_calibration("lab2_mlp", digest_of(trees), folder)
    assert made is not None
    assert (made.seeds, [row.epochs for row in made.rows]) == (2, [1, 2, 3])
    assert made.settings == asdict(SETTINGS["lab2_mlp"]) | {"epochs": 3}
    assert (made.dev.examples, made.dev.majority) == (636, 0.5204)
    assert all(0 <= row.dev.floor <= row.dev.bound <= row.dev.smallest <= row.dev.mean <= 1 for row in made.rows)
    again = lines(["lab2"], 3, folder)
    assert "2 were done before" in again[0]
    assert [line for line in again if re.search(r"seed \d", line)] == again[1:2]
    assert "3 starts" in again[2] and made.starts is not None and made.starts.seeds == 2
    assert read_calibration(folder / "lab2_mlp.toy.json").seeds == 3


def test_a_run_broken_off_leaves_the_old_calibration_and_keeps_what_was_done(tmp_path: Path) -> None:
    (tmp_path / "a1_logistic_regression.toy.json").write_text("as it was")
    running = calibrations(["a1"], None, 5, jobs=1, epochs=3, folder=tmp_path)
    for told in running:
        if "(3 of 5" in told.line:
            running.close()
    assert (tmp_path / "a1_logistic_regression.toy.json").read_text() == "as it was"
    assert "3 were done before" in lines(["a1"], 5, tmp_path)[0]


def test_a_second_treebank_gets_a_name_of_its_own_and_a_spoilt_file_is_made_anew(tmp_path: Path) -> None:
    there = tmp_path / "lab2_mlp.treebank.json"
    assert name_of("treebank", there, "ab" * 32) == "treebank"
    (toy,) = current_course().calibrations.glob("lab2_mlp.toy.json")
    there.write_text(toy.read_text().replace('"data": "toy"', '"data": "treebank"'))
    assert name_of("treebank", there, read_calibration(toy).digest) == "treebank"
    assert name_of("treebank", there, "ab" * 32) == "treebank-abababab"
    there.write_text("{}")
    assert name_of("treebank", there, "ab" * 32) == "treebank"


def test_a_place_that_cannot_be_written_is_refused_before_anything_is_trained(tmp_path: Path) -> None:
    (tmp_path / "calibration").write_text("a file where a folder should be")
    with pytest.raises(UsageError, match=r"calibration: cannot be written .*writable"):
        lines(["a1"], 2, tmp_path / "calibration")


@pytest.mark.parametrize("lab", ["lab1", "a2", "lab6"])
def test_a_lab_without_an_accuracy_is_refused_before_anything_is_trained(lab: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"has no accuracy to calibrate; these have: a1_logistic_regression, lab2_mlp"):
        lines(["lab2", lab], 2, tmp_path)
    assert not list(tmp_path.glob("*.json"))


def test_a_folder_without_the_treebank_is_refused_with_a_remedy(tmp_path: Path) -> None:
    (tmp_path / "data" / "snli").mkdir(parents=True)
    with pytest.raises(UsageError, match=r"train\.txt, dev\.txt, test\.txt.*--data"):
        lines(["lab2"], 2, tmp_path, tmp_path / "data")


def test_the_reference_trains_the_labs_it_says_and_the_course_has_their_settings() -> None:
    assert {*RECIPES, *MODELS, "lab5b_bert"} == {*reference.TRAINED} == {*SETTINGS}


@pytest.mark.parametrize("lab", LABS)
def test_the_settings_are_those_the_solution_is_handed_out_with(lab: str) -> None:
    text = jupytext.writes(solution(lab), fmt="py:percent")
    stated = {
        "learning_rate": r"learning_rate ?= ?([\d.]+)",
        "epochs": r"training_epochs ?= ?(\d+)",
        "batch": r"batch_size = (\d+)",
        "l2": r"l2_lambda = ([\d.]+)|reg_weight=(0\.0)",
        "clip": r"clip_by_norm\(gradient, ([\d.]+)\)",
        "dropout": r"\brate=([\d.]+)",
        "stddev": r"self\.W.*stddev=([\d.]+)",
        "embedding_stddev": r"self\.E = .*stddev=([\d.]+)",
    }
    for name, pattern in stated.items():
        found = re.search(pattern, text)
        number = float(next(group for group in found.groups() if group)) if found else 0.0
        assert getattr(SETTINGS[lab], name) == number, name


@pytest.mark.parametrize("lab", LABS)
def test_sentences_are_encoded_as_the_notebook_does(lab: str, trees: Path) -> None:
    """Words may have other places; how many are known, and how often each stands in every sentence, is the same."""
    cells = [cell.source for cell in solution(lab).cells if cell.cell_type == "code"]
    names: dict[str, Any] = {}
    for source in cells[1:3]:  # the data, their encoding
        exec(re.sub(r"sst_home = .*", f"sst_home = {str(trees) + '/'!r}", source), names)  # noqa: S102 - our own text
    course = Course(lab, SETTINGS[lab], trees)
    kind = "vector" if "vector" in names["dev_set"][0] else "index_sequence"
    for split in ("train", "dev", "test"):
        examples = names["training_set" if split == "train" else f"{split}_set"]
        theirs = np.array([example[kind] for example in examples]).astype(int)
        ours = course.splits[split].x.numpy().astype(int)
        assert ours.shape == theirs.shape
        assert sorted(course.splits[split].labels.numpy()) == sorted(example["label"] for example in examples)
        assert np.array_equal(occurrences(ours), occurrences(theirs))


def occurrences(rows: np.ndarray) -> np.ndarray:
    """How often each value or id occurs in all, most frequent first."""
    return np.sort(rows.sum(axis=0)) if rows.max() < 20 else np.sort(np.bincount(rows.ravel()))


@pytest.mark.parametrize("lab", ["lab3_rnn", "lab4_gru"])
def test_a_step_goes_where_the_reference_says(lab: str, trees: Path) -> None:
    course = Course(lab, SETTINGS[lab], trees)
    course.run(seed=1, marks=[1])
    before = {role: variable.numpy().astype(float) for role, variable in course.w.items()}
    x, labels = (part[:256] for part in course.splits["train"])
    course.step(x, labels, tf.constant([1, 2]))
    told = reference.answer(lab, "step", {"x": x.numpy(), "labels": labels.numpy(), "form": "deck"} | before)["deck"]
    for role, variable in course.w.items():
        penalty = 2 * 0.001 * before[role] if role.startswith("W") else 0.0
        expected = before[role] - SETTINGS[lab].learning_rate * (told[role] + penalty)
        np.testing.assert_allclose(variable.numpy(), expected, atol=2e-6)


@pytest.fixture(scope="module")
def pairs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a few toy pairs, and vectors of some of their words."""
    folder = tmp_path_factory.mktemp("pairs")
    for name, text in toy_snli().items():
        (folder / name).write_text("".join(text.splitlines(keepends=True)[:300]))
    words = "the a man dog is running resting outside".split()
    (folder / "glove.6B.50d.txt").write_text(
        "".join(f"{w} " + " ".join([f"0.{n}"] * 50) + "\n" for n, w in enumerate(words))
    )
    return folder


def test_pairs_are_encoded_as_the_notebook_does(pairs: Path) -> None:
    """Ids may be others; which words are equal, where padding stands, and what vectors they have is the same."""
    corpus = read([pairs, pairs])
    x, E = corpus.splits["train"][0], corpus.E
    rows = [json.loads(line) for line in toy_snli()["snli_1.0_train.jsonl"].splitlines()[:300]]
    decided = [pair for pair in rows if pair["gold_label"] != "-"]
    assert x.shape == (len(decided), 20)
    names: dict[int, str] = {}
    for row, pair in zip(x, decided, strict=True):
        words = [words_of(pair[f"sentence{n}_binary_parse"])[-10:] for n in (1, 2)]
        padded = [word for sentence in words for word in [*[""] * (10 - len(sentence)), *sentence]]
        assert all(names.setdefault(int(place), word) == word for place, word in zip(row, padded, strict=True))
    assert len(set(names.values())) == len(names) and names[0] == ""
    assert E is not None
    assert all(
        E[place].any() == (word in "a man dog is running resting outside".split()) for place, word in names.items()
    )


@pytest.mark.parametrize("lab", ["lab5_attention", "a4_word_by_word"])
def test_the_model_on_pairs_is_the_reference_s(lab: str, pairs: Path) -> None:
    plan = replace(handed_out(lab, load_rubric(lab).head, reference.STARTED[lab]), epochs=1)
    course = PairStarts(plan, read([pairs, pairs]))
    course.run([1])
    weights = {role: variable.numpy().astype(float) for role, variable in course.w.items()}
    x = course.splits["train"][0][:64]
    case = {"p": x.numpy()[:, :10], "h": x.numpy()[:, 10:], "E": course.E.numpy().astype(float)}
    told = reference.answer(lab, "values", case | as_the_reference_calls_them(lab, weights))["deck"]["logits"]
    ours = course.logits(x)
    np.testing.assert_allclose(ours.numpy(), told.reshape(ours.shape), atol=1e-5)


def as_the_reference_calls_them(lab: str, weights: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    if lab == "lab5_attention":
        return weights | {"w": weights["w"][:, 0]}
    letters, cells = {"z": "z", "r": "r", "rnn": "c"}, {"s": "ph", "m": "m"}  # one encoder is that of both sentences
    gates = {
        f"{kind}_{letter}_{cell}": weights[f"{kind}_{gate}_{name}"]
        for kind in "Wb"
        for gate, letter in letters.items()
        for name, places in cells.items()
        for cell in places
    }
    return gates | {role: weights[role] for role in ("W_attn", "W_cl", "b_cl")}


def test_the_first_step_of_adam_is_that_of_keras() -> None:
    gradient = tf.constant(np.random.default_rng(1).normal(0, 1, 50) * np.logspace(-9, 1, 50), tf.float32)
    variable = tf.Variable(tf.zeros(50))
    tf.optimizers.Adam().apply_gradients([(gradient, variable)])
    np.testing.assert_allclose(-variable.numpy(), 0.001 * first_step_of_adam(gradient).numpy(), rtol=1e-4, atol=1e-12)


def test_the_same_seed_reaches_the_same_and_another_seed_something_else(trees: Path) -> None:
    course = Course("lab2_mlp", SETTINGS["lab2_mlp"], trees)
    first, other, again = (course.run(seed, [2, 4]) for seed in (3, 4, 3))
    assert first == again != other


@pytest.mark.slow
def test_the_notebook_itself_reaches_what_was_calibrated(trees: Path) -> None:
    """Part Two of lab2's solution, trained by the notebook for 15 epochs under three seeds."""
    shorter = [
        Edit("_classifier(dim, rate=0.0)", "_classifier(dim, training_epochs=1, rate=0.0)"),
        Edit("_classifier(dim)", "_classifier(dim, training_epochs=15)"),
    ]
    sources = [cell for cell in edited("lab2_mlp", shorter).cells if cell.cell_type == "code"]
    cells = tuple(Cell(i, "code", cell.source) for i, cell in enumerate(sources))
    found = load_calibration("lab2_mlp", digest_of(trees))
    assert found is not None
    bounds = found.at(15, "dev")
    assert bounds is not None
    reached = [dev_accuracy(cells, trees, seed) for seed in (1, 2, 3)]
    assert min(reached) >= bounds.bound
    assert abs(statistics.mean(reached) - bounds.mean) < 3 * bounds.spread / len(reached) ** 0.5


def dev_accuracy(cells: tuple[Cell, ...], trees: Path, seed: int) -> float:
    limits = Limits(submission=300.0, cell=300.0)
    budget = TrainBudget(TrainPolicy.FULL)
    data, isolation = {"trees": trees}, best_isolation()
    setting = Setting(slot=5, data=data, limits=limits, budget=budget, seed=seed, isolation=isolation)
    with open_session(setting) as session:
        run = session.run(cells)
    text = " ".join(str(output) for cell in run.cells for output in cell.outputs)
    return float(re.findall(r"Dev accuracy: ([\d.]+)", text)[-1])
