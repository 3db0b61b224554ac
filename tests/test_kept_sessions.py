"""A kernel starts for what it was never told before in this order, and for any change of what its answers rest on."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from msgspec.structs import replace

from grader.model import Cell, CellRun, CellStatus, Isolation, Limits, Observation, Outcome, Run, Status, TrainBudget
from grader.sandbox.guest.wire import Question, Read
from grader.sandbox.kernel import Setting
from tests import kept_sessions
from tests.kept import Folder, forget, keep_in
from tests.kept_sessions import open_session

SETTING = Setting(slot=3, data={}, limits=Limits(), budget=TrainBudget(), seed=1, isolation=Isolation.NONE)
CELLS = (Cell(0, "code", "a = 1"), Cell(1, "code", "b = 2"))
A, B = (Question("q", (Read(name, name),)) for name in "ab")
FILE = "test_kept_sessions"


class Kernels:
    """Stand for real sessions, and keep what each was told."""

    def __init__(self) -> None:
        self.told: list[list[object]] = []
        self.outcome, self.status = Outcome.OK, Status.ANSWERED

    @contextmanager
    def opened(self, _: Setting) -> Iterator["Kernels"]:
        self.told.append([])
        yield self

    def run(self, cells: tuple[Cell, ...], started: object = None) -> Run:
        self.told[-1].append(cells)
        return Run(self.outcome, Isolation.NONE, tuple(CellRun(c.index, CellStatus.OK) for c in cells))

    def ask(self, question: Question) -> Observation:
        self.told[-1].append(question)
        return Observation(question.id, self.status, {"of kernel": len(self.told)})


@pytest.fixture
def kernels(tmp_path: Path) -> Iterator[Kernels]:
    before = Folder.place
    keep_in(tmp_path / "kept")
    yield Kernels()
    Folder.place = before
    Folder.failed.discard(FILE)


def asked(
    kernels: Kernels, *questions: Question, cells: tuple[Cell, ...] = CELLS, setting: Setting = SETTING
) -> list[object]:
    with open_session(setting, kernels.opened) as opened:
        opened.run(cells)
        return [opened.ask(question).values["of kernel"] for question in questions]


def test_what_was_told_before_in_this_order_starts_no_kernel(kernels: Kernels) -> None:
    assert asked(kernels, A, B) == asked(kernels, A, B) == [*asked(kernels, A), 1] == [1, 1]
    assert kernels.told == [[CELLS, A, B]]


def test_what_is_new_is_asked_of_a_kernel_that_has_heard_all_that_came_before(kernels: Kernels) -> None:
    asked(kernels, A)
    assert asked(kernels, A, B) == [1, 2] and kernels.told[1] == [CELLS, A, B]
    assert asked(kernels, B, A) == [3, 3] and kernels.told[2] == [CELLS, B, A]
    assert asked(kernels, A, B) == [1, 2] and asked(kernels, B, A) == [3, 3] and len(kernels.told) == 3


@pytest.mark.parametrize(
    "other",
    [{"seed": 2}, {"limits": Limits(cell=1.0)}, {"environment": {"A": "1"}}, {"files": {"a.py": ""}}, {"forms": True}],
)
def test_a_kernel_that_would_be_started_otherwise_starts(kernels: Kernels, other: dict[str, object]) -> None:
    assert asked(kernels, A) == [1]
    assert asked(kernels, A, setting=replace(SETTING, **other)) == [2]
    assert asked(kernels, A, setting=replace(SETTING, slot=9)) == [1]


def test_other_data_start_one(kernels: Kernels, tmp_path: Path) -> None:
    (tmp_path / "trees").mkdir()
    (tmp_path / "lone.txt").write_text("a")
    setting = replace(SETTING, data={"trees": tmp_path / "trees", "lone": tmp_path / "lone.txt"})
    assert asked(kernels, A, setting=setting) == [1]
    (tmp_path / "trees" / "dev.txt").write_text("a")
    assert asked(kernels, A, setting=setting) == [2]
    (tmp_path / "lone.txt").write_text("other")
    assert asked(kernels, A, setting=setting) == asked(kernels, A, setting=setting) == [3]


def test_other_cells_start_one_and_so_do_another_guest_or_version(
    kernels: Kernels, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert asked(kernels, A) == [1] and asked(kernels, A, cells=CELLS[:1]) == [2]
    monkeypatch.setattr(kept_sessions, "CODE", (Path(__file__),))
    kept_sessions.code_and_machine.cache_clear()
    assert asked(kernels, A) == asked(kernels, A) == [3]
    monkeypatch.setattr(kept_sessions, "ENVIRONMENT", ("TensorFlow 3.0",))
    kept_sessions.code_and_machine.cache_clear()
    assert asked(kernels, A) == asked(kernels, A) == [4]
    monkeypatch.undo()
    kept_sessions.code_and_machine.cache_clear()


def test_what_came_late_is_not_kept(kernels: Kernels) -> None:
    kernels.status = Status.LATE
    assert asked(kernels, A) == [1] and asked(kernels, A) == [2]
    kernels.status, kernels.outcome = Status.ANSWERED, Outcome.TIMEOUT
    assert asked(kernels, A) == [3] and asked(kernels, A) == [4]


def test_where_a_test_fails_nothing_is_kept_of_its_file(kernels: Kernels) -> None:
    assert asked(kernels, A) == [1]
    forget("test_another_file")
    assert asked(kernels, A) == [1]
    forget(FILE)
    assert asked(kernels, A) == [2] and asked(kernels, A) == [3]


def test_a_damaged_file_counts_as_none(kernels: Kernels) -> None:
    assert asked(kernels, A) == [1] and Folder.place is not None
    (file,) = Folder.place.iterdir()
    assert file.name.startswith(FILE)
    file.write_bytes(b"\xc1")
    assert asked(kernels, A) == asked(kernels, A) == [2]


def test_progress_is_told_of_the_same_cells(kernels: Kernels) -> None:
    asked(kernels, A)
    heard: list[int] = []
    with open_session(SETTING, kernels.opened) as opened:
        opened.run(CELLS, heard.append)
    assert heard == [0, 1] and len(kernels.told) == 1
