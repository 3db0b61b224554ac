"""A mailbox of 120 messages, as a course has it, ends in the right rows; nothing in a message does anything."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from sample_mailbox import ROOT, ROWS, drive, letter, mail_course, mbox, permit
from test_cli import grader, refused

from grader.commands.intake import told_of_intake
from grader.errors import UsageError
from grader.intake.collect import hand_ins
from grader.intake.ledger import Became, Held, Intake, Message, intake_schema, read_intake

Taken = dict[int, Any]


@pytest.fixture(scope="module")
def course(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return mail_course(tmp_path_factory.mktemp("course") / "mine")


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with drive() as address:
        yield address


@pytest.fixture(scope="module")
def taken(course: Path, server: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder after the whole mailbox was taken in once."""
    folder = tmp_path_factory.mktemp("intake")
    (folder / "mail.mbox").write_bytes(mbox(ROWS))
    done = grader("intake", "mail.mbox", "--out", "hand-ins", "--course", course, folder=folder, GRADER_DRIVE=server)
    assert (done.returncode, done.stdout) == (0, ""), done.stderr
    return folder / "hand-ins"


def rows_of(folder: Path) -> Taken:
    """By the number of the message in messages.yaml."""
    messages = json.loads((folder / "intake.json").read_bytes())["messages"]
    return {int(message["origin"].split()[-1]): message for message in messages}


def test_the_mailbox_has_120_messages_of_nobody() -> None:
    assert [row["n"] for row in ROWS] == [*range(1, 121)]
    assert all(".example" in row["from"] or "example.org" in row["from"] for row in ROWS)


def test_every_message_has_a_row_and_the_schema_is_the_published_one(taken: Path) -> None:
    assert sorted(rows_of(taken)) == [row["n"] for row in ROWS]
    schema = json.loads((ROOT / "reports" / "intake.schema.json").read_bytes())
    assert schema == json.loads(intake_schema())
    jsonschema.validate(json.loads((taken / "intake.json").read_bytes()), schema)


@pytest.mark.parametrize("row", ROWS, ids=[f"{row['n']} {row['is']}" for row in ROWS])
def test_a_message_becomes_what_it_should(row: dict[str, Any], taken: Path) -> None:
    message = rows_of(taken)[row["n"]]
    told = (message["became"], message["student"], message["lab"])
    assert told == (row["is"], row["who"], row.get("lab")), message
    files = [held["file"] for held in message["held"] if held["file"]]
    assert bool(files) == (row["is"] == "taken" or row.get("graded", False)), message
    assert message["reason"] or row["is"] == "taken", "whatever does not count has a reason"


def test_what_was_attached_twice_in_two_versions_counts_once(taken: Path) -> None:
    assert [held["became"] for held in rows_of(taken)[61]["held"]] == ["superseded", "taken"]
    assert [held["lab"] for held in rows_of(taken)[94]["held"]] == ["lab3_rnn", "lab4_gru"]


def test_who_is_in_doubt_is_listed_with_whom_it_may_be(taken: Path) -> None:
    rows = rows_of(taken)
    assert rows[5]["candidates"] == ["Luna Faro Nubes (900004)", "Luna Faro Arena (900005)"]
    assert rows[92]["candidates"][0] == "Olmo Río Verde (900002)"
    assert rows[27]["candidates"] == ["Haize Mendi Gorri (900003)", "Elur Zuri Beltz (900008)"]
    assert all(row["candidates"] == [] for row in rows.values() if row["became"] == "taken")


def test_the_folder_is_graded_under_the_right_names_and_labs(
    taken: Path, monkeypatch: pytest.MonkeyPatch, course: Path
) -> None:
    monkeypatch.setenv("GRADER_COURSE", str(course))
    found = hand_ins([taken])
    expected = {
        (row["who"], row["lab"]) for row in ROWS if (row["is"] == "taken" or row.get("graded")) and "lab" in row
    }
    expected |= {("Ekaitz Hodei Ilun", "lab4_gru")}
    assert {(one.student, one.lab) for one in found.submissions} == expected
    assert len(found.submissions) == len(expected) and not any(one.fault for one in found.submissions)
    assert {one.student_id for one in found.submissions} == {f"9000{n:02}" for n in range(1, 21)} - {""}
    some = hand_ins([taken / "lab1_warmup"]).submissions
    assert {one.student for one in some} == {student for student, lab in expected if lab == "lab1_warmup"}


def test_a_ledger_in_a_student_s_own_folder_names_nobody(taken: Path, tmp_path: Path) -> None:
    ledger, book = (taken / "intake.json").read_bytes(), (taken / "lab1_warmup/Elur Zuri Beltz.ipynb").read_bytes()
    for name in ("Cheat Er", "Una Otra"):
        (tmp_path / "class" / name / "lab1_warmup").mkdir(parents=True)
        (tmp_path / "class" / name / "lab1_warmup/Elur Zuri Beltz.ipynb").write_bytes(book)
    (tmp_path / "class/Cheat Er/intake.json").write_bytes(ledger)
    whole = hand_ins([tmp_path / "class"]).submissions
    each = hand_ins(sorted((tmp_path / "class").iterdir())).submissions
    assert {one.student for one in whole} == {one.student for one in each} == {"Cheat Er", "Una Otra"}


def test_nothing_in_a_message_is_carried_out_or_leaves_the_folder(taken: Path) -> None:
    everything = {path.relative_to(taken.parent).as_posix() for path in taken.parent.rglob("*") if path.is_file()}
    assert not any("pwned" in path or "passwd" in path for path in everything)
    laid = {path for path in everything if path.endswith(".ipynb") and "/.intake/" not in path}
    assert all(path.count("/") == 2 and ".." not in path for path in laid)
    ours = {".intake", "replies", "intake.json", "mail.mbox"} | {row["lab"] for row in ROWS if "lab" in row}
    assert {path.partition("/")[2].split("/")[0] or path for path in everything} <= ours


def test_a_reply_is_written_for_a_link_that_is_not_shared_and_for_nothing_that_was_settled(taken: Path) -> None:
    replies = {path.name: path.read_text("utf-8") for path in (taken / "replies").iterdir()}
    (ola,) = [text for name, text in replies.items() if name.startswith("Ola Marea Baja lab1_warmup")]
    assert "To: ola@students.example" in ola and "X-Unsent: 1" in ola and "In-Reply-To: <18@example.net>" in ola
    assert not [name for name in replies if name.startswith(("Trueno Pez Globo lab4", "Søren", "Itsaso"))]


@pytest.fixture
def intake(course: Path, server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], str]:
    """What the command says, without a process of its own."""
    monkeypatch.setenv("GRADER_COURSE", str(course))
    monkeypatch.setenv("GRADER_DRIVE", server)
    monkeypatch.chdir(tmp_path)
    return lambda source: "\n".join(told_of_intake(source, tmp_path / "out"))


def test_the_same_again_takes_up_only_what_is_new_and_what_was_shared_since(
    intake: Callable[[str], str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with drive() as own:
        monkeypatch.setenv("GRADER_DRIVE", own)
        _the_same_again(intake, tmp_path)


def _the_same_again(intake: Callable[[str], str], tmp_path: Path) -> None:
    (tmp_path / "mail").mkdir()
    few = [row for row in ROWS if row["n"] in (1, 18, 23)]
    for row in few:
        (tmp_path / "mail" / f"{row['n']}.eml").write_bytes(letter(row, row["n"]))
    assert "3 messages, 3 of them new: 1 taken, 1 no permission, 1 no hand-in." in intake("mail")
    before = (tmp_path / "out/intake.json").read_text("utf-8").count('"key"')
    assert "3 messages, 0 of them new" in intake("mail")
    assert (tmp_path / "out/intake.json").read_text("utf-8").count('"key"') == before
    permit("private-lab1-18")
    (tmp_path / "mail" / "1.eml").write_bytes(b"Status: RO\n" + letter(few[0], 1))
    (tmp_path / "mail" / "3.eml").write_bytes(letter(ROWS[2], 3))
    assert "4 messages, 1 of them new: 3 taken, 1 no hand-in." in intake("mail")
    assert list((tmp_path / "out/replies").iterdir()) == []
    assert (tmp_path / "out/lab1_warmup/Ola Marea Baja.ipynb").is_file()


def test_a_line_in_the_roster_settles_a_doubt(
    intake: Callable[[str], str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = mail_course(tmp_path / "course")
    monkeypatch.setenv("GRADER_COURSE", str(own))
    (tmp_path / "5.eml").write_bytes(letter(ROWS[4], 5))
    assert "1 doubtful" in intake("5.eml")
    roster = (own / "roster.csv").read_text("utf-8")
    both = "luna2@students.example lunita@home.example"
    (own / "roster.csv").write_text(roster.replace("luna2@students.example", both), "utf-8")
    assert "0 of them new: 1 taken" in intake("5.eml")


def test_a_maildir_and_an_mbox_without_an_ending_are_known_by_what_they_hold(
    intake: Callable[[str], str], tmp_path: Path
) -> None:
    for name in ("new", "cur", "tmp"):
        (tmp_path / "Maildir" / name).mkdir(parents=True)
    (tmp_path / "Maildir/new/1.x.host").write_bytes(letter(ROWS[0], 1))
    (tmp_path / "Maildir/cur/2.x.host:2,S").write_bytes(letter(ROWS[1], 2))
    (tmp_path / "Inbox").write_bytes(mbox(ROWS[:3]))
    assert "2 messages, 2 of them new: 2 taken." in intake("Maildir")
    assert "3 messages, 1 of them new: 3 taken." in intake("Inbox")


def test_a_kill_at_any_moment_loses_no_message(course: Path, server: str, tmp_path: Path) -> None:
    (tmp_path / "mail.mbox").write_bytes(mbox(ROWS[:22]))
    command = [sys.executable, "-m", "grader", "intake", "mail.mbox", "--out", "out", "--course", str(course)]
    environment = os.environ | {"GRADER_DRIVE": server, "PYTHONPATH": str(ROOT)}
    kept = tmp_path / "out/.intake/messages"
    for wanted in (1, 8, 16):
        with subprocess.Popen(command, cwd=tmp_path, env=environment, stderr=subprocess.DEVNULL) as running:
            while running.poll() is None and len([*kept.glob("*.json")]) < wanted:
                time.sleep(0.005)
            running.send_signal(signal.SIGKILL)
        assert len([*kept.glob("*.json")]) >= wanted
    done = grader(*command[3:], folder=tmp_path, GRADER_DRIVE=server)
    assert "22 messages" in done.stderr
    whole = {n: (row["became"], row["student"]) for n, row in rows_of(tmp_path / "out").items()}
    assert whole == {row["n"]: (row["is"], row["who"]) for row in ROWS[:22]} | {13: ("taken", "Zëta Ömega Prueba")}
    assert not [*(tmp_path / "out").rglob("*.part")]


def test_what_is_no_source_is_told_in_a_sentence(course: Path, tmp_path: Path) -> None:
    refused(grader("intake", "nowhere", "--course", course, folder=tmp_path), 2, "nowhere does not exist")
    refused(grader("intake", "--course", course, folder=tmp_path), 2, "Say where the mail lies")
    said = grader("intake", "imaps://a:secret@mail.example/INBOX", "--course", course, folder=tmp_path)
    refused(said, 2, "a password does not belong into an address")
    assert "secret" not in said.stderr


def test_a_ledger_that_was_damaged_is_told_and_made_again(intake: Callable[[str], str], tmp_path: Path) -> None:
    (tmp_path / "1.eml").write_bytes(letter(ROWS[0], 1))
    intake("1.eml")
    (tmp_path / "out/intake.json").write_text("{")
    with pytest.raises(UsageError, match=r"intake\.json cannot be read .* nothing is lost"):
        intake("1.eml")
    (tmp_path / "out/intake.json").unlink()
    assert "1 message, 0 of them new: 1 taken." in intake("1.eml")
    assert isinstance(read_intake(tmp_path / "out"), Intake)


@pytest.mark.parametrize(("heading", "kind"), [("### A message", Message), ("### What a message held", Held)])
def test_the_page_on_intake_has_a_row_for_every_field_and_for_no_other(
    heading: str, kind: type[Message | Held]
) -> None:
    page = (ROOT / "docs" / "intake.md").read_text("utf-8")
    section = re.split(r"\n(?=#)", page.split(f"\n{heading}\n")[1])[0]
    assert tuple(re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE)) == kind.__struct_fields__
    assert {*re.findall(r"^\| `([a-z -]+)` \|", page.split("### What became of it")[1], re.MULTILINE)} - {"became"} == {
        *Became
    }
