"""What a submission gets: its notebook run once as a whole, then questions to what it left behind."""

import asyncio
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from msgspec import structs

from grader.errors import OurFault
from grader.model import (
    Cell,
    CellRun,
    CellStatus,
    Limits,
    Observation,
    Outcome,
    Run,
    Status,
)
from grader.sandbox import blame
from grader.sandbox.guest.framing import frame
from grader.sandbox.guest.wire import GUEST_FAULT, Question, Trouble
from grader.sandbox.kernel import Kernel, Setting
from grader.sandbox.notebook import Pass, Reading
from grader.sandbox.walls import card_memory
from grader.wording.cell_names import cell_name

REPLAYS = 3  # of the notebook, after cells that took the kernel down
REVIVALS = 2  # of the kernel, after questions that did
LACKING = ("FileNotFoundError", "ModuleNotFoundError", "NotFoundError")  # the last is TensorFlow's, of a file

OUTCOMES = {
    CellStatus.TIMEOUT: Outcome.TIMEOUT,
    CellStatus.OUT_OF_MEMORY: Outcome.OUT_OF_MEMORY,
    CellStatus.DIED: Outcome.DIED,
}


@contextmanager
def open_session(setting: Setting) -> Iterator["Session"]:
    """A warm kernel of its own. Open, use and close it in one thread: a jail ends with the thread it came from."""
    session = Session(setting)
    try:
        yield session
    finally:
        session.close()


class Session:
    def __init__(self, setting: Setting) -> None:
        self._setting = setting
        self._loop = asyncio.new_event_loop()
        self._notebook: tuple[Cell, ...] = ()
        self._cells: tuple[Cell, ...] = ()
        self._left_out: dict[int, CellRun] = {}
        self._kernel: Kernel | None = None
        self._revivals = 0
        self._deadly: set[bytes] = set()
        self._heard = 0  # bytes of replies
        self._faulty = False  # the guest has told of a fault of its own
        self.card_full = False  # the memory of a GPU has run out, in a cell or under a question
        try:
            self._renew()
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        self._drop()
        if self._loop.is_closed():
            return
        waiting = asyncio.all_tasks(self._loop)  # left over when a run was broken off, by Ctrl-C for instance
        for task in waiting:
            task.cancel()
        if waiting:
            self._loop.run_until_complete(asyncio.wait(waiting, timeout=5))
        self._loop.close()

    def insist_on_room(self) -> None:
        """Raises where the memory of a GPU ran out of which others had a part; all that was seen here is void then."""
        if self._setting.device is not None and self.card_full:
            card_memory.insist_on_room(self._setting.device)

    def run(self, cells: tuple[Cell, ...], started: Callable[[int], None] | None = None) -> Run:
        """Every code cell once, top to bottom; again without it when one takes the kernel down."""
        begun = time.monotonic()
        end = begun + self._setting.limits.submission
        self._notebook = cells
        self._cells = tuple(cell for cell in cells if cell.kind == "code")
        done = self._pass(end, started)
        for _ in range(REPLAYS):
            if done.fatal is None or time.monotonic() >= end:
                break
            self._renew()
            again = self._pass(end, started)
            if again.out_of_time:
                self._drop()  # the questions bring up a kernel in which all of the notebook has run
            done = structs.replace(again, cells=at_their_best(done.cells, again.cells))
        return self._told(done, round(time.monotonic() - begun, 3))

    def ask(self, question: Question) -> Observation:
        deed = frame(structs.replace(question, id=""))
        if self._heard > self._setting.limits.replies:
            return Observation(question.id, Status.MALFORMED)
        if deed in self._deadly or not self._revive():
            return Observation(question.id, Status.DIED)
        observation = self._reply(question)
        assert self._kernel is not None
        if is_fault(observation) and not self._faulty:
            self._faulty = True
            self._drop()  # the machine may have been at its limits: once more in a fresh kernel
            again = self.ask(question)
            return observation if again.status is Status.DIED else again
        if self._kernel.line.lost or not self._kernel.alive:
            self._deadly.add(deed)
            if self._kernel.watch.out_of_memory:
                limit = self._setting.limits.memory / 1024**3
                trouble = Trouble("MemoryError", f"more than {limit:g} GB of memory were used")
                observation = Observation(question.id, Status.DIED, trouble=trouble)
            self._drop()
        self.card_full |= self._setting.device is not None and card_memory.ran_out_while_asked(observation)
        return observation

    def _reply(self, question: Question) -> Observation:
        """No more of them than may be kept."""
        assert self._kernel is not None
        before = self._kernel.line.heard
        observation = self._kernel.line.ask(question)
        self._heard += self._kernel.line.heard - before
        too_much = self._heard > self._setting.limits.replies
        return Observation(question.id, Status.MALFORMED) if too_much else observation

    def _drop(self) -> None:
        if self._kernel is not None:
            self._kernel.close()
            self._kernel = None

    def _renew(self) -> None:
        """A fresh kernel; tried twice, since a busy machine can be at fault."""
        self._drop()
        try:
            self._kernel = Kernel(self._setting, self._loop)
        except OurFault:
            self._kernel = Kernel(self._setting, self._loop)

    def _revive(self) -> bool:
        """Have a kernel with the notebook run in it, unless too many were lost."""
        if self._kernel is not None and self._kernel.alive and not self._kernel.line.lost:
            return True
        while self._revivals < REVIVALS:
            self._revivals += 1
            self._renew()
            if self._pass(time.monotonic() + self._setting.limits.submission, None).fatal is None:
                return True
        return False

    def _pass(self, end: float, started: Callable[[int], None] | None) -> Pass:
        assert self._kernel is not None
        reading = Reading(self._kernel, self._cells, self._setting.limits)
        done = self._loop.run_until_complete(reading.go(self._left_out, end, started))
        if self._setting.device is not None:
            done = self._with_card(done, self._kernel.tree.said() if done.fatal else "")
        if done.fatal is not None:
            self._left_out[done.fatal.index] = done.fatal
        return done

    def _with_card(self, done: Pass, last_words: str) -> Pass:
        """What the memory of a GPU has to do with the ends of cells."""
        fatal = done.fatal and card_memory.told_of(done.fatal, last_words)
        cells = tuple(fatal if fatal and run is done.fatal else card_memory.told_of(run, "") for run in done.cells)
        self.card_full |= any(card_memory.ran_out(run.trouble) for run in cells)
        return structs.replace(done, cells=cells, fatal=fatal)

    def _told(self, done: Pass, seconds: float) -> Run:
        outcome, fault = self._verdict(done)
        names = {run.index: cell_name(self._notebook, run.index) for run in done.cells}
        again = [f"The notebook was run again without {names[i]}, which ended its kernel." for i in self._left_out]
        excused = [
            f"Not all that {names[run.index]} does could be done here, and that costs nothing: {run.excuse}."
            for run in done.cells if run.excuse
        ]  # fmt: skip
        return Run(outcome, self._setting.isolation, done.cells, (*done.changes, *excused, *again), seconds, fault)

    def _verdict(self, done: Pass) -> tuple[Outcome, str | None]:
        limits = self._setting.limits
        for run in done.cells:
            if run.status in OUTCOMES:
                return OUTCOMES[run.status], self._sentence(run)
        if done.out_of_time:
            return Outcome.TIMEOUT, (
                f"The notebook did not finish within {limits.submission:g} s, so its later cells were not run; "
                "its own code took the time."
            )
        failed = next((run for run in done.cells if run.status is CellStatus.ERROR and not run.excuse), None)
        if failed is None:
            return Outcome.OK, None
        return Outcome.FAILED_CELLS, self._sentence(failed)

    def _sentence(self, run: CellRun) -> str:
        device = self._setting.device
        name = cell_name(self._notebook, run.index)
        where = name[:1].upper() + name[1:]
        if device and run.status is CellStatus.OUT_OF_MEMORY and card_memory.ran_out(run.trouble):
            return card_memory.sentence(where, device)
        return sentence(where, run, self._setting.limits)


def is_fault(observation: Observation) -> bool:
    return observation.trouble is not None and observation.trouble.kind == GUEST_FAULT


def at_their_best(first: tuple[CellRun, ...], again: tuple[CellRun, ...]) -> tuple[CellRun, ...]:
    """A cell for which a second reading had no time keeps what is known of it from the first."""
    return tuple(one if other.status is CellStatus.SKIPPED else other for one, other in zip(first, again, strict=True))


def sentence(where: str, run: CellRun, limits: Limits) -> str:
    """What happened in a cell, and whose fault it is; `where` is its name."""
    match run.status:
        case CellStatus.TIMEOUT:
            allowed = f"a cell may run {limits.cell:g} s and the notebook {limits.submission:g} s here"
            return f"{where} was stopped after {run.seconds:.0f} s ({allowed}); its own code took the time."
        case CellStatus.OUT_OF_MEMORY:
            allowed = f"the {limits.memory / 1024**3:g} GB of memory a notebook may use here"
            return f"{where} needed more than {allowed}; its own code took them."
        case CellStatus.DIED:
            return f"{where} ended the Python process it ran in, or left it unable to go on; its own code did that."
        case _ if run.trouble and run.trouble.kind in LACKING:
            return f"{where} failed with {run.trouble.kind}: a file or a package it asks for is not here."
        case _ if run.trouble and blame.is_tensorflow_1(run.trouble.message):
            return f"{where} failed with {run.trouble.kind}: {blame.TENSORFLOW_1}."
        case _:
            kind = f" with {run.trouble.kind}" if run.trouble else ""
            return f"{where} failed{kind}; its own code raised that."
