"""A sealed file: what students check themselves by, without the model answer.

It holds questions as hashes, and what the model answer's forms reply to these very questions; of a lab with a judge of
its own, what the formulas answer. Nothing is computed from it: a question that is not in it has no answer.
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
from grader.judging import formulas
from grader.judging.formulas import Answers
from grader.judging.model_answer import ModelAnswer, Sizes
from grader.judging.unaskable import Unsealed
from grader.model import Observation
from grader.sandbox.guest.wire import Question

MAGIC, VERSION = b"grader sealed checks\n", 2
KEY = 16  # bytes of a hash
WHOLE, SHORTENED = 1, 2  # how an array is kept
SHORT = 32  # bytes of an array that stands in its reply
CURVE, STEPS = 32.0, 32767  # how short numbers are spread: finely near zero, and so many to each side of it
NUMBERS = {"id": lzma.FILTER_LZMA2, "preset": 9, "lc": 0, "lp": 1, "pb": 1}  # most of it is numbers of two bytes
AGAIN = "Install the self-check of your course again."


class Sealed(Struct, frozen=True, forbid_unknown_fields=True):
    """The public checks of one lab, for one set of questions."""

    rubric: Rubric  # without its hidden checks and their mistakes
    seed: int  # of the questions; no grading has it
    accepted: tuple[str, ...]  # forms that are right too
    mistakes: tuple[str, ...]  # and those that are not
    hidden: int  # checks that only a grading asks
    later: tuple[str, ...]  # titles of public checks that only a grading asks
    answers: dict[bytes, int]  # the hash of a form and a question, or of one to the formulas -> which of the replies
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

    def oracle(self, lab: str, question: str, case: Mapping[str, Any]) -> Answers:
        """Raises Unsealed for a question that was not sealed."""
        number = self.answers.get(formulas.key_of(lab, question, case)[:KEY])
        if number is None:
            raise Unsealed
        plain = msgspec.msgpack.decode(self.replies[number], ext_hook=self._array)
        return {name: {key: numbers(one) for key, one in outputs.items()} for name, outputs in plain.items()}

    def _array(self, code: int, place: memoryview) -> bytes:
        data = self.arrays[int.from_bytes(place)]
        return lengthened(data) if code == SHORTENED else data


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

    def add_answers(self, answers: Answers) -> int:
        plain = {name: {key: plainly(one) for key, one in outputs.items()} for name, outputs in answers.items()}
        return self._replies.setdefault(msgspec.msgpack.encode(self._packed(plain)), len(self._replies))

    def _packed(self, thing: Any) -> Any:
        if isinstance(thing, bytes) and len(thing) > SHORT:
            return self._placed(WHOLE, thing)
        if isinstance(thing, dict):
            if not self._exact and thing.get("dtype") == "float32" and len(thing.get("data", b"")) > SHORT:
                return {**thing, "data": self._shortened(thing["data"])}
            return {key: self._packed(value) for key, value in thing.items()}
        return [self._packed(value) for value in thing] if isinstance(thing, list | tuple) else thing

    def _shortened(self, data: bytes) -> msgspec.msgpack.Ext:
        finite = np.all(np.isfinite(np.frombuffer(data, np.float32)))
        return self._placed(SHORTENED, shortened(data)) if finite else self._placed(WHOLE, data)

    def _placed(self, code: int, data: bytes) -> msgspec.msgpack.Ext:
        return msgspec.msgpack.Ext(code, self._arrays.setdefault(data, len(self._arrays)).to_bytes(4))

    @property
    def all(self) -> tuple[bytes, ...]:
        return tuple(self._replies)

    @property
    def arrays(self) -> tuple[bytes, ...]:
        return tuple(self._arrays)


def shortened(data: bytes) -> bytes:
    """Finite float32 in two bytes each, behind the largest of them; what is not zero stays so.

    Each is at most 1e-4 of itself and 4e-6 of the largest away: of an array, or of a part that is cut out of it, the
    judge sees 3e-4 of its largest number (`comparing.compare.WITHIN`).
    """
    numbers = np.frombuffer(data, np.float32).astype(np.float64)
    largest = np.max(np.abs(numbers))
    spread = np.arcsinh(numbers / (largest or 1.0) * CURVE) / np.arcsinh(CURVE)
    steps = np.where(numbers == 0, 0, np.copysign(np.maximum(np.rint(np.abs(spread) * STEPS), 1), numbers))
    return np.float32(largest).tobytes() + steps.astype("<i2").tobytes()


def lengthened(data: bytes) -> bytes:
    largest, steps = np.frombuffer(data[:4], np.float32)[0], np.frombuffer(data[4:], "<i2")
    spread = np.sinh(steps / STEPS * np.arcsinh(CURVE)) / CURVE
    numbers: np.ndarray = (spread * np.float64(largest)).astype(np.float32)
    return numbers.tobytes()


def plainly(one: np.ndarray) -> dict[str, Any]:
    """The formulas' numbers, as exact as a notebook's are."""
    single = np.asarray(one, np.float32 if np.asarray(one).dtype.kind == "f" else None)
    return {"dtype": single.dtype.name, "shape": single.shape, "data": single.tobytes()}


def numbers(one: Mapping[str, Any]) -> np.ndarray:
    read_back: np.ndarray = np.frombuffer(one["data"], one["dtype"]).reshape(one["shape"])
    return read_back.astype(np.float64) if read_back.dtype.kind == "f" else read_back


def key_of(form: str, sizes: Sizes, question: Question) -> bytes:
    asked = msgspec.msgpack.encode((form, sorted(sizes.items()), question))
    return hashlib.sha256(asked).digest()[:KEY]


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
