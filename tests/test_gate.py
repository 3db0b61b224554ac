"""What a kernel sends passes a gate: messages as they are, and nothing of one that is too long in all its parts."""

import asyncio
import contextlib
import multiprocessing
import os
import shutil
import socket
import struct
import subprocess
import sys
import threading
from pathlib import Path

import psutil
import pytest
import zmq
import zmq.asyncio

from grader.sandbox import gate
from grader.sandbox.gate import Gate

MB = 1024**2
Parts = list[bytes]


class Seen:
    """What came through, and whether the gate was shut."""

    def __init__(self) -> None:
        self.messages: list[Parts] = []
        self.shut = threading.Event()
        self.grown = 0


def kernel(messages: list[Parts], place: Path) -> None:
    """Sends the messages and b"end"; ZeroMQ aborts a process whose other side leaves while a message is on its way."""
    with zmq.Context() as context, context.socket(zmq.DEALER) as theirs:
        theirs.linger, theirs.sndtimeo, theirs.rcvtimeo = 0, 3000, 10_000
        theirs.bind(f"ipc://{place}")
        theirs.recv()
        with contextlib.suppress(zmq.Again):  # nobody is there once the gate is shut
            for parts in [*messages, [b"end"]]:
                theirs.send_multipart(parts, copy=False)
        with contextlib.suppress(zmq.Again):
            theirs.recv()


def through(messages: list[Parts], folder: Path) -> Seen:
    """What of a kernel's messages is heard, and how much memory it took; the last one is b"end", if it comes."""
    seen = Seen()

    async def hear() -> None:
        opened = Gate(seen.shut.set)
        await opened.open([(folder / "theirs", folder / "ours")])
        with zmq.asyncio.Context() as context, context.socket(zmq.DEALER) as ours:
            ours.connect(f"ipc://{folder}/ours")
            await ours.send(b"begin")
            while not seen.shut.is_set() and seen.messages[-1:] != [[b"end"]]:
                if await ours.poll(100):
                    seen.messages.append(await ours.recv_multipart())
        await opened.close()

    sender = multiprocessing.get_context("spawn").Process(target=kernel, args=(messages, folder / "theirs"))
    sender.start()
    try:
        with measured(seen):
            asyncio.run(asyncio.wait_for(hear(), 30))
    finally:
        sender.kill()
        sender.join()
    return seen


class measured:
    """How far the memory of this process rises."""

    def __init__(self, seen: Seen) -> None:
        self._seen, self._over, self._thread = seen, threading.Event(), threading.Thread(target=self._look)

    def __enter__(self) -> None:
        self._before = psutil.Process().memory_info().rss
        self._thread.start()

    def __exit__(self, *error: object) -> None:
        self._over.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._over.wait(0.01):
            self._seen.grown = max(self._seen.grown, psutil.Process().memory_info().rss - self._before)


def test_messages_come_through_as_they_are(tmp_path: Path) -> None:
    sent = [[b"a", b"", b"b" * 300], [b"x" * (3 * MB), b"y"], [b"1"] * 1000]
    seen = through(sent, tmp_path)
    assert seen.messages == [*sent, [b"end"]]


def test_a_message_of_endless_parts_takes_no_more_memory_than_one_may(tmp_path: Path) -> None:
    part = b"x" * (4 * MB)
    seen = through([[part] * 60], tmp_path)
    assert seen.messages == [] and seen.grown < 5 * gate.MESSAGE_LIMIT


@pytest.mark.parametrize(
    "parts", [[b""] * 1_000_000, [b"[" + b"[]," * 5_000_000 + b"[]]"], [b"x" * (gate.MESSAGE_LIMIT + 1)]]
)
def test_nothing_comes_of_a_message_with_too_many_parts_values_or_bytes(parts: Parts, tmp_path: Path) -> None:
    assert through([parts], tmp_path).messages == []


@pytest.mark.parametrize(
    "said", [b"\xff" + bytes(8) + b"\x7f\x01" + bytes(53), b"GET / HTTP/1.1\r\n\r\n" * 4, b"\xff" * 100]
)
def test_who_speaks_another_language_is_not_heard(said: bytes) -> None:
    """ZMTP 2, HTTP, and a part that is announced to be longer than any memory."""

    async def hear() -> bytes:
        (kernel, from_kernel), (to_us, us) = socket.socketpair(), socket.socketpair()
        kernel.sendall(said if said[10] == 1 or said[:3] == b"GET" else greeting() + said)
        reader, _ = await asyncio.open_connection(sock=from_kernel)
        _, writer = await asyncio.open_connection(sock=to_us)
        with kernel, us:
            with pytest.raises(ValueError):
                await gate.messages_on(reader, writer)
            writer.transport.abort()
            return us.recv(1000)

    assert len(asyncio.run(hear())) <= gate.GREETING


def greeting() -> bytes:
    return b"\xff" + bytes(8) + b"\x7f" + struct.pack("BB20sB31x", 3, 0, b"NULL", 0)


@pytest.mark.skipif(os.geteuid() != 0 or not shutil.which("setpriv"), reason="only root can be without that capability")
def test_a_root_that_may_not_pass_over_owners_reaches_a_kernel_of_another_user(tmp_path: Path) -> None:
    """As in a container without CAP_DAC_OVERRIDE, and where a folder of a hand-in is closed to the grader."""
    for folder in (tmp_path, *list(tmp_path.parents)[:-2]):
        folder.chmod(folder.stat().st_mode | 0o711)
    place = tmp_path / "z-1"
    with socket.socket(socket.AF_UNIX) as theirs:
        theirs.bind(str(place))
        theirs.listen()
        os.chown(place, 64000, 64000)
        code = f"import asyncio; from grader.sandbox.gate import reached; asyncio.run(reached({str(place)!r}))"
        without = ["setpriv", "--bounding-set=-dac_override,-dac_read_search", sys.executable, "-c", code]
        assert subprocess.run(without, timeout=20, check=False).returncode == 0
