"""`grader ready`: what only worked in the author's own kernel is told before the mail is sent."""

from pathlib import Path

import nbformat
import pytest
from sample_mailbox import colab, drive
from test_cli import grader, refused

from grader.commands.ready import out_of_order, saved
from grader.model import Cell
from reference.notebooks import as_json, solution

WROTE = nbformat.v4.new_output("stream", text="3\n")


def handed(folder: Path, *more: nbformat.NotebookNode) -> Path:
    notebook = nbformat.reads(as_json(solution("lab1_warmup")), as_version=4)
    notebook.cells += more
    path = folder / "lab1.ipynb"
    nbformat.write(notebook, path)
    return path


@pytest.mark.usefixtures("kernel")
def test_right_work_is_ready_and_the_mail_is_written(tmp_path: Path) -> None:
    done = grader("ready", handed(tmp_path), "--name", "Ana Muster")
    assert done.returncode == 0, done.stderr
    assert "public checks pass" in done.stdout and "Subject: lab1 - Ana Muster" in done.stdout


@pytest.mark.usefixtures("kernel")
def test_a_cell_that_went_well_before_and_fails_now_is_told(tmp_path: Path) -> None:
    left_over = nbformat.v4.new_code_cell("print(deleted_since + 1)", outputs=[WROTE], execution_count=4)
    done = grader("ready", handed(tmp_path, left_over), "--name", "Ana Muster")
    assert done.returncode == 1
    assert 'The cell that begins "print(deleted_since + 1)" went well when you last ran it' in done.stdout
    assert "NameError" in done.stdout and "`grader check` says what to mend" in done.stdout


def test_a_link_that_others_cannot_open_is_refused_with_what_to_do(tmp_path: Path) -> None:
    with drive() as address:
        closed = grader("ready", colab("private-lab1-0001-1"), "--name", "Ana", GRADER_DRIVE=address)
    refused(closed, 2, "nobody but you can open this notebook", "General access: Anyone with the link")
    refused(grader("ready", "https://example.org/x", "--name", "Ana"), 2, "is no link to a notebook", "Share")
    refused(grader("ready", tmp_path / "nothing.ipynb", "--name", "Ana"), 2, "nothing.ipynb")


@pytest.mark.usefixtures("kernel")
def test_a_link_that_can_be_opened_stands_in_the_mail() -> None:
    with drive() as address:
        done = grader("ready", colab("lab1-0001-1"), "--name", "Ana", GRADER_DRIVE=address)
    assert done.returncode == 0, done.stderr
    assert done.stdout.endswith(f"Subject: lab1 - Ana\n\n{colab('lab1-0001-1')}\n")


def test_cells_that_were_run_out_of_order_are_told_once(tmp_path: Path) -> None:
    cells = [nbformat.v4.new_code_cell(f"x = {i}", execution_count=count) for i, count in enumerate((1, 7, 3, 2))]
    nbformat.write(nbformat.v4.new_notebook(cells=cells), tmp_path / "a.ipynb")
    own = [Cell(i, "code", cell.source) for i, cell in enumerate(cells)]
    (told,) = out_of_order(own, saved(tmp_path / "a.ipynb"))
    assert 'The cell that begins "x = 2" was last run before a cell above it' in told


def test_a_file_that_is_no_notebook_has_no_order(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("x = 1\n")
    assert not saved(tmp_path / "a.py").counts
