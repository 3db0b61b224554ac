"""More hand-ins into one out folder: everybody else's rows, pages and lines of the gradebook stay."""

import csv
import json
from pathlib import Path
from typing import Any

import pytest
import sample_reports as sample
from msgspec.structs import replace

from grader.batch.kept_rows import beside, earlier_rows, settled, together
from grader.batch.store import Asked
from grader.course.folder import load_rubric
from grader.errors import UsageError
from grader.model import Report, Submission, TrainPolicy
from grader.scoring.results import write_reports


def handed_in(student: str, lab: str | None = "lab4_gru", **more: Any) -> Submission:
    more = {"path": Path(f"/class/{student}/{lab}.ipynb"), "named_by": "path", **more}
    return replace(sample.submission(student, lab), **more)


def graded(out: Path, *submissions: Submission, like: Report | None = None) -> list[str]:
    """The names that the submissions got."""
    rows = settled(submissions, earlier_rows(out))
    reports = [replace(like or sample.good(), submission=each) for each in rows.submissions]
    write_reports(reports, out, beside(reports, out))
    return [each.student for each in rows.submissions]


def table(out: Path) -> dict[str, dict[str, str]]:
    with (out / "gradebook.csv").open(encoding="utf-8", newline="") as file:
        lines = list(csv.DictReader(file))
    assert len({(line["student"], line["lab"]) for line in lines}) == len(lines)
    return {f"{line['student']}, {line['lab']}": line for line in lines}


def test_the_others_keep_their_rows_pages_and_points(tmp_path: Path) -> None:
    graded(tmp_path, handed_in("Ane", student_id="7", file="Ane/nb.ipynb"), like=sample.mistaken())
    before, page = table(tmp_path), (tmp_path / "Ane/lab4_gru.html").read_bytes()
    graded(tmp_path, handed_in("Jon"), handed_in("Eva", None))
    assert {name: line for name, line in table(tmp_path).items() if name in before} == before
    assert table(tmp_path).keys() == {"Ane, lab4_gru", "Jon, lab4_gru", "Eva, "}
    assert (tmp_path / "Ane/lab4_gru.html").read_bytes() == page
    rows = json.loads((tmp_path / "results.json").read_bytes())["submissions"]
    assert {row["student"] for row in rows} == {"Ane", "Jon", "Eva"}
    index = (tmp_path / "index.html").read_text("utf-8")
    assert all(f'href="{row["page"]}"' in index and (tmp_path / row["page"]).is_file() for row in rows)


def test_the_class_page_still_names_the_mistakes_of_those_who_stay(tmp_path: Path) -> None:
    title = load_rubric("lab1_warmup").mistakes["sign-missing"].title
    report = sample.mistaken()
    checks = [replace(c, mistake="sign-missing", mistake_title=title) if c.mistake else c for c in report.card.checks]
    slipped = replace(report, card=replace(report.card, checks=tuple(checks)))
    graded(tmp_path, handed_in("Ane", "lab1_warmup"), like=slipped)
    times = (tmp_path / "index.html").read_text("utf-8").count(title)
    graded(tmp_path, handed_in("Jon", "lab1_warmup"))
    assert (tmp_path / "index.html").read_text("utf-8").count(title) == times > 0


def test_a_resubmission_takes_the_place_of_that_students_row_alone(tmp_path: Path) -> None:
    graded(tmp_path, handed_in("Ane"), handed_in("Ane", "lab2_mlp"), handed_in("Anette"), like=sample.mistaken())
    assert graded(tmp_path, handed_in("ane", path=Path("/later/nb.ipynb"))) == ["ane"]
    points = {name: line["earned"] for name, line in table(tmp_path).items()}
    worse, better = str(sample.mistaken().card.earned), str(sample.good().card.earned)
    assert points == {"ane, lab4_gru": better, "Ane, lab2_mlp": worse, "Anette, lab4_gru": worse}


def test_the_same_file_under_another_name_has_one_row(tmp_path: Path) -> None:
    graded(tmp_path, handed_in("lab4", path=Path("/in/lab4.ipynb"), named_by="file"))
    graded(tmp_path, handed_in("Ane", path=Path("/in/lab4.ipynb")))
    assert table(tmp_path).keys() == {"Ane, lab4_gru"}


@pytest.mark.parametrize(
    ("first", "later"),
    [
        ({"student_id": "7"}, {"student_id": "8"}),
        ({}, {"named_by": "words"}),
        ({"named_by": "words"}, {}),
        ({"named_by": "file"}, {"named_by": "file"}),
    ],
    ids=["another id", "a claim", "after a claim", "nobody's name"],
)
def test_another_student_of_the_name_takes_no_row(first: dict[str, Any], later: dict[str, Any], tmp_path: Path) -> None:
    graded(tmp_path, handed_in("Ane", **first), handed_in("Jon"), like=sample.mistaken())
    (name,) = graded(tmp_path, handed_in("Ane", path=Path("/later/nb.ipynb"), **later))
    assert len(table(tmp_path)) == 3
    pages = [row["page"].casefold() for row in json.loads((tmp_path / "results.json").read_bytes())["submissions"]]
    assert len(set(pages)) == 3
    assert (name == "Ane") == (first.get("named_by") == "words")


def test_two_names_of_one_page_have_two_pages(tmp_path: Path) -> None:
    graded(tmp_path, handed_in("Ane:1"))
    graded(tmp_path, handed_in("Ane?1"))
    assert len(table(tmp_path)) == 2
    assert len(list((tmp_path / "Ane_1").glob("*.html"))) == 2


def test_rows_that_cannot_be_read_are_not_written_over(tmp_path: Path) -> None:
    (tmp_path / "results.json").write_text("{")
    with pytest.raises(UsageError, match=r"results.json: the rows of earlier gradings"):
        graded(tmp_path, handed_in("Ane"))
    assert (tmp_path / "results.json").read_text() == "{"


def asked(*submissions: Submission, train: TrainPolicy = TrainPolicy.NONE) -> Asked:
    return Asked(submissions, None, train, None, True, True)


def test_what_was_graded_in_the_same_way_is_judged_anew_together() -> None:
    ane, jon, again = handed_in("Ane"), handed_in("Jon"), handed_in("Ane", path=Path("/later/nb.ipynb"))
    assert together(asked(ane, jon), asked(again)).submissions == (jon, again)
    assert together(asked(jon, train=TrainPolicy.FULL), asked(ane)).submissions == (ane,)
    assert together(None, asked(ane)).submissions == (ane,)
