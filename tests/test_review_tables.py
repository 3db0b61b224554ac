"""Marks as CSV: what is exported and imported loses nothing, a line that does not hold enters nothing."""

import csv
import io
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from sample_review import LAB, NO_TEXT, PICTURE, TEXT, decisions, graded, report, row_check, rows
from test_cli import grader, refused

from grader.commands.review import told_of_marks
from grader.errors import UsageError
from grader.gradebook.decisions import Entered, Wish, decide
from grader.model import Automatic, Verdict
from grader.review.tables import COLUMNS

OLMO, HAIZE = "Olmo Río Verde", "Haize Mendi Gorri"
FORMULA = "=HYPERLINK(1)"
COMMENTS = ("=1+1", "'quoted'", 'two\nlines, “quoted” "twice"', "+34 600", "@you", "plain ; and , and\ttabs", "'=x")
Cells = dict[str, str]


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return graded(
        tmp_path / "grades", [report(who, f"{who} wrote this") for who in (OLMO, HAIZE, FORMULA, "Nube Alta")]
    )


def marked(out: Path, student: str, points: float | None, comment: str, seen: int = 0) -> Entered:
    own = Automatic(Verdict.MANUAL, 0.0, None, "Your instructor will read this one.")
    return decide(out, [Wish(student, "", LAB, TEXT, points, "", comment, "Reader", own, seen, "2026-03-01T10:00:00Z")])


def exported(out: Path) -> list[Cells]:
    file = out.parent / "marks.csv"
    assert [*told_of_marks(out, None, None, file)][-1] == f"Marks: {file}"
    return [*csv.DictReader(io.StringIO(file.read_bytes().decode(), newline=""))]


def imported(out: Path, table: list[Cells], delimiter: str = ",") -> str:
    """What is said of it."""
    text, file = io.StringIO(), out.parent / "filled.csv"
    writer = csv.DictWriter(text, COLUMNS, delimiter=delimiter, extrasaction="ignore")
    writer.writeheader()
    writer.writerows(table)
    file.write_text(text.getvalue(), "utf-8-sig", newline="")
    try:
        return " ".join(told_of_marks(out, "Importer", file, None))
    except UsageError as error:
        assert str(error).startswith("filled.csv:")
        return str(error)


def line(table: list[Cells], student: str, check: str = TEXT) -> Cells:
    return next(cells for cells in table if (cells["student"].removeprefix("'"), cells["check"]) == (student, check))


def test_a_table_has_a_line_for_each_case_and_takes_marks(out: Path) -> None:
    table = exported(out)
    assert len(table) == 4 * 3 and [*table[0]] == [*COLUMNS]
    assert line(table, OLMO)["answer"] == "Olmo Río Verde wrote this" and line(table, OLMO)["points"] == ""
    line(table, OLMO).update(points="0,5", reason="Right", comment="Fine.")
    line(table, HAIZE, "learns").update(points="1")
    assert "2 marks entered" in imported(out, table, ";")
    assert row_check(out, OLMO).points == 0.5 and row_check(out, HAIZE, "learns").verdict is Verdict.PASS
    assert [entry.wish.reviewer for entry in decisions(out, OLMO)] == ["Importer"]


@pytest.mark.parametrize("comment", COMMENTS)
def test_there_and_back_loses_nothing(out: Path, tmp_path: Path, comment: str) -> None:
    shutil.copytree(out, tmp_path / "elsewhere")
    for who in (OLMO, FORMULA):
        marked(out, who, 0.25, comment)
    table = exported(out)
    assert not any(value.startswith(("=", "+", "-", "@")) for cells in table for value in cells.values())
    assert "0 marks entered" in imported(out, table), "what is decided already is not decided again"
    assert "2 marks entered" in imported(tmp_path / "elsewhere", table)
    for who in (OLMO, FORMULA):
        (own,), (other,) = decisions(out, who), decisions(tmp_path / "elsewhere", who)
        assert other.decision == own.decision
    numbered = {"decision": ""}  # each gradebook has numbers of its own
    assert [cells | numbered for cells in exported(tmp_path / "elsewhere")] == [cells | numbered for cells in table]


def test_a_changed_line_is_decided_anew_by_whoever_imports_it(out: Path) -> None:
    marked(out, OLMO, 0.25, "Hm.")
    table = exported(out)
    line(table, OLMO).update(points="0.5")
    assert "1 mark entered" in imported(out, table)
    first, second = decisions(out, OLMO)
    assert (second.wish.points, second.wish.reviewer, second.wish.comment) == (0.5, "Importer", "Hm.")
    assert second.wish.time > first.wish.time


def test_a_table_does_not_overwrite_what_was_decided_since_it_was_written(out: Path) -> None:
    table = exported(out)
    marked(out, OLMO, 0.25, "Hm.")
    line(table, OLMO).update(points="0.5")
    line(table, HAIZE).update(points="0.5")
    assert "decided by somebody else since the table was written (0.25 of 0.5 points, Reader" in imported(out, table)
    assert len(decisions(out, OLMO)) == 1 and decisions(out, HAIZE) == []


BROKEN: list[tuple[Callable[[list[Cells]], object], str]] = [
    (lambda table: line(table, HAIZE).update(points="7"), ":7: '7' is not a number from 0 to 0.5"),
    (lambda table: line(table, HAIZE).update(student="Haize Mendi Gori"), "handed in nothing for"),
    (lambda table: line(table, HAIZE).update(check="answer-cost"), "did you mean 'answer-cost-of-zero'?"),
    (lambda table: line(table, HAIZE).update(lab="lab9"), "is no check of Haize Mendi Gorri in 'lab9'"),
    (lambda table: line(table, HAIZE).update(points="0", reason="So"), "'So' is no reason of the list"),
    (lambda table: line(table, HAIZE).update(comment="Good."), "there are no points"),
    (lambda table: line(table, HAIZE).update(points="0", decision="x"), "'x' is no number of a decision"),
    (lambda table: table.append(line(table, HAIZE)), "stand in filled.csv:7 already"),
    (lambda table: line(table, HAIZE).update(points="0", comment="x" * 6000), "Shorten it to 5000"),
]  # fmt: skip


@pytest.mark.parametrize(("broken", "says"), BROKEN, ids=[says for _, says in BROKEN])
def test_a_line_that_does_not_hold_is_named_and_nothing_is_entered(
    out: Path, broken: Callable[[list[Cells]], object], says: str
) -> None:
    table = exported(out)
    line(table, OLMO).update(points="0.5")
    broken(table)
    assert says in imported(out, table)
    assert decisions(out, OLMO) == [] and row_check(out, OLMO).decision is None


def test_a_table_is_written_and_read_by_the_command(out: Path, tmp_path: Path) -> None:
    done = grader("review", out, "--export", tmp_path / "marks.csv")
    assert done.returncode == 0 and "marks.csv" in done.stderr and done.stdout == ""
    done = grader("review", out, "--import", tmp_path / "marks.csv", "--export", tmp_path / "again.csv")
    assert done.returncode == 0 and "0 marks entered" in done.stderr, done.stderr
    assert (tmp_path / "again.csv").read_bytes() == (tmp_path / "marks.csv").read_bytes()


def test_what_is_no_table_is_refused_in_a_sentence(out: Path, tmp_path: Path) -> None:
    table = tmp_path / "no.csv"
    table.write_text("student,lab\nx,y\n", "utf-8")
    refused(grader("review", out, "--import", table), 2, "no.csv:1: there is no column 'check'")
    table.write_bytes(b"student,lab\n\xff\n")
    refused(grader("review", out, "--import", table), 2, "Save it as CSV UTF-8")
    refused(grader("review", out, "--import", tmp_path / "none.csv"), 2, "none.csv cannot be read")


def test_a_line_outside_the_queue_overrules_the_grader(out: Path) -> None:
    cells = dict(student=OLMO, lab=LAB, check="cost", points="2", reason="The grader was mistaken")
    assert "1 mark entered" in imported(out, [cells])
    assert row_check(out, OLMO, "cost").verdict is Verdict.PASS and rows(out)[OLMO].earned == 3.0
    assert NO_TEXT not in row_check(out, OLMO, PICTURE).message
