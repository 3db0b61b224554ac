"""Control groups of Linux: one for each kernel, where they can be made, in which the system itself counts and shares.

They count what no process has mapped (memfds, what sockets hold, the names of empty files), and give a kernel with 200
processes no more of the processors than one with a single one. Version 2 takes root or a delegated group, version 1
root. Made below our own group or one above it that hands the controllers on, so that limits put upon us still hold.
"""

import contextlib
import functools
import itertools
import os
import subprocess
import time
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import psutil
from msgspec import Struct

from grader.model import Limits

MOUNT, OWN = Path("/sys/fs/cgroup"), Path("/proc/self/cgroup")
MEMORY, OTHERS = "memory", ("pids", "cpu")
PREFIX = "grader-kernel-"
LEAF = "grader"  # where we go ourselves, since a group of version 2 hands nothing on while a process is in it
SLACK = 512 * 1024**2  # bytes for the system's own tables
DISKS = 3  # in memory: home, /tmp, /dev/shm
JAILERS = 8  # processes beside the notebook's own
PATIENCE = 2.0  # seconds until the dead have left a group
ENTER = """
{ echo 300 > /proc/self/oom_score_adj; } 2> /dev/null
IFS=:
for group in $0; do echo 0 > "$group/cgroup.procs" || exit 1; done
unset IFS
exec "$@"
"""
numbers = itertools.count()


class Group(Struct, frozen=True):
    """Its folders: one in version 2, in version 1 one for each controller, memory's first."""

    folders: tuple[Path, ...] = ()
    controllers: tuple[str, ...] = ()

    def entering(self, command: Sequence[str]) -> list[str]:
        """The command in this group from its first moment. Where memory runs short it is ended before the grader is."""
        return ["/bin/sh", "-c", ENTER, ":".join(map(str, self.folders)), *command]

    @property
    def out_of_memory(self) -> bool:
        """Whether the system has ended a process in it for that."""
        for folder, name in itertools.product(self.folders[:1], ("memory.events", "memory.oom_control")):
            with contextlib.suppress(OSError):
                return any(line.split() > ["oom_kill", "0"] for line in lines(folder / name) if "oom_kill " in line)
        return False

    def remove(self) -> None:
        end = time.monotonic() + PATIENCE
        for folder in self.folders:
            while not removed(folder) and time.monotonic() < end:
                time.sleep(0.02)


def group(limits: Limits) -> Group:
    """A new one for a kernel with these limits; without folders where none can be made."""
    with contextlib.suppress(OSError):
        return made(limits, places()) if why_none() is None else Group()
    return Group()


@functools.cache
def why_none() -> str | None:
    """None where control groups work, else what stands in their way; found out by trying."""
    found = places()
    if MEMORY not in found:
        return "no control group that counts memory can be made below ours"
    sweep(found.values())
    try:
        tried = made(Limits(), found)
    except OSError as error:
        return f"a control group cannot be made ({error})"
    try:
        done = subprocess.run(tried.entering(["true"]), capture_output=True, check=False, timeout=10)
        return None if done.returncode == 0 else "a control group can be made, but not entered"
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"a control group cannot be entered ({error})"
    finally:
        tried.remove()


def made(limits: Limits, found: dict[str, Path]) -> Group:
    """Raises OSError, and leaves nothing, where the system refuses."""
    name = f"{PREFIX}{os.getpid()}-{next(numbers)}"
    most = limits.memory + DISKS * limits.disk + SLACK
    folders = tuple(dict.fromkeys(parent / name for parent in found.values()))
    try:
        for folder in folders:
            folder.mkdir()
            for file, value in settings(most, limits.processes + JAILERS):
                if (folder / file).exists():
                    (folder / file).write_text(str(value))
    except OSError:
        for folder in folders:
            removed(folder)
        raise
    return Group(folders, tuple(found))


def settings(memory: int, processes: int) -> Iterator[tuple[str, int]]:
    """By the names of files in either version, in an order that the system takes. Shares of processors are equal."""
    yield from (("memory.max", memory), ("memory.swap.max", 0), ("memory.oom.group", 1))
    yield from (("memory.limit_in_bytes", memory), ("memory.memsw.limit_in_bytes", memory))
    yield "pids.max", processes


def places(mount: Path = MOUNT, own: Path = OWN) -> dict[str, Path]:
    """Controllers and the group below which one can be made; memory's first."""
    found: dict[str, Path] = {}
    with contextlib.suppress(OSError, ValueError):
        for line in lines(own):
            _, names, path = line.split(":", 2)
            if ".." in path or ":" in path:  # what lies outside a container is not ours
                continue
            if not names:
                unified = mount if (mount / "cgroup.controllers").exists() else mount / "unified"
                found |= places_of_version_2(unified, path)
            for name in {MEMORY, *OTHERS} & set(names.split(",")):
                folder = mount / name / path.lstrip("/")
                found |= {name: folder} if os.access(folder, os.W_OK) else {}
    return {name: found[name] for name in (MEMORY, *OTHERS) if name in found}


def places_of_version_2(mount: Path, path: str) -> dict[str, Path]:
    """The nearest group, from ours upwards, whose groups count memory."""
    own = mount / path.lstrip("/")
    if MEMORY in words(own / "cgroup.controllers"):
        hand_on(own)
    for folder in (own, *own.parents):
        if not folder.is_relative_to(mount):
            break
        handed_on = words(folder / "cgroup.subtree_control")
        if MEMORY in handed_on and os.access(folder, os.W_OK):
            return {name: folder for name in (MEMORY, *OTHERS) if name in handed_on}
    return {}


def hand_on(own: Path) -> None:
    """Have our own group count for those below it, where it is ours alone."""
    wanted = " ".join(f"+{name}" for name in (MEMORY, *OTHERS) if name in words(own / "cgroup.controllers"))
    with contextlib.suppress(OSError, psutil.Error):
        inside = set(map(int, words(own / "cgroup.procs")))
        us = psutil.Process()
        if inside and inside <= {us.pid, *(child.pid for child in us.children(recursive=True))}:
            (own / LEAF).mkdir(exist_ok=True)
            for pid in inside:
                (own / LEAF / "cgroup.procs").write_text(str(pid))
            (own / "cgroup.subtree_control").write_text(wanted)


def sweep(parents: Iterable[Path]) -> None:
    """Groups of graders that were killed. One with a process in it is not removed by the system."""
    for folder in {folder for parent in parents for folder in parent.glob(f"{PREFIX}*")}:
        owner = folder.name.removeprefix(PREFIX).split("-")[0]
        if owner.isdecimal() and not psutil.pid_exists(int(owner)):
            removed(folder)


def removed(folder: Path) -> bool:
    try:
        folder.rmdir()
    except FileNotFoundError:
        return True
    except OSError:
        return False
    return True


def words(file: Path) -> list[str]:
    try:
        return file.read_text().split()
    except OSError:
        return []


def lines(file: Path) -> list[str]:
    return file.read_text().splitlines()
