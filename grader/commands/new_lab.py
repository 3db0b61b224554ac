"""Writes the three files of a new lab and its assignment into the course, and its slug into course.yaml."""

import contextlib
import os
import re
import tempfile
from collections.abc import Iterator
from pathlib import Path

import yaml

from grader.course.folder import FILE, Course, current_course
from grader.course.head import plain
from grader.course.subject import SubjectKind
from grader.errors import UsageError
from reference.notebooks import starter_of, write
from reference.place import TEMPLATES

SLUG, TITLE = "lab_slug", "Lab title"  # as the templates call the lab


def write_new_lab(slug: str, kind: SubjectKind) -> str:
    """What was done, in a sentence. Raises UsageError for a slug that will not do; then nothing was written."""
    course = current_course()
    _insist_on_slug(slug, course)
    rooms = {
        "solution.py": f"reference/solutions/{slug}.py",
        "solution.edits.yaml": f"reference/solutions/{slug}.edits.yaml",
        "rubric.yaml": f"rubrics/{slug}.yaml",
    }
    sheet = with_lab((course.folder / FILE).read_bytes().decode("utf-8"), slug)
    try:
        with tempfile.TemporaryDirectory(prefix=".new-lab-", dir=course.folder) as name:
            beside = Path(name)
            for template, file in rooms.items():
                _put(beside / file, _filled((TEMPLATES / kind / template).read_text(encoding="utf-8"), slug))
            assignment = f"assignments/{slug}.ipynb"
            (beside / "assignments").mkdir()
            write(starter_of(beside / rooms["solution.py"]), beside / assignment)
            _put(beside / FILE, sheet)
            _move([*rooms.values(), assignment], beside, course.folder)
    except OSError as error:
        raise UsageError(
            f"{course.folder}: the lab cannot be written there ({error.strerror}). Make the folder writable."
        ) from error
    return (
        f"The lab {slug!r} was written: {', '.join(rooms.values())} and {assignment}. It stands last in {FILE}. "
        f"Next: `grader verify {slug}`, then make it yours; docs/new-lab.md shows how."
    )


def _insist_on_slug(slug: str, course: Course) -> None:
    if re.fullmatch(r"[a-z0-9][a-z0-9_]*", slug) is None:
        like = re.sub(r"[^a-z0-9]+", "_", slug.casefold()).strip("_")
        meant = f", like {like!r}" if like else ""
        raise UsageError(f"{slug!r} is no slug. Write it in small letters, digits and underscores{meant}.")
    for lab, rubric in course.labs.items():
        if plain(slug) in (plain(lab), *rubric.head.aliases):
            raise UsageError(f"{slug!r} is already a name of the lab {lab!r} of this course. Choose another slug.")
    if (there := course.folder / "assignments" / f"{slug}.ipynb").exists():
        raise UsageError(f"{there} is there already. Move it away, or choose another slug.")


def _filled(template: str, slug: str) -> str:
    title = slug.replace("_", " ").strip()
    return template.replace(SLUG, slug).replace(TITLE, title[:1].upper() + title[1:])


def _put(file: Path, text: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(text.encode("utf-8"))


def _move(files: list[str], beside: Path, course: Path) -> None:
    """All files of the lab and then course.yaml, which makes it a lab; where one fails, none stays."""
    with contextlib.ExitStack() as undoing:
        for file in files:
            place = course / file
            place.parent.mkdir(parents=True, exist_ok=True)
            (beside / file).replace(place)
            undoing.callback(place.unlink, missing_ok=True)
        (beside / FILE).replace(os.path.realpath(course / FILE))
        undoing.pop_all()


def with_lab(sheet: str, slug: str) -> str:
    """course.yaml with one lab more, and otherwise as it was, comments and all. Raises UsageError where that fails."""
    for changed in _ways(sheet, slug):
        with contextlib.suppress(yaml.YAMLError):
            before, after = yaml.safe_load(sheet), yaml.safe_load(changed)
            if after == before | {"labs": [*before["labs"], slug]}:
                return changed
    raise UsageError(
        f"{FILE}: {slug!r} cannot be added to `labs` as they are written. Write them as `labs: [one, two]`."
    )


def _ways(sheet: str, slug: str) -> Iterator[str]:
    root = yaml.compose(sheet)
    assert isinstance(root, yaml.MappingNode)
    labs = next(value for key, value in root.value if key.value == "labs")
    if not labs.value:
        yield f"{sheet[: labs.start_mark.index]}[{slug}]{sheet[labs.end_mark.index :]}"
        return
    last = labs.value[-1].end_mark.index
    if labs.flow_style:
        yield f"{sheet[:last]}, {slug}{sheet[last:]}"
        return
    end = sheet.find("\n", last)
    line = f"\n{' ' * labs.start_mark.column}- {slug}"
    yield sheet + line + "\n" if end < 0 else sheet[:end] + line + sheet[end:]
