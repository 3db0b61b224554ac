"""What a student reads beside the verdicts: the closest mistake, gradients by variable, what changed, extras."""

import json
from pathlib import Path

import numpy as np
import pytest
import sample_reports as sample
from msgspec.structs import replace

from grader.commands.handing_out import handed_out
from grader.course.folder import load_rubric
from grader.figures import GradientRow
from grader.gradebook.book import FILE
from grader.gradebook.earlier import earlier_attempts
from grader.gradebook.recording import record
from grader.judging.checks import extra, failed
from grader.judging.comparing.compare import closest, difference
from grader.judging.instruments.gradient_table import gradient_rows, relative_errors
from grader.judging.meeting.contact import Contact, Inputs, Recipe
from grader.model import Report, Verdict
from grader.sandbox.guest.wire import Array, ClassInfo, Inventory, TapeEvent, VariableInfo, Watched
from grader.scoring.score import score
from reports import words
from reports.feedback import feedback_page

RIGHT = np.array([[1.0, 2.0], [3.0, 4.0]])
ANSWERS = {"deck": {"y": RIGHT}, "deck/other": {"y": RIGHT + 9}, "halved/a": {"y": RIGHT / 2}, "lost": {"y": RIGHT * 0}}


def test_the_closest_mistake_is_one_that_comes_much_nearer_than_what_is_right() -> None:
    assert closest({"y": RIGHT * 0.52}, ANSWERS) == "halved"
    assert closest({"y": RIGHT * 0.9}, ANSWERS) is None
    assert closest({"y": RIGHT * 40}, ANSWERS) is None
    assert closest({"y": np.full((2, 2), np.nan)}, ANSWERS) is None
    assert closest({}, ANSWERS) is None and closest({"z": RIGHT}, ANSWERS) is None


def test_the_closest_mistake_stands_on_the_page_where_none_was_named() -> None:
    rubric = load_rubric("lab4_gru")
    finding = replace(failed("Not those.", closest="reset-missing"), check="cell")
    trains = replace(failed(), check="trains", verdict=Verdict.PASS)
    card = score(rubric, [trains, finding])
    page = feedback_page(replace(sample.good(), card=card))
    assert "this one comes nearest, and it is not quite it: There is no reset gate" in page
    named = score(rubric, [trains, replace(finding, mistake="update-missing", message="")])
    assert "comes nearest" not in feedback_page(replace(sample.good(), card=named))
    assert next(check for check in card.checks if check.id == "cell").mistake is None


def test_shapes_are_told_by_what_their_axes_mean() -> None:
    told = difference("States", np.zeros((5, 8)), np.ones((5, 7, 8)), axes=("batch", "time", "hidden"))
    assert told and told.sentence == (
        "States: got [batch, hidden], expected [batch, time, hidden], here [5, 8] and [5, 7, 8]"
    )
    told = difference("Logits", np.zeros((5, 9)), np.ones((5, 2)), axes=("batch", "classes"))
    assert told and "got [batch, 9], expected [batch, classes]" in told.sentence


@pytest.mark.parametrize("axes", [(), ("batch",), ("rows", "columns")])
def test_axes_that_cannot_be_told_apart_have_no_names(axes: tuple[str, ...]) -> None:
    told = difference("Logits", np.zeros((3,)), np.ones((4, 4)), axes=axes)
    assert told and told.sentence == "Logits: got [3], expected [4, 4]"


def array(value: object) -> Array:
    numbers = np.asarray(value, np.float32)
    return Array("float32", numbers.shape, numbers.tobytes())


def contact(works: bool = True) -> Contact:
    """A class whose step moves W, has no way to U, and leaves b as it was."""
    before = [VariableInfo(path, (2,), "float32", n, array([1, 1])) for n, path in enumerate(("c.W", "c.U", "c.b"))]
    after = [replace(before[0], value=array([1, 2])), *before[1:]]
    tape = (TapeEvent(0.5, ("c.W", "c.U", "c.b"), (array([3, 4]), None, array([0, 0]))),) if works else ()
    watched = Watched(tape, (), tuple(before), tuple(after), None)
    recipe, info = Recipe("C", (), {}, ()), ClassInfo("C", 1, {}, ("train",), ())
    left = Inventory((info,), (), {}, (), {}, (), ())
    variables = tuple(before)
    return Contact(Inputs(()), info, recipe, "train", (), {}, None, {}, variables, watched, 4, 9, 5, left)


class Evidence:
    def __init__(self, contact: Contact | None) -> None:
        self.contact = contact


def test_gradients_are_told_by_variable_as_the_student_writes_them() -> None:
    rows = gradient_rows(Evidence(contact()), lambda evidence: {"c.W": 0.25})
    assert rows == (
        GradientRow("self.W", (2,), 5.0, moved=True, error=0.25),
        GradientRow("self.U", (2,), None, moved=False),
        GradientRow("self.b", (2,), 0.0, moved=False),
    )
    assert [words.gradient(row).split(":")[0] for row in rows[1:]] == ["dead", "dead"]
    assert words.gradient(rows[0]) == "its gradient is not that of the lab's cost"
    assert words.gradient(replace(rows[0], error=1e-6)) == words.gradient(replace(rows[0], error=None)) == "moves"
    assert gradient_rows(Evidence(contact(works=False))) == gradient_rows(Evidence(None)) == gradient_rows(None) == ()


def test_an_error_is_relative_to_the_gradient_of_the_labs_cost() -> None:
    seen = {"W": np.array([3.0, 4.0]), "b": None, "U": np.zeros(3)}
    expected = {"W": np.array([3.0, 0.0]), "b": np.ones(2), "U": np.zeros(3)}
    assert relative_errors(seen, expected) == {"W": pytest.approx(4 / 3)}
    assert relative_errors({"W": np.array([6.0, 0.0])}, expected, scale=2.0) == {"W": 0.0}


def test_the_table_says_what_is_dead_and_what_is_frozen_and_errors_only_where_they_are_known() -> None:
    page = feedback_page(sample.mistaken())
    assert "dead: the cost does not depend on it" in page and "dead: its gradient is 0" in page
    assert "frozen: it has a gradient, and the step leaves it as it was" in page
    assert "Relative error" in page
    bare = [replace(row, error=None) for row in sample.GRADIENTS]
    assert "Relative error" not in feedback_page(replace(sample.mistaken(), gradients=tuple(bare)))
    assert "Your first step of training" not in feedback_page(sample.good())


def test_what_is_right_beyond_the_task_is_praised_apart_from_remarks() -> None:
    page = feedback_page(replace(sample.good(), remarks=(extra("stacked", "Two layers."), *sample.good().remarks)))
    praised, rest = page.split('id="remarks"')
    assert "Beyond what was asked: well done" in praised and "<li>Two layers.</li>" in praised
    assert "<li>Two layers.</li>" not in rest


def passing(report: Report, *names: str) -> Report:
    """The same with these checks passed, and no others but those that already did."""
    checks = tuple(
        replace(c, verdict=Verdict.PASS, points=c.possible, mistake=None) if c.id in names else c
        for c in report.card.checks
    )
    return replace(report, card=replace(report.card, checks=checks, earned=sum(c.points for c in checks)))


def handed(content: str, report: Report) -> Report:
    return replace(report, submission=replace(report.submission, content=content))


def test_a_page_says_what_changed_since_the_last_hand_in_however_often_it_is_graded(
    tmp_path: Path,
) -> None:
    first = handed("one", passing(sample.mistaken(), "gru_step"))
    handed_out([first], tmp_path)
    page = tmp_path / "student02" / "lab4_gru.html"
    assert "Since your last hand-in" not in page.read_text("utf-8")
    later = passing(sample.mistaken(), "l2_all_gates")
    handed_out([handed("two", later)], tmp_path)
    told = page.read_text("utf-8")
    assert "Since your last hand-in" in told and "It had 4 of 8 points" in told
    section = told[told.index('id="earlier"') :].split("</section>")[0]
    assert section.index("The penalty covers every weight matrix") < section.index("Was right before:")
    assert section.index("One step of the GRU") > section.index("Was right before:")
    handed_out([handed("two", later)], tmp_path)  # graded once more: still compared with the first
    assert page.read_text("utf-8") == told


def test_the_first_one_that_could_be_graded_has_nothing_before_it(tmp_path: Path) -> None:
    record([handed("one", sample.mistaken())], tmp_path, "course")
    others = [
        handed("one", sample.mistaken()),
        handed("two", sample.mistaken("student09")),
        sample.unreadable(),
    ]
    assert earlier_attempts(others, tmp_path) == [None] * 3


def test_a_gradebook_that_cannot_be_read_keeps_no_page_from_being_written(tmp_path: Path) -> None:
    (tmp_path / FILE).write_bytes(b"no database at all" * 100)
    assert earlier_attempts([handed("one", sample.mistaken())], tmp_path) == [None]


def test_results_json_and_the_gradebook_have_no_word_of_it(tmp_path: Path) -> None:
    handed_out([handed("one", sample.mistaken())], tmp_path)
    row = json.loads((tmp_path / "results.json").read_bytes())["submissions"][0]
    assert set(row["remarks"][1]) == {"id", "message"}
