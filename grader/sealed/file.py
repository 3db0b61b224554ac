"""A sealed file: what students check themselves by, without the model answer.

It holds questions as hashes, and what the model answer's forms reply to these very questions. Nothing is computed from
it: a question that is not in it has no answer.
"""

import gzip
import hashlib
from collections.abc import Mapping
from pathlib import Path

import msgspec
from msgspec import Struct

from grader.course.rubric import Rubric
from grader.errors import UsageError
from grader.judging.model_answer import ModelAnswer, Sizes
from grader.judging.unaskable import Unaskable
from grader.model import Observation
from grader.sandbox.guest.wire import Question

MAGIC, VERSION = b"grader sealed checks\n", 1
AGAIN = "Install the self-check of your course again."
UNKNOWN = (
    "Your class has sizes of its own, or is fed in its own way, for which this self-check holds no answers. "
    "That is no mistake: it is checked when your work is graded. "
    "With the sizes that the lab gives you can check it here as well."
)


class Sealed(Struct, frozen=True, forbid_unknown_fields=True):
    """The public checks of one lab, for one set of questions."""

    rubric: Rubric  # without its hidden checks and their mistakes
    seed: int  # of the questions; no grading has it
    accepted: tuple[str, ...]  # forms that are right too
    mistakes: tuple[str, ...]  # and those that are not
    hidden: int  # checks that only a grading asks
    later: tuple[str, ...]  # titles of public checks that only a grading asks
    answers: dict[bytes, int]  # the hash of a form and a question -> which of the replies
    replies: tuple[bytes, ...]

    @property
    def answer(self) -> ModelAnswer:
        """The model answer, as far as it was asked when this was sealed."""
        return ModelAnswer(self.accepted, self.mistakes, self._reply)

    def _reply(self, form: str, sizes: Sizes, question: Question) -> Observation:
        """Raises Unaskable for a question that was not sealed."""
        number = self.answers.get(key_of(form, sizes, question))
        if number is None:
            raise Unaskable(UNKNOWN)
        return msgspec.msgpack.decode(self.replies[number], type=Observation)


def key_of(form: str, sizes: Sizes, question: Question) -> bytes:
    asked = msgspec.msgpack.encode((form, sorted(sizes.items()), question))
    return hashlib.sha256(asked).digest()[:16]


def written(labs: Mapping[str, Sealed]) -> bytes:
    body = gzip.compress(msgspec.msgpack.encode((VERSION, labs)), mtime=0)
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
    plain = gzip.decompress(body)
    version = msgspec.msgpack.decode(plain, type=tuple[int, msgspec.Raw])[0]
    if version != VERSION:
        raise UsageError(
            f"{path} was sealed by another version of the grader ({version}, this one reads {VERSION}). {AGAIN}"
        )
    return msgspec.msgpack.decode(plain, type=tuple[int, dict[str, Sealed]])[1]
