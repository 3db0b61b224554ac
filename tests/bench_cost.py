"""What a command costs: wall time, processor time of all its processes, the most memory they held at once.

Processor time is counted by a control group of the system where one can be made, which forgets no process; else it is
summed up over the tree of processes. Memory is the sum of their proportional shares (PSS), looked at twice a second: a
page that two processes share counts once.
"""

import contextlib
import os
import re
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import psutil
from msgspec import Struct

GROUPS = (Path("/sys/fs/cgroup/cpuacct"), Path("/sys/fs/cgroup/unified"), Path("/sys/fs/cgroup"))
LOOKED = 0.5  # seconds between two looks at memory
ENTER = 'echo 0 > "$0/cgroup.procs" && exec "$@"'


class Moment(Struct, frozen=True):
    wall: float
    cpu: float


class Cost(Struct, frozen=True):
    wall: float
    cpu: float
    peak: int  # bytes
    done: tuple[Moment, ...]  # when a line came that says that a notebook is done
    said: str

    def further(self, first: int) -> Moment:
        """Of each notebook after the first few, while no other is behind."""
        begun, ended, count = self.done[first - 1], self.done[-1], len(self.done) - first
        return Moment((ended.wall - begun.wall) / count, (ended.cpu - begun.cpu) / count)


class Meter:
    """Processor time of all that runs in a group, or of a tree of processes."""

    def __init__(self) -> None:
        self.group = new_group()
        self.process: psutil.Process | None = None

    def entering(self, command: Sequence[str]) -> list[str]:
        return ["/bin/sh", "-c", ENTER, str(self.group), *command] if self.group else [*command]

    def cpu(self) -> float:
        with contextlib.suppress(OSError, ValueError):
            if self.group and (self.group / "cpuacct.usage").is_file():
                return int((self.group / "cpuacct.usage").read_text()) / 1e9
            if self.group:
                return int(re.findall(r"usage_usec (\d+)", (self.group / "cpu.stat").read_text())[0]) / 1e6
        times = [process.cpu_times() for process in self.tree()]
        return sum(t.user + t.system + t.children_user + t.children_system for t in times)

    def tree(self) -> Iterator[psutil.Process]:
        with contextlib.suppress(psutil.Error):
            if self.process:
                yield from (self.process, *self.process.children(recursive=True))

    def memory(self) -> int:
        return sum(proportional(process.pid) for process in self.tree())

    def close(self) -> None:
        if self.group:
            for folder in [*sorted(self.group.rglob("*/"), reverse=True), self.group]:
                with contextlib.suppress(OSError):
                    folder.rmdir()


def new_group() -> Path | None:
    for parent in GROUPS:
        folder = parent / f"grader-bench-{os.getpid()}-{time.monotonic_ns()}"
        with contextlib.suppress(OSError):
            folder.mkdir()
            if any((folder / name).is_file() for name in ("cpuacct.usage", "cpu.stat")):
                return folder
            folder.rmdir()
    return None


def proportional(pid: int) -> int:
    with contextlib.suppress(OSError, IndexError):
        return 1024 * int(re.findall(r"^Pss: +(\d+)", Path(f"/proc/{pid}/smaps_rollup").read_text(), re.MULTILINE)[0])
    return 0


def cost(command: Sequence[str | Path], done: str, folder: Path, variables: Mapping[str, str] | None = None) -> Cost:
    """`done` is a pattern of the lines that say that one notebook is done. Raises where the command fails."""
    meter, begun, moments, most, said = Meter(), time.monotonic(), [], [0], []
    meter_command = meter.entering([str(word) for word in command])
    with tempfile.TemporaryFile() as nothing:
        running = subprocess.Popen(
            meter_command, cwd=folder, env=os.environ | (variables or {}), stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, stdin=nothing, text=True, errors="replace",
        )  # fmt: skip
    meter.process = psutil.Process(running.pid)
    with looking(meter, most):
        assert running.stdout is not None
        for line in running.stdout:
            said.append(line)
            if re.search(done, line):
                moments.append(Moment(time.monotonic() - begun, meter.cpu()))
        counted = meter.cpu()
        running.wait()
    whole = Cost(
        time.monotonic() - begun, max(meter.cpu() if meter.group else 0, counted), most[0], (*moments,), "".join(said)
    )
    meter.close()
    if running.returncode:
        raise SystemExit(f"{' '.join(map(str, command))} ended with {running.returncode}:\n{whole.said[-3000:]}")
    return whole


@contextmanager
def looking(meter: Meter, most: list[int]) -> Iterator[None]:
    over = threading.Event()

    def look() -> None:
        while not over.wait(LOOKED):
            most[0] = max(most[0], meter.memory())

    looker = threading.Thread(target=look)
    looker.start()
    try:
        yield
    finally:
        over.set()
        looker.join()
