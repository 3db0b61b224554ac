"""Notebooks that `grader intake` laid out: whose they are and of which lab stands beside them, in intake.json."""

import os
from collections.abc import Iterable, Sequence
from pathlib import Path

import msgspec
from msgspec import Struct

from grader.intake.ledger import FILE, Intake
from grader.intake.person import same
from grader.intake.pieces import Piece
from grader.intake.whose import By, Owner


class Taken(Struct, frozen=True):
    owner: Owner
    lab: str | None


class Listed(Struct, frozen=True):
    """What ledgers say of the files around them."""

    folders: tuple[Path, ...]  # that hold a ledger
    files: dict[Path, Taken]

    def passes(self, piece: Piece) -> bool:
        """In a ledger's folder nothing is handed in but what it lists."""
        return piece.path in self.files or not any(piece.path.is_relative_to(folder) for folder in self.folders)


def listed(paths: Sequence[Path]) -> Listed:
    files: dict[Path, Taken] = {}
    known: list[Path] = []
    for folder in _places([Path(os.path.abspath(path)) for path in paths]):
        if intake := _ledger(folder / FILE):
            known.append(folder)
            files |= dict(_files(intake, folder))
    return Listed(tuple(known), files)


def _places(paths: Sequence[Path]) -> Sequence[Path]:
    """Where a ledger counts: in what was given alone, or around it. One in a student's folder would name anybody."""
    if not paths:
        return ()
    if len(paths) > 1:
        around = Path(os.path.commonpath([path.parent for path in paths]))
        return around, around.parent
    return (paths[0], paths[0].parent) if paths[0].is_dir() else (paths[0].parent.parent,)


def _files(intake: Intake, folder: Path) -> Iterable[tuple[Path, Taken]]:
    for message in intake.messages:
        for held in message.held:
            if held.file and message.student:
                home = f"{same(message.student)}|{message.student_id}"
                stem = Path(held.file).stem
                yield (
                    folder / held.file,
                    Taken(Owner(message.student, By.PATH, home, message.student_id, file=stem), held.lab),
                )


def _ledger(path: Path) -> Intake | None:
    """None for what is none of ours, as anybody may call a file so."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=Intake)
    except (OSError, ValueError, msgspec.MsgspecError):
        return None
