"""Folders as they travel to a node: one file named by the hash of what is in it, unpacked once on each machine."""

import hashlib
import io
import os
import shutil
import tarfile
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path

from msgspec import Struct

from grader.course.folder import FILE, Course
from grader.data import cache
from grader.errors import OurFault

OF_A_COURSE = (FILE, "rubrics", "reference", "toy.py")  # by which it judges; who is on its roster stays at home
LEFT_OUT = ("__pycache__",)


class Parcel(Struct, frozen=True):
    name: str  # the hash
    content: bytes


def of_course(course: Course) -> Parcel:
    return packed([course.folder / name for name in OF_A_COURSE], course.folder)


def of_data(part: Path) -> Parcel:
    return packed([part], part)


def packed(things: Iterable[Path], root: Path) -> Parcel:
    """The same for the same files, whenever and by whomever they were written."""
    written = io.BytesIO()
    with tarfile.open(fileobj=written, mode="w") as tar:
        for file in sorted(files(things)):
            told = tarfile.TarInfo(file.relative_to(root).as_posix())
            told.size, told.mode = file.stat().st_size, 0o644
            with file.open("rb") as content:
                tar.addfile(told, content)
    whole = written.getvalue()
    return Parcel(hashlib.sha256(whole).hexdigest(), whole)


def files(things: Iterable[Path]) -> Iterator[Path]:
    for thing in things:
        inside = thing.rglob("*") if thing.is_dir() else (thing,)
        yield from (file for file in inside if file.is_file() and not set(LEFT_OUT) & set(file.parts))


def place(name: str) -> Path:
    """Where it lies once it is unpacked."""
    return cache.place("parcel", name.encode())


def unpacked(parcel: Parcel) -> Path:
    """The folder; whole or not there at all, however many unpack it at a time."""
    folder = place(parcel.name)
    if folder.is_dir():
        return folder
    if hashlib.sha256(parcel.content).hexdigest() != parcel.name:
        raise OurFault(f"The parcel {parcel.name[:12]} came damaged. Give the same command again.")
    folder.parent.mkdir(parents=True, exist_ok=True)
    beside = Path(tempfile.mkdtemp(dir=folder.parent, prefix=folder.name))
    try:
        with tarfile.open(fileobj=io.BytesIO(parcel.content)) as tar:
            tar.extractall(beside, filter="data")
        for inside in (beside, *(path for path in beside.rglob("*") if path.is_dir())):
            inside.chmod(0o755)  # notebooks run as other users
        os.rename(beside, folder)
    except OSError as error:
        shutil.rmtree(beside, ignore_errors=True)
        if not folder.is_dir():
            raise OurFault(
                f"{folder}: the batch's data cannot be unpacked there ({error}). Make room there."
            ) from error
    return folder
