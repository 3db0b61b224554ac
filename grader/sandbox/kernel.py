"""How one kernel comes up, jailed or bare, with its two lines to us: Jupyter's for cells, ours for questions."""

import asyncio
import os
import socket
import stat
import sys
import tempfile
import threading
import time
import uuid
from collections.abc import Mapping
from pathlib import Path
from queue import Empty
from typing import IO, Any

import msgspec
import zmq
import zmq.asyncio
from jupyter_client.asynchronous import AsyncKernelClient
from msgspec import Struct, field

from grader.errors import OurFault
from grader.model import Device, Isolation, Limits, TrainBudget
from grader.sandbox.gate import Gate
from grader.sandbox.guest.config import GuestConfig, Note
from grader.sandbox.guest.zygote import QUESTIONS
from grader.sandbox.questions import Line
from grader.sandbox.walls import groups, jail, seccomp
from grader.sandbox.walls.groups import Group
from grader.sandbox.walls.isolation import ROOMS, warm
from grader.sandbox.walls.jail import Parts, Places, Plan
from grader.sandbox.walls.leftovers import claimed_folder, remove
from grader.sandbox.walls.processes import Tree, Watch
from grader.sandbox.walls.zygote import Inside, forked

START_SECONDS = 120.0
MESSAGES_WAITING = 4  # held by us until they are read; the others wait in the kernel, whose memory is watched
NOTES_LIMIT = 256 * 1024
SHARED_FOLDER_LIMIT = 64 * 1024**2
CHANNELS = ("shell", "iopub", "stdin", "control", "hb")
USED = ("shell", "iopub", "control")


class Setting(Struct, frozen=True):
    """What every kernel of a session is started with."""

    slot: int
    data: Parts
    limits: Limits
    budget: TrainBudget
    seed: int
    isolation: Isolation
    environment: Mapping[str, str] = {}  # variables beside the usual ones
    broken_off: threading.Event = field(
        default_factory=threading.Event
    )  # set from another thread: kernels end, and no new one starts
    device: Device | None = None  # None: the CPU alone
    files: Mapping[str, str] = {}  # put beside the notebook: name and content
    forms: bool = False  # it holds a model answer, whose other forms are asked for


class Client(AsyncKernelClient):  # type: ignore[misc]
    """Jupyter's client, which asks the process itself whether the kernel lives."""

    tree: Tree

    async def is_alive(self) -> bool:
        return self.tree.alive


class Kernel:
    """A running kernel; `close` leaves no process, socket or folder behind."""

    def __init__(self, setting: Setting, loop: asyncio.AbstractEventLoop) -> None:
        if setting.broken_off.is_set():
            raise KeyboardInterrupt
        self._setting = setting
        self._loop = loop
        self._shown = jail.Shown(setting.data, setting.device)
        self._room = ROOMS.get(setting.isolation)
        self._uid = jail.uid_of(setting.slot) if self._room else None
        self._warm = warm(setting.isolation, setting.device)
        self._folder, self._claim = claimed_folder()
        self._sockets = self._folder / "sockets"
        self._sizes = {self._sockets: SHARED_FOLDER_LIMIT}
        self._group = Group()
        self._tree: Tree | None = None
        self._watch: Watch | None = None
        self._line: Line | None = None
        self._client: Client | None = None
        self._gate: Gate | None = None
        try:
            self._start()
        except BaseException:
            self.close()
            raise

    @property
    def tree(self) -> Tree:
        assert self._tree is not None
        return self._tree

    @property
    def watch(self) -> Watch:
        assert self._watch is not None
        return self._watch

    @property
    def line(self) -> Line:
        assert self._line is not None
        return self._line

    @property
    def client(self) -> Client:
        assert self._client is not None
        return self._client

    @property
    def alive(self) -> bool:
        return self._tree is not None and self._tree.alive

    def close(self) -> None:
        """Ends everything; may be called twice."""
        if self._watch is not None:
            self._watch.stop()
        if self._tree is not None:
            self._tree.kill()
        if self._line is not None:
            self._line.close()
        if self._client is not None:
            self._client.stop_channels()
            self._client.context.destroy(linger=0)
            self._client = None
        if self._gate is not None:
            self._loop.run_until_complete(self._gate.close())
        self._group.remove()
        remove(self._folder)
        self._claim.close()

    def notes(self) -> tuple[Note, ...]:
        """What the kernel has noted so far. Written by student code as likely as by the guest: words, never facts."""
        try:
            descriptor = os.open(self._sockets / "notes", os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        except OSError:
            return ()
        with os.fdopen(descriptor, "rb") as file:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                return ()
            lines = file.read(NOTES_LIMIT).splitlines()
        found = []
        for line in lines:
            try:
                found.append(msgspec.json.decode(line, type=Note))
            except (msgspec.DecodeError, ValueError, RecursionError):
                continue
        return tuple(found)

    def _start(self) -> None:
        ours, theirs = socket.socketpair()
        self._line = Line(ours)
        with theirs, tempfile.TemporaryFile() as rules:
            self._tree = self._launch(self._lay_out(theirs.fileno()), rules, theirs.fileno())
        limit, broken_off = self._setting.limits.memory, self._setting.broken_off
        self._watch = Watch(self._tree, self._group, limit, self._sizes, broken_off)
        self._gate = Gate(self._tree.kill)
        self._client = self._connect()
        self._loop.run_until_complete(self._ready())
        if self._uid is not None:  # all sockets stand: from here on nothing can be added to the shared folder
            os.chown(self._sockets, 0, 0)
            self._sockets.chmod(0o711)

    def _lay_out(self, questions: int) -> Places:
        """Make the folders and the two files that the kernel reads when it starts."""
        setting, budget = self._setting, self._setting.budget
        self._sockets.mkdir(mode=0o700)
        if self._room is None:
            places = jail.places_below(self._folder, setting.data)
        else:
            places = self._room.furnish(self._folder, setting.slot, self._shown)
        for folder in {places.home, places.tmp} - {jail.INSIDE.home, jail.INSIDE.tmp}:
            self._sizes[Path(folder)] = setting.limits.disk
        config = GuestConfig(
            connection_file=f"{places.sockets}/connection.json", socket=QUESTIONS if self._warm else questions,
            data=places.data, home=places.home, seed=setting.seed, train_policy=budget.policy.value,
            train_epochs=budget.epochs, train_seconds=budget.seconds, accelerate=budget.accelerate,
            notes=f"{places.sockets}/notes", output=setting.limits.output,
            files=dict(setting.files), forms=setting.forms, gpu_memory=setting.device.memory if setting.device else 0,
        )  # fmt: skip
        self._key = uuid.uuid4().hex
        self._write("config.json", msgspec.json.encode(config))
        self._write("connection.json", msgspec.json.encode(self._connection(f"{places.sockets}/z")))
        self._write("notes", b"")
        self._give(self._sockets)
        if self._uid is not None:
            self._sockets.chmod(0o711)  # we reach what the kernel makes there by its name
        return places

    def _connection(self, beginning: str) -> dict[str, Any]:
        """Sockets are named by this beginning and the number of the channel."""
        ports = {f"{channel}_port": number for number, channel in enumerate(CHANNELS, 1)}
        return {**ports, "transport": "ipc", "ip": beginning, "key": self._key, "signature_scheme": "hmac-sha256"}

    def _write(self, name: str, content: bytes) -> None:
        (self._sockets / name).write_bytes(content)
        self._give(self._sockets / name)

    def _give(self, path: Path) -> None:
        if self._uid is not None:
            os.chown(path, self._uid, self._uid)

    def _launch(self, places: Places, rules: IO[bytes], questions: int) -> Tree:
        setting = self._setting
        started = (f"{places.guest}/start.py", f"{places.sockets}/config.json")
        if self._room is not None:
            seccomp.write_filter(rules, setting.isolation)
        self._group = groups.group(setting.limits)
        plan = Plan(setting.slot, self._shown, self._folder, setting.limits)
        if self._warm:
            inside = Inside(started, setting.environment, uuid.uuid4().hex, questions)
            try:
                return forked(inside, self._group, plan, rules.fileno())
            except OSError as error:
                raise OurFault(f"A kernel could not be forked into its jail: {error}. Try `grader doctor`.") from error
        command, keep = [sys.executable, "-s", "-P", *started], [questions]
        if self._room is not None:
            keep.append(rules.fileno())
            command = self._room.command(command, plan, rules.fileno())
        environment = {**jail.environment(places, setting.device), **setting.environment}
        tree = Tree(self._group.entering(command), environment, keep, uuid.uuid4().hex, self._room is not None)
        tree.complete()
        return tree

    def _connect(self) -> Client:
        context = zmq.asyncio.Context()
        context.setsockopt(zmq.RCVHWM, MESSAGES_WAITING)
        client = Client(context=context)
        client.tree = self.tree
        client.load_connection_info(self._connection(f"{self._folder}/ours"))
        return client

    async def _ready(self) -> None:
        """Wait for the iopub subscription to stand, or the first cell's end can be lost; then for an answer."""
        assert self._gate is not None
        numbers = [CHANNELS.index(channel) + 1 for channel in USED]
        await self._gate.open([(self._sockets / f"z-{n}", self._folder / f"ours-{n}") for n in numbers])
        self.client.start_channels(stdin=False, hb=False)
        self.client.allow_stdin = False
        await self._message(self.client.get_iopub_msg, "iopub_welcome")
        self.client.kernel_info()
        await self._message(self.client.get_shell_msg, "kernel_info_reply")

    async def _message(self, receive: Any, wanted: str) -> None:
        end = time.monotonic() + START_SECONDS
        while self.tree.alive and time.monotonic() < end:
            try:
                message = await receive(timeout=0.5)
            except Empty:
                continue
            if message["msg_type"] == wanted:
                return
        raise self._not_started()

    def _not_started(self) -> OurFault:
        said = self.tree.said() or "it wrote nothing"
        return OurFault(
            f"A kernel did not start within {START_SECONDS:g} s (slot {self._setting.slot}, "
            f"isolation {self._setting.isolation}): {said}. Run `grader doctor` to see what is missing."
        )
