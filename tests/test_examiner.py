"""What a fault of our own guest means: points stay open, whatever the lab; silence of a notebook is another thing."""

import pytest

from grader.judging.examiner import MODULES, Examiner, examine
from grader.judging.oracle import Answers
from grader.model import Isolation, Observation, Outcome, Run, Status, Verdict
from grader.sandbox.guest.wire import Question, Trouble

FAULT = Trouble("GuestFault", "RuntimeError: can't start new thread (agent.py:80)")


def without_answers(lab: str, question: str, case: object) -> Answers:
    raise AssertionError("nothing was seen that could be compared")


def of_a_guest_that_fails(question: Question) -> Observation:
    return Observation(question.id, Status.RAISED, {}, FAULT, 0)


@pytest.mark.parametrize("lab", MODULES)
def test_when_our_guest_cannot_list_the_notebook_no_points_are_lost(lab: str) -> None:
    x = Examiner(lab, (), Run(Outcome.OK, Isolation.NONE), of_a_guest_that_fails, without_answers, 1)
    found = examine(x)
    assert found.fault is not None
    assert {finding.verdict for finding in found.findings} == {Verdict.UNSURE}
