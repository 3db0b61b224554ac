"""A lab of functions from its three files to graded notebooks: whatever a call may hold, and who mixes right ways."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nbformat
import pytest
from test_cli import grader

from tests.sample_labs import course_of

SOLUTION = """
# %% [markdown]
# # Parts of a table

# %%
import tensorflow as tf


# %%
def scaled(rows, factor=2.0):
    ### BEGIN SOLUTION
    return factor * rows, tf.reduce_sum(rows**2)
    ### END SOLUTION
    ### STARTER: raise NotImplementedError


# %%
def mean_of(rows, chosen):
    ### BEGIN SOLUTION
    own = tf.boolean_mask(rows, chosen)
    return tf.reduce_sum(own, axis=0) / tf.maximum(1.0, tf.cast(tf.shape(own)[0], tf.float32))
    ### END SOLUTION
    ### STARTER: raise NotImplementedError


# %%
def one_of(labels, label):
    ### BEGIN SOLUTION
    return tf.cast(tf.equal(labels, label), tf.float32)
    ### END SOLUTION
    ### STARTER: raise NotImplementedError
"""
EDITS = """
accepted:
  halved: {says: half of the squares, edits: [{replace: "tf.reduce_sum(rows**2)", by: "tf.nn.l2_loss(rows)"}]}
  signs:
    says: minus one for no
    edits:
      - {replace: "tf.cast(tf.equal(labels, label), tf.float32)", by: "tf.where(labels == label, 1.0, -1.0)"}
mistakes:
  factor-unused: {says: always two, edits: [{replace: "factor * rows", by: "2.0 * rows"}]}
  gradient-cut:
    says: NumPy
    edits:
      - {replace: "tf.reduce_sum(rows**2)", by: "tf.reduce_sum(tf.constant(rows.numpy()) ** 2)"}
  none-chosen:
    says: zero by zero
    edits:
      - {replace: "tf.maximum(1.0, tf.cast(tf.shape(own)[0], tf.float32))", by: "tf.cast(tf.shape(own)[0], tf.float32)"}
  others:
    says: all but the label
    edits:
      - {replace: "tf.equal(", by: "tf.not_equal("}
"""
RUBRIC = """
lab:
  title: "Parts of a table"
  clues: {titles: {"Parts of a table": 3}, code: {"def mean_of": 1}}
deadline: 120
training: {epochs: 1, seconds: 30}
subject:
  kind: function
  calls:
    plain: {function: scaled, arguments: ["normal [4, 3]"], gradient: [1]}
    wider: {function: scaled, arguments: ["normal [4, 3]", 5.0]}
    mean: {function: mean_of, arguments: ["normal [6, 2]", "booleans [6]"]}
    none: {function: mean_of, arguments: [[[1.0, 2.0], [3.0, 4.0]], [false, false]]}
    one: {function: one_of, arguments: [[0, 2, 2, 1], 2]}
checks:
  - {id: numbers, level: values, points: 4, title: Numbers, tested: "We called them.", why: "They matter."}
  - {id: gradient, level: gradients, points: 1, title: Gradient, tested: "We asked for it.", why: "It matters."}
mistakes:
  factor-unused: {check: numbers, title: Factor, says: "It is not used.", hint: "Where is it?", credit: 0.5}
  gradient-cut: {check: gradient, title: Cut, says: "It is cut.", hint: "Where is NumPy?"}
  none-chosen: {check: numbers, title: Nothing, says: "Zero by zero.", hint: "What if none is chosen?", credit: 0.25}
  others: {check: numbers, title: Others, says: "The others are chosen.", hint: "Which are chosen?"}
"""
RIGHT = {
    "scaled": "def scaled(rows, factor=2.0):\n    return factor * rows, tf.reduce_sum(rows ** 2)",
    "mean_of": "def mean_of(rows, chosen):\n    a = rows[chosen]\n    return sum(a, tf.zeros(2)) / max(1, len(a))",
    "one_of": "def one_of(labels, label):\n    return [float(one == label) for one in labels]",
}
Written = Callable[..., dict[str, Any]]


@pytest.fixture(scope="module")
def course(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return course_of(tmp_path_factory.mktemp("course") / "tables", "parts", "function", SOLUTION, EDITS, RUBRIC)


def test_defaults_lists_booleans_tuples_and_what_is_no_number_are_told_apart(kernel: None, course: Path) -> None:
    done = grader("verify", "parts", "--course", course)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("✓") == 6 and "✗" not in done.stdout


@pytest.fixture(scope="module")
def graded(course: Path) -> dict[str, dict[str, Any]]:
    """Results of notebooks by student: what each wrote in the place of a right function."""
    written = {
        "dictionary": {"scaled": RIGHT["scaled"].replace("return ", "return dict(a=").replace(", tf", ", b=tf") + ")"},
        "two right ways": {
            "scaled": "def scaled(rows, factor=2.0):\n    return factor * rows, tf.nn.l2_loss(rows)",
            "one_of": "def one_of(labels, label):\n    return tf.where(labels == label, 1.0, -1.0)",
        },
        "a right way and a mistake": {
            "scaled": "def scaled(rows, factor=2.0):\n    return 2.0 * rows, tf.reduce_sum(rows ** 2)",
            "one_of": "def one_of(labels, label):\n    return tf.where(labels == label, 1.0, -1.0)",
        },
        "exchanged": {"one_of": "def one_of(label, labels):\n    return tf.cast(labels == label, tf.float32)"},
    }  # fmt: skip
    for student, own in written.items():
        cells = ["import tensorflow as tf", *{**RIGHT, **own}.values()]
        notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
        notebook.cells.insert(0, nbformat.v4.new_markdown_cell("# Parts of a table"))
        (folder := course.parent / "handed in" / student).mkdir(parents=True)
        nbformat.write(notebook, folder / "parts.ipynb")
    out = course.parent / "grades"
    done = grader("grade", course.parent / "handed in", "--course", course, "--out", out, "--allow-unisolated")
    assert done.returncode == 0, done.stderr
    return {one["student"]: one for one in json.loads((out / "results.json").read_bytes())["submissions"]}


@pytest.mark.parametrize("student", ["dictionary", "two right ways", "exchanged"])
def test_whoever_is_right_earns_everything(kernel: None, graded: dict[str, dict[str, Any]], student: str) -> None:
    assert graded[student]["earned"] == 5, graded[student]["checks"]


def test_a_mistake_is_named_beside_another_right_way(kernel: None, graded: dict[str, dict[str, Any]]) -> None:
    found = graded["a right way and a mistake"]
    assert found["earned"] == 3 and found["checks"][0]["mistake"] == "factor-unused"


def test_an_edit_that_is_no_python_is_refused_with_its_place(course: Path) -> None:
    edits = course / "reference" / "solutions" / "parts.edits.yaml"
    before = edits.read_text("utf-8")
    try:
        edits.write_text(before.replace('by: "tf.nn.l2_loss(rows)"', 'by: "tf.nn.l2_loss(rows"'), "utf-8")
        done = grader("verify", "parts", "--course", course)
    finally:
        edits.write_text(before, "utf-8")
    assert done.returncode == 2, done.stdout
    assert "parts.edits.yaml:3: 'halved' makes what is no Python: '(' was never closed, at 'return" in done.stderr
