"""Which rows the paths given become, one for each student and piece of work; none is lost, none shares a row."""

import hashlib
import os
import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from grader.errors import NothingReadable
from grader.intake import own_modules
from grader.intake.hand_in import Item, Row, rows
from grader.intake.kinds import is_beside, is_the_courses
from grader.intake.namesakes import Claim, Named, named
from grader.intake.own_words import own_words
from grader.intake.pieces import Kind, Piece, pieces, register
from grader.intake.recognise import Guess, recognise
from grader.intake.submission import Notebook
from grader.intake.taken import Listed, listed
from grader.intake.whose import By, Owner, Place, owners
from grader.model import Submission

_LISTED = 8
_FILE_NAME = 400  # characters of it that are told; in a zip it may have ten thousands


class HandIns(Struct, frozen=True):
    submissions: tuple[Submission, ...]  # in order of their paths
    passed_over: tuple[str, ...] = ()  # sentences: what is no row


def collect(paths: Sequence[Path], lab: str | None = None) -> tuple[Submission, ...]:
    return hand_ins(paths, lab).submissions


def hand_ins(paths: Sequence[Path], lab: str | None = None, pattern: re.Pattern[str] | None = None) -> HandIns:
    """What cannot be read is a submission with a fault. `pattern` has the group `name`, and may have `id`."""
    found = _each_once(paths)
    known = listed(paths)
    lying = [piece for piece in found if known.passes(piece)]
    items = [_item(piece, lab or _lab_of(piece, known)) for piece in lying if piece.kind is not Kind.JUNK]
    owned = [_as_listed(item, known) for item in _owned(items, lying, pattern)]
    kept = [item for item in owned if not _is_nobodys(item, owned)]
    chosen = sorted(_rows(kept, lab), key=lambda row: (row.item.piece.path, row.item.piece.place))
    _insist_on_something(chosen, paths)
    junk = [piece.place.name for piece in lying if piece.kind is Kind.JUNK]
    junk += [item.name for item in owned if item not in kept and item.piece.kind is not Kind.EMPTY]
    names = named([_claim(row) for row in chosen])
    unfit = [row for row in chosen if pattern and row.item.owner and row.item.owner.by is not By.PATTERN]
    beside = _modules(owned)
    submissions = tuple(
        _submission(row, name, beside.get(row.item.piece.path.parent, {}))
        for row, name in zip(chosen, names, strict=True)
    )
    return HandIns(submissions, tuple(_passed_over(junk, sum(row.older for row in chosen), len(unfit))))


def _each_once(paths: Sequence[Path]) -> list[Piece]:
    """A path given twice is one piece; an archive may hold two notebooks of one name."""
    several = len(paths) > 1
    found: dict[tuple[Path, Kind, str], Piece] = {}
    for piece in pieces(paths):
        content = piece.read().content if piece.kind is Kind.NOTEBOOK and piece.packed else ""
        found.setdefault((piece.path, piece.kind, content), piece)
    # Of several folders (`class/*`) the own names tell whose they are; of one, only where nothing below it does.
    return [replace(piece, is_one_of=several) for _, piece in sorted(found.items(), key=lambda pair: pair[0])]


def _item(piece: Piece, lab: str | None) -> Item:
    notebook = piece.read() if piece.kind is Kind.NOTEBOOK else None
    return Item(piece, _guess(piece, notebook, lab), notebook)


def _lab_of(piece: Piece, known: Listed) -> str | None:
    return known.files[piece.path].lab if piece.path in known.files else None


def _as_listed(item: Item, known: Listed) -> Item:
    taken = known.files.get(item.piece.path)
    return replace(item, owner=taken.owner) if taken else item


def _guess(piece: Piece, notebook: Notebook | None, lab: str | None) -> Guess:
    """By its name alone where it cannot be read, so that its row stands beside the others of that lab."""
    if lab:
        return Guess(lab, "")
    return recognise(notebook.cells if notebook else (), (piece.place.stem, *reversed(piece.place.parts[:-1])))


def _owned(items: Sequence[Item], lying: Sequence[Piece], pattern: re.Pattern[str] | None) -> list[Item]:
    whose = owners([_place(item) for item in items], register(lying), pattern)
    return [replace(item, owner=owner) for item, owner in zip(items, whose, strict=True)]


def _place(item: Item) -> Place:
    piece, notebook = item.piece, item.notebook or Notebook()
    return Place(
        folders=piece.folders,
        stem="" if piece.kind is Kind.EMPTY else piece.place.stem,
        lab=item.lab,
        own_words=own_words(notebook.cells, notebook.title),
        outer=bool(piece.outer) and not piece.is_one_of,
        around=piece.around,
        is_notebook=piece.kind is Kind.NOTEBOOK,
        ending="" if piece.kind is Kind.EMPTY else piece.place.suffix,
    )


def _is_nobodys(item: Item, everything: Sequence[Item]) -> bool:
    """The course's own lists and notes, data beside the notebooks of a class, folders without name and content."""
    owner, piece = item.owner, item.piece
    if owner is None or not owner.by_file or piece.was_named:
        return False
    if piece.kind is Kind.EMPTY:
        return owner.by is By.FILE
    if piece.kind is not Kind.OTHER:
        return False
    if is_the_courses(piece.place):
        return True
    return is_beside(item.name) and (owner.by is By.FILE or _is_used(piece, everything))


def _is_used(piece: Piece, everything: Sequence[Item]) -> bool:
    """A notebook in the same folder names it."""
    name, module = piece.place.name, rf"import\s+{re.escape(piece.place.stem)}\b|from\s+{re.escape(piece.place.stem)}\s"
    beside = (item.notebook for item in everything if item.notebook and item.piece.folders == piece.folders)
    return any(name in cell.source or re.search(module, cell.source) for book in beside for cell in book.cells)


def _rows(items: Sequence[Item], lab: str | None) -> Iterator[Row]:
    homes: dict[str, list[Item]] = defaultdict(list)
    for item in items:
        homes[item.owner.home if item.owner else ""].append(item)

    def look(item: Item) -> Item:
        notebook = item.notebook or item.piece.read()
        return replace(item, notebook=notebook, guess=_guess(item.piece, notebook, lab))

    for group in homes.values():
        yield from rows(group, look)


def _insist_on_something(chosen: Sequence[Row], paths: Sequence[Path]) -> None:
    faults = [row.item.notebook.fault for row in chosen if row.item.piece.was_named and row.item.notebook]
    strays = all(row.item.piece.kind is not Kind.NOTEBOOK for row in chosen)
    if not chosen or (strays and len(faults) == len(chosen) and all(faults)):
        given = ", ".join(str(path) for path in paths) or "an empty list of paths"
        reason = f" {faults[0]}" if faults else ""
        raise NothingReadable(
            f"No notebook (.ipynb) was found in {given}.{reason} Give a notebook, a folder or a zip of them."
        )


def _claim(row: Row) -> Claim:
    owner = row.item.owner or Owner("", By.FILE, "")
    return Claim(owner, row.item.lab, row.item.piece.folders, row.item.piece.place.stem)


def _modules(items: Sequence[Item]) -> dict[Path, Mapping[str, own_modules.Read]]:
    """Python code by its folder. Of a folder in which several students' notebooks lie nobody knows whose they are."""
    homes: dict[Path, set[str]] = defaultdict(set)
    packed: dict[Path, dict[str, own_modules.Read]] = defaultdict(dict)
    for item in items:
        piece, folder = item.piece, item.piece.path.parent
        if piece.kind is Kind.NOTEBOOK and item.owner:
            homes[folder].add(item.owner.home)
        elif piece.kind is Kind.OTHER and piece.data:
            packed[folder][piece.place.stem] = partial(own_modules.module, piece.place.name, piece.data)
    ones = [folder for folder, owners in homes.items() if len(owners) == 1]
    return {folder: packed[folder] or own_modules.in_folder(folder) for folder in ones}


def _submission(row: Row, name: Named, beside: Mapping[str, own_modules.Read]) -> Submission:
    piece, notebook = row.item.piece, row.item.notebook or Notebook()
    modules = own_modules.used(notebook.cells, beside)
    code = "".join(f"\0{name}\0{source}" for name, source in modules).encode()
    return Submission(
        path=Path(os.fsencode(piece.path).decode(errors="replace")),  # it has to fit into JSON
        student=name.name,
        lab=row.item.lab,
        lab_reason=row.item.guess.reason,
        cells=notebook.cells,
        repairs=(*row.notes, *name.notes, *notebook.repairs),
        fault=notebook.fault,
        content=hashlib.sha256(notebook.content.encode() + code).hexdigest() if modules else notebook.content,
        modules=modules,
        warnings=notebook.warnings,
        damaged=notebook.damaged,
        student_id=row.item.owner.id if row.item.owner else "",
        file=os.fsencode(str(piece.place)).decode(errors="replace")[-_FILE_NAME:],
        named_by=row.item.owner.by.name.lower() if row.item.owner else "",
    )


def _passed_over(junk: Sequence[str], older: int, unfit: int) -> Iterator[str]:
    if junk:
        counts = Counter(junk).most_common()
        names = ", ".join(f"{count} × {name}" if count > 1 else name for name, count in counts[:_LISTED])
        more = ", …" if len(counts) > _LISTED else ""
        yield f"Not hand-ins, so skipped: {names}{more}."
    if older:
        yield f"Older versions that newer ones supersede: {older}. Each is named on its student's page."
    if unfit:
        yield f"Of these rows, {unfit} fit no --name-pattern; whose they are was told as it is without one."
