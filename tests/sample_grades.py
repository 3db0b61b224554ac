"""What grading leaves behind, made up: for tests of what comes after it."""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

ROW: dict[str, Any] = {
    "outcome": "ok", "earned": 4.0, "possible": 5.0, "pending": 0.0, "seconds": 1.0, "isolation": "bubblewrap",
    "repairs": [], "remarks": [], "checks": [], "student_id": "", "file": "", "named_by": "path", "reason": "",
    "page": "",
}  # fmt: skip


def check(id: str, verdict: str, points: float, possible: float, message: str) -> dict[str, Any]:
    level = "manual" if verdict == "manual" else "values"
    row = {"id": id, "level": level, "verdict": verdict, "points": points, "possible": possible}
    return {**row, "mistake": None, "message": message}


CHECKS = [
    check("shape", "pass", 2.0, 2.0, "As asked."),
    check("value", "fail", 1.0, 2.0, "=1+1"),
    check("words", "manual", 0.0, 1.0, "A person reads it."),
]


def graded(folder: Path, rows: Iterable[Mapping[str, Any]]) -> Path:
    """A results.json; each row has a student and a lab at least."""
    submissions = [{"path": f"/hand-ins/{row['student']}.ipynb", **ROW, **row} for row in rows]
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "results.json").write_text(json.dumps({"schema": 1, "submissions": submissions}), "utf-8")
    return folder
