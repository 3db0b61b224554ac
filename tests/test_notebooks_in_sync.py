"""Solutions, the notebooks students get, and the edits that turn a solution into variants and mistakes."""

import ast
import shutil
from functools import cache
from pathlib import Path

import pytest
from nbformat import NotebookNode

from grader.course.folder import load_course
from grader.errors import RubricError
from reference.handed_out import BRINGING, handed_out
from reference.notebooks import (
    Edit,
    NotebookError,
    Variant,
    as_json,
    assignment_path,
    edited,
    labs,
    load_edits,
    mistake_of,
    solution,
    starter,
)

VISION = Path(__file__).parent / "courses" / "vision"
WHEEL = "https://example.org/grader_check-1-py3-none-any.whl"
HOLES = {
    "lab1_warmup": ("YGTHTpqmJvhz", "0aUb7TUcJvia"),
    "a1_logistic_regression": ("xwuDSo6pg36G",),
    "lab2_mlp": ("EyS-IkAYSGCL",),
    "lab3_rnn": ("piE_Cr6zspx6",),
    "lab4_gru": ("nCzr4whzNnqy",),
    "a2_embeddings": ("PoI1QpJsOVRY",),
    "a3_lstm_lm": ("8o4syEQOgUvG",),
    "lab5b_bert": ("3zFQ2QNwXLoB",),
    "lab5_attention": ("buWTbwThTYh4",),
    "a4_word_by_word": ("9ggJEL7K6L6Z",),
    "lab6_captioning": ("V9UbGQmERPGi",),
}
NO_PYTHON = ("3zFQ2QNwXLoB",)  # holes that end in the middle of a line
VARIANTS = [
    (lab, name, variant)
    for lab in labs()
    for group in (load_edits(lab).accepted, load_edits(lab).mistakes)
    for name, variant in group.items()
]


@cache
def variant_code(lab: str, variant: Variant) -> str:
    return code(edited(lab, variant.edits))


@cache
def solution_code(lab: str) -> str:
    return code(solution(lab))


def code(notebook: NotebookNode) -> str:
    cells = [cell.source for cell in notebook.cells if cell.cell_type == "code"]
    return "\n".join(line for cell in cells for line in cell.splitlines() if not line.lstrip().startswith(("%", "!")))


@pytest.mark.parametrize("lab", labs())
def test_the_committed_notebook_is_what_the_solution_makes(lab: str) -> None:
    committed = assignment_path(lab).read_text(encoding="utf-8")
    assert committed == as_json(handed_out(lab)), "run `python -m reference.handed_out` and commit assignments/"


def test_a_course_with_a_self_check_hands_out_cells_that_bring_and_run_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(VISION, tmp_path / "course")
    sheet = tmp_path / "course" / "course.yaml"
    sheet.write_text(sheet.read_text("utf-8") + f"self_check: {WHEEL}\n", "utf-8")
    monkeypatch.setenv("GRADER_COURSE", str(tmp_path / "course"))
    plain, notebook = starter("digits_mlp"), handed_out("digits_mlp")
    first, *rest = [cell.source for cell in notebook.cells]
    assert first == BRINGING.format(address=WHEEL)
    checks = [source for source in rest if 'grader.check("digits_mlp")' in source]
    assert checks and [source for source in rest if source not in checks] == [cell.source for cell in plain.cells]


@pytest.mark.parametrize(
    "address", ["x.whl; rm -rf /", "ftp://example.org/x.whl", "https://example.org/x", "https://e.org/$(id).whl"]
)
def test_an_address_that_is_none_of_a_wheel_is_told_with_its_line(
    address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(VISION, tmp_path / "course")
    sheet = tmp_path / "course" / "course.yaml"
    sheet.write_text(f"self_check: {address!r}\n" + sheet.read_text("utf-8"), "utf-8")
    with pytest.raises(RubricError, match=r"course\.yaml:1: self_check is no address of a wheel"):
        load_course(tmp_path / "course")


@pytest.mark.parametrize("lab", labs())
def test_every_assignment_has_a_solution_and_no_marker_reaches_a_student(lab: str) -> None:
    assert {path.stem for path in assignment_path(lab).parent.glob("*.ipynb")} == set(labs())
    for notebook in (starter(lab), solution(lab)):
        assert "###" not in code(notebook)
    ast.parse(code(solution(lab)))
    for cell in starter(lab).cells:
        if cell.cell_type == "code" and cell.metadata["id"] not in NO_PYTHON:
            ast.parse("\n".join(line for line in cell.source.splitlines() if not line.lstrip().startswith(("%", "!"))))


@pytest.mark.parametrize("lab", labs())
def test_notebooks_look_as_colab_saves_them(lab: str) -> None:
    notebook = starter(lab)
    ids = [cell.metadata["id"] for cell in notebook.cells]
    assert (notebook.nbformat, notebook.nbformat_minor) == (4, 0)
    assert len(set(ids)) == len(ids)
    assert all(len(name) == 12 for name in ids)
    assert not any("id" in cell for cell in notebook.cells)
    assert not any(cell.get("outputs") for cell in notebook.cells)


@pytest.mark.parametrize("lab", labs())
def test_students_write_in_the_cells_the_course_knows(lab: str) -> None:
    empty = {cell.metadata["id"]: cell.source for cell in starter(lab).cells}
    full = {cell.metadata["id"]: cell.source for cell in solution(lab).cells}
    assert list(empty) == list(full)
    assert all(empty[hole] != full[hole] for hole in HOLES.get(lab, ()))


@pytest.mark.parametrize(("lab", "name", "variant"), VARIANTS, ids=[f"{lab}-{name}" for lab, name, _ in VARIANTS])
def test_every_edit_fits_the_solution_and_leaves_python(lab: str, name: str, variant: Variant) -> None:
    compile(variant_code(lab, variant), name, "exec")
    assert variant_code(lab, variant) != solution_code(lab)


@pytest.mark.parametrize("lab", labs())
def test_no_two_variants_are_the_same_notebook(lab: str) -> None:
    seen: dict[str, str] = {}
    for other, name, variant in VARIANTS:
        if other == lab:
            assert seen.setdefault(variant_code(lab, variant), name) == name


@pytest.mark.parametrize("lab", labs())
def test_a_numbered_mutant_has_a_first_one(lab: str) -> None:
    mistakes = load_edits(lab).mistakes
    assert {mistake_of(name) for name in mistakes} <= set(mistakes)


def test_an_edit_whose_text_is_not_there_is_refused_with_its_text() -> None:
    with pytest.raises(NotebookError, match="found 0"):
        edited("lab1_warmup", [Edit("no such text", "")])
    with pytest.raises(NotebookError, match=r"expects 1 .* found 2"):
        edited("lab1_warmup", [Edit("mu = 0.0", "mu = 1.0")])
    with pytest.raises(NotebookError, match=r"found 0. Write its lines flush left."):
        edited("lab1_warmup", [Edit("mu = 0.0\n    sigma = 1.0", "mu = 1.0", times=2)])


def test_lines_of_an_edit_take_the_indentation_of_the_first() -> None:
    notebook = edited("lab1_warmup", [Edit("mu = 0.0\nsigma = 1.0", "mu = 0.0\n\nsigma = 2.0", times=2)])
    assert "    mu = 0.0\n\n    sigma = 2.0\n" in code(notebook)
