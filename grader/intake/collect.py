"""Which files among the paths given are submissions, and the row each of them gets; none is lost, none shares a row."""

import hashlib
import os
import stat
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath

from msgspec import Struct, structs

from grader.errors import NothingReadable, UsageError
from grader.intake import own_modules
from grader.intake.archive import members
from grader.intake.colab_export import is_export
from grader.intake.recognise import Guess, recognise
from grader.intake.whose import Place, own_words, students, told_apart
from grader.model import Submission
from grader.submission import SIZE_LIMIT, Notebook, read_notebook, too_large, unread

_IGNORED_FOLDERS = {"__macosx", "__pycache__", "node_modules", "venv", "site-packages"}
_NOTEBOOKS = {".ipynb", ".py"}
_ZIP_LIMIT = 4 * 1024**3
_EXPORT_HEAD = 4000  # bytes in which a script says that it was a notebook


class Found(Struct, frozen=True):
    path: Path
    place: PurePosixPath  # relative to the folder or zip that was given
    notebook: Notebook
    beside: tuple[own_modules.Module, ...] = ()  # files of Python code in the same folder of the same zip
    is_notebook: bool = True  # False: something else that was named on purpose


def collect(paths: Sequence[Path], lab: str | None = None) -> tuple[Submission, ...]:
    """Notebooks under the paths, in order of their paths. What cannot be read is a submission with a fault."""
    # A path given twice is one submission; a zip may hold two files of one name.
    found = {(item.path, item.notebook.content): item for item in _all_found(paths)}
    if not any(item.is_notebook for item in found.values()):
        named = ", ".join(str(path) for path in paths) or "an empty list of paths"
        raise NothingReadable(f"No notebook (.ipynb) was found in {named}. Give a notebook, a folder or a zip of them.")
    ordered = [found[key] for key in sorted(found)]
    guesses = [Guess(lab, "") if lab else _lab(item) for item in ordered]
    labs = [guess.lab for guess in guesses]
    names = students([_whereabouts(item, slug) for item, slug in zip(ordered, labs, strict=True)])
    rows = zip(ordered, told_apart(list(zip(names, labs, strict=True))), guesses, strict=True)
    owners: dict[Path, set[str]] = {}
    for item, name in zip(ordered, names, strict=True):
        owners.setdefault(item.path.parent, set()).add(name)
    shared = {folder for folder, students_of in owners.items() if len(students_of) > 1}
    return tuple(_submission(item, name, guess, item.path.parent in shared) for item, name, guess in rows)


def _modules(item: Found, shared: bool) -> tuple[own_modules.Module, ...]:
    """Of a folder in which several students' notebooks lie nobody knows whose they are."""
    if shared or not item.notebook.cells:
        return ()
    folder = item.path.parent
    there = item.beside or (own_modules.in_folder(folder) if folder.is_dir() else ())
    return own_modules.used(item.notebook.cells, there)


def _submission(item: Found, student: str, guess: Guess, shared: bool) -> Submission:
    notebook, modules = item.notebook, _modules(item, shared)
    beside = "".join(f"\0{name}\0{source}" for name, source in modules).encode()
    return Submission(
        path=Path(os.fsencode(item.path).decode(errors="replace")),  # it has to fit into JSON
        student=student,
        lab=guess.lab,
        lab_reason=guess.reason,
        cells=notebook.cells,
        repairs=notebook.repairs,
        fault=notebook.fault,
        content=hashlib.sha256(notebook.content.encode() + beside).hexdigest() if modules else notebook.content,
        modules=modules,
        warnings=notebook.warnings,
        damaged=notebook.damaged,
    )


def _lab(item: Found) -> Guess:
    """By its name alone where it cannot be read, so that its row stands beside the others of that lab."""
    return recognise(item.notebook.cells, (item.place.stem, *reversed(item.place.parts[:-1])))


def _whereabouts(item: Found, lab: str | None) -> Place:
    words = own_words(item.notebook.cells, item.notebook.title)
    return Place(folders=item.place.parts[:-1], stem=item.place.stem, lab=lab, own_words=words)


def _all_found(paths: Sequence[Path]) -> Iterator[Found]:
    absolute = [Path(os.path.abspath(path)) for path in paths]
    for path in absolute:
        if not os.path.exists(path):
            raise UsageError(f"{path} does not exist. Check the spelling, or give another notebook, folder or zip.")
    files = [path for path in absolute if not path.is_dir() and not _is_zip(path)]
    # The shell's `class/*/lab1.ipynb` names files only; their folders still tell whose they are.
    root = Path(os.path.commonpath([path.parent for path in files])) if files else Path()
    yield from _named(files, root)
    for path in absolute:
        if path.is_dir():
            # Of several folders (`class/*`) the own names tell whose they are; of one only what lies below it does.
            yield from _in_folder(path, PurePosixPath(path.name) if len(absolute) > 1 else PurePosixPath())
        elif _is_zip(path):
            yield from _in_zip(path, PurePosixPath())


def _named(files: Sequence[Path], root: Path) -> Iterator[Found]:
    for path in files:
        if path.suffix.lower() in _NOTEBOOKS:
            yield Found(path=path, place=_below(root, path), notebook=_notebook(path))
        else:
            fault = f"A file of type '{path.suffix}' is not a notebook. Hand in the .ipynb file itself."
            yield Found(path=path, place=_below(root, path), notebook=unread(b"", fault), is_notebook=False)


def _in_folder(root: Path, name_of_root: PurePosixPath) -> Iterator[Found]:
    for folder, below, files in os.walk(root, onerror=_closed_folder):
        here = Path(folder)
        links = [name for name in below if (here / name).is_symlink()]
        below[:] = sorted(name for name in below if _is_visible(name))
        for name in sorted(filter(_is_visible, [*files, *links])):
            for found in _in_entry(root, here / name):
                yield structs.replace(found, place=name_of_root / found.place)


def _closed_folder(error: OSError) -> None:
    raise UsageError(f"{error.filename} cannot be opened ({error.strerror}). Change its permissions, or move it away.")


def _in_entry(root: Path, path: Path) -> Iterator[Found]:
    place = _below(root, path)
    outside = path.is_symlink() and not Path(os.path.realpath(path)).is_relative_to(os.path.realpath(root))
    if outside and (path.suffix.lower() in {".ipynb", ".zip"} or path.is_dir()):
        fault = "This is a link to something outside the folder, which is not followed. Put the file itself there."
        yield Found(path=path, place=place, notebook=unread(b"", fault))
    elif path.is_dir() or outside:
        return  # a linked folder inside the root is read at its own place
    elif _is_zip(path):
        yield from _in_zip(path, place)
    elif path.suffix.lower() == ".ipynb" or (path.suffix.lower() == ".py" and _starts_like_export(path)):
        yield Found(path=path, place=place, notebook=_notebook(path))


def _in_zip(path: Path, place: PurePosixPath) -> Iterator[Found]:
    if path.stat().st_size > _ZIP_LIMIT:
        fault = f"The zip is larger than {_ZIP_LIMIT // 1024**3} GB. Zip the notebooks only, without data."
        yield Found(path=path, place=place, notebook=unread(b"", fault))
        return
    found: list[Found] = []
    code: dict[PurePosixPath, list[own_modules.Module]] = {}
    for member in members(path, _is_wanted):
        name = place / member.name if place.parts or member.name.parts else PurePosixPath(path.name)
        if member.fault:
            found.append(Found(path=path / member.name, place=name, notebook=unread(member.data, member.fault)))
        elif name.suffix.lower() == ".ipynb" or is_export(member.data[:_EXPORT_HEAD].decode(errors="replace")):
            found.append(Found(path=path / member.name, place=name, notebook=read_notebook(name, member.data)))
        elif module := own_modules.module(name.name, member.data):
            code.setdefault(name.parent, []).append(module)
    yield from (structs.replace(item, beside=tuple(code.get(item.place.parent, ()))) for item in found)


def _is_wanted(name: PurePosixPath) -> bool:
    return all(map(_is_visible, name.parts)) and name.suffix.lower() in {".ipynb", ".py", ".zip"}


def _is_visible(name: str) -> bool:
    return not name.startswith(".") and name.lower() not in _IGNORED_FOLDERS


def _is_zip(path: Path) -> bool:
    return path.suffix.lower() == ".zip" and path.is_file()


def _notebook(path: Path) -> Notebook:
    try:
        state = path.stat()
        if not stat.S_ISREG(state.st_mode):
            return unread(
                b"", "This is not an ordinary file, so there is no notebook to read. Hand in the file itself."
            )
        if state.st_size > SIZE_LIMIT:
            return unread(b"", too_large(state.st_size))
        return read_notebook(path, path.read_bytes())
    except OSError as error:
        return unread(
            b"", f"The file cannot be opened ({error.strerror}). Check its permissions, or whether it is a link."
        )


def _starts_like_export(path: Path) -> bool:
    try:
        if not path.is_file():
            return False
        with path.open("rb") as stream:
            return is_export(stream.read(_EXPORT_HEAD).decode(errors="replace"))
    except OSError:
        return False


def _below(root: Path, path: Path) -> PurePosixPath:
    return PurePosixPath(*path.relative_to(root).parts)
