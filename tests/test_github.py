"""What a workflow of GitHub is told of a student's own check."""

import re
from pathlib import Path

import msgspec
import pytest
import yaml
from sample_grades import ROW, check

from grader.commands.own_check import told_of_passes
from grader.exports.github import annotations, summary
from grader.scoring.results import SubmissionRow
from tests.sample_course import ROOT


def row(*checks: dict[str, object], **more: object) -> SubmissionRow:
    told = ROW | {"path": "/work/labs/lab1.ipynb", "student": "me", "lab": "lab1_warmup", "checks": list(checks)} | more
    return msgspec.convert(told, SubmissionRow)


def test_what_does_not_pass_is_annotated_and_nothing_in_it_begins_a_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GITHUB_WORKSPACE", "/work")
    said = "50% of it\n::error::mine, too"
    found = list(annotations([row(check("a", "pass", 1, 1, "Fine."), check("b", "fail", 0, 1, said))]))
    assert found == ["::error file=labs/lab1.ipynb,title=lab1_warmup%3A b::50%25 of it%0A::error::mine, too"]


def test_a_notebook_that_could_not_be_read_is_annotated_too() -> None:
    (found,) = annotations([row(outcome="unreadable", reason="It is a web page.")])
    assert found.startswith("::error file=") and found.endswith("::It is a web page.")


def test_the_summary_is_a_table_of_text_alone() -> None:
    wrong = row(check("a", "fail", 0, 1, "<img src=x> | [here](http://x) `code`\nmore"))
    page = summary([wrong], [told_of_passes(wrong)])
    (line,) = re.findall(r"^\| ❌ \|.*$", page, re.MULTILINE)
    assert "<img" not in line and r"\|" in line and r"\[here\]" in line and line.endswith("more |")
    assert "0 of 1 public check passes." in page


def test_the_workflow_in_the_docs_checks_a_folder_and_keeps_junits_file() -> None:
    (text,) = re.findall(r"```yaml\n(.*?)```", Path(ROOT / "docs" / "self-check.md").read_text("utf-8"), re.DOTALL)
    steps = yaml.safe_load(text)["jobs"]["check"]["steps"]
    assert any("grader check" in step.get("run", "") and "--junit" in step["run"] for step in steps)
