"""Runs the course's own toy.py, which makes data in the place of what is missing; the teacher's code, so trusted.

It runs in a process of its own, once for each of its versions: what it made is kept in the user's cache.
"""

import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from grader.course.folder import FILE, Course
from grader.data import cache
from grader.data.parts import Part
from grader.errors import UsageError

PATIENCE = 600  # seconds
RUN = "import pathlib, runpy, sys; runpy.run_path(sys.argv[1])['make'](pathlib.Path(sys.argv[2]))"


def own_toys(course: Course, missing: Sequence[Part]) -> dict[str, Path]:
    """Where each of these parts lies. Raises UsageError where the course cannot make them."""
    if not course.toy.is_file():
        raise UsageError(
            f"{course.folder / FILE}: the data {missing[0].name!r} is not there. Put it into {course.data}/"
            f"{missing[0].name}/, name the folder that holds it by --data, or write {course.toy.name}, which makes it."
        )
    folder = cache.place("toy-course", course.toy.read_bytes() + repr([part.name for part in missing]).encode())
    if not folder.is_dir():
        try:
            _make(course.toy, missing, folder)
        except OSError as error:
            if not folder.is_dir():  # where it is there, another grader was quicker
                raise UsageError(
                    f"{folder}: toy data cannot be kept there ({error}). Make room, or use --data."
                ) from error
    return {part.name: folder / part.name for part in missing}


def _make(toy: Path, missing: Sequence[Part], folder: Path) -> None:
    """Made beside its place and renamed, so that half of it is never taken for all."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".", dir=folder.parent) as beside:
        made = Path(beside, "made")
        made.mkdir()
        _run(toy, made)
        for part in missing:
            if lacking := part.missing(made / part.name):
                raise UsageError(f"{toy}: make(folder) left no {part.name}/{lacking[0]} in the folder; write it there.")
        for path in (made, *made.rglob("*")):
            path.chmod(0o755 if path.is_dir() else 0o644)  # notebooks may run under another user's id
        made.rename(folder)


def _run(toy: Path, folder: Path) -> None:
    environment = os.environ | {"TF_CPP_MIN_LOG_LEVEL": "3"}
    try:
        done = subprocess.run(
            [sys.executable, "-c", RUN, str(toy), str(folder)],
            cwd=folder, env=environment, capture_output=True, text=True, timeout=PATIENCE, check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        raise UsageError(f"{toy}: make(folder) did not end within {PATIENCE} seconds; let it make less.") from None
    if done.returncode:
        last = (done.stderr.strip().splitlines() or [f"exit code {done.returncode}"])[-1]
        raise UsageError(f"{toy}: it could not make the data ({last}). Fix it, or put the data into data/ yourself.")
