"""What comes in is graded as it comes: whole, once, whoever is killed, and with an end that leaves nothing half."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import sample_reports as sample
from msgspec.structs import replace
from sample_hand_ins import zipped
from sample_imap import SECRET, imap_server
from sample_mailbox import ROOT, ROWS, drive, letter, mail_course, mbox, notebook_of
from test_cli import grader, refused
from test_gradebook import asked

from grader.batch import keys
from grader.batch.shared import Batch
from grader.batch.store import opened
from grader.commands.watch import How, Places, Watch, told_of_watch
from grader.errors import UsageError
from grader.intake.collect import collect
from grader.model import Report, Submission

MESSAGES = ROWS[:22]
KILLED = """
import sys, time
from pathlib import Path
from grader.commands.watch import How, Places, told_of_watch
from test_watch import graded_into

def slowly(submissions, batch):
    for submission in submissions:
        time.sleep(0.05)
        yield from graded_into(Path("graded.txt"))([submission], batch)

for line in told_of_watch(Places(sys.argv[1], Path("hand-ins"), Path("grades")), How(), 0.05, slowly):
    print(line, flush=True)
"""


def graded_into(log: Path) -> Callable[[Sequence[Submission], Batch], Iterator[Report]]:
    """As the pipeline does it, with a report made up: kept first, and then told."""

    def grading(submissions: Sequence[Submission], batch: Batch) -> Iterator[Report]:
        for each in submissions:
            report = replace(sample.good(), submission=each)
            assert batch.store is not None
            batch.store.keep_report(keys.of_report(each, batch), "run", report)
            with log.open("a", encoding="utf-8") as lines:
                lines.write(f"{each.student}, {each.lab}, {each.content}\n")
            yield report

    return grading


@pytest.fixture(autouse=True)
def no_data(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GRADER_DATA", raising=False)


@pytest.fixture
def watch(tmp_path: Path) -> Watch:
    (tmp_path / "in").mkdir()
    return watching(tmp_path)


def watching(folder: Path, source: str = "in") -> Watch:
    places = Places(str(folder / source), folder / "hand-ins", folder / "grades")
    return Watch(places, How(), graded_into(folder / "graded.txt"))


def look(watch: Watch) -> str:
    return "\n".join(watch.look())


def drop(folder: Path, student: str, content: bytes) -> Path:
    path = folder / "in" / student / "lab1.ipynb"
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(content)
    return path


def rows(folder: Path) -> dict[str, dict[str, Any]]:
    file = folder / "grades" / "results.json"
    found = json.loads(file.read_bytes())["submissions"] if file.exists() else []
    return {f"{row['student']}, {row['lab']}": row for row in found}


def graded(folder: Path) -> list[str]:
    log = folder / "graded.txt"
    return log.read_text("utf-8").splitlines() if log.exists() else []


def test_a_notebook_that_is_dropped_has_its_page_after_the_next_look(watch: Watch, tmp_path: Path) -> None:
    assert look(watch) == look(watch) == ""
    drop(tmp_path, "Ane Berri", notebook_of("lab1"))
    said = look(watch)
    assert "1 notebook to grade.\nAne Berri, lab1_warmup: 2 of 2 points, " in said
    assert (tmp_path / "grades" / rows(tmp_path)["Ane Berri, lab1_warmup"]["page"]).is_file()
    drop(tmp_path, "Jon Zuri", notebook_of("lab1", "his"))
    assert "Jon Zuri, lab1_warmup" in look(watch) and look(watch) == ""
    assert rows(tmp_path).keys() == {"Ane Berri, lab1_warmup", "Jon Zuri, lab1_warmup"}
    assert len(graded(tmp_path)) == len(asked(tmp_path / "grades", "SELECT * FROM results")) == 2


def test_a_correction_takes_the_place_of_what_came_before(watch: Watch, tmp_path: Path) -> None:
    drop(tmp_path, "Ane Berri", notebook_of("lab1"))
    look(watch)
    os.utime(drop(tmp_path, "Ane Berri", notebook_of("lab1", "2")), (2e9, 2e9))
    assert "Ane Berri, lab1_warmup" in look(watch)
    assert len(rows(tmp_path)) == 1 and len(graded(tmp_path)) == 2


def test_a_notebook_that_is_still_being_copied_waits_until_it_is_all_there(watch: Watch, tmp_path: Path) -> None:
    whole = notebook_of("lab1")
    for share in (3, 2):
        drop(tmp_path, "Ane Berri", whole[: len(whole) // share])
        assert "Ane" not in look(watch)
    drop(tmp_path, "Ane Berri", whole)
    assert "Ane Berri, lab1_warmup" in look(watch) and len(graded(tmp_path)) == 1


def test_an_archive_waits_as_well(watch: Watch, tmp_path: Path) -> None:
    whole = zipped({"Ane Berri/lab1.ipynb": notebook_of("lab1"), "Jon Zuri/lab1.ipynb": notebook_of("lab1", "2")})
    for part in (whole[: len(whole) // 2], whole):
        (tmp_path / "in/class.zip").write_bytes(part)
        assert "Ane" not in look(watch)
    assert "2 notebooks to grade" in look(watch) and len(rows(tmp_path)) == 2


def test_what_stays_cut_off_is_taken_as_it_is_at_the_second_look(watch: Watch, tmp_path: Path) -> None:
    drop(tmp_path, "Ane Berri", b'{"cells": [')
    assert "Ane" not in look(watch)
    assert "unreadable: Ane Berri" in look(watch)
    assert look(watch) == "" and graded(tmp_path) == []


def test_a_file_that_may_not_be_read_costs_one_sentence(watch: Watch, tmp_path: Path) -> None:
    if os.geteuid() == 0:
        pytest.skip("everything may be read by root")
    drop(tmp_path, "Ane Berri", notebook_of("lab1"))
    drop(tmp_path, "Jon Zuri", notebook_of("lab1")).chmod(0)
    said = look(watch)
    assert "Jon Zuri/lab1.ipynb cannot be read (Permission denied)." in said and "Ane Berri, lab1" in said
    assert look(watch) == ""
    (tmp_path / "in/Jon Zuri/lab1.ipynb").chmod(0o600)
    assert "Jon Zuri, lab1_warmup" in look(watch)


def test_after_a_new_start_nothing_is_graded_again_and_what_has_no_page_yet_gets_one(
    watch: Watch, tmp_path: Path
) -> None:
    for student in ("Ane Berri", "Jon Zuri"):
        drop(tmp_path, student, notebook_of("lab1", student))
    look(watch)
    before = rows(tmp_path)
    for file in ("results.json", "gradebook.csv", "index.html"):
        (tmp_path / "grades" / file).unlink()
    said = look(watching(tmp_path))
    assert "Without grading, 2 rows." in said and "to grade." not in said
    assert rows(tmp_path) == before and len(graded(tmp_path)) == 2


def test_while_somebody_else_grades_into_the_folder_it_waits(watch: Watch, tmp_path: Path) -> None:
    drop(tmp_path, "Ane Berri", notebook_of("lab1"))
    with opened(tmp_path / "grades"), pytest.raises(UsageError, match="another grader is working there"):
        look(watch)
    assert "Ane Berri, lab1_warmup" in look(watch)


def test_what_is_in_the_way_later_on_is_said_once_and_tried_again(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    places = Places(str(tmp_path / "in"), tmp_path / "hand-ins", tmp_path / "grades")
    lines = told_of_watch(places, How(allow_unisolated=True), 0.01, graded_into(tmp_path / "graded.txt"))
    assert next(lines).startswith("Watching ")
    with opened(tmp_path / "grades"):
        drop(tmp_path, "Ane Berri", notebook_of("lab1"))
        assert next(line for line in lines if "another" in line).endswith("Tried again at every look.")
    assert next(lines) == "1 notebook to grade."
    assert next(lines).startswith("Ane Berri, lab1_warmup: 2 of 2 points")


def test_a_mailbox_on_a_server_is_watched(course: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "imap").mkdir()
    with imap_server(tmp_path / "imap") as server, drive() as address:
        for name, value in {"SSL_CERT_FILE": str(server.certificate), "GRADER_MAIL_PASSWORD": SECRET}.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setenv("GRADER_COURSE", str(course))
        monkeypatch.setenv("GRADER_DRIVE", address)
        places = Places(server.address, tmp_path / "hand-ins", tmp_path / "grades")
        watch = Watch(places, How(), graded_into(tmp_path / "graded.txt"))
        assert look(watch).startswith("0 messages")
        (server.mail / "new" / "1.host").write_bytes(letter(ROWS[0], 1))
        assert f"{ROWS[0]['who']}, lab1_warmup: 2 of 2 points" in look(watch)
        assert look(watch) == "" and len(graded(tmp_path)) == 1


def test_places_that_cannot_be_are_told_before_anything_is_written(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    refused(grader("watch", "in", "--hand-ins", "in/mine", folder=tmp_path), 2, "--hand-ins in/mine lies in in")
    refused(grader("watch", "in", "--out", "in", folder=tmp_path), 2, "--out in lies in in, which is watched")
    refused(grader("watch", "nowhere", folder=tmp_path), 2, "nowhere does not exist")
    refused(grader("watch", folder=tmp_path), 2, "Say where the mail lies")


@pytest.fixture(scope="module")
def course(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return mail_course(tmp_path_factory.mktemp("course") / "mine")


@contextmanager
def maildir(folder: Path) -> Iterator[Callable[[dict[str, Any]], None]]:
    """A way to deliver, as mail servers do it: written in tmp, moved to new; and Drive's stand-in meanwhile."""
    for name in ("new", "cur", "tmp"):
        (folder / "Maildir" / name).mkdir(parents=True)

    def deliver(row: dict[str, Any]) -> None:
        path = folder / "Maildir" / "tmp" / f"{row['n']}.x.host"
        path.write_bytes(letter(row, row["n"]))
        path.rename(folder / "Maildir" / "new" / path.name)

    with drive() as address, pytest.MonkeyPatch.context() as patch:
        patch.setenv("GRADER_DRIVE", address)
        yield deliver


def test_messages_are_graded_by_the_days_of_the_course_as_they_are_delivered(
    course: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GRADER_COURSE", str(course))
    with maildir(tmp_path) as deliver:
        watch = watching(tmp_path, "Maildir")
        assert look(watch).startswith("0 messages, 0 of them new: none.")
        deliver(ROWS[0])
        assert f"{ROWS[0]['who']}, lab1_warmup: 2 of 2 points" in look(watch)
        late = next(row for row in ROWS if row["is"] == "late")
        deliver(late)
        assert f"late: {late['who']}" in look(watch)
        assert look(watch) == ""


def test_an_mbox_to_which_mail_is_being_added_waits(
    course: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GRADER_COURSE", str(course))
    with maildir(tmp_path):
        watch = watching(tmp_path, "mail.mbox")
        (tmp_path / "mail.mbox").write_bytes(mbox(ROWS[:1])[:-100])
        assert "0 messages" in look(watch)
        (tmp_path / "mail.mbox").write_bytes(mbox(ROWS[:1]))
        assert look(watch) == ""
        assert f"taken: {ROWS[0]['who']}" in look(watch) and len(graded(tmp_path)) == 1


@pytest.mark.parametrize("seed", [4, pytest.param(5, marks=pytest.mark.slow), pytest.param(6, marks=pytest.mark.slow)])
def test_killed_at_random_moments_it_loses_no_message_and_grades_nothing_twice(
    course: Path, tmp_path: Path, seed: int
) -> None:
    (tmp_path / "mail.mbox").write_bytes(mbox(MESSAGES))
    with drive() as address:
        done = grader("intake", "mail.mbox", "--out", "once", "--course", course, folder=tmp_path, GRADER_DRIVE=address)
    assert done.returncode == 0, done.stderr
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GRADER_COURSE", str(course))
        expected = {f"{each.student}, {each.lab}" for each in collect([tmp_path / "once"])}
    dice = random.Random(seed)
    environment = {"GRADER_COURSE": str(course), "PYTHONPATH": os.pathsep.join((str(ROOT), str(ROOT / "tests")))}
    command = [sys.executable, "-c", KILLED, "Maildir"]
    with maildir(tmp_path) as deliver:
        for part in (MESSAGES[:6], MESSAGES[6:12], MESSAGES[12:18], MESSAGES[18:]):
            for row in part:
                deliver(row)
            with subprocess.Popen(
                command, cwd=tmp_path, env=os.environ | environment, stdout=subprocess.PIPE
            ) as running:
                assert running.stdout is not None
                running.stdout.readline()  # it has begun
                time.sleep(dice.uniform(0, 0.6))
                running.send_signal(signal.SIGKILL)
        with subprocess.Popen(command, cwd=tmp_path, env=os.environ | environment, stdout=subprocess.PIPE) as running:
            wait_until(lambda: len(rows(tmp_path)) == len(expected), running)
            running.send_signal(signal.SIGINT)
    messages = json.loads((tmp_path / "hand-ins/intake.json").read_bytes())["messages"]
    assert len(messages) == len(MESSAGES)
    assert rows(tmp_path).keys() == expected
    assert len({*graded(tmp_path)}) == len(graded(tmp_path)), "graded twice"
    assert all((tmp_path / "grades" / row["page"]).is_file() for row in rows(tmp_path).values())
    assert not [*(tmp_path / "hand-ins").rglob("*.part")]


def wait_until(is_so: Callable[[], bool], running: subprocess.Popen[bytes], seconds: float = 120) -> None:
    end = time.monotonic() + seconds
    while not is_so():
        assert running.poll() is None and time.monotonic() < end
        time.sleep(0.05)


def test_it_ends_tidily_in_the_middle_of_a_notebook_and_goes_on_from_there(kernel: None, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    drop(tmp_path, "Ane Berri", notebook_of("lab1"))
    command = [sys.executable, "-m", "grader", "watch", "in", "--every", "1", "--train", "none", "--allow-unisolated"]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}

    def started() -> subprocess.Popen[bytes]:
        return subprocess.Popen(command, cwd=tmp_path, env=environment, stderr=(tmp_path / "said").open("ab"))

    with started() as running:
        wait_until(lambda: b"1 notebook to grade." in (tmp_path / "said").read_bytes(), running)
        running.send_signal(signal.SIGINT)
    assert running.returncode == 130 and rows(tmp_path) == {}
    said, *traces = (tmp_path / "said").read_bytes().split(b"Traceback")
    assert b"What was graded is kept" in said + b"".join(traces)
    assert all(b"spawn_main" in trace for trace in traces)  # a process of ours that was only just started may say so
    with started() as running:
        wait_until(lambda: bool(rows(tmp_path)), running)
        drop(tmp_path, "Jon Zuri", notebook_of("lab1", "2"))
        wait_until(lambda: len(rows(tmp_path)) == 2, running)
        running.send_signal(signal.SIGTERM)
    assert running.returncode == 130
    assert all(row["earned"] == row["possible"] > 0 for row in rows(tmp_path).values())
    assert not [*tmp_path.rglob("*.part")]
