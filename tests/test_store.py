"""What a batch keeps: whole rows or none, for one grader at a time, and nothing that a later run could misread."""

import sqlite3
from pathlib import Path

import pytest
import sample_reports as sample
from msgspec.structs import replace

from grader import keys
from grader.data import photos
from grader.errors import UsageError
from grader.keys import of_data, of_question, of_report, of_run
from grader.model import Isolation, Observation, Outcome, Run, Status, Submission, TrainPolicy
from grader.preparing import batch_for
from grader.sandbox.guest.wire import Array, Listing, Question
from grader.store import FILE, FOLDER, Asked, opened

RUN = Run(Outcome.OK, Isolation.BUBBLEWRAP, seconds=2.5)
ANSWER = Observation("q", Status.ANSWERED, {"p": Listing((Array("float32", (1,), b"1234"), float("inf"), "text"))})
LATE = Observation("q", Status.LATE)


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
    (tmp_path / FOLDER / FILE).write_bytes(b"no database at all" * 400)
    with opened(tmp_path) as store:
        store.keep_report("report", "run", sample.good())
        assert store.report("report") == sample.good()


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
    one = Submission(tmp_path / "a.ipynb", "ana", "lab1_warmup", content="c1")
    same = Submission(tmp_path / "b.ipynb", "ben", "lab1_warmup", content="c1")
    assert of_run(one, batch) == of_run(same, batch)
    others = [
        of_run(Submission(tmp_path / "a.ipynb", "ana", "lab1_warmup", content="c2"), batch),
        of_run(Submission(tmp_path / "a.ipynb", "ana", "lab2_mlp", content="c1"), batch),
        of_run(one, batch_for(None, TrainPolicy.NONE, 5)),
        of_run(one, batch_for(None, TrainPolicy.BUDGET, 4)),
        of_run(one, batch_for(None, TrainPolicy.NONE, 4, deadline=30)),
        of_run(one, replace(batch, memory=batch.memory // 2)),
        of_report(one, batch),
        of_report(one, batch_for(None, TrainPolicy.NONE, 4, public_only=True)),
    ]
    assert len({of_run(one, batch), *others}) == len(others) + 1


def test_a_run_depends_on_the_code_that_says_how_many_photos_a_notebook_sees() -> None:
    assert any(Path(photos.__file__).is_relative_to(folder) for folder in keys.RUNS_BY)


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
