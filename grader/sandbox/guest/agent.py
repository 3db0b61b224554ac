"""Serves questions over an inherited socket from a thread of the student's kernel.

Interrupts itself when one takes too long.
"""

import contextlib
import ctypes
import io
import socket
import threading
import traceback
from collections.abc import Iterator
from typing import Any

from .answers.answer import answer
from .config import GuestConfig
from .framing import decode_question, frame, frame_length
from .wire import GUEST_FAULT, Question, Reply, Trouble

PRINTED_LIMIT = 50_000


class Late(BaseException):
    """Raised inside the answering thread when a question has used up its seconds."""


def start(config: GuestConfig) -> None:
    connection = socket.socket(fileno=config.socket)
    connection.set_inheritable(False)
    threading.Thread(target=serve, args=(connection,), daemon=True, name="questions").start()


def serve(connection: socket.socket) -> None:
    while header := receive(connection, 4):
        question = decode_question(receive(connection, frame_length(header)))
        connection.sendall(answered(question))


def answered(question: Question) -> bytes:
    """A frame in any case: a fault of the guest itself is told instead of ending the line."""
    try:
        return sendable(respond(question))
    except Exception as fault:
        where = traceback.extract_tb(fault.__traceback__)[-1]
        told = f"{type(fault).__name__}: {fault} ({where.filename}:{where.lineno})"
        return frame(Reply(question.id, {}, Trouble(GUEST_FAULT, told[:2000]), 0))


def sendable(reply: Reply) -> bytes:
    body = frame(reply)
    try:
        frame_length(body[:4])
    except ValueError:
        return frame(Reply(reply.id, {}, Trouble("TooLarge", "the answer is larger than can be sent"), 0))
    return body


def receive(connection: socket.socket, length: int) -> bytes:
    """Exactly `length` bytes, or b"" when the host has gone."""
    parts = []
    while length:
        part = connection.recv(min(length, 1 << 20))
        if not part:
            return b""
        parts.append(part)
        length -= len(part)
    return b"".join(parts)


def respond(question: Question) -> Reply:
    printed = io.StringIO()
    values: dict[str, Any] = {}
    trouble, at, late = None, None, False
    with contextlib.redirect_stdout(printed):
        try:
            with deadline(question.seconds):
                trouble, at = answer(question, values)
        except Late:
            late = True
    return Reply(question.id, values, trouble, at, late, printed.getvalue()[:PRINTED_LIMIT])


@contextlib.contextmanager
def deadline(seconds: float) -> Iterator[None]:
    """Raise Late in this thread after `seconds`, and again every half second while the code swallows it."""
    over = threading.Event()
    lock = threading.Lock()
    thread = ctypes.c_ulong(threading.get_ident())

    def watch() -> None:
        wait = seconds
        while not over.wait(wait):
            with lock:
                if not over.is_set():
                    ctypes.pythonapi.PyThreadState_SetAsyncExc(thread, ctypes.py_object(Late))
            wait = 0.5

    threading.Thread(target=watch, daemon=True).start()
    try:
        yield
    finally:
        with lock:
            over.set()
