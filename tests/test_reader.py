"""What becomes of the bytes of a file handed in: cells and repairs, or one sentence that says why not."""

import json
from pathlib import PurePath
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from grader.intake.submission import SIZE_LIMIT, Notebook, read_notebook

LAB = PurePath("lab.ipynb")


def cell(source: Any = "x = 1", **more: Any) -> dict[str, Any]:
    return {"cell_type": "code", "metadata": {}, "outputs": [], "execution_count": None, "source": source, **more}


def read(*cells: Any, **more: Any) -> Notebook:
    notebook = {"nbformat": 4, "nbformat_minor": 0, "metadata": {}, "cells": list(cells), **more}
    return read_notebook(LAB, json.dumps(notebook).encode())


def sources(notebook: Notebook) -> list[str]:
    return [each.source for each in notebook.cells]


def test_a_plain_colab_notebook_needs_no_repair() -> None:
    notebook = read(cell(metadata={"id": "EyS-IkAYSGCL"}), metadata={"colab": {"name": "lab2 - student01.ipynb"}})
    assert (notebook.fault, notebook.repairs) == (None, ())
    assert notebook.cells[0].colab_id == "EyS-IkAYSGCL"
    assert notebook.title == "lab2 - student01.ipynb"
    assert len(notebook.content) == 64


def test_of_outputs_the_printed_text_is_kept_and_that_there_was_a_picture() -> None:
    printed = {"output_type": "stream", "name": "stdout", "text": ["1\n", "2"]}
    plot = {"output_type": "display_data", "data": {"image/png": "x" * 500, "text/plain": "<Figure>"}, "metadata": {}}
    error = {"output_type": "error", "ename": "E", "evalue": "", "traceback": ["x" * 500]}
    assert read(cell(outputs=[printed, "absurd", {}, plot, error])).cells[0].outputs == (
        {"output_type": "stream", "name": "stdout", "text": "1\n2"},
        {"output_type": "display_data", "data": {"text/plain": "<Figure>", "image/png": ""}},
    )


@pytest.mark.parametrize(
    ("source", "read_as"), [(["a\n", "b"], "a\nb"), ("a\nb", "a\nb"), (None, ""), (7, ""), (["a", None], "a")]
)
def test_a_source_may_have_any_form(source: Any, read_as: str) -> None:
    assert sources(read(cell(source), cell("z = 1")))[0] == read_as


def test_what_is_missing_or_absurd_around_the_cells_does_no_harm() -> None:
    bare = {"cell_type": "code", "source": "x = 1"}
    notebook = read(bare, cell(metadata="absurd", outputs="absurd"), cell(metadata={"id": 7}), metadata=["absurd"])
    assert sources(notebook) == ["x = 1"] * 3
    assert notebook.repairs == ()


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32", "latin-1"])
def test_another_encoding_is_read_and_told(encoding: str) -> None:
    data = json.dumps({"cells": [cell("# año\nx = 1")]}, ensure_ascii=False).encode(encoding)
    notebook = read_notebook(LAB, data)
    assert sources(notebook) == ["# año\nx = 1"]
    assert len(notebook.repairs) == 1


def test_a_byte_order_mark_is_not_worth_a_word() -> None:
    notebook = read_notebook(LAB, json.dumps({"cells": [cell()]}).encode("utf-8-sig"))
    assert (sources(notebook), notebook.repairs) == (["x = 1"], ())


def test_half_a_surrogate_pair_cannot_travel_further() -> None:
    notebook = read(cell("x = '\ud800'", outputs=[{"text": "\udfff", "n": 10**30}]))
    assert b"\\ud800" not in msgspec.json.encode(notebook)
    assert notebook.fault is None


def test_nan_and_duplicate_keys_are_read() -> None:
    data = b'{"cells": [], "cells": [{"cell_type": "code", "source": "x = 1", "execution_count": NaN}]}'
    assert sources(read_notebook(LAB, data)) == ["x = 1"]


def test_a_notebook_of_format_3_is_upgraded() -> None:
    old = {
        "metadata": {"name": ""},
        "nbformat": 3,
        "nbformat_minor": 0,
        "worksheets": [{"cells": [{"cell_type": "code", "input": ["x = 1"], "language": "python", "outputs": []}]}],
    }
    notebook = read_notebook(LAB, json.dumps(old).encode())
    assert sources(notebook) == ["x = 1"]
    assert "nbformat 3" in notebook.repairs[0]


def test_text_behind_the_end_is_ignored_and_told() -> None:
    notebook = read_notebook(LAB, json.dumps({"cells": [cell()]}).encode() + b"\n}garbage")
    assert sources(notebook) == ["x = 1"]
    assert "after the end" in notebook.repairs[0]


def test_a_file_that_is_cut_off_keeps_the_cells_before_the_cut() -> None:
    data = json.dumps({"nbformat": 4, "cells": [cell("a = 1"), cell("b = 2"), cell("c = 3")]}).encode()
    notebook = read_notebook(LAB, data[: data.index(b"c = 3")])
    assert sources(notebook) == ["a = 1", "b = 2"]
    assert "first 2 cells" in notebook.repairs[0]


def test_entries_that_are_no_cells_and_unknown_types_are_told() -> None:
    notebook = read("absurd", cell(cell_type="quiz"), {"cell_type": "heading", "source": "Lab1", "level": 1}, cell())
    assert [each.kind for each in notebook.cells] == ["raw", "markdown", "code"]
    assert [each.index for each in notebook.cells] == [0, 1, 2]
    assert len(notebook.repairs) == 2


def test_widgets_without_state_are_told_and_those_with_state_are_not() -> None:
    assert len(read(cell(), metadata={"widgets": {"application/x": {"a": {}}}}).repairs) == 1
    assert read(cell(), metadata={"widgets": {"application/x": {"state": {}}}}).repairs == ()


def test_python_under_a_foreign_kernel_is_run_and_told() -> None:
    notebook = read(cell("import numpy as np"), metadata={"kernelspec": {"name": "ir", "language": "R"}})
    assert "'ir'" in notebook.repairs[0]


def test_a_notebook_in_another_language_is_a_fault() -> None:
    notebook = read(cell("library(ggplot2)\nx <- 3"), metadata={"kernelspec": {"name": "ir", "language": "R"}})
    assert "another language" in (notebook.fault or "")


def test_a_kernel_of_any_name_is_fine_where_the_language_is_python() -> None:
    assert read(cell(), metadata={"kernelspec": {"name": "my-env", "language": "python"}}).repairs == ()
    assert read(cell(), metadata={"kernelspec": {"name": "my-env"}}).repairs == ()


@pytest.mark.parametrize(
    ("data", "word"),
    [
        (b"", "empty"),
        (b" \n", "empty"),
        (b"{}", "no list of cells"),
        (b"[1, 2]", "no list of cells"),
        (b'{"cells": []}', "no cell"),
        (b'{"cells": {"a": 1}}', "damaged"),
        (b'{"cells": [{"cell_type": "markdown", "sour', "cut off"),
        (b"\x89PNG\r\n", "picture"),
        (b"PK\x03\x04rest", "zip"),
        (b"%PDF-1.7", "PDF"),
        (b"ab\0\1\2", "binary"),
        (b"<!DOCTYPE html><html>", "web page"),
        (b'<<<<<<< HEAD\n{"cells": []}', "git merge"),
        (b'{"cells":' + b"[" * 100_000, "nested too deeply"),
        (b" " * (SIZE_LIMIT + 1), "50 MB"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_cannot_be_read_says_why(data: bytes, word: str) -> None:
    notebook = read_notebook(LAB, data)
    assert word in (notebook.fault or "")
    assert notebook.cells == ()


def test_two_thousand_cells_are_read_and_more_are_refused_in_a_sentence() -> None:
    assert len(read(*[cell(f"x = {n}") for n in range(2000)]).cells) == 2000
    assert "2000 cells" in (read(*[cell(f"x = {n}") for n in range(2001)]).fault or "")


def test_empty_cells_beyond_any_number_are_skipped_and_the_others_keep_their_places() -> None:
    notebook = read(*[cell("")] * 30_000, cell("x = 1"))
    assert len(notebook.cells) < 3000
    assert (notebook.cells[-1].source, notebook.cells[-1].index) == ("x = 1", 30_000)


def test_invisible_characters_are_removed_only_outside_of_strings() -> None:
    notebook = read(cell("x\u00a0=\u00a0'a\u00a0b'\u200b  # c\u00a0d"))
    assert sources(notebook) == ["x = 'a\u00a0b'  # c\u00a0d"]
    assert "begins \"x = 'a b' # c d\"" in notebook.repairs[0]


@pytest.mark.parametrize(
    "source",
    [
        "try:\n  %tensorflow_version 2.x\nexcept Exception:\n  pass",
        "print(\u201chello\u201d)",  # curly quotes are the student's to find
        "x = 'a\u00a0b'",
        "def f(:\n\u00a0\u00a0pass",  # broken with or without
        "!pip install tensorflow==2.4.0\n%cd /content",
        "if x:\n\ty = 1\n        z = 2",
    ],
)
def test_everything_else_stays_as_the_student_wrote_it(source: str) -> None:
    notebook = read(cell(source))
    assert (sources(notebook), notebook.repairs) == ([source], ())


COLAB_EXPORT = '''# -*- coding: utf-8 -*-
"""lab1.ipynb

Automatically generated by Colab.

# Lab1: Warming Up
"""

# Commented out IPython magic to ensure Python compatibility.
# %tensorflow_version 2.x
import numpy as np

!pip install tqdm

"""Now the *function*:"""

TEXT = """one

two
"""

def np_fn(x):
    """Doc.

    string"""

    # a comment, don't
    return x

try:
    np_fn(1)

except TypeError:
    pass
'''


def test_a_colab_script_becomes_a_notebook_again() -> None:
    notebook = read_notebook(PurePath("lab1.py"), COLAB_EXPORT.encode())
    code = [each.source for each in notebook.cells if each.kind == "code"]
    text = [each.source for each in notebook.cells if each.kind == "markdown"]
    assert code[0] == "%tensorflow_version 2.x\nimport numpy as np"
    assert code[1] == "!pip install tqdm"
    assert code[2] == 'TEXT = """one\n\ntwo\n"""'
    assert code[3].endswith("return x")
    assert code[4].endswith("pass")
    assert (len(code), len(text)) == (5, 2)
    assert "# Lab1: Warming Up" in text[0]


def test_a_script_with_cell_marks_keeps_its_cells() -> None:
    script = "# %% [markdown]\n# # Lab1\n\n# %%\nx = 1\n\ny = 2\n\n# %%\n# %cd data\n"
    assert sources(read_notebook(PurePath("lab1.py"), script.encode())) == ["# Lab1", "x = 1\n\ny = 2", "%cd data"]


def test_a_script_with_an_absurd_header_is_still_read() -> None:
    script = b"# ---\n# jupyter: [\n#   {{: *x\n# ---\n\n# %%\nx = 1\n"
    assert read_notebook(PurePath("lab1.py"), script).fault is None


def test_a_cell_with_hundreds_of_magics_does_not_hold_up_the_class() -> None:
    source = "\u00a0\n" + "!ls\n" * 5000
    assert sources(read(cell(source))) == [source]


@given(st.binary(max_size=300))
@settings(max_examples=200, deadline=None)
def test_no_bytes_make_the_reader_raise(data: bytes) -> None:
    for path in (LAB, PurePath("lab.py")):
        notebook = read_notebook(path, data)
        assert bool(notebook.cells) != bool(notebook.fault)


_KEYS = st.sampled_from(
    [
        "cells",
        "cell_type",
        "source",
        "metadata",
        "outputs",
        "id",
        "code",
        "worksheets",
        "kernelspec",
        "language",
        "colab",
    ]
)
_JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=5) | _KEYS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_KEYS, inner, max_size=5),
    max_leaves=15,
)


@given(st.dictionaries(_KEYS, _JSON, max_size=5), st.lists(_JSON, max_size=4))
@settings(max_examples=300, deadline=None)
def test_no_json_makes_the_reader_raise(anything: dict[str, Any], cells: list[Any]) -> None:
    for raw in (anything, anything | {"cells": cells}, anything | {"worksheets": [{"cells": cells}]}):
        notebook = read_notebook(LAB, json.dumps(raw).encode())
        assert bool(notebook.cells) != bool(notebook.fault)
        msgspec.json.encode(notebook)


@given(st.data())
@settings(max_examples=100, deadline=None)
def test_no_cut_makes_the_reader_raise(data: st.DataObject) -> None:
    whole = json.dumps({"cells": [cell("ñ = 1"), cell(["b"])], "metadata": {}}, ensure_ascii=False).encode()
    notebook = read_notebook(LAB, whole[: data.draw(st.integers(0, len(whole)))])
    assert bool(notebook.cells) != bool(notebook.fault)
