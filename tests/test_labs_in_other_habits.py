"""Labs whose costs are by hand or never zero, and right notebooks whose habits are not the model answer's."""

import json
from pathlib import Path
from typing import Any

import nbformat
import pytest
from test_cli import grader

from tests.sample_labs import course_of

SMOOTHED = """
# %% [markdown]
# # Smoothed labels

# %%
import numpy as np
import tensorflow as tf

X = np.random.RandomState(1).randn(60, 5).astype("float32")
Y = np.argmax(X[:, :3], axis=1).astype("int32")


# %%
class Smooth:
    ### BEGIN SOLUTION
    def __init__(self):
        self.rate = 0.2
        self.W = tf.Variable(tf.random.normal([5, 3]))
        self.b = tf.Variable(tf.zeros([3]))

    def scores(self, x):
        return x @ self.W + self.b

    def fit(self, x, y, epochs=5):
        for _ in range(epochs):
            with tf.GradientTape() as tape:
                targets = 0.9 * tf.one_hot(y, 3) + 0.1 / 3
                losses = tf.nn.softmax_cross_entropy_with_logits(targets, self.scores(x))
                cost = tf.reduce_mean(losses) + 0.01 * tf.reduce_sum(tf.abs(self.W))
            for variable, gradient in zip((self.W, self.b), tape.gradient(cost, (self.W, self.b))):
                variable.assign_sub(self.rate * gradient)

    ### END SOLUTION
    ### STARTER: pass


# %%
smooth = Smooth()
smooth.fit(X, Y)
"""
L2 = "tf.reduce_sum(tf.abs(self.W))", "tf.reduce_sum(self.W**2)"
SHARP = "0.9 * tf.one_hot(y, 3) + 0.1 / 3", "tf.one_hot(y, 3)"
EDITS = f"""
mistakes:
  squared: {{says: L2, edits: [{{replace: "{L2[0]}", by: "{L2[1]}"}}]}}
  sharp: {{says: labels as they are, edits: [{{replace: "{SHARP[0]}", by: "{SHARP[1]}"}}]}}
"""
RUBRIC = """
lab:
  title: "Smoothed labels"
  clues: {titles: {"Smoothed labels": 3}, code: {"class Smooth": 1}}
deadline: 120
training: {epochs: 20, seconds: 30}
subject: {kind: classifier, input: "normal [5]", classes: 3}
checks:
  - {id: loss, level: values, of: [output, loss], points: 2, title: Loss, tested: "We compared.", why: "It counts."}
  - {id: step, level: gradients, points: 1, title: Step, tested: "We took one.", why: "It learns."}
  - {id: penalty, level: regularisation, points: 1, title: Penalty, tested: "We looked.", why: "It keeps W small."}
mistakes:
  squared: {check: penalty, title: Squares, says: "It is by squares.", hint: "Which norm is it?"}
  sharp: {check: loss, title: Sharp, says: "Labels are as they were.", hint: "What is the target?"}
"""
IN_COLUMNS = """
class Smooth:
    def __init__(self):
        self.W, self.b = tf.Variable(tf.random.normal([3, 5])), tf.Variable(tf.zeros([3, 1]))

    def scores(self, x):
        return self.W @ x + self.b

    def fit(self, x, y, epochs=5):
        for _ in range(epochs):
            with tf.GradientTape() as tape:
                logs = tf.nn.log_softmax(self.scores(x), axis=0)
                cost = -tf.reduce_mean(tf.reduce_sum((0.9 * y + 0.1 / 3) * logs, axis=0))
                cost += 0.01 * tf.reduce_sum(tf.abs(self.W))
            for variable, gradient in zip((self.W, self.b), tape.gradient(cost, (self.W, self.b))):
                variable.assign_sub(0.1 * gradient)


# %%
smooth = Smooth()
smooth.fit(X.T, np.eye(3, dtype="float32")[Y].T)
"""
CHOSEN = "for _ in range(epochs):\n", "for _ in range(epochs):\n            i = np.random.choice(len(x), 20)\n"

BINARY = (
    SMOOTHED.replace("Smoothed labels", "Yes or no")
    .replace('Y = np.argmax(X[:, :3], axis=1).astype("int32")', 'Y = (X[:, 0] > 0).astype("float32")')
    .replace("tf.random.normal([5, 3])", "tf.random.normal([5])")
    .replace("tf.zeros([3])", "0.0")
    .replace("x @ self.W + self.b", "tf.linalg.matvec(x, self.W) + self.b")
    .replace("targets = 0.9 * tf.one_hot(y, 3) + 0.1 / 3\n", "targets = y\n")
    .replace("softmax_cross_entropy", "sigmoid_cross_entropy")
    .replace("tf.abs(self.W)", "self.W**2")
)
PLAIN = "0.01 * tf.reduce_sum(self.W**2)"
BINARY_EDITS = f"""
mistakes:
  squared: {{says: none, edits: [{{replace: " + {PLAIN}", by: ""}}]}}
  sharp: {{says: a sum, edits: [{{replace: "tf.reduce_mean(losses)", by: "tf.reduce_sum(losses)"}}]}}
"""
BINARY_RUBRIC = RUBRIC.replace("Smoothed labels", "Yes or no").replace("classes: 3", "classes: 2")
BY_HAND = (
    "losses = tf.nn.sigmoid_cross_entropy_with_logits(targets, self.scores(x))",
    "p = tf.sigmoid(self.scores(x))\n                losses = -(y * tf.math.log(p) + (1 - y) * tf.math.log(1 - p))",
)
IN_A_COLUMN = "tf.linalg.matvec(x, self.W) + self.b", "x @ self.W[:, None] + self.b"
TARGETS_TOO = "targets = y\n", "targets = tf.reshape(y, [-1, 1])\n"


def written(text: str, title: str, path: Path) -> None:
    kept = "\n".join(line for line in text.splitlines() if "###" not in line)
    cells = [cell for cell in kept.split("# %%\n") if "[markdown]" not in cell and cell.strip()]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    notebook.cells.insert(0, nbformat.v4.new_markdown_cell(f"# {title}"))
    path.parent.mkdir(parents=True)
    nbformat.write(notebook, path)


def verified_and_graded(course: Path, title: str, texts: dict[str, str]) -> dict[str, dict[str, Any]]:
    done = grader("verify", "lab", "--course", course)
    assert done.returncode == 0, done.stdout + done.stderr
    for student, text in texts.items():
        written(text, title, course.parent / "handed in" / student / "lab.ipynb")
    out = course.parent / "grades"
    done = grader("grade", course.parent / "handed in", "--course", course, "--out", out, "--allow-unisolated")
    assert done.returncode == 0, done.stderr
    return {one["student"]: one for one in json.loads((out / "results.json").read_bytes())["submissions"]}


@pytest.fixture(scope="module")
def smoothed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    course = course_of(tmp_path_factory.mktemp("smooth") / "course", "lab", "classifier", SMOOTHED, EDITS, RUBRIC)
    drawn = SMOOTHED.replace(*CHOSEN).replace("(y, 3)", "(tf.gather(y, i), 3)").replace("scores(x))", "scores(x[i]))")
    texts = {"in columns": SMOOTHED[: SMOOTHED.index("class Smooth")] + IN_COLUMNS, "drawn": drawn}
    return verified_and_graded(course, "Smoothed labels", texts)


@pytest.mark.parametrize("student", ["in columns", "drawn"])
def test_smoothed_labels_hide_no_penalty(kernel: None, smoothed: dict[str, dict[str, Any]], student: str) -> None:
    """Nor does an attribute `rate`, which is that of learning; examples may stand in columns, and be drawn."""
    assert smoothed[student]["earned"] == 4, smoothed[student]["checks"]


@pytest.fixture(scope="module")
def binary(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    folder = tmp_path_factory.mktemp("binary") / "course"
    course = course_of(folder, "lab", "classifier", BINARY, BINARY_EDITS, BINARY_RUBRIC)
    texts = {"logarithms": BINARY.replace(*BY_HAND), "a column": BINARY.replace(*IN_A_COLUMN).replace(*TARGETS_TOO)}
    return verified_and_graded(course, "Yes or no", texts)


@pytest.mark.parametrize("student", ["logarithms", "a column"])
def test_two_classes_may_be_floats_and_one_score_a_column(
    kernel: None, binary: dict[str, dict[str, Any]], student: str
) -> None:
    assert binary[student]["earned"] == 4, binary[student]["checks"]
