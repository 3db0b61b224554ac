"""What a batch keeps: whole rows or none, for one grader at a time, and nothing that a later run could misread."""

import shutil
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import sample_reports as sample
from msgspec.structs import replace

from grader.batch import hidden_labels, keys
from grader.batch.keys import of_data, of_question, of_report, of_run
from grader.batch.preparing import batch_for
from grader.batch.store import FILE, FOLDER, Asked, opened
from grader.data import photos
from grader.data.toy import snli
from grader.errors import UsageError
from grader.model import Cell, Isolation, Observation, Outcome, Run, Status, Submission, TrainPolicy
from grader.sandbox.guest.wire import Array, Listing, Question

RUN = Run(Outcome.OK, Isolation.BUBBLEWRAP, seconds=2.5)
ANSWER = Observation("q", Status.ANSWERED, {"p": Listing((Array("float32", (1,), b"1234"), float("inf"), "text"))})
LATE = Observation("q", Status.LATE)
CELLS = (Cell(0, "code", "import numpy as np"), Cell(1, "code", "x = 1"))

ONE = Submission(Path("/a.ipynb"), "ana", "lab1_warmup", CELLS, content="c1")


def test_what_was_kept_comes_back_the_same_in_another_process(tmp_path: Path) -> None:
    asked = Asked((sample.good().submission,), Path("/data"), TrainPolicy.NONE, 30.0, True, False)
    with opened(tmp_path) as store:
        seed = store.seed()
        store.keep_report("report", "run", sample.good())
        store.keep_run("run", RUN, {"q 1": ANSWER})
        store.keep_asked(asked)
    with opened(tmp_path) as store:
        assert store.seed() == seed
        assert store.report("report") == sample.good()
        assert store.run("run") == RUN and store.answer("run", "q 1") == ANSWER
        assert store.asked() == asked
        assert store.report("other") is store.run("other") is store.answer("run", "q 2") is None


def test_every_sample_report_survives_the_way_through_the_store(tmp_path: Path) -> None:
    with opened(tmp_path) as store:
        for report in sample.whole_class():
            store.keep_report("one", "run", report)
            assert store.report("one") == report


def test_seeds_are_secret_and_differ_from_batch_to_batch(tmp_path: Path) -> None:
    seeds = set()
    for n in range(5):
        with opened(tmp_path / str(n)) as store:
            seeds.add(store.seed())
    assert len(seeds) == 5


def test_what_was_forgotten_is_asked_anew_with_another_seed(tmp_path: Path) -> None:
    with opened(tmp_path) as store:
        seed = store.seed()
        store.keep_run("run", RUN, {"q 1": ANSWER})
        store.forget()
        assert store.run("run") is None and store.answer("run", "q 1") is None and store.seed() != seed


def test_what_came_late_is_kept_until_its_batch_has_ended_and_then_asked_anew(tmp_path: Path) -> None:
    slow = Run(Outcome.TIMEOUT, Isolation.BUBBLEWRAP)
    with opened(tmp_path) as store:
        for key, run, answer in [("well", RUN, ANSWER), ("slow", slow, ANSWER), ("late", RUN, LATE)]:
            store.keep_run(key, run, {"q 1": answer})
            store.keep_report(f"on {key}", key, sample.good())
        store.begin()  # resumed: nothing is graded twice
        assert [store.report(f"on {key}") is None for key in ("well", "slow", "late")] == [False, False, False]
        store.end()
        store.begin()
        assert [store.run(key) is None for key in ("well", "slow", "late")] == [False, True, True]
        assert [store.report(f"on {key}") is None for key in ("well", "slow", "late")] == [False, True, True]


def test_a_second_grader_in_the_same_folder_is_sent_away(tmp_path: Path) -> None:
    with opened(tmp_path), pytest.raises(UsageError, match="another grader is working there"), opened(tmp_path):
        pass
    with opened(tmp_path) as store:
        assert store.seed() >= 0


def test_a_damaged_row_counts_as_not_there_and_a_damaged_file_is_begun_anew(tmp_path: Path) -> None:
    with opened(tmp_path) as store:
        store.keep_report("report", "run", sample.good())
    with sqlite3.connect(tmp_path / FOLDER / FILE) as connection:
        connection.execute("UPDATE reports SET report = ?", (b"not a report",))
    with opened(tmp_path) as store:
        assert store.report("report") is None
        assert store.begun_anew == ""
    (tmp_path / FOLDER / FILE).write_bytes(b"no database at all" * 400)
    with opened(tmp_path) as store:
        assert "so it was started afresh" in store.begun_anew
        store.keep_report("report", "run", sample.good())
        assert store.report("report") == sample.good()


def test_a_file_of_which_half_is_written_is_begun_anew_with_a_sentence(tmp_path: Path) -> None:
    with opened(tmp_path) as store:
        for n in range(200):
            store.keep_report(f"report {n}", "run", sample.good())
    file = tmp_path / FOLDER / FILE
    with file.open("r+b") as half:
        half.truncate(file.stat().st_size // 2)
    with opened(tmp_path) as store:
        assert str(file) in store.begun_anew and "every notebook runs again" in store.begun_anew
        assert store.report("report 0") is None


def test_what_another_version_kept_is_begun_anew_with_a_sentence(tmp_path: Path) -> None:
    with opened(tmp_path) as store:
        store.keep_report("report", "run", sample.good())
        store._execute("PRAGMA user_version = 7")
    with opened(tmp_path) as store:
        assert "another version of the grader" in store.begun_anew and store.report("report") is None


@pytest.mark.parametrize("planted", [Path(FOLDER), Path(FOLDER, FILE, "a"), Path(FOLDER, "lock", "a")])
def test_files_and_folders_in_the_place_of_others_are_told_in_a_sentence(planted: Path, tmp_path: Path) -> None:
    (tmp_path / planted).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / planted).write_text("planted")
    with pytest.raises(UsageError, match="Remove it, or give another folder"), opened(tmp_path):
        pass


def test_tables_of_another_form_and_rows_for_other_work_give_nobody_a_report(tmp_path: Path) -> None:
    (tmp_path / FOLDER).mkdir()
    with sqlite3.connect(tmp_path / FOLDER / FILE) as connection:
        connection.execute("CREATE TABLE reports (key, marks)")
        connection.execute("INSERT INTO reports VALUES ('report', 100)")
    with opened(tmp_path) as store:
        assert store.report("report") is None
        store.keep_report("report", "run", sample.good())
        assert store.report("report") == sample.good()


def test_only_the_owner_may_read_what_is_kept(tmp_path: Path) -> None:
    with opened(tmp_path):
        assert (tmp_path / FOLDER).stat().st_mode & 0o077 == 0


def test_a_result_depends_on_content_data_seed_and_settings_and_on_nothing_else(tmp_path: Path) -> None:
    batch = batch_for(None, TrainPolicy.NONE, 4)
    one = Submission(tmp_path / "a.ipynb", "ana", "lab1_warmup", CELLS, content="c1")
    same = Submission(tmp_path / "b.ipynb", "ben", "lab1_warmup", CELLS, content="c1")
    assert of_run(one, batch) == of_run(same, batch) and of_report(one, batch) == of_report(same, batch)
    others = [
        of_run(replace(one, cells=CELLS[:1]), batch),
        of_run(replace(one, modules=(("mine.py", "x = 2"),)), batch),
        of_run(replace(one, lab="lab2_mlp"), batch),
        of_run(one, batch_for(None, TrainPolicy.NONE, 5)),
        of_run(one, batch_for(None, TrainPolicy.BUDGET, 4)),
        of_run(one, batch_for(None, TrainPolicy.NONE, 4, deadline=30)),
        of_run(one, replace(batch, memory=batch.memory // 2)),
        of_report(one, batch),
        of_report(replace(one, content="c2"), batch),  # the outputs that were handed in
        of_report(one, batch_for(None, TrainPolicy.NONE, 4, public_only=True)),
    ]
    assert len({of_run(one, batch), *others}) == len(others) + 1


@pytest.fixture
def kept(tmp_path: Path) -> Iterator[Callable[[Submission], bool]]:
    """Whether the store answers for a submission what it kept of `ONE`."""
    batch = batch_for(None, TrainPolicy.NONE, 4)
    with opened(tmp_path / "out") as store:
        store.keep_run(of_run(ONE, batch), RUN, {})
        yield lambda submission: store.run(of_run(submission, batch)) is not None


def test_a_notebook_that_is_read_otherwise_is_run_again(kept: Callable[[Submission], bool]) -> None:
    repaired = tuple(replace(cell, source=cell.source.replace("x", "y")) for cell in CELLS)
    assert kept(ONE) and not kept(replace(ONE, cells=repaired))
    assert kept(replace(ONE, repairs=("The file was in an old format.",)))


@pytest.mark.parametrize("changed", ["guest/values.py", "walls/seccomp.py"])
def test_changed_code_of_guest_or_sandbox_is_not_answered_from_what_is_kept(
    kept: Callable[[Submission], bool], changed: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy = tmp_path / "sandbox"
    shutil.copytree(keys.HERE / "sandbox", copy)
    moved = tuple(copy if folder.name == "sandbox" else folder for folder in keys.RUNS_BY)
    monkeypatch.setattr(keys, "RUNS_BY", moved)
    assert kept(ONE), "where the folder stands is nothing that matters"
    shutil.copytree(copy, tmp_path / "other" / "sandbox")
    with (tmp_path / "other" / "sandbox" / changed).open("a") as file:
        file.write("# one more comment\n")
    monkeypatch.setattr(keys, "RUNS_BY", (tmp_path / "other" / "sandbox", *moved[1:]))
    assert not kept(ONE)


def test_another_version_of_a_library_is_not_answered_from_what_is_kept(
    kept: Callable[[Submission], bool], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert {"tensorflow", "numpy"} <= {told.split()[0].removesuffix("-cpu") for told in keys.ENVIRONMENT}
    monkeypatch.setattr(keys, "ENVIRONMENT", (*keys.ENVIRONMENT[:-1], "numpy 9.9"))
    assert not kept(ONE)


@pytest.mark.parametrize("file", [photos.__file__, hidden_labels.__file__, snli.__file__])
def test_a_run_depends_on_the_code_that_makes_and_shows_the_data(file: str) -> None:
    assert any(Path(file).is_relative_to(place) for place in keys.RUNS_BY)


def test_a_changed_file_of_the_course_s_data_is_seen(tmp_path: Path) -> None:
    trees = tmp_path / "trees"
    trees.mkdir()
    for name in ("train.txt", "dev.txt", "test.txt"):
        (trees / name).write_text("(3 (2 A) (2 b))\n")
    before = of_data(batch_for(tmp_path, TrainPolicy.NONE, 1).data)
    assert before == of_data(batch_for(tmp_path, TrainPolicy.NONE, 1).data)
    (trees / "dev.txt").write_text("(3 (2 A) (2 bc))\n")
    assert before != of_data(batch_for(tmp_path, TrainPolicy.NONE, 1).data)


def test_two_questions_are_one_only_when_they_ask_the_same() -> None:
    assert of_question(Question("q", (), 20.0)) == of_question(Question("q", (), 20.0))
    assert of_question(Question("q", (), 20.0)) != of_question(Question("r", (), 20.0))
