"""Writes the sample class that course.yaml names, as people hand things in."""

from pathlib import Path
from zipfile import ZipFile

from grader.course.folder import FILE, HandIn, current_course
from grader.course.pages import meant
from grader.errors import UsageError
from grader.scoring.results import ensure_writable
from reference.notebooks import Edit, as_json, edited, load_edits, starter

STARTER = "starter"
CRASH = '# %% id="sample-crash"\nimport ctypes\n\nctypes.string_at(0)  # as when a library ends the process\n\n'


def write_sample_class(folder: Path) -> Path:
    """Raises before anything is written where the class cannot be made."""
    course = current_course()
    if not course.sheet.demo:
        raise UsageError(f"{course.folder / FILE} names no sample class. List its files under `demo`.")
    made = [(hand_in, _content(hand_in)) for hand_in in course.sheet.demo]
    ensure_writable(folder)
    for hand_in, content in made:
        path = folder / (hand_in.zip or hand_in.file)
        path.parent.mkdir(parents=True, exist_ok=True)
        if hand_in.zip:
            with ZipFile(path, "w") as zipped:
                zipped.writestr(hand_in.file, content)
        else:
            path.write_bytes(content.encode())
    return folder


def _content(hand_in: HandIn) -> str:
    if hand_in.text:
        return hand_in.text
    if hand_in.edit == STARTER:
        return as_json(starter(hand_in.lab))
    return as_json(edited(hand_in.lab, (*_edits(hand_in), *_crash(hand_in.crash))))


def _edits(hand_in: HandIn) -> tuple[Edit, ...]:
    if not hand_in.edit:
        return ()
    known = load_edits(hand_in.lab)
    variants = {**known.accepted, **known.mistakes}
    if hand_in.edit not in variants:
        near = meant(hand_in.edit, variants, ".")
        raise UsageError(f"{FILE}, demo, {hand_in.file}: {hand_in.lab} has no edit {hand_in.edit!r}{near}")
    return variants[hand_in.edit].edits


def _crash(before: str) -> tuple[Edit, ...]:
    """The kernel dies before this cell."""
    cell = f'# %% id="{before}"\n'
    return (Edit(replace=cell, by=f"{CRASH}{cell}"),) if before else ()
