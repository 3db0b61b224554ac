"""What is told, and what is left open, of notebooks that were damaged, merged or answered where nothing runs."""

import json
from pathlib import PurePath
from typing import Any

import pytest

from grader.intake.json_notebook import VALUES_LIMIT
from grader.intake.submission import Notebook, read_notebook
from grader.intake.unrun import holds_an_answer
from grader.judging.claims.claims import LARGEST_TEXT


def cell(source: Any = "x = 1", kind: str = "code", **more: Any) -> dict[str, Any]:
    return {"cell_type": kind, "metadata": {}, "source": source, **more}


def text_of(*cells: Any) -> str:
    return json.dumps({"nbformat": 4, "metadata": {}, "cells": list(cells)}, indent=1)


def read(text: str, name: str = "lab.ipynb") -> Notebook:
    return read_notebook(PurePath(name), text.encode())


def sources(notebook: Notebook) -> list[str]:
    return [each.source for each in notebook.cells]


def conflict(first: str, second: str) -> str:
    return f"<<<<<<< HEAD\n{first}\n=======\n{second}\n>>>>>>> 1f2e (later)\n"


def test_lines_without_ends_are_joined_with_them_and_told() -> None:
    notebook = read(text_of(cell(["def f(x):", "    return x", "", "print(f(2))"]), cell(["a = 1\n", "b = 2"])))
    assert sources(notebook) == ["def f(x):\n    return x\n\nprint(f(2))", "a = 1\nb = 2"]
    assert "one cell had lost their line ends" in notebook.repairs[0]
    assert not notebook.damaged


def test_a_line_in_two_pieces_stays_one_line() -> None:
    assert sources(read(text_of(cell(["a = 1", " + 2"])))) == ["a = 1 + 2"]


def test_a_merge_in_the_outputs_loses_nothing() -> None:
    whole = text_of(cell("a = 1", execution_count=1), cell("b = 2"))
    line = '   "execution_count": 1'
    assert line in whole
    notebook = read(whole.replace(f"{line}\n", conflict(line, line.replace("1", "7"))))
    assert (sources(notebook), notebook.damaged) == (["a = 1", "b = 2"], False)
    assert "git merge" in notebook.repairs[0]


def test_a_merge_between_two_sources_far_down_is_told_first_and_one_of_them_is_run() -> None:
    whole = text_of(cell("x" * 200_000, "markdown"), cell("MINE"), cell("b = 2"))
    line = '   "source": "MINE"'
    assert line in whole
    notebook = read(whole.replace(f"{line}\n", conflict(line.replace("MINE", "a = 1"), line.replace("MINE", "a = 3"))))
    assert sources(notebook)[1:] == ["a = 1", "b = 2"]
    assert notebook.damaged
    assert "git merge" in notebook.warnings[0] == notebook.repairs[0]


def test_cells_around_a_merge_that_leaves_no_version_whole_are_read() -> None:
    whole = text_of(cell("a = 1"), cell("LOST"), cell("c = 3"))
    line = '   "source": "LOST"\n'
    notebook = read(whole.replace(line, conflict('    "one",', '    "other",') + line))
    assert (sources(notebook), notebook.damaged) == (["a = 1", "c = 3"], True)


def test_a_merge_within_a_cell_is_told_by_the_cells_first_line() -> None:
    notebook = read(text_of(cell("def f(x):\n" + conflict("    return x", "    return -x")), cell("b = 2")))
    assert sources(notebook)[0] == "def f(x):\n    return x\n"
    assert notebook.damaged and 'begins "def f(x):"' in notebook.warnings[0]


def test_cells_behind_a_damaged_one_are_read() -> None:
    whole = text_of(cell("a = 1"), cell("LOST"), cell("c = 3"))
    notebook = read(whole.replace('"LOST"', '"LO"ST"'))
    assert (sources(notebook), notebook.damaged) == (["a = 1", "c = 3"], True)


def test_a_file_cut_off_behind_its_cells_has_lost_none() -> None:
    whole = json.dumps({"cells": [cell("a = 1"), cell("b = 2")], "metadata": {"kernelspec": {"name": "python3"}}})
    assert not read(whole[:-10]).damaged
    assert read(whole[: whole.index("b = 2")]).damaged


def test_a_download_that_broke_off_is_called_one() -> None:
    whole = text_of(cell("a = 1"), cell("b = 2"))
    notebook = read(whole[: whole.index("b = 2")], "lab.ipynb.crdownload")
    assert (sources(notebook), notebook.damaged) == (["a = 1"], True)
    assert "download" in notebook.warnings[0]


@pytest.mark.parametrize("kind", ["markdown", "raw"])
def test_an_answer_in_a_cell_that_is_not_run_is_told(kind: str) -> None:
    notebook = read(text_of(cell("import math"), cell("# mine\ndef half(x):\n    return x / 2", kind)))
    assert "is not run" in notebook.warnings[0] == notebook.repairs[0]
    assert not notebook.damaged


@pytest.mark.parametrize(
    ("source", "answer"),
    [
        ("class Gru:\n    def step(self, x):\n        return x", True),
        ("```python\ndef f(x):\n    return x\n```", True),
        ("    z = tf.sigmoid(a)\n    h = z * h", True),
        ("import numpy as np\nx = np.zeros(3)", True),
        ("# Title\n\nSome words.", False),
        ("Hint", False),
        ("dim = 24\nepochs = 100", False),
        ("z = sigmoid(W * x)\nh = z * h", False),
        ("title: Lab 1\nauthor: Ane", False),
        ("```python\nx.shape\n```", False),
        ("- `tf.cast`\n- `tf.exp`", False),
    ],
)
def test_text_is_an_answer_only_where_all_of_it_is_python_that_computes(source: str, answer: bool) -> None:
    assert holds_an_answer(source) is answer


def test_millions_of_values_are_refused_and_as_many_commas_in_printed_text_are_not() -> None:
    many = "{}," * VALUES_LIMIT
    flooded = text_of(cell(outputs=["HERE"])).replace('"HERE"', f"{many}{{}}")
    assert "values" in (read(flooded).fault or "")
    printed = cell("x = 1", outputs=[{"output_type": "stream", "name": "stdout", "text": "1, " * (VALUES_LIMIT + 1)}])
    assert read(text_of(printed)).fault is None


def test_of_many_outputs_a_bounded_part_is_held() -> None:
    outputs = [{"output_type": "stream", "name": "stdout", "text": f"{n}\n"} for n in range(50_000)]
    held = read(text_of(*[cell(outputs=[*outputs, {"data": {"text/plain": "x" * LARGEST_TEXT}}])] * 3)).cells
    assert sum(len(json.dumps(each.outputs)) for each in held) < LARGEST_TEXT
    assert held[0].outputs
