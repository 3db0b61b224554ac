"""A sealed file: what students check themselves by, without the model answer.

It holds questions as hashes, and what the model answer's forms reply to these very questions. Nothing is computed from
it: a question that is not in it has no answer.
"""

import hashlib
import lzma
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from msgspec import Struct

from grader.course.rubric import Rubric
from grader.errors import UsageError
from grader.judging.model_answer import ModelAnswer, Sizes
from grader.judging.unaskable import Unsealed
from grader.model import Observation
from grader.sandbox.guest.wire import Question

MAGIC, VERSION = b"grader sealed checks\n", 1
SHORT = 32  # bytes of an array that stands in its reply
NUMBERS = {"id": lzma.FILTER_LZMA2, "preset": 9, "lc": 0, "lp": 2, "pb": 2}  # most of it is numbers of four bytes
AGAIN = "Install the self-check of your course again."


class Sealed(Struct, frozen=True, forbid_unknown_fields=True):
    """The public checks of one lab, for one set of questions."""

    rubric: Rubric  # without its hidden checks and their mistakes
    seed: int  # of the questions; no grading has it
    accepted: tuple[str, ...]  # forms that are right too
    mistakes: tuple[str, ...]  # and those that are not
    hidden: int  # checks that only a grading asks
    later: tuple[str, ...]  # titles of public checks that only a grading asks
    answers: dict[bytes, int]  # the hash of a form and a question -> which of the replies
    replies: tuple[bytes, ...]  # in which numbers of some length stand as places among
    arrays: tuple[bytes, ...]  # these, since many replies have the same ones

    @property
    def answer(self) -> ModelAnswer:
        """The model answer, as far as it was asked when this was sealed."""
        return ModelAnswer(self.accepted, self.mistakes, self._reply, sealed=True)

    def _reply(self, form: str, sizes: Sizes, question: Question) -> Observation:
        """Raises Unsealed for a question that was not sealed."""
        number = self.answers.get(key_of(form, sizes, question))
        if number is None:
            raise Unsealed
        plain = msgspec.msgpack.decode(self.replies[number], ext_hook=self._array)
        return msgspec.convert(plain, Observation)

    def _array(self, code: int, place: memoryview) -> bytes:
        return self.arrays[int.from_bytes(place)]


class Replies:
    """As they come; equal ones once, and equal arrays in them."""

    def __init__(self, exact: bool = True) -> None:
        """Not `exact`: of long arrays of float32 without what no comparison of the judge sees."""
        self._exact = exact
        self._replies: dict[bytes, int] = {}
        self._arrays: dict[bytes, int] = {}

    def add(self, seen: Observation) -> int:
        """Its place among all."""
        plain = self._packed(msgspec.to_builtins(seen, builtin_types=(bytes,)))
        return self._replies.setdefault(msgspec.msgpack.encode(plain), len(self._replies))

    def _packed(self, thing: Any) -> Any:
        if isinstance(thing, bytes) and len(thing) > SHORT:
            return msgspec.msgpack.Ext(1, self._arrays.setdefault(thing, len(self._arrays)).to_bytes(4))
        if isinstance(thing, dict):
            if not self._exact and thing.get("dtype") == "float32" and len(thing.get("data", b"")) > SHORT:
                thing = {**thing, "data": rounded(thing["data"])}
            return {key: self._packed(value) for key, value in thing.items()}
        return [self._packed(value) for value in thing] if isinstance(thing, list | tuple) else thing

    @property
    def all(self) -> tuple[bytes, ...]:
        return tuple(self._replies)

    @property
    def arrays(self) -> tuple[bytes, ...]:
        return tuple(self._arrays)


def rounded(data: bytes) -> bytes:
    """Numbers of float32 to 16 bits, at most 2^-16 of each away: the last byte of four is zero then.

    The judge lets numbers differ by 19 times as much of the largest of an array (`comparing.compare.WITHIN`).
    """
    bits = np.frombuffer(data, np.uint32)
    finite = np.isfinite(np.frombuffer(data, np.float32))
    return np.where(finite, (bits + np.uint32(0x80)) & np.uint32(0xFFFFFF00), bits).tobytes()


def key_of(form: str, sizes: Sizes, question: Question) -> bytes:
    asked = msgspec.msgpack.encode((form, sorted(sizes.items()), question))
    return hashlib.sha256(asked).digest()[:16]


def written(labs: Mapping[str, Sealed]) -> bytes:
    body = lzma.compress(msgspec.msgpack.encode((VERSION, labs)), lzma.FORMAT_XZ, filters=[NUMBERS])
    return MAGIC + hashlib.sha256(body).digest() + body


def read(path: Path) -> dict[str, Sealed]:
    """By lab. Raises UsageError, with the remedy, for what is no sealed file, is damaged, or of another version."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise UsageError(f"{path} cannot be read ({error.strerror}). {AGAIN}") from None
    if not content.startswith(MAGIC):
        raise UsageError(f"{path} is no file of sealed checks. `grader seal LAB --out FILE` writes one.")
    digest, body = content[len(MAGIC) :][:32], content[len(MAGIC) + 32 :]
    if hashlib.sha256(body).digest() != digest:
        raise UsageError(f"{path} is damaged. {AGAIN}")
    plain = lzma.decompress(body)
    version = msgspec.msgpack.decode(plain, type=tuple[int, msgspec.Raw])[0]
    if version != VERSION:
        raise UsageError(
            f"{path} was sealed by another version of the grader ({version}, this one reads {VERSION}). {AGAIN}"
        )
    return msgspec.msgpack.decode(plain, type=tuple[int, dict[str, Sealed]])[1]
