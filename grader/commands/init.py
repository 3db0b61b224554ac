"""Writes an empty course: course.yaml with a word on every key, and the folders beside it."""

import json
import os
import tempfile
from pathlib import Path

from grader.course.folder import FILE
from grader.errors import UsageError

ROOMS = {
    "rubrics": "<lab>.yaml: what the lab is, points, sentences",
    "reference/solutions": "<lab>.py, the model answer, and <lab>.edits.yaml, what else is right and what is wrong",
    "assignments": "<lab>.ipynb, what students get; made of the solutions",
    "data": "a folder for each part of the data",
}
EMPTY = """# A course for the grader. Every command takes it by --course, or from GRADER_COURSE.
title: {title}  # what was graded is kept under it
languages: [en]  # in which students may hand in

# Slugs in the order in which they are taught. Each has rubrics/<slug>.yaml and reference/solutions/<slug>.py.
labs: []

# Folders of data/, and the files in each. What is not there can be made by a program toy.py beside this file, which
# has a function make(folder). An example:
#   digits: [train.csv, test.csv]
data: {{}}

# Pieces for the patterns by which labs are recognised: {{LAB}} stands for the first of these.
patterns:
  LAB: (?<![^\\W_])(?:labs?|practical|exercise)[ _\\-.#]*0?
  END: (?![^\\W_])

# The sample class of `grader demo`: files made of solutions and of their edits. An example:
#   - {{file: student01/first.ipynb, lab: first, edit: starter}}
demo: []
"""


def write_empty_course(folder: Path) -> str:
    """What was done, in a sentence. Raises UsageError where something is there already, or nothing can be written."""
    place = Path(os.path.abspath(folder.expanduser()))
    try:
        if place.exists() and (not place.is_dir() or any(place.iterdir())):
            raise UsageError(f"{place} is not empty. Name a folder that is new or empty; nothing was written.")
        place.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".", dir=place.parent) as beside:
            made = Path(beside, "course")
            _write(made, place.name)
            made.replace(place)
    except OSError as error:
        raise UsageError(f"{place} cannot be written ({error.strerror}). Name another folder.") from error
    return (
        f"An empty course was written to {place}. Next: `grader new-lab SLUG --kind function --course {place}`; "
        "docs/new-lab.md shows the rest."
    )


def _write(folder: Path, name: str) -> None:
    for room, words in ROOMS.items():
        (folder / room).mkdir(parents=True)
        (folder / room / "README").write_text(f"{words}\n", encoding="utf-8")
    (folder / FILE).write_text(EMPTY.format(title=json.dumps(name, ensure_ascii=False)), encoding="utf-8")
