"""The gradebook keeps every attempt and result, whoever is killed, reads meanwhile, or comes with a newer grader."""

import os
import re
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace
from sample_course import ROOT
from sample_reports import good, hostile, mistaken, unreadable, whole_class
from test_cli import grader, refused

from grader.errors import UsageError
from grader.gradebook.book import FILE, MIGRATIONS, copied, opened, writing
from grader.gradebook.recording import record
from grader.model import Report

PAGE = (ROOT / "docs" / "gradebook.md").read_text("utf-8")
KILLED = """
import sys
from pathlib import Path
from sample_reports import mistaken
from grader.gradebook.recording import record
print("ready", flush=True)
for n in range(100000):
    record([mistaken(f"student {n} {k}") for k in range(5)], Path(sys.argv[1]), "x")
"""


def asked(folder: Path, question: str) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(folder / FILE)) as book:
        return book.execute(question).fetchall()


def counts(folder: Path) -> tuple[int, ...]:
    return tuple(asked(folder, f"SELECT count(*) FROM {name}")[0][0] for name in ("batches", "attempts", "results"))


def with_content(report: Report, content: str) -> Report:
    return replace(report, submission=replace(report.submission, content=content))


def with_points(report: Report, earned: float) -> Report:
    return replace(report, card=replace(report.card, earned=earned))


def test_every_attempt_and_every_result_has_a_row_and_what_is_the_same_has_none(tmp_path: Path) -> None:
    first = with_content(mistaken(), "a" * 64)
    assert record([first, unreadable()], tmp_path, "A course") == 2 and counts(tmp_path) == (1, 2, 2)
    assert record([first, unreadable()], tmp_path, "A course") == 0 and counts(tmp_path) == (2, 2, 2)
    assert record([with_points(first, 1.5)], tmp_path, "A course") == 1 and counts(tmp_path) == (3, 2, 3), "a regrade"
    second = with_content(with_points(first, 2.5), "b" * 64)
    assert record([second], tmp_path, "A course") == 1 and counts(tmp_path) == (4, 3, 4), "another notebook"
    assert record([with_points(first, 1.5)], tmp_path, "A course") == 1, "the earlier one again, which counts now"
    assert asked(tmp_path, "SELECT earned FROM results ORDER BY id")[-3:] == [(1.5,), (2.5,), (1.5,)]
    student = first.submission.student
    assert asked(tmp_path, f"SELECT earned FROM grades WHERE student = '{student}'") == [(1.5,)]
    checks = asked(tmp_path, "SELECT name, points FROM checks WHERE result = 1 ORDER BY rowid")
    assert checks == [(check.id, check.points) for check in first.card.checks]


def test_a_changed_word_of_one_check_is_a_new_result(tmp_path: Path) -> None:
    report = good()
    record([report], tmp_path, "")
    checks = (replace(report.card.checks[0], message="Other words."), *report.card.checks[1:])
    assert record([replace(report, card=replace(report.card, checks=checks))], tmp_path, "") == 1


def test_a_whole_class_is_entered_whatever_it_is_called(tmp_path: Path) -> None:
    assert record([*whole_class(), hostile()], tmp_path, "'; DROP TABLE results; --") >= len(whole_class())
    assert asked(tmp_path, "SELECT DISTINCT course FROM batches") == [("'; DROP TABLE results; --",)]


def test_an_older_gradebook_is_brought_up_to_date_and_loses_nothing(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / FILE)) as old:
        old.executescript(MIGRATIONS[0])
        old.execute("PRAGMA user_version = 1")
        old.execute("INSERT INTO batches VALUES (7, '2026-01-01T00:00:00Z', 'old', '0')")
        old.commit()
    assert record([good()], tmp_path, "new") == 1
    assert asked(tmp_path, "SELECT id FROM batches") == [(7,), (8,)] and asked(
        tmp_path, "SELECT count(*) FROM grades"
    ) == [(1,)]
    assert asked(tmp_path, "PRAGMA user_version") == [(len(MIGRATIONS),)]


def test_a_newer_or_damaged_gradebook_is_left_alone(tmp_path: Path) -> None:
    with opened(tmp_path) as book:
        book.execute("PRAGMA user_version = 99")
    with pytest.raises(UsageError, match="was made by a newer grader"):
        record([good()], tmp_path, "")
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / FILE).write_bytes(b"no database" * 100)
    with pytest.raises(UsageError, match="cannot be used"):
        record([good()], tmp_path / "other", "")
    assert (tmp_path / "other" / FILE).read_bytes() == b"no database" * 100


def test_a_copy_is_whole_while_somebody_writes(tmp_path: Path) -> None:
    record([good()], tmp_path, "")
    with opened(tmp_path) as book, writing(book):
        book.execute("INSERT INTO batches (time, course, grader) VALUES ('x', 'half', 'x')")
        copied(tmp_path, tmp_path / "copy.sqlite")
    with closing(sqlite3.connect(tmp_path / "copy.sqlite")) as copy:
        assert copy.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert copy.execute("SELECT count(*) FROM batches").fetchone() == (1,), "what was not finished is not in it"
    assert not (tmp_path / "copy.sqlite-wal").exists()


def test_a_kill_at_any_moment_leaves_whole_batches(tmp_path: Path) -> None:
    record([good()], tmp_path, "")
    path = os.pathsep.join([str(ROOT), str(ROOT / "tests")])
    for pause in (0.05, 0.3, 0.7):
        command = [sys.executable, "-c", KILLED, str(tmp_path)]
        with subprocess.Popen(command, env=os.environ | {"PYTHONPATH": path}, stdout=subprocess.PIPE) as running:
            assert running.stdout and running.stdout.readline() == b"ready\n"
            time.sleep(pause)
            running.send_signal(signal.SIGKILL)
    batches, _, results = counts(tmp_path)
    assert batches > 1 and results <= 1 + 5 * (batches - 1)
    assert asked(tmp_path, "PRAGMA integrity_check") == [("ok",)]
    parts = asked(tmp_path, "SELECT count(*) FROM results WHERE batch > 1 GROUP BY batch")
    assert {count for (count,) in parts} == {5}, "a batch is entered whole or not at all"


def test_how_a_course_stands_is_said_lab_by_lab(tmp_path: Path) -> None:
    refused(grader("status", folder=tmp_path), 2, "grades holds no gradebook.sqlite")
    (tmp_path / "grades").mkdir()
    record([good(), mistaken()], tmp_path / "grades", "")
    done = grader("status", "--backup", "copy.sqlite", folder=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "lab4_gru: 2 students, " in done.stderr and "(2 notebooks, 2 results, the last on 20" in done.stderr
    assert "Nothing yet of lab1_warmup, lab2_mlp" in done.stderr and (tmp_path / "copy.sqlite").is_file()


@pytest.mark.parametrize("name", ["grades", "batches", "attempts", "results", "checks", "decisions"])
def test_the_page_on_the_gradebook_has_a_row_for_every_column_and_for_no_other(name: str, tmp_path: Path) -> None:
    with opened(tmp_path) as book:
        columns = [row[1] for row in book.execute(f"PRAGMA table_info({name})")]
    section = re.split(r"\n(?=#)", PAGE.split(f"\n### {name}\n")[1])[0]
    assert re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE) == columns
