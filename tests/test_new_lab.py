"""A lab from nothing: it holds as it was written, the course keeps its comments, and nothing is half-written."""

import json
from pathlib import Path

import nbformat
import pytest
import yaml
from test_cli import ROOT, grader, refused

from grader.commands.new_lab import with_lab
from grader.course.subject import SubjectKind
from grader.errors import UsageError
from reference.place import TEMPLATES


@pytest.fixture
def course(tmp_path: Path) -> Path:
    folder = tmp_path / "mine"
    assert grader("init", folder).returncode == 0
    return folder


def new_lab(course: Path, slug: str, kind: str = "function") -> None:
    done = grader("new-lab", slug, "--kind", kind, "--course", course)
    assert done.returncode == 0, done.stderr


def files_of(course: Path) -> dict[str, bytes]:
    return {str(p.relative_to(course)): p.read_bytes() for p in sorted(course.rglob("*")) if p.is_file()}


@pytest.mark.parametrize("kind", SubjectKind)
def test_a_lab_of_each_kind_is_whole_as_it_was_written(kernel: None, course: Path, kind: SubjectKind) -> None:
    new_lab(course, "first_steps", kind)
    done = grader("verify", "first_steps", "--course", course)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "earns everything" in done.stdout and "✗" not in done.stdout


def test_held_out_examples_that_the_solution_does_not_have_are_told(kernel: None, course: Path) -> None:
    new_lab(course, "first_steps", "classifier")
    rubric = course / "rubrics" / "first_steps.yaml"
    outcome = "  outcome: {inputs: X_last, labels: y_test, at_least: 0.8}\n\nchecks:"
    rubric.write_text(rubric.read_text("utf-8").replace("\nchecks:", outcome, 1), "utf-8")
    done = grader("verify", "first_steps", "--course", course)
    assert done.returncode == 1 and "called `X_last` or `y_test`. Name under" in done.stdout + done.stderr


def test_a_notebook_of_a_new_lab_is_recognised_and_graded(kernel: None, course: Path) -> None:
    new_lab(course, "first_steps")
    new_lab(course, "second_steps", "classifier")
    out = course.parent / "grades"
    done = grader("grade", course / "assignments", "--course", course, "--out", out, "--allow-unisolated")
    assert done.returncode == 0 and "first_steps" in done.stderr and "second_steps" in done.stderr


def test_a_function_that_is_done_earns_its_points_whatever_the_other_does(kernel: None, course: Path) -> None:
    new_lab(course, "first_steps")
    handed_in = nbformat.read(course / "assignments" / "first_steps.ipynb", nbformat.NO_CONVERT)
    for cell in handed_in.cells:
        cell.source = cell.source.replace(
            "def softmax(scores):\n    pass", "def softmax(scores):\n    return tf.nn.softmax(scores)"
        ).replace("labels):\n    pass", "labels):\n    raise NotImplementedError")
    folder, out = course.parent / "hand-ins" / "ana", course.parent / "grades"
    folder.mkdir(parents=True)
    nbformat.write(handed_in, folder / "first_steps.ipynb")
    done = grader("grade", folder.parent, "--course", course, "--out", out, "--allow-unisolated")
    assert done.returncode == 0, done.stderr
    (found,) = json.loads((out / "results.json").read_bytes())["submissions"]
    assert (found["earned"], found["possible"]) == (2, 5), found["checks"]


def test_students_get_the_notebook_without_the_answer(course: Path) -> None:
    new_lab(course, "first_steps")
    notebook = nbformat.read(course / "assignments" / "first_steps.ipynb", nbformat.NO_CONVERT)
    text = "\n".join(cell.source for cell in notebook.cells)
    assert "# First steps" in text and "def softmax(scores):\n    pass" in text and "reduce_max" not in text


def test_the_files_of_an_installed_grader_hold_the_templates() -> None:
    page = (ROOT / "pyproject.toml").read_text("utf-8")
    assert '"templates/*/*"' in page and {path.name for path in TEMPLATES.iterdir()} == set(SubjectKind)


@pytest.mark.parametrize(
    ("slug", "says"),
    [
        (
            "First Steps",
            "'First Steps' is no slug. Write it in small letters, digits and underscores, like 'first_steps'.",
        ),
        ("..", "is no slug"),
        ("_", "is no slug"),
        ("../steps", "like 'steps'"),
        ("known", "'known' is already a name of the lab 'known' of this course"),
        ("kno_wn", "already a name of the lab 'known'"),
        ("kept", "kept.ipynb is there already"),
    ],
)
def test_a_slug_that_will_not_do_is_refused_and_nothing_is_written(course: Path, slug: str, says: str) -> None:
    new_lab(course, "known")
    (course / "assignments" / "kept.ipynb").write_text("mine", "utf-8")
    before = files_of(course)
    refused(grader("new-lab", slug, "--kind", "keras", "--course", course), 2, says)
    assert files_of(course) == before and not list(course.glob(".*"))


def test_an_unknown_kind_is_refused(course: Path) -> None:
    done = grader("new-lab", "steps", "--kind", "kreas", "--course", course)
    assert done.returncode == 2 and "keras" in done.stderr and "labs: []" in (course / "course.yaml").read_text("utf-8")


def test_what_cannot_be_moved_into_place_leaves_nothing_behind(course: Path) -> None:
    (course / "rubrics" / "README").unlink()
    (course / "rubrics").rmdir()
    (course / "rubrics").write_text("in the way", "utf-8")
    before = files_of(course)
    refused(grader("new-lab", "steps", "--kind", "keras", "--course", course), 2, "cannot be written there")
    assert files_of(course) == before


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("labs: []  # none yet\ntitle: T\n", "labs: [c]  # none yet\ntitle: T\n"),
        ("labs: [a, b]  # two\ntitle: T\n", "labs: [a, b, c]  # two\ntitle: T\n"),
        ("labs: [\n  a,\n  b,  # last\n]\n", "labs: [\n  a,\n  b, c,  # last\n]\n"),
        ("labs:\n  - a  # one\n  - b  # two\n# end\n", "labs:\n  - a  # one\n  - b  # two\n  - c\n# end\n"),
        ("title: T\nlabs:\n- a", "title: T\nlabs:\n- a\n- c\n"),
        ('title: "á"\nlabs: ["a"]\n', 'title: "á"\nlabs: ["a", c]\n'),
    ],
)
def test_the_list_of_labs_keeps_its_comments_and_its_layout(before: str, after: str) -> None:
    assert with_lab(before, "c") == after
    assert yaml.safe_load(after)["labs"][-1] == "c"


def test_a_list_that_cannot_be_lengthened_in_place_is_told() -> None:
    with pytest.raises(UsageError, match=r"course.yaml: 'c' cannot be added to `labs` as they are written"):
        with_lab("few: &few [a]\nlabs: *few\n", "c")
