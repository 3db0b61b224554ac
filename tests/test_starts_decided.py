"""How many starts decide an accuracy: others are tried while none has taken off, and while one low one says little."""

from collections.abc import Iterator

import pytest

from grader.calibration.plan import Plan, handed_out
from grader.calibration.starts import Reached, Starts
from grader.course.folder import current_course
from grader.judging.equal.accuracy import decided
from grader.judging.equal.understood import NotShown
from grader.judging.examiner import Examiner
from grader.judging.trainer import Data, Outside, Trace, Trainer
from grader.model import Cell, Isolation, Outcome, Run, Verdict

LAB = "lab4_gru"
HEAD = current_course().labs[LAB].head
ROW = Reached(500, 12, 0.7, 0.75)
HALF = Starts(24, 0.68, "", (ROW,))  # of the starts take off
ALL = Starts(12, 0.68, "", (ROW,))
OFF, LOW, MISSED = (0.72, 0.74), (0.7, 0.66), (0.5, 0.51)  # on dev and test


class Told(Outside, frozen=True):
    """Trainings that were thought of beforehand."""

    coming: Iterator[tuple[float, float]]

    def trace(self, plan: Plan, seed: int) -> Trace:
        dev, test = next(self.coming)
        return Trace((5, 500), (0.5, dev), (0.5, test))


def verdict(starts: Starts, *coming: tuple[float, float], claim: str = "") -> tuple[Verdict, int]:
    """And how many starts it took."""
    left = iter(coming)
    cells = (Cell(0, "code", "", outputs=({"output_type": "stream", "text": claim},)),) if claim else ()
    x = Examiner(
        LAB, cells, Run(Outcome.OK, Isolation.NONE), lambda question: None, lambda *case: {}, 1,  # type: ignore[arg-type, return-value]
        head=HEAD, outside=Told(Trainer(), Data("", ()), left),
    )  # fmt: skip
    found = decided(x, handed_out(LAB, HEAD, ()), starts, ROW).verdict
    return found, len(coming) - len([*left])


def test_the_first_start_that_takes_off_decides() -> None:
    assert verdict(HALF, MISSED, OFF, OFF) == (Verdict.PASS, 2)


def test_no_right_answer_stays_without_a_start_that_takes_off() -> None:
    tries = HALF.tries(ROW)
    assert tries > 5
    assert verdict(HALF, *[MISSED] * 20) == (Verdict.FAIL, tries)


def test_one_low_start_is_not_enough_even_where_all_right_ones_take_off() -> None:
    """Of twelve others, two more lie below all of them in 1 of 91 cases, three in 1 of 455."""
    assert (ALL.tries(ROW), ALL.lows(ROW)) == (3, 3)
    assert verdict(ALL, MISSED, MISSED, LOW, LOW, OFF) == (Verdict.PASS, 5)
    assert verdict(ALL, LOW, LOW, LOW, OFF) == (Verdict.FAIL, 3)


def test_who_saw_it_learn_is_not_told_that_it_did_not() -> None:
    with pytest.raises(NotShown, match="your own figures"):
        verdict(HALF, *[MISSED] * 20, claim="Dev accuracy: 0.741")
