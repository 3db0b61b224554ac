"""From an empty folder to certificates by the commands of docs/course.md alone, for twenty people who do not exist."""

import csv
import json
import os
import re
import shlex
from collections.abc import Callable
from datetime import datetime
from email.message import EmailMessage
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest
from sample_course import ROOT, change
from test_cli import grader

from grader.review.tables import COLUMNS
from reference.notebooks import as_json, edited, load_edits, solution, starter

PAGE = (ROOT / "docs" / "course.md").read_text("utf-8")
SECTION = PAGE.split("\n## From an empty folder to certificates\n")[1].split("\n## ")[0]
COMMANDS = [shlex.split(line.strip())[1:] for line in SECTION.splitlines() if line.startswith("    grader ")]
SESSIONS = re.findall(r"```yaml\n(.*?)```", SECTION, re.DOTALL)[0]
NAMES = [f"Invented{letter} Person{letter}" for letter in "ABCDEFGHIJKLMNOPQRST"]
IN_TIME = {"softmax": "2026-03-23T18:30:00+01:00", "second": "2026-03-30T19:00:00+02:00"}
AFTER = {"softmax": "2026-03-23T18:30:01+01:00", "second": "2026-03-30T19:00:01+02:00"}
TOO_LATE = {"softmax": "2026-03-24T16:00:00+01:00", "second": "2026-03-31T16:00:00+02:00"}

MARK = {"student": NAMES[2], "lab": "softmax", "check": "softmax", "points": "0.5", "comment": "Copied from the book."}


def sent() -> list[tuple[str, str, str, str]]:
    """Name, lab, time and what: P in progress only, Q by hand-outs, R after the solution, S and T with one lab."""
    letters = []
    for n, name in enumerate(NAMES):
        for lab in IN_TIME:
            times = AFTER if n == 15 else TOO_LATE if n == 17 else IN_TIME
            if n < 18 or lab == "softmax":
                letters.append((name, lab, times[lab], "starter" if n == 16 else "mistake" if n == 0 else "solution"))
    return letters


def mail(folder: Path) -> None:
    books = {lab: written(lab) for lab in IN_TIME}
    with (folder / "mail.mbox").open("wb") as out:
        for n, (name, lab, time, what) in enumerate(sent()):
            letter = EmailMessage()
            letter["Received"] = f"from a by mx.example.org; {format_datetime(datetime.fromisoformat(time))}"
            letter["From"], letter["Subject"] = f"{name} <{name[8].lower()}@students.example>", f"{lab} - {name}"
            letter["Message-ID"] = f"<{n}@students.example>"
            letter.set_content("Here it is.")
            data = books[lab][what].encode()
            letter.add_attachment(data, maintype="application", subtype="octet-stream", filename="notebook.ipynb")
            out.write(b"From x Mon Mar 23 18:00:00 2026\n" + letter.as_bytes() + b"\n")


def written(lab: str) -> dict[str, str]:
    mistake = next(iter(load_edits(lab).mistakes.values()))
    return {
        "solution": as_json(solution(lab)),
        "mistake": as_json(edited(lab, mistake.edits)),
        "starter": as_json(starter(lab)),
    }


@pytest.fixture(scope="module")
def walked(kernel: None, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the commands leave behind. Between them stand the two things that a person writes: days and people."""
    folder = tmp_path_factory.mktemp("walk")
    run: Callable[..., Any] = lambda command, **more: grader(*command, folder=folder, **more)  # noqa: E731
    for written_down in COMMANDS:
        command = [*written_down]
        if command[0] == "doctor":
            change(folder / "course/course.yaml", "sessions: {}\n", SESSIONS)
            people = "".join(f"{name},{n},{name[8].lower()}@students.example,en\n" for n, name in enumerate(NAMES))
            (folder / "course/roster.csv").write_text("name,id,email,language\n" + people, "utf-8")
            with pytest.MonkeyPatch.context() as patch:
                patch.setenv("GRADER_COURSE", str(folder / "course"))
                mail(folder)
        if command[:2] == ["certify", "--check"]:
            page = next((folder / "certificates/progress").glob("InventedB*.html")).read_text("utf-8")
            command = ["certify", "--check", re.findall(r'class="code">([^<]+)<', page)[0], *command[3:]]
        if "--import" in command:
            with (folder / "marks.csv").open("a", newline="", encoding="utf-8") as table:
                csv.DictWriter(table, COLUMNS).writerow(MARK)
        extra = ["--train", "none", "--allow-unisolated"] if command[0] == "grade" else []
        done = run([*command, *extra])
        assert done.returncode == 0, (command, done.stderr)
        (folder / f"said-{command[0]}").write_text(done.stdout + done.stderr, "utf-8")
    return folder


def standing(walked: Path) -> dict[tuple[str, str], dict[str, str]]:
    rows = csv.DictReader((walked / "certificates/standing.csv").read_text("utf-8").splitlines())
    return {(row["student"][8], row["certificate"]): row for row in rows}


def test_the_page_has_the_commands_in_their_order() -> None:
    assert [command[0] for command in COMMANDS] == [
        "init", "new-lab", "new-lab", "doctor", "intake", "grade", "review", "review", "certify", "export", "certify"
    ]  # fmt: skip
    assert len(NAMES) == 20 and len(sent()) == 38


def test_the_course_is_whole_before_anybody_hands_in(walked: Path) -> None:
    said = (walked / "said-doctor").read_text("utf-8")
    for line in ("✓ days: 2 sessions in Europe/Madrid.", "✓ roster: 20 students.", "✓ key: ", "✓ PDF: "):
        assert line in said, said


def test_every_hand_in_is_graded_under_its_name(walked: Path) -> None:
    rows = json.loads((walked / "grades/results.json").read_bytes())["submissions"]
    assert {(row["student"], row["lab"]) for row in rows} == {(name, lab) for name, lab, _, _ in sent()}
    earned = {(row["student"][8], row["lab"]): (row["earned"], row["outcome"]) for row in rows}
    assert (
        earned["B", "softmax"] == (5.0, "ok")
        and earned["A", "softmax"][0] < 5
        and earned["Q", "second"][1] == "unattempted"
    )


def test_a_mark_that_a_person_wrote_into_the_table_counts(walked: Path) -> None:
    assert "1 mark entered from marks.csv." in (walked / "said-review").read_text("utf-8")
    rows = [*csv.DictReader((walked / "export/moodle.csv").read_text("utf-8").splitlines())]
    assert rows[2]["Full name"] == MARK["student"] and rows[2]["Softmax"] == "3.5"


def test_certificates_go_to_those_who_earned_them_and_the_others_are_told_why(walked: Path) -> None:
    table = standing(walked)
    assert "".join(who for (who, kind), row in table.items() if kind == "attendance" and row["earned"] == "yes") == (
        "ABCDEFGHIJKLMNOQ"
    )
    assert "".join(who for (who, kind), row in table.items() if kind == "progress" and row["earned"] == "yes") == (
        "ABCDEFGHIJKLMNOP"
    )
    assert (
        "softmax was sent on 2026-03-23 at 18:30:01, and was due by 2026-03-23 18:30"
        in table["P", "attendance"]["lacks"]
    )
    assert "second is as it was handed out" in table["Q", "progress"]["lacks"]
    assert "was due before 2026-03-31 16:00" in table["R", "progress"]["lacks"]
    assert "second was not sent" in table["S", "progress"]["lacks"]
    assert len([*(walked / "certificates").rglob("*.pdf")]) == 32


def test_a_code_is_checked_and_the_gradebook_is_exported(walked: Path) -> None:
    assert "Valid: certificate of progress" in (walked / "said-certify").read_text("utf-8")
    rows = [*csv.DictReader((walked / "export/moodle.csv").read_text("utf-8").splitlines())]
    assert len(rows) == 20 and rows[1]["Email address"] == "b@students.example" and rows[1]["Softmax"] == "5"
    assert not [name for name in os.listdir(walked / "certificates") if "key" in name]
