"""`grader.check("lab4")`: the public checks of a lab, put to the notebook that runs here, as it stands."""

import os
import sys
import time
from collections.abc import Callable, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from threading import Timer
from typing import Any

from msgspec.structs import replace

from grader.errors import UsageError
from grader.judging.examination import Examination, as_declared
from grader.judging.examiner import Examiner
from grader.judging.model_answer import Declared
from grader.judging.own_judge import as_judged
from grader.live.put_back import put_back
from grader.model import Cell, Isolation, Observation, Outcome, Run, Scorecard, Status, TrainBudget, TrainPolicy
from grader.sandbox.guest.wire import Question, Trouble
from grader.sandbox.questions import understand
from grader.scoring.classless import CLASSLESS, without_a_class
from grader.scoring.score import left_open, score
from grader.sealed.file import Sealed, read
from reports.languages import ENGLISH, languages, speaking, translated
from reports.self_check import INTERRUPTED, LATE, STILL, Result

FILES = Path(__file__).parents[1] / "sealed" / "checks"  # where a wheel for students has them
PLACE = "GRADER_SEALED"  # a file of sealed checks elsewhere
OLDEST = (2, 16)  # of TensorFlow
SECONDS = 20.0  # for one question
ALL = 60.0  # for all of them
PATIENCE = 6.0  # until it is said that the notebook is still at work


class Interrupted(Exception):
    """By the student, who was tired of waiting."""


def check(lab: str, lang: str = "en") -> Result:
    """Checks what you wrote for `lab`, and changes nothing of it."""
    try:
        one = sealed_lab(lab)
        if not one.rubric.checks:
            return Result(one.rubric.title, lang, later=one.later, hidden=one.hidden)
        insist_on_tensorflow()
        return asked(one, lang)
    except UsageError as trouble:
        return Result(lang=lang, trouble=str(trouble))


def sealed_lab(lab: str) -> Sealed:
    """Raises UsageError for a lab of which there are no sealed checks."""
    place = os.environ.get(PLACE)
    files = [Path(place)] if place else sorted(FILES.glob("*.checks"))
    if not files:
        raise UsageError("This grader came without sealed checks. Install the self-check of your course.")
    labs = {slug: one for file in files for slug, one in read(file).items()}
    for slug, one in labs.items():
        if lab.casefold() in (slug.casefold(), *(alias.casefold() for alias in one.rubric.head.aliases)):
            return one
    there = ", ".join(repr(min((*one.rubric.head.aliases, slug), key=len)) for slug, one in labs.items())
    raise UsageError(f"There is no self-check for {lab!r}; there is one for {there}.")


def insist_on_tensorflow() -> None:
    """Raises UsageError where there is none, or one that is too old. It is not loaded for that."""
    found = next(filter(None, map(installed, ("tensorflow", "tensorflow-cpu", "tensorflow-macos"))), None)
    if found is None:
        raise UsageError("TensorFlow is not installed here. Install it with `pip install tensorflow`.")
    if tuple(int(part) for part in found.split(".")[:2]) < OLDEST:
        oldest = ".".join(map(str, OLDEST))
        raise UsageError(
            f"TensorFlow {found} is too old for this check; it needs {oldest} or newer: `pip install -U tensorflow`."
        )


def installed(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def asked(one: Sealed, lang: str) -> Result:
    from grader.sandbox.guest import live  # noqa: PLC0415 - it loads TensorFlow

    kernel = Asking(live.answered)
    with speaking(lang if lang in languages() else ENGLISH):
        still = Timer(PATIENCE, print, (translated(STILL),), {"file": sys.stdout})
    still.daemon = True
    still.start()
    rubric, cells = one.rubric, cells_so_far()
    try:
        with put_back(), live.as_it_stands():
            examination = examined(one, cells, kernel.ask)
    except Interrupted:
        return Result(rubric.title, lang, trouble=INTERRUPTED)
    finally:
        still.cancel()
    card, late = card_of(one, cells, examination), ""
    if kernel.late:
        card, late = left_open(card, "", but_named=True), LATE.format(seconds=round(SECONDS))
    return Result(rubric.title, lang, card, examination.remarks, one.later, one.hidden, late)


def examined(one: Sealed, cells: tuple[Cell, ...], asking: Callable[[Question], Observation]) -> Examination:
    """By the judge that sealed the file; of a lab with a judge of its own, what this judge says of public checks."""
    examiner = Examiner(
        lab=one.rubric.lab,
        cells=cells,
        run=Run(Outcome.OK, Isolation.NONE),
        asking=asking,
        oracle=one.oracle,
        seed=one.seed,
        training=TrainBudget(TrainPolicy.NONE),
        head=one.rubric.head,
        sealed=True,
    )
    if one.rubric.head.judge is None:
        return as_declared(examiner, Declared(one.rubric, one.answer))
    examination, sealed = as_judged(examiner, {}), [check.id for check in one.rubric.checks]
    return replace(examination, findings=tuple(f for f in examination.findings if f.check in sealed))


def card_of(one: Sealed, cells: Sequence[Cell], examination: Examination) -> Scorecard:
    card = score(one.rubric, examination.findings)
    return left_open(card, CLASSLESS) if without_a_class(card, cells) else card


class Asking:
    """Questions until one took too long: then no more are asked, since the next ones would take as long."""

    def __init__(self, answered: Any) -> None:
        self._answered = answered
        self._end = time.monotonic() + ALL
        self.late = False

    def ask(self, question: Question) -> Observation:
        """Raises Interrupted where the student broke it off."""
        if self.late or time.monotonic() >= self._end:
            self.late = True
            return Observation(question.id, Status.UNASKED)
        question = replace(question, seconds=min(question.seconds, SECONDS))
        seen = understand(question, self._answered(question)[4:])
        if was_interrupted(seen.trouble):
            raise Interrupted
        self.late = seen.status is Status.LATE
        return seen


def was_interrupted(trouble: Trouble | None) -> bool:
    return trouble is not None and trouble.kind == "KeyboardInterrupt"


def cells_so_far() -> tuple[Cell, ...]:
    """As they were run, the last ones last; none where this is no notebook."""
    history = vars(sys.modules["__main__"]).get("In")
    sources = history if isinstance(history, list) else []
    return tuple(Cell(n, "code", source) for n, source in enumerate(sources) if isinstance(source, str))
