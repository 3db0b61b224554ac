"""A course of one lab, which is made of the texts of its three files."""

from pathlib import Path

from test_cli import grader


def course_of(folder: Path, lab: str, kind: str, solution: str, edits: str, rubric: str) -> Path:
    assert grader("init", folder).returncode == 0
    assert grader("new-lab", lab, "--kind", kind, "--course", folder).returncode == 0
    (folder / "reference" / "solutions" / f"{lab}.py").write_text(solution, "utf-8")
    (folder / "reference" / "solutions" / f"{lab}.edits.yaml").write_text(edits, "utf-8")
    (folder / "rubrics" / f"{lab}.yaml").write_text(rubric, "utf-8")
    return folder
