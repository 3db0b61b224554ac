"""docs/rubric.md and docs/results.md say what the code says: every key of a rubric, every fact, every field."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from grader.course.rubric import CheckRule, MistakeRule, Training, _Sheet
from grader.course.subject import SPELLING, FunctionCall, Reached, Settings, Subject, SubjectKind
from grader.model import Level, Measured
from grader.scoring.results import CheckRow, RemarkRow, Results, SubmissionRow

ROOT = Path(__file__).parent.parent
DECLARED = sorted((ROOT / "grader" / "judging" / "declared").rglob("*.py"))
RUBRIC = {
    "## The keys": _Sheet,
    "### `training`": Training,
    "### A check": CheckRule,
    "### A mistake": MistakeRule,
    "## `subject`": Subject,
    "### A call": FunctionCall,
    "### What is reached": Reached,
}
RESULTS = {
    "## A submission": SubmissionRow,
    "### A check": CheckRow,
    "### A remark": RemarkRow,
    "### What was measured": Measured,
}


def section(page: str, heading: str) -> str:
    text = (ROOT / "docs" / page).read_text("utf-8")
    assert text.count(f"\n{heading}\n") == 1, heading
    return re.split(r"\n(?=#)", text.split(f"\n{heading}\n")[1])[0]


def keys(text: str) -> tuple[str, ...]:
    return tuple(re.findall(r"^\| `(\w+)` \|", text, re.MULTILINE))


@pytest.mark.parametrize("heading", RUBRIC)
def test_the_page_on_rubrics_has_a_row_for_every_key_and_for_no_other(heading: str) -> None:
    assert keys(section("rubric.md", heading)) == RUBRIC[heading].__struct_fields__


def test_the_page_on_rubrics_has_no_other_table_of_keys() -> None:
    assert (ROOT / "docs" / "rubric.md").read_text("utf-8").count("| key | |") == len(RUBRIC)


@pytest.mark.parametrize("heading", RESULTS)
def test_the_page_on_results_has_a_row_for_every_field_and_for_no_other(heading: str) -> None:
    assert keys(section("results.md", heading)) == RESULTS[heading].__struct_fields__


def test_the_example_of_results_is_one() -> None:
    (example,) = re.findall(r"```json\n(.*?)```", (ROOT / "docs" / "results.md").read_text("utf-8"), re.DOTALL)
    results = msgspec.json.decode(example, type=Results)
    assert msgspec.json.decode(example) == msgspec.json.decode(msgspec.json.encode(results)), "every field stands there"


def test_every_level_kind_and_setting_is_explained() -> None:
    levels = keys(section("rubric.md", "### Levels"))
    assert levels == tuple(level.value for level in Level)
    told = section("rubric.md", "## `subject`")
    assert all(f"`{word}`" in told for word in (*SubjectKind, *Settings))


def test_the_numbers_that_the_page_describes_are_understood() -> None:
    told = re.findall(r"`\"((?:normal|uniform|integers) [^\"]*)\"`", section("rubric.md", "### Secret numbers"))
    assert len(told) >= 3 and all(SPELLING.fullmatch(text) for text in told)


def test_every_fact_is_on_the_page_and_no_other() -> None:
    rows = re.findall(r"^\| (\w+) \| `([^`]+)` \|", section("rubric.md", "## Facts"), re.MULTILINE)
    for kind in SubjectKind:
        rows += re.findall(r"^\| (\w+) \| `([^`]+)` \|", section("rubric.md", f"### Of kind `{kind}`"), re.MULTILINE)
    assert set(rows) == {fact for path in DECLARED for fact in facts_in(ast.parse(path.read_text("utf-8")))}


def facts_in(tree: ast.Module) -> Iterator[tuple[str, str]]:
    """Level and name of each fact that is made; what differs from lab to lab is written `…`."""
    for function in (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)):
        known = {
            node.targets[0].id: node.value
            for node in ast.walk(function)
            if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name)
        }
        for name, value in pairs(function):
            if isinstance(value, ast.Call) and ast.unparse(value.func) == "Fact":
                yield ast.unparse(value.args[0]).removeprefix("Level.").lower(), written(name, known)


def pairs(function: ast.FunctionDef) -> Iterator[tuple[ast.expr, ast.expr]]:
    for node in ast.walk(function):
        if isinstance(node, ast.Yield) and isinstance(node.value, ast.Tuple):
            yield node.value.elts[0], node.value.elts[1]
        elif isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Subscript):
            yield node.targets[0].slice, node.value
        elif isinstance(node, ast.Dict):
            yield from ((key, value) for key, value in zip(node.keys, node.values, strict=True) if key)


def written(name: ast.expr, known: dict[str, ast.expr]) -> str:
    match name:
        case ast.Constant():
            return str(name.value)
        case ast.Name() if isinstance(known.get(name.id), ast.JoinedStr):
            return written(known[name.id], known)
        case ast.JoinedStr():
            parts = [written(part, known) for part in name.values]
            return re.sub(r"…+", "…", "".join(parts))
        case ast.FormattedValue(value=ast.Name() as inner):
            return written(inner, known)
    return "…"
