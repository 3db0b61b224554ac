"""What is answered from what a notebook said before, what it is asked beside, and when all of it is void."""

import time
from collections import Counter
from pathlib import Path

import pytest
from msgspec.structs import replace

from grader.batch.replaying import OWN_TIME, Answers, Live, Replay, nth, timely
from grader.batch.store import Store, opened
from grader.model import CellRun, CellStatus, Isolation, Observation, Outcome, Run, Status
from grader.sandbox.guest.wire import Inventory, Question, Read, Survey, Training

SURVEY = Question("lab.survey", (Survey("all"),))
FIRST, SECOND = (Question("lab.read", (Read(name, "value"),)) for name in "ab")
TRAINED = Training("Classifier", "train", (), {}, {}, last_loss=0.25, steps=30, cut=False)
RUN = Run(Outcome.OK, Isolation.NONE, (CellRun(0, CellStatus.OK), CellRun(1, CellStatus.ERROR)), seconds=3.0)


class Notebook:
    """Answers what it is asked, and counts how often it was run and what it was asked."""

    def __init__(self, run: Run = RUN, training: Training = TRAINED) -> None:
        self.run, self.training = run, training
        self.runs = 0
        self.asked: list[Question] = []

    def wake(self) -> Live:
        self.runs += 1
        return Live(self.run, self.ask)

    def ask(self, question: Question) -> Observation:
        self.asked.append(question)
        inventory = Inventory((), (), {"started": 1000.0 + self.runs}, (), {}, (), (self.training,))
        values = {"all": inventory} if question == SURVEY else {"value": f"of run {self.runs}"}
        return Observation(question.id, Status.ANSWERED, values)


@pytest.fixture
def store(tmp_path: Path):
    with opened(tmp_path) as store:
        yield store


def kept(store: Store, *questions: Question) -> None:
    count: Counter[str] = Counter()
    answers: Answers = {nth(question, count): Notebook().ask(question) for question in questions}
    store.keep_run("run", RUN, answers)


def test_a_notebook_that_is_asked_the_same_is_not_run(store: Store) -> None:
    kept(store, SURVEY, FIRST)
    notebook = Notebook()
    replay = Replay(store, "run", notebook.wake)
    assert [replay(q).status for q in (SURVEY, FIRST)] == [Status.ANSWERED] * 2
    assert notebook.runs == 0 and not replay.changed and replay.added == {}


def test_what_is_new_is_asked_of_one_kernel_and_kept_beside_the_rest(store: Store) -> None:
    kept(store, SURVEY, FIRST)
    notebook = Notebook()
    replay = Replay(store, "run", notebook.wake)
    told = [replay(q).values.get("value") for q in (SURVEY, FIRST, SECOND, FIRST, SECOND)]
    assert told == [None, "of run 0", "of run 1", "of run 1", "of run 1"]
    assert notebook.runs == 1 and notebook.asked == [SURVEY, SECOND, FIRST, SECOND] and not replay.changed
    store.keep_answers("run", replay.added)
    again = Replay(store, "run", notebook.wake)
    assert [again(q).values.get("value") for q in (SURVEY, FIRST, SECOND, FIRST, SECOND)] == told and notebook.runs == 1


@pytest.mark.parametrize(
    "notebook",
    [
        Notebook(training=replace(TRAINED, steps=28, last_loss=0.26)),
        Notebook(run=replace(RUN, cells=(CellRun(0, CellStatus.OK), CellRun(1, CellStatus.OK)))),
    ],
    ids=["trained otherwise", "another cell failed"],
)
def test_answers_of_two_runs_that_differ_are_not_mixed(notebook: Notebook, store: Store) -> None:
    kept(store, SURVEY, FIRST)
    replay = Replay(store, "run", notebook.wake)
    assert [replay(q).status for q in (SURVEY, FIRST, SECOND)] == [Status.ANSWERED, Status.ANSWERED, Status.UNASKED]
    assert replay.changed and SECOND not in notebook.asked


def test_time_in_which_the_model_answer_is_asked_is_not_the_notebooks() -> None:
    asked = timely(lambda question: Observation(question.id, Status.ANSWERED), 0.2)
    with OWN_TIME.passing():
        time.sleep(0.3)
    assert asked(Question("x", ())).status is Status.ANSWERED
    time.sleep(0.3)
    assert asked(Question("x", ())).status is Status.UNASKED
