"""Our end of the question socket: what counts as an answer, and when waiting for one ends."""

import socket
import time
from typing import Any

import msgspec
from msgspec import Struct, structs

from grader.model import Observation, Status
from grader.sandbox.guest.framing import decode_reply, frame, frame_length
from grader.sandbox.guest.wire import (
    Array,
    Form,
    Make,
    Put,
    Question,
    Reply,
    Trouble,
    array_is_sound,
)

GRACE = 2.0  # seconds in which the guest should have interrupted itself
TEXT_LIMIT = 50_000  # characters that were printed while answering
VALUES_LIMIT = 1_000_000  # in one reply, an array being one; looking at each takes time, and the guest sends far fewer


class Line:
    """The accepted connection. `lost` once it cannot be used again."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self.lost = False
        self.heard = 0  # bytes of all replies

    def close(self) -> None:
        self.lost = True
        self._connection.close()

    def ask(self, question: Question) -> Observation:
        end = time.monotonic() + question.seconds + GRACE
        try:
            self._connection.settimeout(GRACE + question.seconds)
            self._connection.sendall(frame(question))
            body = self._receive(frame_length(self._receive(4, end)), end)
        except TimeoutError:
            return self._lose(question, Status.LATE)
        except OSError:
            return self._lose(question, Status.DIED)
        except ValueError:  # a frame longer than is allowed
            return self._lose(question, Status.MALFORMED)
        self.heard += len(body)
        return understand(question, body)

    def _receive(self, length: int, end: float) -> bytes:
        """Exactly so many bytes. Memory grows with what arrives, not with what was announced."""
        received = bytearray()
        while len(received) < length:
            self._connection.settimeout(max(end - time.monotonic(), 0.001))
            part = self._connection.recv(min(length - len(received), 1 << 20))
            if not part:
                raise ConnectionResetError
            received += part
            if time.monotonic() > end:
                raise TimeoutError
        return bytes(received)

    def _lose(self, question: Question, status: Status) -> Observation:
        self.lost = True
        return Observation(question.id, status)


def understand(question: Question, body: bytes) -> Observation:
    """A reply that is one, or MALFORMED."""
    try:
        reply = decode_reply(body)
    except (msgspec.DecodeError, ValueError, RecursionError):
        return Observation(question.id, Status.MALFORMED)
    if reply.id != question.id or not set(reply.values) <= asked_for(question) or not all_sound(reply):
        return Observation(question.id, Status.MALFORMED)
    status = Status.LATE if reply.late else Status.RAISED if reply.trouble else Status.ANSWERED
    trouble = reply.trouble and shortened(reply.trouble)
    return Observation(question.id, status, reply.values, trouble, reply.at, reply.printed[:TEXT_LIMIT])


def shortened(trouble: Trouble) -> Trouble:
    """To what our own guest sends at most."""
    kind, message, text = trouble.kind[:100], trouble.message[:2000], trouble.text and trouble.text[:TEXT_LIMIT]
    return structs.replace(trouble, kind=kind, message=message, text=text)


def asked_for(question: Question) -> set[str]:
    """Names of the values that a reply may have."""
    return {step.into for step in question.steps if not isinstance(step, Form | Make | Put)}


def all_sound(reply: Reply) -> bool:
    """Whether every array in it is as long as its shape and type say, and there are not too many values."""
    waiting: list[Any] = [reply]
    seen = 0
    while waiting:
        seen += 1
        if seen + len(waiting) > VALUES_LIMIT:
            return False
        value = waiting.pop()
        if isinstance(value, Array):
            if not array_is_sound(value):
                return False
        elif isinstance(value, Struct):
            waiting.extend(getattr(value, name) for name in value.__struct_fields__)
        elif isinstance(value, dict):
            waiting.extend(value.values())
        elif isinstance(value, tuple | list):
            waiting.extend(value)
    return True
