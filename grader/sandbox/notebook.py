"""How a notebook runs from top to bottom in one kernel: each cell's end, and who or what ended it."""

import asyncio
import time
from collections.abc import Callable, Sequence
from queue import Empty

from msgspec import Struct, structs

from grader.model import Cell, CellRun, CellStatus, Limits
from grader.sandbox.blame import Lack, names_bound
from grader.sandbox.guest.config import Note
from grader.sandbox.guest.wire import Trouble
from grader.sandbox.kernel import Kernel
from grader.sandbox.recorder import Recorder
from grader.sandbox.sayings import voiced
from grader.sandbox.showing import storable

GRACE = 3.0  # seconds for a cell to end after it was interrupted
STOPPED = ("TrainingOver", "Restart")  # the guest ended a loop that trained too long, or passed over what ends a kernel
MEMORY_ERRORS = ("MemoryError", "_ArrayMemoryError", "ResourceExhaustedError")


class Pass(Struct, frozen=True):
    """One way through the notebook; `fatal` is the cell that took the kernel down, if one did."""

    cells: tuple[CellRun, ...]
    changes: tuple[str, ...]
    fatal: CellRun | None = None
    out_of_time: bool = False


class Reading:
    """One pass through the code cells of a notebook."""

    def __init__(self, kernel: Kernel, cells: tuple[Cell, ...], limits: Limits) -> None:
        self._kernel = kernel
        self._cells = cells
        self._limits = limits
        self._recorder = Recorder(limits.output, kernel.client)
        self._lack = Lack()

    async def go(self, left_out: dict[int, CellRun], end: float, started: Callable[[int], None] | None) -> Pass:
        """`left_out` cells are not run again and keep what is known of them; `end` is in time.monotonic()."""
        done: list[CellRun] = []
        fatal: CellRun | None = None
        out_of_time = False
        for cell in self._cells:
            if cell.index in left_out:
                done.append(left_out[cell.index])
                continue
            out_of_time = out_of_time or time.monotonic() >= end
            if fatal or out_of_time:
                done.append(CellRun(cell.index, CellStatus.SKIPPED))
                continue
            if not cell.source.strip():
                done.append(CellRun(cell.index, CellStatus.OK))
                continue
            if started:
                started(cell.index)
            run = await self._cell(cell, end)
            done.append(run)
            if not self._kernel.alive:
                fatal = run
        return Pass(tuple(done), self._changes(), fatal, out_of_time or time.monotonic() >= end)

    async def _cell(self, cell: Cell, end: float) -> CellRun:
        begun = time.monotonic()
        last = min(begun + self._limits.cell, end)
        self._kernel.watch.until(last + 2 * GRACE)  # holds even when a flood of output keeps this loop busy
        task = asyncio.ensure_future(self._recorder.run(cell))
        interrupted = await self._wait(task, last)
        failed = await self._end(task) or not (interrupted or await self._answers(last))
        overdue = self._kernel.watch.until(float("inf"))
        if failed or overdue:  # overdue: the watch is at it already, and the next cell must not be blamed
            self._kernel.tree.kill()
        status = self._status(interrupted or overdue)
        run = CellRun(cell.index, status, round(time.monotonic() - begun, 3), outputs=self._recorder.outputs())
        if status is CellStatus.OK:
            return run
        notes = [note for note in self._kernel.notes() if note.kind and note.during == cell.index]
        excuse = self._lack.excuse(cell, notes) if status is CellStatus.ERROR else ""
        lost = tuple(sorted(names_bound(cell.source))) if excuse else ()
        notes.sort(key=lambda note: bool(note.excuse) == bool(excuse))
        return structs.replace(run, trouble=self._trouble(notes), excuse=excuse, lost=lost)

    async def _wait(self, task: asyncio.Future[None], last: float) -> bool:
        """Until the cell ends by itself, by an interrupt or with its kernel; whether it had to be interrupted."""
        interrupted = False
        while not task.done() and self._kernel.alive:
            wait = max(last - time.monotonic(), 0.0)
            await asyncio.wait({task}, timeout=min(wait, 0.1) if not interrupted else 0.1)
            now = time.monotonic()
            if not task.done() and not interrupted and now >= last:
                interrupted = True
                self._kernel.tree.interrupt()
            elif not task.done() and interrupted and now >= last + GRACE:
                self._kernel.tree.kill()
        return interrupted

    async def _end(self, task: asyncio.Future[None]) -> bool:
        """Collect the task; whether its conversation with the kernel broke off."""
        if not task.done():
            await asyncio.wait({task}, timeout=0.2)  # outputs sent before the end may still be on their way
        task.cancel()
        try:
            await task
        except (asyncio.CancelledError, Exception):  # the kernel died, or sent what no kernel of ours sends
            for left in asyncio.all_tasks() - {asyncio.current_task()}:
                left.cancel()  # nbclient's own, which wait for messages that will not come
            return True
        return False

    async def _answers(self, last: float) -> bool:
        """Whether the kernel still does; where this cell made it deaf, the next one must not be blamed."""
        client = self._kernel.client
        asked = client.kernel_info()
        while self._kernel.alive and time.monotonic() < last:
            try:
                reply = await client.get_shell_msg(timeout=0.1)
            except Empty:
                continue
            except Exception:  # no message of a kernel of ours
                return False
            if reply["parent_header"].get("msg_id") == asked:
                return True
        return False

    def _status(self, interrupted: bool) -> CellStatus:
        reply = self._recorder.reply
        if self._kernel.watch.out_of_memory:
            return CellStatus.OUT_OF_MEMORY
        if interrupted:
            return CellStatus.TIMEOUT
        if not self._kernel.alive:
            return CellStatus.DIED
        if reply.get("status") == "error" and reply.get("ename") not in STOPPED:
            return CellStatus.OUT_OF_MEMORY if reply.get("ename") in MEMORY_ERRORS else CellStatus.ERROR
        return CellStatus.OK

    def _trouble(self, notes: Sequence[Note]) -> Trouble | None:
        """Where it failed as the last of its notes has it, else what its reply says."""
        if notes:
            note = notes[-1]
            return Trouble(note.kind[:100], note.message[:500], note.cell, note.line, note.text and note.text[:300])
        reply = self._recorder.reply
        if reply.get("status") != "error":
            return None
        return Trouble(storable(str(reply.get("ename"))[:100]), storable(str(reply.get("evalue"))[:500]))

    def _changes(self) -> tuple[str, ...]:
        noted = dict.fromkeys(note.change for note in self._kernel.notes() if note.change)
        return tuple(voiced(change)[:300] for change in tuple(noted)[:100])
