"""How a kernel's process tree is started, watched over and ended; nothing of it is left when `kill` returns."""

import collections
import contextlib
import os
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import psutil

from grader.sandbox.walls.groups import Group
from grader.sandbox.walls.jail import OPEN_FILES
from grader.sandbox.walls.unmapped import unmapped

POLL = 0.2
MARK = "GRADER_KERNEL"  # environment variable by which processes are found again that left the tree
FIRST = 6  # processes of a tree that share the processors with others: jailers, the kernel, a few of its own
PATIENCE = 20  # times as long as it takes to measure folders, before they are measured again


class Tree:
    """One kernel with everything it starts."""

    def __init__(
        self,
        command: Sequence[str],
        environment: Mapping[str, str],
        keep_fds: Sequence[int],
        mark: str,
        jailed: bool,
        stdin: int = subprocess.DEVNULL,
    ) -> None:
        self._mark = mark
        self._jailed = jailed
        self._fork: psutil.Process | None = None
        ours, theirs = os.pipe()
        self._output, self._theirs = open(ours, "rb", 0), open(theirs, "wb", 0)
        try:
            self._process = subprocess.Popen(
                command,
                env={**environment, MARK: mark},
                pass_fds=keep_fds,
                stdin=stdin,
                stdout=self._theirs,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # a Ctrl-C in the terminal is ours, not the kernel's
            )
        except BaseException:
            self._output.close()
            self._theirs.close()
            raise
        self._said: collections.deque[bytes] = collections.deque(maxlen=32)
        self._spoke = threading.Event()
        self._reader = threading.Thread(target=self._drain, daemon=True)
        self._reader.start()

    @property
    def alive(self) -> bool:
        return self._process.poll() is None

    @property
    def output(self) -> int:
        """The descriptor that all of the tree writes to, until `complete`."""
        return self._theirs.fileno()

    def complete(self, fork: psutil.Process | None = None) -> None:
        """Nothing else is started by us; `fork` walked in, and is no descendant of the first process."""
        self._fork = fork
        self._theirs.close()

    def speaks(self, seconds: float) -> bool:
        """Whether it wrote something, or ended, within so many seconds."""
        end = time.monotonic() + seconds
        while not self._spoke.wait(0.05) and self.alive and time.monotonic() < end:
            pass
        return self._spoke.is_set()

    def said(self) -> str:
        """The last of what the processes wrote past the notebook; for messages about a kernel that did not start."""
        return b"".join(self._said).decode("utf-8", "replace")[-2000:].strip()

    def said_in_all(self, seconds: float) -> str:
        """What they wrote until the end; until they are killed where it does not come in so many seconds."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(timeout=seconds)
        self.kill()
        return b"".join(self._said).decode("utf-8", "replace").strip()

    def interrupt(self) -> None:
        """SIGINT to the kernel itself: the first process of the tree that runs Python's kernel, not what it started."""
        if self._fork is not None:
            with contextlib.suppress(psutil.Error):
                self._fork.send_signal(2)
            return
        for process in self._family():
            with contextlib.suppress(psutil.Error):
                if any(part.endswith("start.py") for part in process.cmdline()) and "bwrap" not in process.name():
                    process.send_signal(2)
                    return

    def memory(self) -> int:
        """Bytes that only this tree holds; file pages do not count."""
        return sum(_private_bytes(process.pid) for process in self._family())

    def unmapped(self) -> int:
        """Bytes beside these, as far as they can be seen from outside."""
        return unmapped([process.pid for process in self._family()[1:]], OPEN_FILES)

    def give_way(self) -> None:
        """All but the first processes get the processors when nobody else wants them."""
        family = sorted(self._family(), key=lambda process: process.create_time())
        sessions: set[int] = set()
        for place, process in enumerate(family):
            with contextlib.suppress(psutil.Error, OSError):
                session = os.getsid(process.pid)
                if place < FIRST:
                    sessions.add(session)
                    continue
                process.nice(19)
                if session not in sessions:  # Linux gives each session a share of its own
                    Path(f"/proc/{process.pid}/autogroup").write_text("19")

    def kill(self) -> None:
        family = self._family()
        # Inside first: with a jail's first process all in it dies, and the one outside reaps it and ends by itself.
        for process in reversed(family[1:]):
            with contextlib.suppress(psutil.Error):
                process.kill()
        if not self._jailed:
            self._process.kill()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(timeout=5)
        self._process.kill()
        self._process.wait()
        psutil.wait_procs(family[1:], timeout=5)
        for stray in self._strays():
            with contextlib.suppress(psutil.Error):
                stray.kill()
        self._theirs.close()
        self._reader.join(timeout=1)

    def _family(self) -> list[psutil.Process]:
        """The first process and its descendants, then those of a fork that walked in; parents before children."""
        found = []
        for first in (self._process.pid, self._fork):
            with contextlib.suppress(psutil.Error):
                process = psutil.Process(first) if isinstance(first, int) else first
                found += [process, *process.children(recursive=True)] if process else []
        return found

    def _strays(self) -> list[psutil.Process]:
        found = []
        for process in psutil.process_iter():
            with contextlib.suppress(psutil.Error):
                if process.environ().get(MARK) == self._mark:
                    found.append(process)
        return found

    def _drain(self) -> None:
        with self._output as pipe:
            while chunk := os.read(pipe.fileno(), 4096):
                self._said.append(chunk)
                self._spoke.set()


class Watch:
    """Kills a tree that takes more memory than it may, fills a folder, or outlives its last moment."""

    def __init__(
        self, tree: Tree, group: Group, memory: int, sizes: Mapping[Path, int], broken_off: threading.Event
    ) -> None:
        self.peak = 0
        self.overdue = False
        self._last_moment = float("inf")  # of time.monotonic()
        self._lock = threading.Lock()
        self._tree = tree
        self._group = group
        self._memory = memory
        self._sizes = sizes
        self._measured_again = 0.0  # of time.monotonic()
        self._broken_off = broken_off
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)
        self._thread.start()

    @property
    def out_of_memory(self) -> bool:
        return self.peak > self._memory or self._group.out_of_memory

    def stop(self) -> None:
        self._over.set()
        self._thread.join()

    def until(self, moment: float) -> bool:
        """Set the last moment, of time.monotonic(); whether an earlier one has passed and the tree is being killed."""
        with self._lock:
            self._last_moment = moment
            return self.overdue

    def _look(self) -> None:
        while not self._over.wait(POLL) and self._tree.alive:
            self.peak = max(self.peak, self._tree.memory() + self._uncounted())
            with self._lock:
                self.overdue = time.monotonic() > self._last_moment
            broken_off = self._broken_off.is_set()
            if self.out_of_memory or self.overdue or broken_off or self._overfull():
                self._tree.kill()
                return

    def _uncounted(self) -> int:
        """What no group counts; nor does it share out the processors then."""
        if "cpu" not in self._group.controllers:
            self._tree.give_way()
        return 0 if self._group.folders else self._tree.unmapped()

    def _overfull(self) -> bool:
        begun = time.monotonic()
        if begun < self._measured_again:
            return False
        overfull = any(_holds_more(folder, limit) for folder, limit in self._sizes.items())
        self._measured_again = time.monotonic() + PATIENCE * (time.monotonic() - begun)
        return overfull


def _private_bytes(pid: int) -> int:
    try:
        with open(f"/proc/{pid}/status", "rb") as file:
            fields = dict(line.split(b":", 1) for line in file if line.startswith((b"RssAnon", b"RssShmem")))
        return sum(int(value.split()[0]) * 1024 for value in fields.values())
    except (OSError, ValueError):
        pass
    with contextlib.suppress(psutil.Error):  # not Linux, or gone by now
        return int(psutil.Process(pid).memory_info().rss)
    return 0


def _holds_more(folder: Path, limit: int) -> bool:
    """Every entry counts, so that empty files are not without end."""
    total = 0
    waiting = [os.fspath(folder)]
    while waiting:
        with contextlib.suppress(OSError), os.scandir(waiting.pop()) as entries:
            for entry in entries:
                total += entry.stat(follow_symlinks=False).st_blocks * 512 + 512
                if total > limit:
                    return True
                if entry.is_dir(follow_symlinks=False):
                    waiting.append(entry.path)
    return False
