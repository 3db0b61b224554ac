"""What is said of a failed cell, and which points stay open, when what it wants is not here."""

from pathlib import Path

import pytest

from grader.intake import own_modules
from grader.intake.collect import collect
from grader.judging.examination import undecided, wanting
from grader.model import Cell, CellRun, CellStatus, Finding, Isolation, Limits, Outcome, Run, Verdict
from grader.sandbox.blame import Lack
from grader.sandbox.guest.config import Note
from grader.sandbox.guest.wire import Trouble
from grader.sandbox.session import sentence

FETCHING = Cell(2, "code", "vectors = fetch()\nclass Reader: pass")


def note(kind: str, message: str = "", excuse: str = "") -> Note:
    return Note(during=2, kind=kind, message=message, excuse=excuse)


def test_a_name_that_an_excused_cell_would_have_made_is_a_consequence() -> None:
    lack = Lack()
    assert "internet" in lack.excuse(FETCHING, [note("URLError", excuse="network")])
    lost = note("NameError", "name 'vectors' is not defined")
    assert "earlier cell" in lack.excuse(Cell(3, "code", "vectors"), [lost])
    assert lack.excuse(Cell(4, "code", "other"), [note("NameError", "name 'other' is not defined")]) == ""


def test_an_own_error_beside_an_excused_one_is_blamed() -> None:
    assert Lack().excuse(FETCHING, [note("ValueError"), note("URLError", excuse="network")]) == ""


def test_what_a_notebook_raises_itself_and_words_we_do_not_know_are_no_excuse() -> None:
    raising = Cell(2, "code", "raise ConnectionError('no')")
    assert Lack().excuse(raising, [note("ConnectionError", excuse="network")]) == ""
    assert Lack().excuse(FETCHING, [note("ValueError", excuse="the grader is at fault")]) == ""


def test_the_package_that_is_missing_is_named() -> None:
    told = Lack().excuse(FETCHING, [note("ModuleNotFoundError", "No module named 'torchtext'", "package")])
    assert "torchtext" in told


@pytest.mark.parametrize(
    "message",
    [
        "module 'tensorflow' has no attribute 'placeholder'",
        "tf.placeholder() is not compatible with eager execution.",
        "No module named 'tensorflow.contrib'",
    ],
)
def test_tensorflow_1_is_called_by_its_name(message: str) -> None:
    run = CellRun(0, CellStatus.ERROR, trouble=Trouble("AttributeError", message))
    assert "TensorFlow 1" in sentence("The cell", run, Limits())


def test_a_check_that_failed_of_what_is_not_here_is_open_and_any_other_is_not() -> None:
    cell = CellRun(2, CellStatus.ERROR, excuse="it asks for the internet", lost=("vectors",))
    lacking = wanting(Run(Outcome.OK, Isolation.NONE, (cell,)))
    failed = Finding("c", Verdict.FAIL, "`near` stops with NameError: name 'vectors' is not defined")
    assert undecided(failed, lacking).verdict is Verdict.UNSURE
    other = Finding("c", Verdict.FAIL, "`near` stops with NameError: name 'words' is not defined")
    assert undecided(other, lacking) == other
    assert undecided(Finding("c", Verdict.FAIL, failed.message, mistake="slug"), lacking).verdict is Verdict.FAIL


def test_files_beside_a_notebook_go_with_it_where_it_imports_them(tmp_path: Path) -> None:
    notebook = '{"cells": [{"cell_type": "code", "source": "import layers as L", "outputs": []}]}'
    for place, name, content in (
        ("ane", "lab2.ipynb", notebook), ("ane", "layers.py", "import tools"), ("ane", "tools.py", "x = 1"),
        ("ane", "other.py", "y = 2"), ("jon", "lab2.ipynb", notebook),
    ):  # fmt: skip
        (tmp_path / place).mkdir(exist_ok=True)
        (tmp_path / place / name).write_text(content)
    ane, jon = collect([tmp_path], "lab2_mlp")
    assert (dict(ane.modules), jon.modules) == ({"layers": "import tools", "tools": "x = 1"}, ())
    assert ane.content != jon.content


def test_in_a_folder_of_several_students_a_file_is_nobodys(tmp_path: Path) -> None:
    for name in ("ane", "jon"):
        (tmp_path / f"{name}.ipynb").write_text(
            '{"cells": [{"cell_type": "code", "source": "import ane_layers", "outputs": []}]}'
        )
    (tmp_path / "ane_layers.py").write_text("x = 1")
    assert all(not submission.modules for submission in collect([tmp_path], "lab2_mlp"))


def test_links_large_files_and_odd_names_are_no_modules(tmp_path: Path) -> None:
    (tmp_path / "real.txt").write_text("x = 1")
    (tmp_path / "linked.py").symlink_to(tmp_path / "real.txt")
    (tmp_path / "two-words.py").write_text("x = 1")
    (tmp_path / "large.py").write_text("#" * (own_modules.LARGEST + 1))
    importing = Cell(0, "code", "import linked, large")
    assert own_modules.used([importing], own_modules.in_folder(tmp_path)) == ()
