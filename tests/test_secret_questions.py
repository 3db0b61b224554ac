"""What one hand-in can carry out of its questions, and what that is worth to the next."""

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from msgspec.structs import replace

from grader.batch.preparing import batch_for
from grader.batch.shared import Batch, question_seed
from grader.data.folder import DataFolder
from grader.judging.examiner import Examiner
from grader.judging.meeting.watching import watched_in
from grader.model import Isolation, Observation, Outcome, Run, Status, Submission, TrainPolicy
from grader.pipeline import examiner
from grader.sandbox.guest.wire import Question, Trouble, Watched

BATCH = Batch({}, DataFolder({}, (), ""), Isolation.NONE, TrainPolicy.NONE, 4711)


def handed_in(content: str) -> Submission:
    return Submission(Path("/x.ipynb"), "x", "lab1_warmup", content=content)


def test_the_same_notebook_is_asked_the_same_and_a_changed_one_mostly_something_else() -> None:
    seeds = [question_seed(BATCH, handed_in(f"notebook {n}")) for n in range(200)]
    assert question_seed(BATCH, handed_in("notebook 7")) == seeds[7]
    assert 2 < len(set(seeds)) < 20
    assert sum(one == other for one, other in pairwise(seeds)) < 60


def test_which_notebooks_are_asked_the_same_depends_on_the_batch() -> None:
    """Else a second hand-in could be changed, before it is sent, until it meets the questions of the first."""
    other = replace(BATCH, seed=4712)
    met = [n for n in range(200) if question_seed(BATCH, handed_in(str(n))) == question_seed(BATCH, handed_in("x"))]
    again = [n for n in met if question_seed(other, handed_in(str(n))) == question_seed(other, handed_in("x"))]
    assert 0 < len(again) < len(met) / 2


def test_the_numbers_of_a_question_follow_from_the_hand_in() -> None:
    batch = batch_for(None, TrainPolicy.NONE, 3)
    run = Run(Outcome.OK, Isolation.NONE)

    def drawn(content: str) -> list[float]:
        made = examiner(handed_in(content), batch, batch.rubrics["lab1_warmup"], no_oracle, run, no_answer)
        return [float(one) for one in made.normal("x", (3,), 1.0)]

    assert drawn("one") == drawn("one")
    assert len({tuple(drawn(f"{n}")) for n in range(30)}) > 1


def no_oracle(lab: str, question: str, case: dict[str, object]) -> dict[str, dict[str, np.ndarray]]:
    raise AssertionError("nothing is compared here")


def no_answer(question: Question) -> Observation:
    return Observation(question.id, Status.LATE)


def told(message: str) -> str:
    """What a check reads of an error with this message."""

    def stops(question: Question) -> Observation:
        trouble = Trouble("ValueError", message)
        return Observation(question.id, Status.RAISED, {"w": Watched((), (), (), (), None, trouble)}, trouble, 0)

    seen = Examiner("lab1_warmup", (), Run(Outcome.OK, Isolation.NONE), stops, no_oracle, 1).ask("x")
    watched = watched_in(seen)
    assert seen.trouble and watched and watched.trouble and watched.trouble.message == seen.trouble.message
    return seen.trouble.message


@pytest.mark.parametrize(
    "message",
    [
        " ".join(str(1872 + 31 * n) for n in range(22)),
        "array([-2.4971063,  1.872,  .25, 3.1e-05, 1e-3])",
        ";".join(f"{n}:{-1.5 + n / 7}" for n in range(22)),
    ],
)
def test_an_error_does_not_tell_what_was_asked(message: str) -> None:
    shown = told(message)
    assert sum(character.isdigit() for character in shown) < sum(character.isdigit() for character in message) * 0.6
    assert not any(number in shown for number in ("4971063", "872,", "25,", "3571428571428572"))


@pytest.mark.parametrize(
    "message",
    [
        "{{function_node __wrapped__AddV2_device_/job:localhost/replica:0/task:0/device:CPU:0}} Incompatible shapes: "
        "[5,13] vs. [5,17] [Op:AddV2]",
        "cannot reshape array of size 12540 into shape (256,50)",
        "indices[3,2] = 13 is not in [0, 13)",
        "'NoneType' object has no attribute 'W_2'",
    ],
)
def test_sizes_in_an_error_are_told(message: str) -> None:
    assert told(message) == message
