"""What a batch leaves on disk for programs and people."""

import csv
import io
import json
import os
from pathlib import Path

import jsonschema
import msgspec
import pytest
import sample_reports as sample

import reports
from grader.errors import UsageError
from grader.model import Report
from grader.scoring.results import (
    ensure_writable,
    gradebook_csv,
    page_paths,
    results_json,
    results_schema,
    write_reports,
)

SCHEMA = Path(reports.__file__).with_name("results.schema.json")


def named(student: str, lab: str | None = "lab4_gru") -> Report:
    report = sample.good()
    return msgspec.structs.replace(report, submission=sample.submission(student, lab))


def rows(*graded: Report) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(gradebook_csv(graded).decode())))


def test_the_published_schema_is_that_of_the_code() -> None:
    assert SCHEMA.read_bytes() == results_schema(), (
        "write grader.scoring.results.results_schema() into reports/results.schema.json"
    )


def test_results_fit_the_published_schema() -> None:
    jsonschema.Draft202012Validator.check_schema(json.loads(SCHEMA.read_bytes()))
    jsonschema.validate(json.loads(results_json(sample.whole_class())), json.loads(SCHEMA.read_bytes()))
    jsonschema.validate(json.loads(results_json([])), json.loads(SCHEMA.read_bytes()))


def test_a_row_says_what_the_report_says() -> None:
    (row,) = json.loads(results_json([sample.mistaken()]))["submissions"]
    assert row["path"] == "/class/lab4_gru/student02.ipynb"
    assert (row["earned"], row["possible"], row["pending"]) == (3.5, 8.0, 2.0)
    assert (row["outcome"], row["isolation"], row["seconds"]) == ("failed_cells", "bubblewrap", 31.25)
    assert len(row["repairs"]) == 3
    assert row["remarks"][0]["id"] == "tuned"
    mirrored = next(check for check in row["checks"] if check["id"] == "gru_step")
    assert mirrored["mistake"] == "mirrored_update"
    assert (mirrored["level"], mirrored["verdict"], mirrored["points"], mirrored["possible"]) == (
        "values",
        "fail",
        1.5,
        2.0,
    )


def test_an_unrecognised_notebook_has_no_lab_and_a_page_of_its_own() -> None:
    (row,) = json.loads(results_json([sample.unreadable()]))["submissions"]
    assert row["lab"] is None
    assert page_paths([sample.unreadable()]) == ("student04/unrecognised.html",)


def test_two_reports_never_share_a_page_even_where_case_does_not_count() -> None:
    pages = page_paths([named("student01"), named("Student01"), named("student01"), named("student01", None)])
    assert len({page.casefold() for page in pages}) == 4


@pytest.mark.parametrize(
    "student", ["index.html", "../../etc", "..", "", "results.json", "a/b", "x" * 400, "\udcff", "javascript:x"]
)
def test_no_name_leaves_the_folder_or_takes_a_place_of_ours(student: str, tmp_path: Path) -> None:
    out = tmp_path / "out"
    written = write_reports([named(student), named("student01")], out)
    assert len(set(written)) == 6
    assert all(path.resolve().is_relative_to(out) and path.is_file() for path in written)
    json.loads((out / "results.json").read_bytes())
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_everything_is_written_whole_and_nothing_else_is_left(tmp_path: Path) -> None:
    written = write_reports(sample.whole_class(), tmp_path)
    left = {path for path in tmp_path.rglob("*") if path.is_file()}
    assert left == set(written)
    assert {"index.html", "class.html", "gradebook.csv", "results.json"} <= {path.name for path in written}


def test_the_class_page_links_to_pages_that_exist(tmp_path: Path) -> None:
    write_reports([named("a b#c?100%"), named("Iñaki")], tmp_path)
    index = (tmp_path / "index.html").read_text()
    assert 'href="a%20b%23c_100%25/lab4_gru.html"' in index
    assert (tmp_path / "a b#c_100%" / "lab4_gru.html").is_file()


@pytest.mark.parametrize(
    "student", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", " =1", "＝1", '=HYPERLINK("x")', "\u202e=1"]
)
def test_no_name_is_a_formula_to_a_spreadsheet(student: str) -> None:
    assert rows(named(student))[0]["student"].startswith("'")


def test_the_gradebook_has_a_row_for_each_notebook() -> None:
    table = rows(sample.mistaken(), sample.unreadable(), named("Iñaki, Ane"))
    assert [row["student"] for row in table] == ["student02", "student04", "Iñaki, Ane"]
    assert table[0]["mistakes"] == "mirrored_update gates_not_regularised"
    assert (table[0]["earned"], table[0]["possible"], table[0]["pending"]) == ("3.5", "8.0", "2.0")
    assert table[1]["outcome"] == "unreadable"


def test_a_folder_that_cannot_be_written_is_named_with_a_remedy(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    with pytest.raises(UsageError, match=r"file: files cannot be written here .* --out"):
        ensure_writable(tmp_path / "file")
    with pytest.raises(UsageError, match="--out"):
        write_reports([sample.good()], tmp_path / "file" / "deeper")
    assert (tmp_path / "file").read_text() == "not a folder"


def test_asking_whether_a_folder_can_be_written_changes_nothing_in_it(tmp_path: Path) -> None:
    (tmp_path / "writable").write_text("mine")
    ensure_writable(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["writable"]
    assert (tmp_path / "writable").read_text() == "mine"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_read_only_folder_is_refused_before_work_starts(tmp_path: Path) -> None:
    tmp_path.chmod(0o555)
    with pytest.raises(UsageError, match="--out"):
        ensure_writable(tmp_path / "out")
