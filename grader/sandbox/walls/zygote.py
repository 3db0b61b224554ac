"""Processes with TensorFlow loaded, from which jailed kernels are forked: ready in a third of a second, not three.

Bubblewrap makes a kernel's jail as ever, around a first process that only waits. The fork walks in and gives up all it
could do outside before anything of a notebook is opened (guest/walls.py). A zygote holds no secret: it is started with
the environment of a kernel, loads what kernels load, and never hears of a notebook.
"""

import atexit
import contextlib
import os
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO

import msgspec
import psutil
from msgspec import Struct

from grader.sandbox.guest.walls import Walls
from grader.sandbox.guest.zygote import Covered, Order, Told
from grader.sandbox.walls import hiding, jail
from grader.sandbox.walls.groups import Group
from grader.sandbox.walls.jail import Plan
from grader.sandbox.walls.processes import Tree

LOADING, STANDING, FORKING = 120.0, 30.0, 30.0  # seconds
NAMESPACES = {
    "user": 0x10000000,
    "mnt": 0x00020000,
    "uts": 0x04000000,
    "ipc": 0x08000000,
    "pid": 0x20000000,
    "net": 0x40000000,
    "cgroup": 0x02000000,
}  # flags of <linux/sched.h>
LEAST = {"mnt", "uts", "ipc", "pid", "net"}  # that a jail must have of its own
WAITING = ("/bin/sh", "-c", "echo; exec cat")  # a jail's first process: says that it stands, ends with its leash


class Zygote:
    def __init__(self, environment: Mapping[str, str]) -> None:
        """Raises OSError with what it said where it did not get ready."""
        self._lock = threading.Lock()
        self._said = tempfile.TemporaryFile()
        self._line, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        start = str(jail.GUEST / "start.py")
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-s", "-P", start, "zygote", str(theirs.fileno()), jail.INSIDE.guest],
                env={**jail.environment(jail.INSIDE), **environment},
                cwd="/",
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=self._said,
                stderr=self._said,
                start_new_session=True,
            )
        try:
            self._line.settimeout(LOADING)
            places = {str(place) for prefix in (sys.base_prefix, sys.prefix) for place in hiding.covered(Path(prefix))}
            self._line.send(msgspec.json.encode(Covered(tuple(places), str(hiding.PROJECT))))
            self._told()
            self._line.settimeout(FORKING)
        except OSError:
            self.close()
            raise

    @property
    def alive(self) -> bool:
        return self._process.poll() is None

    def fork(self, order: Order, descriptors: Sequence[int]) -> psutil.Process:
        """The kernel, inside; raises OSError where it could not get there."""
        with self._lock:
            try:
                socket.send_fds(self._line, [msgspec.json.encode(order)], descriptors)
                return psutil.Process(self._told().pid)
            except TimeoutError:
                self._process.kill()
                raise
            except psutil.Error as gone:
                raise ChildProcessError(str(gone)) from gone

    def close(self) -> None:
        self._line.close()
        self._process.kill()
        self._process.wait()
        self._said.close()

    def _told(self) -> Told:
        message = self._line.recv(1 << 16)
        if not message:
            self._said.seek(0)
            raise ChildProcessError(f"it ended: {self._said.read()[-1000:].decode('utf-8', 'replace').strip()}")
        told = msgspec.json.decode(message, type=Told)
        if told.fault:
            raise ChildProcessError(told.fault)
        return told


class Zygotes:
    """One for each environment, started when the first kernel with it is asked for."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._at_work: dict[frozenset[tuple[str, str]], Zygote] = {}

    def get(self, environment: Mapping[str, str]) -> Zygote:
        key = frozenset(environment.items())
        with self._lock:
            found = self._at_work.get(key)
            if found is None or not found.alive:
                found = self._at_work[key] = Zygote(environment)
            return found

    def close(self) -> None:
        with self._lock:
            while self._at_work:
                self._at_work.popitem()[1].close()


ZYGOTES = Zygotes()
atexit.register(ZYGOTES.close)


class Inside(Struct, frozen=True):
    """What is forked into a jail: a kernel by its arguments, or a program that tries what can be done there."""

    arguments: tuple[str, ...]
    environment: Mapping[str, str]  # beside the usual one
    mark: str
    questions: int  # a descriptor
    program: str = ""


def forked(inside: Inside, group: Group, plan: Plan, rules: int) -> Tree:
    """A jail with a first process that waits, and the fork in it; raises OSError, and leaves neither, where it fails.

    `rules` is a descriptor of the filter.
    """
    zygote = ZYGOTES.get(inside.environment)
    with pipe() as (held, leash), pipe() as (info, told):
        command = jail.command(WAITING, plan, rules, told.fileno())
        environment = {**jail.environment(jail.INSIDE), **inside.environment}
        given = [rules, told.fileno()]
        tree = Tree(group.entering(command), environment, given, inside.mark, True, held.fileno())
        held.close()
        told.close()
        try:
            if not tree.speaks(STANDING) or tree.said():
                raise OSError(f"the jail could not be made: {tree.said() or 'it does not answer'}")
            pid = int(msgspec.json.decode(os.read(info.fileno(), 4096))["child-pid"])
            walls = Walls(
                namespaces=namespaces(pid),
                groups=tuple(map(str, group.folders)),
                uid=jail.uid_of(plan.slot),
                rlimits=jail.sizes(plan.limits, plan.shown.device),
            )
            order = Order(walls, inside.arguments, inside.mark, jail.INSIDE.home, inside.program)
            with open(os.pidfd_open(pid), "rb", 0) as handle:
                given = [handle.fileno(), inside.questions, tree.output, leash.fileno(), rules]
                tree.complete(zygote.fork(order, given))
        except BaseException:
            tree.kill()
            raise
        return tree


@contextlib.contextmanager
def pipe() -> Iterator[tuple[IO[bytes], IO[bytes]]]:
    ours, theirs = os.pipe()
    with open(ours, "rb", 0) as reader, open(theirs, "wb", 0) as writer:
        yield reader, writer


def namespaces(pid: int) -> int:
    """Those that the process has and we have not, as flags; raises OSError where a jail has too few of its own."""
    theirs = {name for name in NAMESPACES if namespace(pid, name) != namespace(os.getpid(), name)}
    if LEAST - theirs:
        raise OSError(f"the jail shares namespaces with us: {', '.join(sorted(LEAST - theirs))}")
    return sum(NAMESPACES[name] for name in theirs)


def namespace(pid: int, name: str) -> str:
    with contextlib.suppress(FileNotFoundError):
        return os.readlink(f"/proc/{pid}/ns/{name}")
    return ""
