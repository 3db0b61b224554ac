"""Grades as other programs import them, by the columns and fields that these programs document."""

import csv
import json
from pathlib import Path
from xml.etree import ElementTree

import pytest
from sample_grades import CHECKS, graded
from sample_mailbox import mail_course
from test_cli import grader, refused

from grader.scoring.results import harmless

AMBAR = {"student": "Ámbar Tejón Ñandú", "student_id": "900001", "lab": "lab1_warmup", "earned": 3.0, "pending": 1.0}
FORMULA = {"student": "=HYPERLINK(1)", "lab": "lab1_warmup", "outcome": "unreadable", "earned": 0.0}
ROWS = [
    AMBAR | {"checks": CHECKS},
    {"student": "Olmo Río Verde", "lab": "lab1_warmup", "checks": CHECKS[:1], "earned": 2.0, "page": "Olmo/lab1.html"},
    {"student": "Olmo Río Verde", "lab": "lab2_mlp", "earned": 5.0, "possible": 6.0, "page": "../../out.html"},
    FORMULA | {"reason": "no\x00tebook"},
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("export")
    mail_course(made / "course")
    graded(made / "grades", ROWS)
    for form in ("moodle", "canvas", "gradescope", "junit"):
        done = grader("export", "grades", "--to", form, "--course", "course", folder=made)
        assert done.returncode == 0 and "1 submission with open points" in done.stderr, done.stderr
    return made / "export"


def table(path: Path) -> list[list[str]]:
    return [*csv.reader(path.read_text("utf-8").splitlines())]


def test_moodle_finds_students_by_number_or_address_and_a_column_for_each_lab(folder: Path) -> None:
    head, *rows = table(folder / "moodle.csv")
    assert head == ["ID number", "Email address", "Full name", "Lab1: Warming Up", "Lab2: MLP and Dropout"]
    assert rows[0] == ["900001", "ambar@students.example", "Ámbar Tejón Ñandú", "3", ""]
    assert rows[1] == ["900002", "olmo@students.example", "Olmo Río Verde", "2", "5"], "by name, as the row has no id"
    assert len(rows) == 21 and rows[2][3:] == ["", ""], "an empty cell changes nothing"
    checks = table(folder / "moodle-checks.csv")
    assert checks[0][3:] == ["Lab1: Warming Up: shape", "Lab1: Warming Up: value", "Lab1: Warming Up: words"]
    assert checks[1][3:] == ["2", "1", "0"]


def test_canvas_has_its_five_columns_and_a_row_of_possible_points(folder: Path) -> None:
    head, possible, *rows = table(folder / "canvas.csv")
    assert head[:5] == ["Student", "ID", "SIS User ID", "SIS Login ID", "Section"]
    assert possible == ["    Points Possible", "", "", "", "", "5", "6"]
    assert rows[1] == ["Olmo Río Verde", "", "900002", "olmo@students.example", "", "2", "5"]
    assert table(folder / "canvas-checks.csv")[1][5:] == ["2", "2", "1"]


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", " =1", "＝1", "|x", "%x"])
def test_no_cell_is_a_formula(text: str) -> None:
    assert harmless(text).startswith("'")


def test_a_student_who_calls_themselves_a_formula_is_a_name(folder: Path) -> None:
    for name in ("moodle.csv", "moodle-checks.csv", "canvas.csv", "canvas-checks.csv"):
        cells = [cell for row in table(folder / name) for cell in row]
        assert "'=HYPERLINK(1)" in cells
        assert not [cell for cell in cells if cell.startswith(("=", "+", "-", "@", "\t"))]


def test_gradescope_gets_a_file_for_each_submission_with_the_fields_it_knows(folder: Path) -> None:
    files = sorted(
        path.relative_to(folder / "gradescope").as_posix() for path in (folder / "gradescope").rglob("*.json")
    )
    assert files == [
        "=HYPERLINK(1)/lab1_warmup/results.json",
        "Olmo Río Verde/lab2_mlp/results.json",
        "Olmo/lab1/results.json",
        "Ámbar Tejón Ñandú/lab1_warmup/results.json",
    ]
    told = json.loads((folder / "gradescope" / files[3]).read_text("utf-8"))
    assert told["score"] == 3.0 and told["output"] == "3 of 5 points, 1 open."
    assert [(test["name"], test["score"], test["max_score"], test.get("status")) for test in told["tests"]] == [
        ("shape", 2.0, 2.0, "passed"),
        ("value", 1.0, 2.0, "failed"),
        ("words", 0.0, 1.0, None),
    ]
    known = {"number", "name", "score", "max_score", "output", "output_format", "tags", "visibility", "status"}
    assert all(set(test) <= known for test in told["tests"])


def test_junit_has_a_suite_for_each_submission_and_counts_that_agree(folder: Path) -> None:
    root = ElementTree.parse(folder / "junit.xml").getroot()
    suites = root.findall("testsuite")
    assert suites[0].get("name") == "Ámbar Tejón Ñandú lab1_warmup" and len(suites) == 4
    for suite in suites:
        cases = suite.findall("testcase")
        counts = [str(sum(case.find(kind) is not None for case in cases)) for kind in ("failure", "error", "skipped")]
        assert [suite.get("tests"), suite.get("failures"), suite.get("errors"), suite.get("skipped")] == [
            str(len(cases)),
            *counts,
        ]
    assert [suite.get("failures") for suite in suites] == ["1", "0", "0", "0"]
    assert suites[3].find("testcase/error") is not None


def test_what_is_no_folder_of_grades_is_told(tmp_path: Path) -> None:
    refused(
        grader("export", "nowhere", folder=tmp_path), 2, "nowhere", "Name the folder that `grader grade --out` wrote"
    )
