"""What the documents say: links lead somewhere, README stays short, docs/questions.md knows every message."""

import re
import subprocess
from pathlib import Path

import msgspec
import numpy as np
import pytest
from test_rubric_page import section
from typer.main import get_command

from grader.cli import app
from grader.judging.comparing.arrays import array
from grader.sandbox.guest import wire
from grader.sandbox.guest.framing import frame
from grader.sandbox.guest.wire import Gradient, Question, Reply

ROOT = Path(__file__).parent.parent
PAGES = sorted((*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")))
QUESTIONS = (ROOT / "docs" / "questions.md").read_text("utf-8")
MESSAGES = {
    name: kind for name, kind in vars(wire).items() if isinstance(kind, type) and hasattr(kind, "__struct_fields__")
}
del MESSAGES["Struct"]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_to_files_and_headings_that_are_there(page: Path) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", page.read_text("utf-8")):
        place, _, heading = target.partition("#")
        if not place.startswith("http"):
            linked = (page.parent / place) if place else page
            assert linked.exists(), target
            assert not heading or heading in [slug(line) for line in linked.read_text("utf-8").splitlines()], target


def slug(heading: str) -> str:
    return re.sub(r"[^\w -]", "", heading.lstrip("# ")).lower().replace(" ", "-")


def test_every_page_in_docs_is_named_by_another() -> None:
    for page in (ROOT / "docs").glob("*.md"):
        assert any(page.name in other.read_text("utf-8") for other in PAGES if other != page), page.name


def test_readme_is_short() -> None:
    assert len((ROOT / "README.md").read_text("utf-8").splitlines()) < 110


def test_readme_names_every_flag_of_grade_and_no_other() -> None:
    readme = (ROOT / "README.md").read_text("utf-8")
    grade = get_command(app).commands["grade"]  # type: ignore[attr-defined]
    flags = {flag for parameter in grade.params for flag in parameter.opts if flag.startswith("--")} - {"--help"}
    assert {flag for flag in flags if f"`{flag}" not in readme and f" {flag} " not in readme} == set()
    assert set(re.findall(r"^\| `(--[\w-]+)", readme, re.MULTILINE)) <= flags


@pytest.mark.parametrize("name", MESSAGES)
def test_the_page_on_questions_has_every_field_of_every_message_and_no_other(name: str) -> None:
    rows = re.findall(r"^\| (`\w+`(?:, `\w+`)*) \|", section("questions.md", f"### `{name}`"), re.MULTILINE)
    assert tuple(re.findall(r"\w+", " ".join(rows))) == MESSAGES[name].__struct_fields__


def test_the_page_on_questions_has_no_other_message() -> None:
    assert set(re.findall(r"^### `(\w+)`$", QUESTIONS, re.MULTILINE)) == set(MESSAGES)
    steps = QUESTIONS.split("\n## Steps\n")[1].split("\n## ")[0]
    assert set(re.findall(r"^### `(\w+)`$", steps, re.MULTILINE)) == {kind.__name__ for kind in wire.Step.__args__}


def test_its_example_is_a_question_and_its_right_answer() -> None:
    asked, answered = re.findall(r"```json\n(.*?)```", QUESTIONS, re.DOTALL)
    question, reply = msgspec.json.decode(asked, type=Question), msgspec.json.decode(answered, type=Reply)
    assert msgspec.json.decode(asked) == msgspec.json.decode(msgspec.json.encode(question)), "every field is there"
    assert msgspec.json.decode(answered) == msgspec.json.decode(msgspec.json.encode(reply)), "every field is there"
    size = len(frame(question))
    assert f"a frame of {size} bytes that begins with `{frame(question)[:4].hex(' ')}`" in QUESTIONS
    (step,) = question.steps
    assert isinstance(step, Gradient)
    x, dx = array(step.args[0]), array(reply.values["dx"])
    assert x is not None and dx is not None
    np.testing.assert_allclose(dx, -x * np.exp(-(x**2) / 2) / np.sqrt(2 * np.pi), rtol=1e-5)


def test_no_document_names_a_place_on_somebodys_machine() -> None:
    listed = subprocess.run(["git", "ls-files", "*.md"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for name in listed.split():
        assert not re.search(r"/(work|root|tmp)/", (ROOT / name).read_text("utf-8")), name
