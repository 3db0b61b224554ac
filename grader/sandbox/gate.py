"""Which Jupyter messages of a kernel reach us: those of a bounded length, counting all their parts and values.

ZeroMQ bounds a part and how many messages wait, but keeps any number of parts until the last of a message has come; and
JSON takes twenty times its bytes when it is read. So what a kernel sends (ZMTP 3, https://rfc.zeromq.org/spec/23) is
handed on from here, a message at a time; after one that is too long nothing comes through.
"""

import asyncio
import contextlib
import os
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path

MESSAGE_LIMIT = 20 * 1024**2  # bytes; the guest sends no picture above 3 million characters, of six bytes at most
VALUES_LIMIT = 4_000_000  # commas and opening brackets
PART = 64  # bytes to keep a part, beside its content
SIGNATURE, GREETING = 10, 64  # bytes; the version is the first one after the signature
MORE, LONG = 1, 2  # flags of a part
WAIT = 0.02  # seconds until a kernel that is not there yet is tried again

Reader = asyncio.StreamReader
Writer = asyncio.StreamWriter


class Gate:
    """Between the sockets of a kernel and ours; lives in one event loop."""

    def __init__(self, shut: Callable[[], None]) -> None:
        """`shut` is called when a kernel sent too much."""
        self._shut = shut
        self._servers: list[asyncio.Server] = []
        self._at_work: list[asyncio.Task[None]] = []

    async def open(self, ways: Iterable[tuple[Path, Path]]) -> None:
        """Pairs of a socket of the kernel and the one of ours that stands for it."""
        for theirs, ours in ways:
            self._servers.append(await asyncio.start_unix_server(partial(self._join, theirs), ours))

    async def close(self) -> None:
        for server in self._servers:
            server.close()
        for task in self._at_work:
            task.cancel()
        await asyncio.gather(*self._at_work, return_exceptions=True)
        await asyncio.sleep(0)  # in which the sockets are closed

    def _join(self, theirs: Path, from_us: Reader, to_us: Writer) -> None:
        self._at_work.append(asyncio.get_running_loop().create_task(self._hand_on(theirs, from_us, to_us)))

    async def _hand_on(self, theirs: Path, from_us: Reader, to_us: Writer) -> None:
        with closing(to_us):
            from_them, to_them = await reached(theirs)
            with closing(to_them):
                try:
                    await asyncio.gather(bytes_on(from_us, to_them), messages_on(from_them, to_us))
                except ValueError:
                    self._shut()
                except (OSError, EOFError):
                    pass


@contextlib.contextmanager
def closing(writer: Writer) -> Iterator[None]:
    try:
        yield
    finally:
        writer.transport.abort()


async def reached(place: Path) -> tuple[Reader, Writer]:
    while True:
        try:
            return await asyncio.open_unix_connection(place)
        except PermissionError:  # of a root that may not pass over who owns a file, as in many a container
            with contextlib.suppress(OSError):
                os.chown(place, os.geteuid(), -1, follow_symlinks=False)
        except OSError:
            pass
        await asyncio.sleep(WAIT)


async def bytes_on(reader: Reader, writer: Writer) -> None:
    while part := await reader.read(1 << 16):
        writer.write(part)
        await writer.drain()
    raise EOFError


async def messages_on(reader: Reader, writer: Writer) -> None:
    """Raises ValueError where something else than messages of a bounded length comes, EOFError at the end."""
    signature = await reader.readexactly(SIGNATURE)
    writer.write(signature)  # for which the other side waits before it sends its version
    version = await reader.readexactly(1)
    if signature[0] != 0xFF or version[0] < 3:
        raise ValueError
    writer.write(version + await reader.readexactly(GREETING - SIGNATURE - 1))
    while True:
        writer.write(await message(reader))
        await writer.drain()


async def message(reader: Reader) -> bytes:
    """All parts, with what stands before each."""
    found, size, more = bytearray(), 0, True
    while more:
        flags = await reader.readexactly(1)
        length = await reader.readexactly(8 if flags[0] & LONG else 1)
        size += PART + int.from_bytes(length)
        if size > MESSAGE_LIMIT:
            raise ValueError
        found += flags + length + await reader.readexactly(int.from_bytes(length))
        more = bool(flags[0] & MORE)
    if sum(found.count(sign) for sign in b",[{") > VALUES_LIMIT:
        raise ValueError
    return bytes(found)
