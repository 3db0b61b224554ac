"""Whole notebooks under Landlock: what works as in the full jail, what is counted, and what a page says of it."""

from collections.abc import Iterator

import pytest
from msgspec.structs import replace

from grader.batch.preparing import batch_for
from grader.commands.verify import Promise, failures, trials
from grader.judging.oracle import Oracle
from grader.model import Cell, CellRun, CellStatus, Isolation, Limits, Run, Status, TrainBudget, TrainPolicy
from grader.pipeline import grade
from grader.running.slots import Slot
from grader.sandbox.guest.wire import Question, Read
from grader.sandbox.kernel import Setting
from grader.sandbox.session import Session, open_session
from grader.sandbox.walls.isolation import why_not_jailed
from reports import words
from tests import kept_sessions

why = why_not_jailed(Isolation.LANDLOCK)
pytestmark = pytest.mark.skipif(why is not None, reason=str(why))
LIMITS = Limits(submission=120.0, cell=6.0, memory=1024**3, disk=32 * 1024**2)

NOTEBOOK = (
    "kept = 41 + 1",
    "import numpy as np, os, shutil\n"
    "os.makedirs('/content/saved/here', exist_ok=True)\n"
    "np.save('/content/saved/here/x.npy', np.arange(3))\n"
    "shutil.copytree('/content/saved', '/tmp/again')\n"
    "print(np.load('/tmp/again/here/x.npy'), os.listdir('/content/saved'))",
    "!echo text > note.txt && cat note.txt; wget http://example.org",
    "open('/etc/passwd', 'a')",
    "while True:\n    pass",
    "with open('big', 'wb') as f:\n"
    "    for _ in range(64):\n        f.write(bytes(1 << 20))\n"
    "import time\ntime.sleep(5)",
    "import os, socket\nfor number in range(3, 200):\n    try:\n        os.close(number)\n    except OSError: pass",
    "after = kept + 1",
)


@pytest.fixture(scope="module")
def session(kernel: None) -> Iterator[Session]:
    setting = Setting(slot=5, data={}, limits=LIMITS, budget=TrainBudget(), seed=1, isolation=Isolation.LANDLOCK)
    with open_session(setting) as opened:
        yield opened


@pytest.fixture(scope="module")
def run(session: Session) -> Run:
    return session.run(tuple(Cell(i, "code", source) for i, source in enumerate(NOTEBOOK)))


def cell(run: Run, index: int) -> CellRun:
    return next(c for c in run.cells if c.index == index)


def text(run: Run, index: int) -> str:
    return "".join(output.get("text", "") for output in cell(run, index).outputs)


def test_the_run_says_how_it_was_kept_apart(run: Run):
    assert run.isolation is Isolation.LANDLOCK
    assert "Landlock" in words.ISOLATIONS[run.isolation]


def test_colabs_folder_and_tmp_can_be_used_as_ever(run: Run):
    assert text(run, 1).split() == ["[0", "1", "2]", "['here']"]


def test_shell_commands_run_and_those_that_need_the_network_are_answered(run: Run):
    assert text(run, 2).splitlines() == ["text", "wget: not run here, there is no network."]


def test_a_cell_that_reaches_outside_fails_and_the_rest_goes_on(run: Run):
    trouble = cell(run, 3).trouble
    assert trouble is not None and trouble.kind == "PermissionError"
    assert cell(run, 7).status is CellStatus.OK


def test_an_endless_cell_is_interrupted_and_one_that_fills_the_disk_or_cuts_our_lines_ends_its_kernel(run: Run):
    assert [cell(run, index).status for index in (4, 5, 6)] == [
        CellStatus.TIMEOUT, CellStatus.DIED, CellStatus.DIED,
    ]  # fmt: skip


def test_questions_are_answered(session: Session, run: Run):
    answer = session.ask(Question("q", (Read("after", into="after"),)))
    assert (answer.status, answer.values) == (Status.ANSWERED, {"after": 43})


def test_an_honest_lab1_earns_everything_and_the_starter_nothing(oracle: Oracle) -> None:
    batch = replace(
        batch_for(None, TrainPolicy.NONE, 11), isolation=Isolation.LANDLOCK, opening=kept_sessions.open_session
    )
    expected = [t for t in trials(["lab1_warmup"], fast=True) if t.expects in set(Promise)]
    reports = [grade(trial.submission, batch, oracle, Slot(5), lambda what: None) for trial in expected]
    assert failures(expected, reports) == []
    assert [report.run.isolation for report in reports] == [Isolation.LANDLOCK] * 2
