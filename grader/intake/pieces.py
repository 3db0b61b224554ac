"""What the paths given hold, piece by piece: notebooks read at once, the rest by name until somebody asks for it."""

import os
import stat
from collections.abc import Callable, Iterator, Sequence
from enum import IntEnum
from functools import partial
from pathlib import Path, PurePosixPath

from msgspec import Struct
from msgspec.structs import replace

from grader.errors import UsageError
from grader.intake.archive import EMPTY, Member, archive_kind, members
from grader.intake.kinds import HEAD, is_junk, is_notebook
from grader.intake.platforms import REGISTER, REGISTER_LIMIT, registered
from grader.intake.submission import SIZE_LIMIT, Notebook, read_notebook, too_large, unread
from grader.intake.walk import LINK, Entry, entries
from grader.intake.whose import Register

_EMPTY = "The folder is empty, or holds only what programs leave behind: nothing was handed in, or it was not saved."
_ODD = "This is not an ordinary file, so there is no notebook to read. Hand in the file itself."


class Kind(IntEnum):
    NOTEBOOK = 0  # or called one
    OTHER = 1  # may be one all the same, which takes reading
    BARRED = 2  # not opened
    EMPTY = 3
    JUNK = 4


class Piece(Struct, frozen=True):
    path: Path
    place: PurePosixPath  # below what was given
    kind: Kind
    read: Callable[[], Notebook]
    outer: str = ""  # the folder or archive that was given
    around: str = ""  # the folder of a file that was given itself
    modified: float = 0.0
    was_named: bool = False
    is_one_of: bool = False  # of several paths that were given
    packed: bool = False  # in an archive, so that its path may be longer than any file's
    data: bytes = b""  # of a platform's list or a Python file in an archive

    @property
    def folders(self) -> tuple[str, ...]:
        inside = self.place.parts if self.kind is Kind.EMPTY else self.place.parts[:-1]
        return (self.outer, *inside) if self.outer else inside


def pieces(paths: Sequence[Path]) -> Iterator[Piece]:
    """Raises UsageError where a path does not exist, or is the only one and cannot be opened."""
    absolute = [Path(os.path.abspath(path)) for path in paths]
    for path in absolute:
        if not os.path.lexists(path) or (len(absolute) == 1 and not os.path.exists(path)):
            raise UsageError(f"{path} does not exist. Check the spelling, or give another notebook, folder or zip.")
    if len(absolute) == 1:
        yield from _given(absolute[0], PurePosixPath(absolute[0].name))
        return
    # The shell's `class/*` and `class/*/lab1.ipynb` name what a student made; its folders tell whose it is.
    everything = Path(os.path.commonpath([path.parent for path in absolute]))
    files = [path.parent for path in absolute if not path.is_dir() and not _archive(path)]
    root = Path(os.path.commonpath(files)) if files else everything
    for path in absolute:
        if is_junk(path.name):
            yield Piece(path, PurePosixPath(path.name), Kind.JUNK, partial(unread, b"", ""))
        elif _is_astray(path, everything):
            place = PurePosixPath(*path.relative_to(root if path.is_relative_to(root) else everything).parts)
            yield Piece(path, place, Kind.BARRED, partial(unread, b"", LINK))
        else:
            yield from _one_of_several(path, root)


def _is_astray(path: Path, root: Path) -> bool:
    """A link that leads out of its own part of what was given, or nowhere."""
    own = Path(os.path.realpath(root), path.relative_to(root).parts[0])
    return not os.path.exists(path) or not Path(os.path.realpath(path)).is_relative_to(own)


def _one_of_several(path: Path, root: Path) -> Iterator[Piece]:
    """What is wrong with one of them is no reason to leave the others."""
    whole, nothing = PurePosixPath(path.name), True
    try:
        for piece in _given(path, PurePosixPath(*path.relative_to(root).parts) if path.is_relative_to(root) else whole):
            nothing = nothing and piece.kind is Kind.JUNK
            yield replace(piece, was_named=False)
    except UsageError as error:
        yield Piece(path, whole, Kind.BARRED, partial(unread, b"", str(error)))
        return
    if nothing:
        yield Piece(path, whole, Kind.EMPTY, partial(unread, b"", _EMPTY))


def _given(path: Path, place: PurePosixPath) -> Iterator[Piece]:
    if path.is_dir():
        yield from _in_folder(path)
    elif kind := _archive(path):
        yield from _in_archive(path, kind, PurePosixPath(), path.name)
    else:
        kind_of = Kind.NOTEBOOK if path.suffix.lower() in {".ipynb", ".py"} or _is_notebook(path) else Kind.OTHER
        yield Piece(path, place, kind_of, partial(_notebook, path), "", path.parent.name, _modified(path), True)


def _in_folder(root: Path) -> Iterator[Piece]:
    try:
        for entry in entries(root):
            place = PurePosixPath(*entry.parts)
            kind = "" if entry.fault or entry.is_junk or entry.is_empty else _archive(entry.path)
            if kind:
                yield from _in_archive(entry.path, kind, place, root.name)
            else:
                yield _of_entry(entry, place, root.name)
    except OSError as error:
        raise UsageError(
            f"{root} cannot be opened ({error.strerror}). Change its permissions, or move it away."
        ) from error


def _of_entry(entry: Entry, place: PurePosixPath, outer: str) -> Piece:
    fault = entry.fault or (_EMPTY if entry.is_empty else "")
    if fault or entry.is_junk:
        kind = Kind.JUNK if entry.is_junk else Kind.EMPTY if entry.is_empty else Kind.BARRED
        return Piece(entry.path, place, kind, partial(unread, b"", fault), outer)
    kind = Kind.NOTEBOOK if _is_notebook(entry.path) else Kind.OTHER
    return Piece(entry.path, place, kind, partial(_notebook, entry.path), outer, modified=_modified(entry.path))


def _in_archive(path: Path, kind: str, place: PurePosixPath, outer: str) -> Iterator[Piece]:
    folders: set[PurePosixPath] = set()
    full: set[PurePosixPath] = set()
    for member in members(path, kind, _is_wanted):
        bare = _without_junk(member.name)
        if member.is_folder or bare != member.name:
            folders.add(bare)
            full.update(bare.parents)
        else:
            full.update(member.name.parents or [member.name])
        if bare != member.name:
            junk = bare / member.name.parts[len(bare.parts)]
            yield _of_member(replace(member, name=junk), path, kind, place, outer)
        elif not member.is_folder:
            yield _of_member(member, path, kind, place, outer)
    for name in sorted(folders - full) or ([] if full else [PurePosixPath()]):
        below, fault = place / name, _EMPTY if name.parts else EMPTY
        piece = Piece(path / name, below, Kind.EMPTY, partial(unread, b"", fault), outer)
        if not name.parts:
            piece = replace(piece, kind=Kind.BARRED)
        given = {"place": PurePosixPath(path.name), "outer": "", "around": path.parent.name}
        yield piece if below.parts else replace(piece, **given)


def _without_junk(name: PurePosixPath) -> PurePosixPath:
    """`Ana` of `Ana/.ipynb_checkpoints/lab1.ipynb`."""
    first = next((n for n, part in enumerate(name.parts) if is_junk(part)), len(name.parts))
    return PurePosixPath(*name.parts[:first])


def _of_member(member: Member, path: Path, kind: str, place: PurePosixPath, outer: str) -> Piece:
    name = place / member.name if place.parts or member.name.parts else PurePosixPath(path.name)
    here = path / member.name
    piece = Piece(
        here,
        name,
        Kind.OTHER,
        partial(_from_archive, path, kind, member.name),
        outer,
        modified=member.modified,
        packed=True,
    )
    if not member.name.parts and not place.parts:
        piece = replace(piece, outer="", around=path.parent.name)
    if _junk(member.name):
        return replace(piece, kind=Kind.JUNK, data=member.data or b"")
    if member.fault:
        called = is_notebook(name.name, b"") or not member.name.parts
        return replace(piece, kind=Kind.NOTEBOOK if called else Kind.BARRED, read=partial(unread, b"", member.fault))
    if member.data is None or not is_notebook(name.name, member.head):
        return replace(piece, data=(member.data or b"") if name.suffix == ".py" else b"")
    notebook = read_notebook(name, member.data)
    return replace(piece, kind=Kind.NOTEBOOK, read=lambda: notebook)


def _is_wanted(name: PurePosixPath, head: bytes) -> bool:
    return name.name == REGISTER or (not _junk(name) and (name.suffix == ".py" or is_notebook(name.name, head)))


def _junk(name: PurePosixPath) -> bool:
    return any(map(is_junk, name.parts))


def _from_archive(path: Path, kind: str, name: PurePosixPath) -> Notebook:
    for member in members(path, kind, lambda other, head: other == name):
        if member.name == name:
            return unread(b"", member.fault) if member.fault else read_notebook(name, member.data or b"")
    return unread(b"", "The archive changed while it was read.")


def _archive(path: Path) -> str:
    """Its kind, where it is one that can be opened."""
    head = _head(path)
    return "" if head is None else archive_kind(path.name, head, path, path.stat().st_size)


def _is_notebook(path: Path) -> bool:
    return is_notebook(path.name, _head(path) or b"")


def _head(path: Path) -> bytes | None:
    """None for what is no ordinary file or cannot be read."""
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            return None
        with path.open("rb") as stream:
            return stream.read(HEAD)
    except OSError:
        return None


def _modified(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0


def _notebook(path: Path) -> Notebook:
    try:
        state = path.stat()
        if not stat.S_ISREG(state.st_mode):
            return unread(b"", _ODD)
        if state.st_size > SIZE_LIMIT:
            return unread(b"", too_large(state.st_size))
        return read_notebook(path, path.read_bytes())
    except OSError as error:
        return unread(
            b"", f"The file cannot be opened ({error.strerror}). Check its permissions, or whether it is a link."
        )


def register(found: Sequence[Piece]) -> Register:
    """Platforms' own lists of whose a folder is, by the folder that holds it."""
    lists = [piece for piece in found if piece.place.name == REGISTER]
    texts = ((piece.folders, piece.data or _listed(piece.path)) for piece in lists)
    return {folders: registered(text.decode("utf-8", "replace")) for folders, text in texts}


def _listed(path: Path) -> bytes:
    if _head(path) is None or path.is_symlink() or path.stat().st_size > REGISTER_LIMIT:
        return b""
    return path.read_bytes()
