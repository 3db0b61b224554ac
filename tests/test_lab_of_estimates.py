"""A lab whose targets are numbers: what is wrong with the error hides nothing of the penalty, and uphill is no way."""

import json
from pathlib import Path
from typing import Any

import nbformat
import pytest
from test_cli import grader

from tests.sample_labs import course_of

SOLUTION = """
# %% [markdown]
# # A straight line

# %%
import numpy as np
import tensorflow as tf

X = np.random.RandomState(1).randn(60, 5).astype("float32")
Y = X[:, 0] - X[:, 1]


# %%
class Line:
    ### BEGIN SOLUTION
    def __init__(self):
        self.W = tf.Variable(tf.random.normal([5, 1]))
        self.b = tf.Variable(0.0)

    def predict(self, x):
        return tf.squeeze(x @ self.W + self.b, 1)

    def fit(self, x, y, epochs=20):
        for _ in range(epochs):
            with tf.GradientTape() as tape:
                error = tf.reduce_mean((self.predict(x) - y) ** 2)
                cost = error + 0.01 * tf.reduce_sum(self.W**2)
            for variable, gradient in zip((self.W, self.b), tape.gradient(cost, (self.W, self.b))):
                variable.assign_sub(0.1 * gradient)

    ### END SOLUTION
    ### STARTER: pass


# %%
line = Line()
line.fit(X, Y)
"""
COLUMN = "return tf.squeeze(x @ self.W + self.b, 1)", "return x @ self.W + self.b"
NO_PENALTY = "cost = error + 0.01 * tf.reduce_sum(self.W**2)", "cost = error"
UPHILL = "variable.assign_sub(", "variable.assign_add("
EDITS = f"""
mistakes:
  broadcast: {{says: a column minus a row, edits: [{{replace: "{COLUMN[0]}", by: "{COLUMN[1]}"}}]}}
  no-penalty: {{says: none, edits: [{{replace: "{NO_PENALTY[0]}", by: "{NO_PENALTY[1]}"}}]}}
  uphill: {{says: added, edits: [{{replace: "{UPHILL[0]}", by: "{UPHILL[1]}"}}]}}
"""
RUBRIC = """
lab:
  title: "A straight line"
  clues: {titles: {"A straight line": 3}, code: {"class Line": 1}}
deadline: 120
training: {epochs: 20, seconds: 30}
subject: {kind: classifier, input: "normal [5]"}
checks:
  - {id: error, level: values, of: [output, loss], points: 2, title: Error, tested: "We compared.", why: "It counts."}
  - {id: step, level: gradients, points: 1, title: Step, tested: "We took one.", why: "It learns."}
  - {id: penalty, level: regularisation, points: 1, title: Penalty, tested: "We looked.", why: "It keeps W small."}
mistakes:
  broadcast: {check: error, title: A matrix, says: "Each is compared with each.", hint: "Which shape has it?"}
  no-penalty: {check: penalty, title: No penalty, says: "There is none.", hint: "What is added?"}
  uphill: {check: step, title: Uphill, says: "The cost grows.", hint: "Which sign has the step?"}
"""


@pytest.fixture(scope="module")
def course(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return course_of(tmp_path_factory.mktemp("course") / "lines", "line", "classifier", SOLUTION, EDITS, RUBRIC)


def test_each_mistake_is_named_by_itself(kernel: None, course: Path) -> None:
    done = grader("verify", "line", "--course", course)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture(scope="module")
def graded(course: Path) -> dict[str, dict[str, Any]]:
    """Results of notebooks by student."""
    until_fit = SOLUTION[: SOLUTION.index("    def fit")]
    texts = {
        "two mistakes": SOLUTION.replace(*COLUMN).replace(*NO_PENALTY),
        "estimate in the loop": SOLUTION.replace("self.predict(x) - y", "tf.squeeze(x @ self.W + self.b, 1) - y"),
        "no training yet": f"{until_fit}\n\n# %%\nline = Line()\n",
        "nothing yet": "# %%\nclass Line:\n    pass\n",
    }
    for student, text in texts.items():
        kept = "\n".join(line for line in text.splitlines() if "###" not in line)
        cells = [cell for cell in kept.split("# %%\n") if "[markdown]" not in cell and cell.strip()]
        notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
        notebook.cells.insert(0, nbformat.v4.new_markdown_cell("# A straight line"))
        (folder := course.parent / "handed in" / student).mkdir(parents=True)
        nbformat.write(notebook, folder / "line.ipynb")
    out = course.parent / "grades"
    done = grader("grade", course.parent / "handed in", "--course", course, "--out", out, "--allow-unisolated")
    assert done.returncode == 0, done.stderr
    return {one["student"]: one for one in json.loads((out / "results.json").read_bytes())["submissions"]}


def test_two_mistakes_at_once_are_both_named(kernel: None, graded: dict[str, dict[str, Any]]) -> None:
    """Where a column is compared with a row, the error never ends, and hid that there is no penalty."""
    named = {check["id"]: check["mistake"] for check in graded["two mistakes"]["checks"]}
    assert named == {"error": "broadcast", "step": None, "penalty": "no-penalty"}


def test_an_estimate_that_training_does_not_call_is_asked_for(kernel: None, graded: dict[str, dict[str, Any]]) -> None:
    """By it the error is none, so that what is left of the gradient is the penalty's."""
    assert graded["estimate in the loop"]["earned"] == 4, graded["estimate in the loop"]["checks"]


@pytest.mark.parametrize(("student", "outcome"), [("no training yet", "ok"), ("nothing yet", "unattempted")])
def test_who_has_begun_is_not_told_otherwise(
    kernel: None, graded: dict[str, dict[str, Any]], student: str, outcome: str
) -> None:
    assert (graded[student]["outcome"], graded[student]["earned"]) == (outcome, 0)
