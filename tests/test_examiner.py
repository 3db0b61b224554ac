"""What a notebook that cannot be asked costs: nothing, whatever the lab; nor is it a failure of the grader's."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from grader.course.folder import current_course
from grader.judging.comparing.arrays import send
from grader.judging.drawing import MOST, insist_on_writable
from grader.judging.examiner import Examiner
from grader.judging.examining import examine
from grader.judging.oracle import Answers
from grader.judging.unaskable import Unaskable
from grader.model import Isolation, Observation, Outcome, Run, Status, Verdict
from grader.sandbox.guest.wire import (
    ClassInfo,
    Inventory,
    Question,
    Trouble,
    VariableInfo,
    VariableList,
)

LABS = current_course().labs
FAULT = Trouble("GuestFault", "RuntimeError: can't start new thread (agent.py:80)")


def without_answers(lab: str, question: str, case: object) -> Answers:
    raise AssertionError("nothing was seen that could be compared")


def of_a_guest_that_fails(question: Question) -> Observation:
    return Observation(question.id, Status.RAISED, {}, FAULT, 0)


def examiner(lab: str, asking: Callable[[Question], Observation]) -> Examiner:
    return Examiner(lab, (), Run(Outcome.OK, Isolation.NONE), asking, without_answers, 1, head=LABS[lab].head)


@pytest.mark.parametrize("lab", LABS)
def test_a_kernel_that_says_the_asking_failed_leaves_all_open_and_stops_no_class(lab: str) -> None:
    examined = examine(examiner(lab, of_a_guest_that_fails))
    assert examined.fault is None and not examined.unattempted
    assert {finding.verdict for finding in examined.findings} == {Verdict.UNSURE}
    (message,) = {finding.message for finding in examined.findings}
    assert "“RuntimeError: can't start new thread (agent.py:80)”" in message and "grader itself" not in message


def variable(*shape: int, path: str = "c.W") -> VariableInfo:
    return VariableInfo(path, shape, "float32")


def of_a_class_with(variables: tuple[VariableInfo, ...]) -> Callable[[Question], Observation]:
    info = ClassInfo("Softmax", 0, {"train": (), "classify": ()}, ("train",), ())
    values: dict[str, Any] = {
        "all": Inventory((info,), (), {}, (), {}, (), ()),
        "v": VariableList(variables, {"n_features": 10**10, "max_seq_len": 10**10}),
    }
    return lambda question: Observation(question.id, Status.ANSWERED, values)


@pytest.mark.parametrize("lab", ["a1_logistic_regression", "lab2_mlp", "lab3_rnn", "lab5_attention"])
@pytest.mark.parametrize("shape", [(11, 25_000_000), (10**12, 5), (-1, 5), (1,) * 99, (11, 5)])
def test_sizes_that_nobody_can_have_are_no_failure_of_ours(lab: str, shape: tuple[int, ...]) -> None:
    examined = examine(examiner(lab, of_a_class_with((variable(*shape), variable(5, path="c.b")))))
    assert examined.fault is None and "grader itself" not in str(examined.findings)


@pytest.mark.parametrize(
    "draw",
    [
        lambda x: x.normal("w", (11, 25_000_000), 0.1),
        lambda x: x.generator("w").integers(0, 5, (256, 10**9)),
        lambda x: x.generator("w").uniform(size=MOST + 1),
        lambda x: send(np.broadcast_to(np.float32(0), (MOST, 2))),
    ],
)
def test_no_more_numbers_are_drawn_or_sent_than_a_question_carries(draw: Callable[[Examiner], Any]) -> None:
    with pytest.raises(Unaskable, match=r"tells of [\d,]+( × [\d,]+)? numbers in one place"):
        draw(examiner("lab2_mlp", of_a_guest_that_fails))


def test_what_is_drawn_is_what_numpy_draws() -> None:
    ours = examiner("lab2_mlp", of_a_guest_that_fails).generator("x")
    seeds = ours.bit_generator.seed_seq.entropy  # type: ignore[attr-defined]
    numpys = np.random.default_rng(seeds)
    for draw in (lambda g: g.normal(0, 1, (2, 3)), lambda g: g.integers(2, 9, 5), lambda g: g.uniform(-1, 1, 4)):
        assert draw(ours).tolist() == draw(numpys).tolist()


def test_a_class_whose_variables_one_question_cannot_set_is_not_judged() -> None:
    half = variable(MOST // 2)
    insist_on_writable([half, half, variable(0, 3)])
    with pytest.raises(Unaskable):
        insist_on_writable([half, half, variable(1)])


@pytest.mark.parametrize("status", [Status.UNASKED, Status.LATE, Status.DIED])
@pytest.mark.parametrize("lab", [lab for lab in LABS if lab != "lab1_warmup"])  # which begins with the oracle
def test_nothing_passes_where_nothing_was_answered(lab: str, status: Status) -> None:
    examined = examine(examiner(lab, lambda question: Observation(question.id, status)))
    assert examined.fault is None and Verdict.PASS not in {finding.verdict for finding in examined.findings}
    assert (examined.hurried, examined.unattempted and examined.hurried) == (status is Status.UNASKED, False)
