"""A course far from the grader, graded from a third place: its points, its words, its data, and nothing of ours."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from sample_course import LAB, change, sample_course
from test_cli import grader, refused


@pytest.fixture(scope="module")
def course(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = sample_course(tmp_path_factory.mktemp("far") / "mine")
    change(folder / "rubrics" / f"{LAB}.yaml", "    points: 1\n", "    points: 4\n")
    return folder


@pytest.fixture(scope="module")
def graded(kernel: None, course: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    here = tmp_path_factory.mktemp("here")
    done = grader("demo", "--course", course, "--out", here / "demo", folder=here)
    assert done.returncode == 0, done.stderr
    (row,) = json.loads((here / "demo" / "grades" / "results.json").read_bytes())["submissions"]
    return here, row


def test_points_words_and_mistakes_are_the_course_s(graded: tuple[Path, dict[str, Any]]) -> None:
    here, row = graded
    assert (row["lab"], row["possible"]) == (LAB, 11)
    assert "sign-missing" in {check["mistake"] for check in row["checks"]}
    page = next((here / "demo" / "grades" / "a").glob("*.html")).read_text("utf-8")
    assert "Densities, first" in page and "Warming Up" not in page


def test_notebooks_see_what_the_course_s_program_made(graded: tuple[Path, dict[str, Any]]) -> None:
    here, row = graded
    page = next((here / "demo" / "grades" / "a").glob("*.html")).read_text("utf-8")
    assert "1,2,3" in page and "toy digits made by the course" in page
    assert row["outcome"] == "ok"


def test_it_is_regraded_as_that_course_s_and_as_no_other(graded: tuple[Path, dict[str, Any]], course: Path) -> None:
    here, row = graded
    refused(grader("regrade", "demo/grades", folder=here), 2, "graded for the course 'Densities'", "--course")
    done = grader("regrade", "demo/grades", "--format", "json", folder=here, GRADER_COURSE=str(course))
    (again,) = json.loads(done.stdout)["submissions"]
    assert again | {"seconds": 0} == row | {"seconds": 0} and "runs code cell" not in done.stderr


def test_the_grader_may_lie_anywhere_too(course: Path, tmp_path: Path) -> None:
    root = Path(__file__).parent.parent
    for package in ("grader", "reports", "reference"):
        shutil.copytree(root / package, tmp_path / "lib" / package, ignore=shutil.ignore_patterns("__pycache__"))
    done = grader("data", "--course", course, folder=tmp_path, PYTHONPATH=str(tmp_path / "lib"))
    assert done.returncode == 0 and "digits" in done.stdout and "\nsnli" not in done.stdout


def test_a_sample_class_that_cannot_be_made_leaves_nothing(course: Path, tmp_path: Path) -> None:
    mine = shutil.copytree(course, tmp_path / "mine")
    change(mine / "course.yaml", "sign-missing", "sign-mising")
    done = grader("demo", "--course", mine, "--out", tmp_path / "demo")
    refused(done, 2, "course.yaml, demo, a/lab1.ipynb: lab1_warmup has no edit 'sign-mising'; did you mean")
    assert not (tmp_path / "demo").exists()
