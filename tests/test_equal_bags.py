"""Classifiers of bags of words that are trained outside their notebooks, by what their training was seen to do."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from msgspec.structs import replace

import reference
from grader.calibration.plan import Draw, Plan, handed_out
from grader.course.folder import load_rubric
from grader.data.folder import data_folder
from grader.judging.equal.bags import bags_of, counted
from grader.judging.oracle import Oracle
from reference.notebooks import Edit, edited
from reference.trainings import bag_starts
from reference.trainings.encodings import OTHER_COUNTS, difference_of_bags
from reference.trainings.starts import course
from reference.trainings.training import Course, two_way
from tests.equal_looks import TRAINED, Look, by_itself, looking

MLP, LOGISTIC = "lab2_mlp", "a1_logistic_regression"
DICE = np.random.default_rng(4)


def own(lab: str) -> Plan:
    return handed_out(lab, load_rubric(lab).head, reference.STARTED[lab])


# --- the loop ---


@pytest.mark.parametrize("lab", [MLP, LOGISTIC])
def test_a_bag_is_trained_as_a_vector_of_counts(lab: str) -> None:
    trees = data_folder(None).parts["trees"]
    ours, dense = course(own(lab), 1, trees), Course(lab, load_rubric(lab).head.settings, trees)
    theirs = dict(zip(ours.w, dense.w, strict=True))  # its last layer has another name
    for role, w in ours.w.items():
        w.assign(DICE.normal(0, 0.1, w.shape))
        dense.w[theirs[role]].assign(w)
    for step in range(3):
        rows, seed = DICE.integers(0, len(dense.splits["train"].labels), 64), tf.constant([step, 5])
        ours.step(*(tf.gather(part, rows) for part in ours.splits["train"]), seed)
        dense.step(*(tf.gather(part, rows) for part in dense.splits["train"]), seed)
    for role, w in ours.w.items():
        np.testing.assert_allclose(w, dense.w[theirs[role]], atol=1e-5)
    assert ours._right("dev")[0] == pytest.approx(dense._accuracy(dense.splits["dev"]), abs=0.005)


# --- bags ---

COUNTS = np.array([[0, 2, 0, 1], [0, 0, 0, 0], [1, 0, 0, 0]], np.float32)


def test_a_bag_holds_each_word_as_often_as_it_comes() -> None:
    bags = bags_of(COUNTS, 3)
    assert bags is not None
    assert bags.tolist() == [[1, 1, 3], [-1, -1, -1], [0, -1, -1]]
    words, counts = counted(bags)
    assert words.tolist() == [0, 1, 3] and counts.tolist() == [[0, 2, 1], [0, 0, 0], [1, 0, 0]]


@pytest.mark.parametrize("other", [COUNTS / 2 + 0.1, -COUNTS, COUNTS * 3], ids=["shares", "negative", "more words"])
def test_other_numbers_are_no_counts(other: np.ndarray) -> None:
    assert bags_of(other, 3) is None


@pytest.fixture(scope="module")
def lab2_counts() -> dict[str, tuple[list[str], np.ndarray, np.ndarray]]:
    """By split: sentences, their bags and labels, in another order."""
    trees = data_folder(None).parts["trees"]
    found = {}
    for name, (rows, labels) in bag_starts.bags(MLP, trees)[0].items():
        words, _ = two_way(trees / f"{name}.txt")
        order = DICE.permutation(len(rows))
        found[name] = ([" ".join(words[i]) for i in order], rows[order], labels[order])
    return found


def test_it_does_not_matter_which_place_stands_for_which_word(lab2_counts: Any) -> None:
    trees = data_folder(None).parts["trees"]
    names = DICE.permutation(10_000)
    other = {
        name: (texts, np.where(rows < 0, rows, names[rows]), labels)
        for name, (texts, rows, labels) in lab2_counts.items()
    }
    assert difference_of_bags(MLP, trees, other) == ""


def test_bags_of_other_words_or_without_one_are_not_the_labs(lab2_counts: Any) -> None:
    trees = data_folder(None).parts["trees"]
    texts, rows, labels = lab2_counts["train"]
    lost = {**lab2_counts, "train": (texts, np.where(rows == rows.max(), -1, rows), labels)}
    assert difference_of_bags(MLP, trees, lost) == OTHER_COUNTS
    assert difference_of_bags(LOGISTIC, trees, lab2_counts) == OTHER_COUNTS


# --- notebooks ---


@pytest.fixture(scope="module")
def look(oracle: Oracle) -> Iterator[Look]:
    with looking(MLP, oracle) as look:
        yield look


@pytest.fixture(scope="module")
def look_logistic(oracle: Oracle) -> Iterator[Look]:
    with looking(LOGISTIC, oracle) as look:
        yield look


DROPPED = "h1 = tf.nn.dropout(h1, rate=rate)"
NORMAL = "tf.random.normal([self.dim, size0], stddev=0.1)"
THIRD = [
    ("size0, size1 = self.hidden_layer_sizes", "size0, size1, size2 = self.hidden_layer_sizes"),
    ("hidden_layer_sizes=(50, 50)", "hidden_layer_sizes=(40, 30, 20)"),
    ("tf.random.normal([size1, 2], stddev=0.1)", "tf.random.normal([size1, size2], stddev=0.1)"),
    ("self.b2 = tf.Variable(tf.zeros([2]))",
     "self.b2 = tf.Variable(tf.zeros([size2]))\nself.W3 = tf.Variable(tf.random.normal([size2, 2], stddev=0.1))\n"
     "self.b3 = tf.Variable(tf.zeros([2]))"),
    ("self.W2, self.b2]", "self.W2, self.b2, self.W3, self.b3]"),
    (DROPPED, f"{DROPPED}\nh1 = tf.nn.dropout(tf.nn.relu(tf.matmul(h1, self.W2) + self.b2), rate=rate)"),
    ("logits = tf.matmul(h1, self.W2) + self.b2", "logits = tf.matmul(h1, self.W3) + self.b3"),
]  # fmt: skip


def test_the_solution_of_lab2_is_shown_to_train_as_the_lab_does(look: Look) -> None:
    assert look() == own(MLP)


def test_of_a_sweep_the_training_by_the_labs_own_settings_is_shown(look_logistic: Look) -> None:
    assert look_logistic() == own(LOGISTIC)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("edits", "changes"),
    [
        ([("(50, 50)", "(64, 32)"), ("learning_rate=0.3", "learning_rate=0.1")],
         {"hidden": (64, 32), "learning_rate": 0.1}),
        (THIRD, {"hidden": (40, 30, 20), "starts": dict.fromkeys(("W2",), Draw("normal", 0.1)) | {"b2": Draw("zero")}}),
        ([("rate=0.2", "rate=0.5"), ("rate=0.0", "rate=0.5"), ("training_epochs=100", "training_epochs=60")],
         {"dropout": 0.5, "epochs": 60}),
        ([("rate=0.2", "keep_prob=0.9"), ("rate=0.0", "keep_prob=1.0"),
          ("self.rate = rate", "self.keep_prob = keep_prob"),
          ("self.model(vectors, self.rate)", "self.model(vectors, 1 - self.keep_prob)")], {"dropout": 0.1}),
        ([(NORMAL, "tf.random.uniform([self.dim, size0], -0.05, 0.05)")], {"starts": {"W0": Draw("uniform", 0.05)}}),
    ],
    ids=["sizes and rate", "three layers", "half is dropped", "what is kept", "uniform"],
)  # fmt: skip
def test_own_settings_are_seen(edits: list[tuple[str, str]], changes: dict[str, Any], look: Look) -> None:
    given = own(MLP)
    assert look(*edits) == replace(given, **{**changes, "starts": given.starts | changes.get("starts", {})})


@pytest.mark.parametrize(
    ("edits", "why"),
    [
        ([("tf.optimizers.SGD(self.learning_rate)", "tf.optimizers.Adam(0.01)")], "plain gradient descent"),
        ([("h0 = tf.nn.relu(tf.matmul(x,", "x = tf.nn.dropout(x, rate=rate)\nh0 = tf.nn.relu(tf.matmul(x,")],
         "not understood"),
        pytest.param([("counts[word] > 10", "counts[word] > 4")], "counts of words", marks=pytest.mark.slow),
        pytest.param([('["vector"][vocabulary[word]] = count', '["vector"][vocabulary[word]] = count / len(words)')],
                     "vector of counts", marks=pytest.mark.slow),
        pytest.param([('["vector"][vocabulary[word]] = count', '["vector"][vocabulary[word]] = 1')],
                     "counts of words", marks=pytest.mark.slow),
        pytest.param([(DROPPED, "pass")], "not understood", marks=pytest.mark.slow),
        pytest.param([("self.model(vectors, self.rate)", "self.model(vectors, 0.2)")], "not understood",
                     marks=pytest.mark.slow),
        pytest.param([("self.rate = rate", "self.rate = rate; self.layer_rate = 0.4"),
                      ("(vectors, self.rate)", "(vectors, self.rate if epoch else self.layer_rate)")],
                     "", marks=pytest.mark.slow),
        pytest.param([("logits=logits))", "logits=logits)) + 0.001 * tf.nn.l2_loss(self.W0)")],
                     "lab's cost", marks=pytest.mark.slow),
        pytest.param([("tape.gradient(cost, self.trainable_variables)",
                       "[tf.clip_by_value(g, -1, 1) for g in tape.gradient(cost, self.trainable_variables)]")],
                     "long gradients", marks=pytest.mark.slow),
        pytest.param([("random.shuffle(training_set)", "random.shuffle(training_set); self.learning_rate *= 0.9")],
                     "plain gradient descent", marks=pytest.mark.slow),
    ],
    ids=["adam", "input dropped too", "more words", "shares", "once each", "one layer drops", "a rate of its own",
         "two rates", "penalty", "clipped by value", "falling rate"],
)  # fmt: skip
def test_what_trains_otherwise_is_never_taken_for_it(edits: list[tuple[str, str]], why: str, look: Look) -> None:
    told = look(*edits)
    assert isinstance(told, str) and why in told, told


@pytest.mark.slow
@pytest.mark.parametrize(
    ("edits", "told"),
    [
        ([("learning_rate=1.0", "learning_rate=0.5"), ("reg_weight=0.0", "reg_weight=0.003"),
          ("learning_rate=best_lr, reg_weight=best_reg)", "training_epochs=60)")],
         {"learning_rate": 0.5, "penalty": {"W_cl": 0.006}, "epochs": 60}),
        ([("tf.reduce_sum(tf.square(self.W))", "tf.reduce_sum(tf.abs(self.W))"), ("reg_weight=0.0", "reg_weight=0.1")],
         "its gradient has more than those of the lab's cost and of a sum of squares"),
        ([("self.W = tf.Variable(tf.zeros([self.dim, 2]))", "self.W = tf.Variable(tf.zeros([2, self.dim]))"),
          ("tf.matmul(x, self.W)", "tf.matmul(x, self.W, transpose_b=True)")], "not understood"),
    ],
    ids=["rate and penalty", "an absolute penalty", "turned round"],
)  # fmt: skip
def test_a_logistic_regression_is_trained_as_it_is_written(
    edits: list[tuple[str, str]], told: object, look_logistic: Look
) -> None:
    seen = look_logistic(*edits)
    assert seen == (replace(own(LOGISTIC), **told) if isinstance(told, dict) else told)


# --- the same distribution ---

SWEEP = f"""
for seed in range({TRAINED}):
    random.seed(seed)
    np.random.seed(seed)
    tf.random.set_seed(seed)
    tf.print("Seed", seed)
    logistic_regression_classifier(dim).train(training_set, dev_set)
"""


@pytest.mark.slow
@pytest.mark.parametrize(("lab", "by"), [(MLP, 10), (LOGISTIC, 5)])
def test_what_the_loop_reaches_is_what_the_notebook_reaches_by_itself(lab: str, by: int, kernel: None) -> None:
    evaluated = "{} = evaluate_classifier(self.classify, {})"
    edits = [
        Edit(evaluated.format("dev_acc", "dev_set[0:500]"), evaluated.format("dev_acc", "dev_set")),
        Edit(evaluated.format("train_acc", "training_set[0:500]"), evaluated.format("train_acc", "test_set")),
    ]
    sources = [cell.source for cell in edited(lab, edits).cells if cell.cell_type == "code"]
    first = next(i for i, source in enumerate(sources) if "classifier.train(" in source)
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("GRADER_DATA", raising=False)
        data = data_folder(None).parts
    itself = by_itself([*sources[:first], SWEEP], data)
    told = course(replace(own(lab), looks=by), TRAINED, data["trees"]).run(range(TRAINED))
    ours = [float(test[np.argmax(dev)]) for dev, test in zip(told.dev, told.test, strict=True)]
    assert abs(np.mean(itself) - np.mean(ours)) < 0.02, (itself, ours)
