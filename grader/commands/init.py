"""Writes an empty course: course.yaml with a word on every key, a roster of nobody, a key, and folders beside them."""

import json
import os
import tempfile
from pathlib import Path

from grader.certificates.signing import make_key
from grader.course.folder import FILE, load_course
from grader.errors import UsageError

ROOMS = {
    "rubrics": "<lab>.yaml: what the lab is, points, sentences",
    "reference/solutions": "<lab>.py, the model answer, and <lab>.edits.yaml, what else is right and what is wrong",
    "assignments": "<lab>.ipynb, what students get; made of the solutions",
    "data": "a folder for each part of the data",
}
EMPTY = """# A course for the grader. Every command takes it by --course, or from GRADER_COURSE.
# docs/course.md tells of each key.
title: {title}  # what was graded is kept under it
languages: [en]  # in which students may hand in; the first, or the roster's, is that of pages and letters (en, es, eu)

# Slugs in the order in which they are taught. Each has rubrics/<slug>.yaml and reference/solutions/<slug>.py.
labs: []

# Names in the subjects of e-mails beside the slugs and the aliases in rubrics. An example:
#   called:
#     softmax: [first lab, exercise 1]
called: {{}}

# When labs are taught. `closes` is until when a lab is sent on its day, `solution` the moment from which it is too
# late. An example:
#   sessions:
#     softmax: {{date: 2026-03-23, closes: 18:30, solution: 2026-03-24 16:00}}
timezone: Europe/Madrid
closes: 18:30
sessions: {{}}

# Who takes the course: a CSV file with the columns name, id, email, language; the first is needed.
roster: roster.csv

# How many labs are enough (all when left out), and what share of their points, in percent, has to be earned.
certificates:
  issuer: ""
  attendance: {{earned: 0}}
  progress: {{earned: 0}}

# Where `grader intake` finds the mail when no SOURCE is given. The password stands in the environment variable, never
# here.
#   mailbox: {{address: "imaps://teacher@mail.example.org/INBOX", password: GRADER_MAIL_PASSWORD}}

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
ROSTER = """name,id,email,language
Example One Invented,000001,one@students.example,en
Example Two Invented,000002,two@students.example two@home.example,en
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
    (folder / "roster.csv").write_text(ROSTER, encoding="utf-8")
    make_key(folder)


def write_key(folder: Path) -> str:
    course = load_course(Path(os.path.abspath(folder.expanduser())))
    key = make_key(course.folder)
    return f"A key for certificates was written to {key}. Keep a copy in a safe place, and hand it to nobody."
