"""Notebooks that are no .ipynb: which texts are read as cells, whatever their names."""

import json
from pathlib import PurePath

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from grader.intake.submission import Notebook, read_notebook

MARIMO = '''import marimo

app = marimo.App(width="medium")


@app.cell
def _(np):
    def square(x):
        # of a number:
        return np.square(x)
    return (square,)


@app.cell(hide_code=True)
def title(mo):
    mo.md(
        r"""
        # Lab 1

        Warming up.
        """
    )
    return


@app.cell
def _():
    import marimo as mo
    import numpy as np
    return mo, np


if __name__ == "__main__":
    app.run()
'''

DATABRICKS = """# Databricks notebook source
# MAGIC %md
# MAGIC # Lab 1

# COMMAND ----------

# DBTITLE 1,Imports
import numpy as np

# COMMAND ----------

# MAGIC %sql
# MAGIC select 1
"""

QUARTO = """---
title: Lab 1
jupyter: python3
---

# Warming up

```{python}
#| label: density
import numpy as np
```

```{r}
x <- 1
```
"""

MYST = """---
kernelspec:
  name: python3
---

# Warming up

```{code-cell} ipython3
:tags: [hide-input]

import numpy as np
```
"""


def read(name: str, text: str) -> Notebook:
    return read_notebook(PurePath(name), text.encode())


def code(notebook: Notebook) -> list[str]:
    return [each.source for each in notebook.cells if each.kind == "code"]


def texts(notebook: Notebook) -> list[str]:
    return [each.source for each in notebook.cells if each.kind == "markdown"]


@pytest.mark.parametrize("name", ["lab.txt", "lab.json", "lab.ipynb.txt", "lab", "lab.ipynb.part", "lab.py", "l.html"])
def test_a_notebook_is_one_under_any_name(name: str) -> None:
    notebook = read(name, json.dumps({"cells": [{"cell_type": "code", "source": "y = 2"}]}))
    assert (code(notebook), notebook.fault, notebook.repairs) == (["y = 2"], None, ())


@pytest.mark.parametrize("name", ["lab.py", "lab.ipynb", "lab.txt", "lab"])
def test_python_is_read_under_any_name_and_told(name: str) -> None:
    notebook = read(name, "import math\n\n\ndef half(x):\n    return x / 2\n")
    assert code(notebook) == ["import math", "def half(x):\n    return x / 2"]
    assert "Python script" in notebook.repairs[0]


def test_cells_of_marimo_are_run_in_the_order_in_which_they_need_each_other() -> None:
    notebook = read("lab1.py", MARIMO)
    square = "def square(x):\n    # of a number:\n    return np.square(x)"
    assert code(notebook) == ["import numpy as np", square]
    assert texts(notebook) == ["# Lab 1\n\nWarming up."]


def test_a_databricks_export_is_read_and_what_is_no_python_is_not_run() -> None:
    notebook = read("lab1.py", DATABRICKS)
    assert (texts(notebook), code(notebook)) == (["# Lab 1"], ["import numpy as np"])
    assert [each.kind for each in notebook.cells] == ["markdown", "code", "raw"]


@pytest.mark.parametrize(
    "raw",
    [
        {"commands": [{"position": 2, "command": "a = 1"}, {"position": 1, "command": "%md # Lab 1"}]},
        {"paragraphs": [{"text": "%md # Lab 1"}, {"text": None}, {"text": "%spark.pyspark\na = 1"}]},
    ],
    ids=["Databricks", "Zeppelin"],
)
def test_json_of_other_notebooks_is_read(raw: dict[str, object]) -> None:
    notebook = read("lab1.json", json.dumps(raw))
    assert (texts(notebook), code(notebook)) == (["# Lab 1"], ["a = 1"])


@pytest.mark.parametrize(("name", "text"), [("lab1.qmd", QUARTO), ("lab1.md", MYST), ("lab1.txt", QUARTO)])
def test_chunks_of_python_in_a_document_are_cells(name: str, text: str) -> None:
    notebook = read(name, text)
    assert [source.endswith("import numpy as np") for source in code(notebook)] == [True]
    assert "# Warming up" in texts(notebook)


def test_a_script_of_pycharm_keeps_its_cells() -> None:
    notebook = read("lab1.py", '#%% md\n"""\n# Lab 1\n"""\n#%%\nx = 1\n\ny = 2\n')
    assert (texts(notebook), code(notebook)) == (["# Lab 1"], ["x = 1\n\ny = 2"])


ALL = [MARIMO, DATABRICKS, QUARTO, MYST]
CHANGES = st.lists(st.tuples(st.integers(0, 300), st.text(max_size=4)), max_size=4)


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(ALL), CHANGES, st.integers(0, 600))
def test_no_damage_to_such_a_text_makes_the_reader_raise(text: str, changes: list[tuple[int, str]], end: int) -> None:
    for place, piece in changes:
        text = text[:place] + piece + text[place + len(piece) :]
    for name in ("lab.py", "lab.qmd", "lab"):
        notebook = read_notebook(PurePath(name), text[:end].encode(errors="replace"))
        assert bool(notebook.cells) != bool(notebook.fault)
