"""One submission's examination: asks the notebook, asks the oracle, collects what every check of the lab saw."""

import logging
import zlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from msgspec import Struct

from grader.course.head import Head
from grader.errors import OurFault
from grader.judging.comparing.arrays import Numbers
from grader.judging.discretion import discreet
from grader.judging.drawing import Drawing
from grader.judging.formulas import Answers, Formulas
from grader.judging.meeting.written_calls import with_written
from grader.judging.model_answer import Declared
from grader.judging.unaskable import refused
from grader.model import Cell, Observation, Run, TrainBudget
from grader.sandbox.guest.wire import GUEST_FAULT, Inventory, Question, Step, Survey

if TYPE_CHECKING:  # a wheel for students has none of these
    from grader.calibration.bounds import Calibration
    from grader.data.truth import Truth
    from grader.judging.equal.understood import Understood
    from grader.judging.trainer import Outside

log = logging.getLogger("grader")


class Examiner(Struct, frozen=True):
    """What an interview may use. Nothing here has ever run student code."""

    lab: str
    cells: tuple[Cell, ...]
    run: Run
    asking: Callable[[Question], Observation]
    oracle: Formulas
    seed: int
    training: TrainBudget = TrainBudget()
    truth: "Truth | None" = None  # labels of the data the notebook ran on
    calibration: "Calibration | None" = None  # what right answers reach on these data
    data: dict[str, Path] = {}  # the parts of the course's data, as notebooks see them
    head: Head = Head("")  # what the rubric says of the lab
    declared: Declared | None = None  # of a lab that has no judge of its own
    outside: "Outside | None" = None  # where what is shown to train as the lab's may be trained outside the notebook
    understood: "Understood | None" = None  # for that: what the judge knows of the classifier
    sealed: bool = False  # its oracle is a sealed file, or makes one

    def ask(self, name: str, *steps: Step, seconds: float = 20.0) -> Observation:
        return discreet(self.asking(Question(f"{self.lab}.{name}", steps, seconds)))

    def survey(self) -> Inventory | None:
        """What the notebook holds; None where it did not say in time. Raises Unaskable where it said it cannot."""
        seen = self.ask("survey", Survey("all"))
        if seen.trouble is not None and seen.trouble.kind == GUEST_FAULT:
            log.error("%s: the guest could not list what the notebook holds: %s", self.lab, seen.trouble.message)
            raise refused("what it holds", seen.trouble)
        found = seen.values.get("all")
        if not isinstance(found, Inventory):
            return None
        return with_written(found, self.cells) if self.sealed else found

    def answers(self, question: str, **case: Any) -> Answers:
        return self.oracle(self.lab, question, case)

    def answers_to(self, question: str, **case: Any) -> Answers:
        """Of a case with numbers that the notebook itself computed: no sealed file has these, and nothing is said."""
        return {} if self.sealed else self.answers(question, **case)

    def generator(self, purpose: str) -> np.random.Generator:
        """Secret numbers; notebooks with one seed share them, and so the oracle's answers where sizes are equal."""
        return Drawing(np.random.PCG64([self.seed, zlib.crc32(self.lab.encode()), zlib.crc32(purpose.encode())]))

    def normal(self, purpose: str, shape: tuple[int, ...], sigma: float) -> Numbers:
        drawn: Numbers = self.generator(f"{purpose}{shape}").normal(0.0, sigma, shape).astype(np.float32)
        return drawn


def no_formulas(lab: str, question: str, case: Mapping[str, Any]) -> Any:
    raise OurFault(f"{lab} has no formulas to ask for {question!r}")
