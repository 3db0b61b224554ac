"""A model answer and its other forms, asked in one kernel of ours."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from msgspec.structs import replace

from grader.batch.model_answers import ModelAnswers, ended, insist_on_an_end, model_answers
from grader.batch.preparing import batch_for
from grader.batch.store import opened
from grader.course.folder import load_course
from grader.errors import OurFault
from grader.judging.comparing.arrays import array, send
from grader.judging.model_answer import DECK, STARTER
from grader.model import Observation, Status, TrainPolicy
from grader.sandbox.guest.wire import Call, ListVariables, Make, Question, VariableList
from reference import notebooks
from tests.sample_course import ROOT, change

IMAGE, KERNEL = np.arange(30.0, dtype=np.float32).reshape(5, 6), np.array([[1.0, -1.0], [0.5, 2.0]], np.float32)
CONVOLVED = Question("q", (Call("conv2d", (send(IMAGE, "tensor"), send(KERNEL, "tensor")), {}, "value"),))
MADE = Question("m", (Make("c", "Network"), ListVariables("c", "v")))


@pytest.fixture
def course(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kernel: None) -> Path:
    shutil.copytree(ROOT / "tests" / "courses" / "vision", tmp_path / "course")
    monkeypatch.setenv("GRADER_COURSE", str(tmp_path / "course"))
    load_course.cache_clear()
    return tmp_path / "course"


@pytest.fixture
def models(course: Path) -> Iterator[Callable[[], ModelAnswers]]:
    made: list[ModelAnswers] = []

    def make() -> ModelAnswers:
        made.append(model_answers(batch_for(None, TrainPolicy.NONE, 1)))
        return made[-1]

    yield make
    for one in made:
        one.close()


def value(answer: Observation) -> np.ndarray:
    found = array(answer.values["value"])
    assert found is not None
    return found


def test_each_form_answers_for_itself_and_leaves_the_others_as_they_are(models: Callable[[], ModelAnswers]) -> None:
    filters = models().of("filters")
    assert "kernel-flipped" in filters.mistakes
    right = value(filters.ask(DECK, {}, CONVOLVED))
    assert right.shape == (4, 5) and right[0, 0] == IMAGE[0, 0] - IMAGE[0, 1] + 0.5 * IMAGE[1, 0] + 2 * IMAGE[1, 1]
    flipped = value(filters.ask("kernel-flipped", {}, CONVOLVED))
    assert not np.allclose(flipped, right)
    assert filters.ask(STARTER, {}, CONVOLVED).values["value"] is None
    again = replace(CONVOLVED, id="again")  # another question, so that it is really asked
    assert np.array_equal(value(filters.ask(DECK, {}, again)), right)
    assert np.array_equal(value(filters.ask("kernel-flipped", {}, again)), flipped)


def test_a_form_is_made_in_the_sizes_of_a_notebook(models: Callable[[], ModelAnswers]) -> None:
    network = models().of("digits_mlp")
    for sizes, hidden in (({}, 32), ({32: 48}, 48)):
        made = network.ask(DECK, sizes, MADE).values["v"]
        assert isinstance(made, VariableList)
        assert {v.path: v.shape for v in made.variables}["c.W1"] == (64, hidden)


def test_a_model_answer_that_fails_is_told_with_its_file_and_its_cell(
    course: Path, models: Callable[[], ModelAnswers]
) -> None:
    change(
        course / "reference" / "solutions" / "filters.py",
        "import tensorflow as tf\n",
        "import tensorflow as tf\n1 / 0\n",
    )
    with pytest.raises(OurFault, match=r"reference/solutions/filters\.py: .*ZeroDivisionError.*'import tensorflow"):
        (filters := models().of("filters")).ask(DECK, {}, CONVOLVED)
    with pytest.raises(OurFault, match="ZeroDivisionError"):  # whoever asks next is not compared with it either
        filters.ask(DECK, {}, CONVOLVED)


def test_what_a_right_form_did_not_answer_in_time_is_our_fault_and_no_reading() -> None:
    late = Observation("q", Status.LATE)
    with pytest.raises(OurFault, match="its form 'turned' gave no answer"):
        insist_on_an_end("filters", "turned", True, late)
    insist_on_an_end("filters", "hangs", False, late)
    assert not ended(late) and ended(Observation("q", Status.RAISED))


def test_what_was_answered_once_is_kept_until_the_model_answer_changes(course: Path, tmp_path: Path) -> None:
    def asked() -> Observation:
        notebooks._source.cache_clear()  # as in another process
        with opened(tmp_path / "out") as store:
            batch = replace(batch_for(None, TrainPolicy.NONE, 1), store=store)
            with model_answers(batch) as models:
                return models.of("filters").ask(DECK, {}, CONVOLVED)

    first = asked()
    assert first.status is Status.ANSWERED
    path = course / "reference" / "solutions" / "filters.py"
    kept = path.read_text("utf-8")
    change(path, "* kernel[u, v]", "* kernel[u, v] * 2")
    assert np.array_equal(value(asked()), 2 * value(first))
    path.write_text(kept, "utf-8")
    change(course / "rubrics" / "filters.yaml", "deadline: 120", "deadline: 0.001")  # no kernel would come up in time
    assert np.array_equal(value(asked()), value(first))
