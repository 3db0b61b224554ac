"""A subject that cannot be asked is refused in one sentence, with file and line, before anything is graded."""

import shutil
from pathlib import Path

import pytest

from grader.course.folder import load_course
from grader.errors import RubricError
from grader.judging.examining import insist_on_judges
from tests.sample_course import ROOT, change

VISION = ROOT / "tests" / "courses" / "vision"


@pytest.fixture
def course(tmp_path: Path) -> Path:
    shutil.copytree(VISION, tmp_path / "course")
    return tmp_path / "course"


def said_of(course: Path) -> str:
    load_course.cache_clear()
    with pytest.raises(RubricError) as error:
        insist_on_judges(load_course(course))
    return str(error.value)


@pytest.mark.parametrize(
    ("lab", "old", "new", "place", "sentence"),
    [
        ("filters", '"normal [6, 9]"', '"normal 6 9"', ":10: ", "'normal 6 9' describes no numbers; write"),
        ("filters", "gradient: [1, 2]", "gradient: [3]", ":10: ", "there is no argument 3; they are counted from 1"),
        ("filters", '"normal [6, 9]"', '{x: ["normal 6 9"]}', ":10: ", "'normal 6 9' describes no numbers; write"),
        ("filters", '"normal [6, 9]"', "{1: 2.0}", ":10: ", "the name 1 of a dict is no text; write it in quotes"),
        ("filters", '"normal [6, 9]"', "!!binary aGk=", ":10: ", "is no number and no text; write a text in quotes"),
        ("filters", "of: [pool]", "of: [pol]", ": ", "'pol' is none of the calls; did you mean 'pool'?"),
        ("filters", "kind: function", "kind: functions", ":8: ", "did you mean 'function'?"),
        ("filters", "level: gradients", "level: dropout", ": ", "nothing of a function is of the level dropout"),
        ("digits_mlp", 'input: "normal [64]"', 'input: "integers [64]"', ":9: ", "describes no numbers"),
        ("digits_mlp", "  outcome: {inputs: X_test, labels: y_test, at_least: 0.85}\n", "", ": ", "no `outcome`"),
        ("digits_mlp", "  classes: 10", "  clases: 10", ":10: ", "unknown key 'clases'; did you mean 'classes'?"),
    ],
)  # fmt: skip
def test_a_subject_that_does_not_hold(course: Path, lab: str, old: str, new: str, place: str, sentence: str) -> None:
    change(course / "rubrics" / f"{lab}.yaml", old, new)
    said = said_of(course)
    assert said.startswith(f"rubrics/{lab}.yaml{place}" if place != ": " else f"rubrics/{lab}.yaml:")
    assert sentence in said


def test_a_lab_with_neither_judge_nor_subject_is_told_of_both(course: Path) -> None:
    rubric = course / "rubrics" / "filters.yaml"
    text = rubric.read_text("utf-8")
    start, stop = text.index("subject:"), text.index("checks:")
    rubric.write_text(text[:start] + text[stop:], "utf-8")
    assert "no judge is named, and there is no `subject`" in said_of(course)
