"""A batch that was broken off goes on where it was, whoever killed it; a changed rubric runs no notebook again."""

import json
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from grader.batch.preparing import batch_asked, resumed
from grader.batch.store import FILE, FOLDER, Asked, Store, opened
from grader.course.folder import load_rubric
from grader.course.rubric import Rubric
from grader.intake.collect import collect
from grader.judging.oracle import Oracle
from grader.model import Report, TrainPolicy
from grader.pipeline import grade_batch, in_order

ROOT = Path(__file__).parent.parent
Graded = Callable[..., tuple[list[Report], list[str]]]
HONEST = ROOT / "tests" / "notebooks" / "honest" / "lab1"


def hand_in(folder: Path, *names: str) -> Path:
    for number, name in enumerate(names):
        (folder / f"student{number}").mkdir(parents=True)
        shutil.copy(HONEST / f"{name}.ipynb", folder / f"student{number}" / "lab1.ipynb")
    return folder


@pytest.fixture(scope="module")
def graded(oracle: Oracle) -> Graded:
    """Reports, and what was told on the way."""

    def one(store: Store, folder: Path, rubrics: dict[str, Rubric] | None = None) -> tuple[list[Report], list[str]]:
        submissions = collect([folder])
        asked = Asked(tuple(submissions), None, TrainPolicy.NONE, None, True, True)
        batch = resumed(batch_asked(asked, None, True), asked, store, None)
        batch = replace(batch, rubrics=batch.rubrics | (rubrics or {}))
        told: list[str] = []
        reports = list(grade_batch(submissions, batch, oracle, 2, lambda s, what: told.append(what)))
        return in_order(reports, submissions), told

    return one


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return hand_in(tmp_path_factory.mktemp("in"), "formula_as_on_the_slide", "a_variable_inside")


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("out")


@pytest.fixture(scope="module")
def first(graded: Graded, out: Path, folder: Path) -> list[Report]:
    with pytest.MonkeyPatch.context() as patch, opened(out) as store:
        patch.delenv("GRADER_DATA", raising=False)
        return graded(store, folder)[0]


def test_the_same_notebooks_again_are_not_run_again(
    graded: Graded, first: list[Report], out: Path, folder: Path
) -> None:
    with opened(out) as store:
        again, told = graded(store, folder)
    assert again == first and told == []
    assert all(report.card.earned == report.card.possible for report in first)


def test_the_same_content_of_somebody_else_has_a_row_of_its_own(
    graded: Graded, first: list[Report], out: Path, tmp_path: Path
) -> None:
    with opened(out) as store:
        (report,), told = graded(store, hand_in(tmp_path, "a_variable_inside"))
    assert told == [] and report.submission.path.is_relative_to(tmp_path)


def test_other_points_are_given_without_a_second_run(
    graded: Graded, first: list[Report], out: Path, folder: Path
) -> None:
    with opened(out) as store:
        rubric = load_rubric("lab1_warmup")
        checks = tuple(replace(check, points=2 * check.points) for check in rubric.checks)
        again, told = graded(store, folder, {"lab1_warmup": replace(rubric, checks=checks)})
    assert [r.card.possible for r in again] == [2 * r.card.possible for r in first]
    assert [r.card.earned for r in again] == [2 * r.card.earned for r in first]
    assert {"is judged again by what it answered before"} == set(told)


def test_where_answers_are_missing_a_notebook_runs_again_and_is_asked_no_other_question(
    graded: Graded, first: list[Report], out: Path, folder: Path
) -> None:
    with opened(out) as store:
        store._execute("DELETE FROM answers WHERE rowid % 3 = 0")
        store._execute("DELETE FROM reports")
        kept = dict(store._rows("SELECT run || question, rowid FROM answers"))
        again, told = graded(store, folder)
        after = dict(store._rows("SELECT run || question, rowid FROM answers"))
    assert any("runs code cell" in what for what in told)
    assert [r.card for r in again] == [r.card for r in first]
    assert kept.items() < after.items(), "what was answered already was asked again"


def kept(out: Path) -> dict[str, bytes]:
    file = out / FOLDER / FILE
    if not file.is_file():
        return {}
    import sqlite3  # noqa: PLC0415

    with sqlite3.connect(file) as connection:
        if not connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'reports'").fetchall():
            return {}
        return dict(connection.execute("SELECT key, report FROM reports").fetchall())


@pytest.mark.parametrize("seed", [1, pytest.param(2, marks=pytest.mark.slow), pytest.param(3, marks=pytest.mark.slow)])
def test_killed_at_random_moments_a_batch_loses_nothing_finished_and_grades_nothing_twice(
    kernel: None, tmp_path: Path, seed: int
) -> None:
    names = sorted(path.stem for path in HONEST.glob("*.ipynb"))[:5]
    command = [sys.executable, "-m", "grader", "grade", hand_in(tmp_path / "in", *names), "--out", tmp_path / "out"]
    command += ["--train", "none", "--jobs", "2", "--format", "json", "--allow-unisolated"]
    dice = random.Random(seed)
    known: dict[str, bytes] = {}
    for _ in range(3):
        running = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(dice.uniform(1, 9))
        running.send_signal(signal.SIGKILL)
        running.wait()
        now = kept(tmp_path / "out")
        assert now.items() >= known.items()
        known = now
    done = subprocess.run(command, cwd=ROOT, capture_output=True, check=True)
    rows: list[dict[str, Any]] = json.loads(done.stdout)["submissions"]
    assert len(rows) == 5 and all(row["earned"] == row["possible"] > 0 for row in rows)
    assert kept(tmp_path / "out").items() >= known.items()
