"""What an interview of a notebook brings back, whatever the subject."""

import re
from collections.abc import Callable, Sequence

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from grader.judging.declared.readings import Fact, Forms, Reading
from grader.judging.examiner import Examiner
from grader.judging.instruments.learning import Learning
from grader.judging.model_answer import ModelAnswer, Sizes
from grader.model import Finding, Level, Observation, Remark
from grader.sandbox.guest.wire import Question, Trouble

YES = "ends as it should"
Wanted = Callable[..., bool]  # whether some check looks at facts of a level, and of a part of the subject


def may_differ(form: str, keys: Sequence[str]) -> bool:
    return True


class Interview(Struct, frozen=True):
    reading: Reading
    forms: Forms
    differs: Callable[[str, Sequence[str]], bool] = (
        may_differ  # whether a form may differ from the model answer in these
    )
    cell: int | None = None  # to look at
    missing: str = ""  # a sentence: what was not found at all
    open: str = ""  # a sentence: why what differs is not held against it
    in_words: bool = False  # the forms' numbers are of other sizes: only words are compared, the rest is open
    remarks: tuple[Remark, ...] = ()
    learning: Learning | None = None
    outcome: Finding | None = None


def asked_once(x: Examiner) -> Examiner:
    """The same examiner, who asks nothing a second time."""
    kept: dict[bytes, Observation] = {}

    def asking(question: Question) -> Observation:
        key = msgspec.msgpack.encode(question)
        if key not in kept:
            kept[key] = x.asking(question)
        return kept[key]

    return replace(x, asking=asking)


def form_examiner(x: Examiner, answer: ModelAnswer, form: str, sizes: Sizes | None = None) -> Examiner:
    """The same questions and secrets, to a form of the model answer; what the notebook wrote is not its text."""
    return replace(x, asking=answer.of(form, sizes or {}), cells=())


def own_sizes(what: str, sizes: Sizes) -> tuple[Remark, ...]:
    told = ", ".join(f"{new} in place of {old}" for old, new in sizes.items())
    return (Remark("own-sizes", f"Your {what} has sizes of its own ({told})."),) if sizes else ()


def runs(what: str, trouble: Trouble | None, part: str, whole: bool = True) -> Fact:
    """That something does not end as it should."""
    return Fact(Level.RUNS, what, ending(trouble), part=part, whole=whole, shown=saying(trouble))


def saying(trouble: Trouble | None) -> str:
    """How it ended, as students read it."""
    if trouble is None:
        return "gave no answer"
    message = trouble.message[:300].strip().rstrip(".")
    return f"stops with {trouble.kind}: {message}" if message else f"stops with {trouble.kind}"


def ending(trouble: Trouble | None) -> str:
    """How it ended, so that one mistake ends alike whoever makes it: no numbers, no names of variables."""
    if trouble is None:
        return "gave no answer"
    message = re.sub(r"\d+|'[^']*'|\"[^\"]*\"|\[[^\]]*\]|\{[^}]*\}", "·", trouble.message)
    return f"stops with {trouble.kind}: {message[:60].strip()}"
