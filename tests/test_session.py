"""How a session ends cells, replays notebooks and answers questions, with real kernels; and how replies may lie."""

import os
import random
import shutil
import socket
import struct
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec
import psutil
import pytest
from msgspec import structs

from grader.model import Cell, CellRun, CellStatus, Isolation, Limits, Outcome, Run, Status, TrainBudget
from grader.sandbox.guest.framing import frame
from grader.sandbox.guest.wire import FRAME_LIMIT, Array, Call, Listing, Question, Read, Reply, Trouble
from grader.sandbox.kernel import Setting
from grader.sandbox.questions import Line, understand
from grader.sandbox.session import Session, open_session, sentence
from grader.sandbox.walls.isolation import best_isolation
from grader.sandbox.walls.leftovers import OWNER, PREFIX, claimed_folder, sweep

LIMITS = Limits(submission=120.0, cell=4.0, memory=1024**3, output=20_000)
UNUSUAL = 987654  # a seed by which one session is told from others on this machine

SWALLOWS_INTERRUPTS = """
while True:
    try:
        while True: pass
    except KeyboardInterrupt:
        pass
"""
HOG = """
hoard = []
while True:
    hoard.append(bytearray(b'x') * (50 << 20))
"""
NOTEBOOK = (
    "kept = 41 + 1",
    "# Heading",
    SWALLOWS_INTERRUPTS,
    "import ctypes\nctypes.CDLL(None)._exit(3)",
    HOG,
    "def halve(x):\n    return x / kept_elsewhere\nprint('kept is', kept)",
    "halve(\n  kept\n)",
    "import time\ntime.sleep(60)",
    "for i in range(10_000): print('a line that is far too long to be kept ten thousand times')",
    "import ctypes, time\ndef leave(): ctypes.CDLL(None)._exit(0)\n"
    "def nap(n):\n    for _ in range(20): time.sleep(n)\n",
    "import threading\ndef stubborn():\n    lock = threading.Lock()\n    lock.acquire()\n    lock.acquire()\n",
    "import numpy as np\nnp.ones((1 << 17, 1 << 17))",
    "after = 'still here'",
    "print('short')",
    "import random\nrandom.seed(1)",
    "print(random.random())",
)


def cells(*sources: str) -> tuple[Cell, ...]:
    return tuple(Cell(i, "markdown" if s.startswith("#") else "code", s) for i, s in enumerate(sources))


@pytest.fixture(scope="module")
def session(kernel: None) -> Iterator[Session]:
    with open_session(
        Setting(slot=3, data={}, limits=LIMITS, budget=TrainBudget(), seed=1, isolation=best_isolation())
    ) as opened:
        yield opened


@pytest.fixture(scope="module")
def run(session: Session) -> Run:
    return session.run(cells(*NOTEBOOK))


def cell(run: Run, index: int) -> CellRun:
    return next(c for c in run.cells if c.index == index)


def text(run: Run, index: int) -> str:
    return "".join(output.get("text", "") for output in cell(run, index).outputs)


def test_an_endless_loop_that_swallows_interrupts_ends_at_its_deadline(run: Run):
    assert cell(run, 2).status is CellStatus.TIMEOUT
    assert cell(run, 2).seconds < 12


def test_a_cell_that_ends_the_process_is_recorded_as_that(run: Run):
    assert cell(run, 3).status is CellStatus.DIED


def test_a_cell_that_takes_all_memory_is_stopped(run: Run):
    assert cell(run, 4).status is CellStatus.OUT_OF_MEMORY


def test_one_allocation_beyond_all_limits_is_told_as_memory_and_costs_no_kernel(run: Run):
    assert cell(run, 11).status is CellStatus.OUT_OF_MEMORY
    assert cell(run, 12).status is CellStatus.OK


def test_nothing_of_ours_draws_from_the_random_numbers_of_a_notebook_between_its_cells(run: Run):
    assert text(run, 15).strip() == str(random.Random(1).random())


def test_cells_around_the_deadly_ones_ran_all_the_same(run: Run):
    assert cell(run, 0).status is cell(run, 5).status is cell(run, 12).status is CellStatus.OK
    assert text(run, 5) == "kept is 42\n"
    assert [c.index for c in run.cells] == [0, *range(2, len(NOTEBOOK))]


def test_the_first_deadly_cell_gives_the_outcome_and_is_named_as_people_count(run: Run):
    assert run.outcome is Outcome.TIMEOUT
    assert run.fault is not None
    assert run.fault.startswith('The cell that begins "while True:" was stopped after')
    assert any('without the cell that begins "import ctypes' in change for change in run.changes)


def test_an_error_names_the_cell_and_line_it_came_from_and_keeps_its_output(run: Run):
    failed = cell(run, 6)
    assert failed.status is CellStatus.ERROR
    assert failed.trouble is not None
    assert (failed.trouble.kind, failed.trouble.cell, failed.trouble.line) == ("NameError", 5, 2)
    assert failed.trouble.text == "return x / kept_elsewhere"
    assert failed.outputs[-1]["output_type"] == "error"


def test_a_cell_that_heeds_the_interrupt_costs_no_kernel(run: Run):
    assert cell(run, 7).status is CellStatus.TIMEOUT
    assert cell(run, 7).seconds < 5.5


def test_output_beyond_the_cap_is_cut_and_that_is_said(run: Run):
    assert len(text(run, 8)) < 25_000
    assert "was left out" in text(run, 8)
    assert text(run, 13) == "short\n"


def test_a_question_reads_what_the_notebook_left_behind(session: Session, run: Run):
    answer = session.ask(Question("q1", (Read("kept", into="kept"), Read("after", into="after"))))
    assert answer.status is Status.ANSWERED
    assert answer.values == {"kept": 42, "after": "still here"}


def test_a_question_that_raises_keeps_what_came_before_it(session: Session, run: Run):
    answer = session.ask(Question("q2", (Read("kept", into="kept"), Call("halve", (1.0,), into="half"))))
    assert answer.status is Status.RAISED
    assert answer.values == {"kept": 42}
    assert answer.trouble is not None
    assert (answer.at, answer.trouble.kind, answer.trouble.cell, answer.trouble.line) == (1, "NameError", 5, 2)


def test_a_slow_question_is_late_and_the_kernel_lives_on(session: Session, run: Run):
    answer = session.ask(Question("q3", (Call("nap", (0.2,), into="x"),), seconds=0.5))
    assert answer.status is Status.LATE
    assert session.ask(Question("q4", (Read("kept", into="kept"),))).status is Status.ANSWERED


def test_a_question_that_ends_the_kernel_is_not_asked_twice_and_the_next_finds_the_notebook_run_again(
    session: Session, run: Run
):
    deadly = Question("q5", (Call("leave", into="x"),))
    assert session.ask(deadly).status is Status.DIED
    begun = time.monotonic()
    assert session.ask(deadly).status is Status.DIED
    assert time.monotonic() - begun < 0.1
    again = session.ask(Question("q6", (Read("after", into="after"),)))
    assert again.values == {"after": "still here"}


def test_a_question_that_cannot_be_interrupted_is_late_and_its_kernel_killed(session: Session, run: Run):
    begun = time.monotonic()
    answer = session.ask(Question("q7", (Call("stubborn", into="x"),), seconds=1.0))
    assert answer.status is Status.LATE
    assert 3.0 <= time.monotonic() - begun < 6


@pytest.mark.parametrize("isolation", sorted({best_isolation(), Isolation.NONE}))
def test_a_closed_session_leaves_no_process_and_no_folder(kernel: None, isolation: Isolation):
    seconds = f"345.{os.getpid()}"  # another run of the tests has its own
    spawned = f"import subprocess\nsubprocess.Popen(['sleep', '{seconds}'], start_new_session=True)"
    seen: list[Path] = []

    def interrupt_at_second_cell(index: int) -> None:
        if index == 1:
            seen.extend(path.parents[1] for path in Path("/tmp").glob("grader-*/sockets/config.json") if ours(path))
            raise KeyboardInterrupt

    with (
        pytest.raises(KeyboardInterrupt),
        open_session(
            Setting(slot=4, data={}, limits=LIMITS, budget=TrainBudget(), seed=UNUSUAL, isolation=isolation)
        ) as opened,
    ):
        opened.run(cells(spawned, "while True: pass"), interrupt_at_second_cell)
    assert len(seen) == 1
    assert not seen[0].exists()
    assert not [p for p in psutil.process_iter(["cmdline"]) if p.info["cmdline"] == ["sleep", seconds]]


def ours(config: Path) -> bool:
    return str(UNUSUAL) in config.read_text()


def test_folders_of_a_grader_that_is_gone_are_removed_and_no_others():
    ours_still, claim = claimed_folder()
    abandoned, foreign = (Path(tempfile.mkdtemp(prefix=PREFIX, dir="/tmp")) for _ in range(2))
    (abandoned / OWNER).touch()
    try:
        sweep.__wrapped__()
        assert [folder.exists() for folder in (ours_still, abandoned, foreign)] == [True, False, True]
    finally:
        claim.close()
        for folder in (ours_still, abandoned, foreign):
            shutil.rmtree(folder, ignore_errors=True)


def answered_with(reply: bytes, seconds: float = 5.0) -> tuple[Status, bool]:
    """How an answer of these bytes ends, and whether the line is lost with it."""
    here, there = socket.socketpair()
    with here, there:
        threading.Thread(target=lambda: (there.recv(1 << 16), there.sendall(reply)), daemon=True).start()
        line = Line(here)
        return line.ask(Question("q", (Read("x", into="x"),), seconds=seconds)).status, line.lost


def test_a_sound_reply_is_an_answer():
    reply = Reply("q", {"x": Listing((Array("float32", (2, 2), bytes(16)), None))})
    assert answered_with(frame(reply)) == (Status.ANSWERED, False)


@pytest.mark.parametrize(
    "array",
    [
        Array("float32", (2, 2), bytes(15)),
        Array("float32", (2, -2), bytes(16)),
        Array("object", (2,), bytes(16)),
        Array("float32", (0, 1 << 62), b""),
        Array("float32", (1,) * 9, bytes(4)),
    ],
)
def test_an_array_that_is_not_what_it_says_makes_the_reply_malformed(array: Array):
    assert answered_with(frame(Reply("q", {"x": Listing((array,))})))[0] is Status.MALFORMED


def test_an_answer_to_another_question_is_malformed():
    assert answered_with(frame(Reply("p", {"x": 1})))[0] is Status.MALFORMED


def test_an_announced_length_beyond_the_limit_is_malformed_and_never_read():
    assert answered_with(struct.pack(">I", FRAME_LIMIT + 1)) == (Status.MALFORMED, True)


@pytest.mark.parametrize("body", [b"", b"nonsense", b"\x91" * 100_000, b"\xc1", b"\x80"])
def test_bytes_that_are_no_reply_are_malformed(body: bytes):
    assert answered_with(struct.pack(">I", len(body)) + body)[0] is Status.MALFORMED


def test_a_reply_that_trickles_in_is_late_at_the_deadline():
    here, there = socket.socketpair()

    def trickle() -> None:
        there.recv(1 << 16)
        there.sendall(struct.pack(">I", 1000))
        try:
            while True:
                there.sendall(b"x")
                time.sleep(0.05)
        except OSError:
            pass

    with here, there:
        threading.Thread(target=trickle, daemon=True).start()
        begun = time.monotonic()
        assert Line(here).ask(Question("q", (), seconds=0.1)).status is Status.LATE
        assert time.monotonic() - begun < 4


def test_what_ran_before_a_deadly_cell_is_asked_even_when_no_time_is_left_to_run_it_again(kernel: None):
    short = Limits(submission=6.0, cell=6.0)
    with open_session(
        Setting(slot=3, data={}, limits=short, budget=TrainBudget(), seed=1, isolation=best_isolation())
    ) as opened:
        dying = "import ctypes, time\ntime.sleep(4.5)\nctypes.CDLL(None)._exit(1)"
        ended = opened.run(cells("kept = 42", dying, "after = 1"))
        assert [c.status for c in ended.cells[:2]] == [CellStatus.OK, CellStatus.DIED]
        assert opened.ask(Question("q", (Read("kept", into="kept"),))).values == {"kept": 42}


@pytest.mark.parametrize("kind", ["FileNotFoundError", "ModuleNotFoundError"])
def test_who_lacked_a_file_or_a_package_is_not_told_that_the_code_is_at_fault(kind: str) -> None:
    lacking = CellRun(2, CellStatus.ERROR, 0.1, trouble=Trouble(kind, "no such thing"))
    assert sentence("The cell", lacking, LIMITS).startswith(f"The cell failed with {kind}: ")
    assert "its own code" not in sentence("The cell", lacking, LIMITS)
    wrong = CellRun(2, CellStatus.ERROR, 0.1, trouble=Trouble("ValueError", "shapes"))
    assert sentence("The cell", wrong, LIMITS) == "The cell failed with ValueError; its own code raised that."


def test_a_value_that_no_step_asked_for_makes_the_reply_malformed():
    assert answered_with(frame(Reply("q", {"x": 1, "weight": Array("uint8", (9,), bytes(9))})))[0] is Status.MALFORMED


def test_what_is_printed_or_raised_while_answering_is_kept_in_a_length_like_our_guests():
    trouble = Trouble("K" * 10**6, "m" * 10**6, text="t" * 10**6)
    kept = understand(Question("q", ()), frame(Reply("q", {}, trouble, printed="p" * 10**7))[4:])
    assert kept.trouble is not None and kept.trouble.kind == "K" * 100
    assert len(msgspec.msgpack.encode(kept)) < 110_000


def test_no_more_of_all_replies_is_kept_than_one_submission_may_send(kernel: None):
    """Noise in the very values that are asked for, 0.8 MB in each."""
    few = structs.replace(LIMITS, replies=5_000_000)
    loud = "import numpy as np\ndef loud(n):\n    return np.zeros(100_000)"
    with open_session(
        Setting(slot=3, data={}, limits=few, budget=TrainBudget(), seed=1, isolation=best_isolation())
    ) as opened:
        opened.run(cells(loud))
        answers = [opened.ask(Question(f"q{n}", (Call("loud", (n,), into="x"),))) for n in range(9)]
    assert [a.status for a in answers] == [Status.ANSWERED] * 6 + [Status.MALFORMED] * 3
    assert not any(answer.values for answer in answers[6:])


def test_a_fault_that_the_guest_tells_of_is_asked_about_once_more_in_a_fresh_kernel(kernel: None):
    failing = "import sys\ndef fail(question):\n    raise RuntimeError('no thread')\n"
    failing += "sys.modules['grader_guest.agent'].respond = fail"
    kernels = []
    with open_session(
        Setting(slot=3, data={}, limits=LIMITS, budget=TrainBudget(), seed=1, isolation=best_isolation())
    ) as opened:
        opened.run(cells(failing))
        for number in range(3):
            kernels.append(opened._kernel)
            answer = opened.ask(Question(f"q{number}", (Read("x", into="x"),)))
            assert answer.trouble is not None and answer.trouble.kind == "GuestFault"
    first, *rest = kernels
    assert first is not rest[0] and rest[0] is rest[1]
