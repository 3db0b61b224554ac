"""Decides which data notebooks see: the folder asked for, else $GRADER_DATA, else the course's own data/.

What is missing there is made up.
"""

import functools
import os
import re
from collections.abc import Callable, Collection, Iterable
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from grader.course.folder import Course, current_course
from grader.data import bert_package, cache, glove_package
from grader.data.forms import other_forms
from grader.data.own_toys import own_toys
from grader.data.parts import BERT, EMBEDDINGS, IMAGES, KNOWN, SNLI, TREES, parts_of
from grader.data.toy import bert, photos, snli, treebank
from grader.data.toy import vectors as toy_vectors
from grader.errors import UsageError
from grader.model import Cell

VECTORS = "glove.6B.50d.txt.bz2"
TOY = (
    "toy data made by the grader (invented sentences, drawn pictures, an untrained tiny BERT; "
    "figures say little about real data)"
)
PACKER = "bz2"  # is in the code of a notebook that asks for packed texts
_ASKS_FOR_VECTORS = re.compile(r"glove|embeddings", re.IGNORECASE)


class DataFolder(Struct, frozen=True):
    parts: dict[str, Path]  # trees, snli … and the absolute folder that holds each
    toy: tuple[str, ...]  # those of them that the grader made up
    description: str  # in words, for the report
    vectors: Callable[[], bytes] | None = None  # makes the file of the embeddings when they are first asked for
    brief: tuple[Path, ...] = ()  # files that end with the batch


def data_folder(configured: Path | None) -> DataFolder:
    course = current_course()
    parts = parts_of(course)
    if configured is not None:
        return _course(configured, "--data", course)
    named = os.environ.get("GRADER_DATA", "").strip()
    if named:
        return _course(Path(named), "$GRADER_DATA", course)
    if any((course.data / name).is_dir() for name in parts):
        return _course(course.data, "the course's", course)
    made_up = _toy_parts(parts)
    vectors = toy_vectors.toy_embeddings if EMBEDDINGS.name in made_up else None
    return _with_own_toys(
        DataFolder(made_up, tuple(made_up), TOY if made_up else "none; the course has no data", vectors), course
    )


def shown(folder: DataFolder, cells: Iterable[Cell], told: Callable[[str], None]) -> dict[str, Path]:
    """The parts one notebook gets, and other forms of the texts it names.

    Making word vectors takes up to a minute: only one that names them waits for them. `told` hears that it waits.
    """
    code = code_of(cells)
    parts, vectors = folder.parts, asks_for_vectors(code)
    if folder.vectors is not None and vectors:
        if not (folder.parts[EMBEDDINGS.name] / VECTORS).is_file():
            told("waits for word vectors, which are made once (up to a minute)")
        parts = with_vectors(folder)
    elif folder.vectors is not None:
        parts = {name: path for name, path in folder.parts.items() if name != EMBEDDINGS.name}
    known = parts_of(current_course())
    texts = [known[name] for name in parts if name in known and (name in code or (name == EMBEDDINGS.name and vectors))]
    return parts | other_forms(texts, parts, folder.brief, PACKER in code, told)


def code_of(cells: Iterable[Cell]) -> str:
    return "\n".join(cell.source for cell in cells if cell.kind == "code")


def asks_for_vectors(code: str) -> bool:
    return bool(_ASKS_FOR_VECTORS.search(code))


def with_vectors(folder: DataFolder) -> dict[str, Path]:
    """All parts; word vectors are made now where they are not there."""
    if folder.vectors is not None:
        cache.made_once(folder.parts[EMBEDDINGS.name] / VECTORS, folder.vectors)
    return folder.parts


def _course(given: Path, asked_by: str, course: Course) -> DataFolder:
    path, known = Path(os.path.abspath(given.expanduser())), parts_of(course)
    if not path.is_dir():
        raise UsageError(
            f"{asked_by} {path}: there is no such folder. Give the course's data folder, "
            f"the one that holds {next(iter(known), 'trees')}/, or leave it out to use toy data."
        )
    parts = {name: path / name for name in known if (path / name).is_dir()}
    if parts:
        return _filled(parts, f"the course's data in {path} ({', '.join(parts)})", course)
    if TREES.name in known and all((path / name).is_file() for name in TREES.files):
        return _filled({TREES.name: _trees_alone(path)}, f"the course's treebank in {path}", course)
    raise UsageError(
        f"{asked_by} {path} holds none of {', '.join(f'{name}/' for name in known)}. {_advice(path, known)}"
    )


def _filled(parts: dict[str, Path], description: str, course: Course) -> DataFolder:
    """What is not there comes from an installed package, or is made up where we can."""
    known = parts_of(course)
    missing = _toy_parts([name for name in known if name not in parts])
    make = None
    if EMBEDDINGS.name in missing:
        make = toy_vectors.toy_embeddings
        if glove_package.installed():
            del missing[EMBEDDINGS.name]
            make = glove_package.embeddings
            parts = parts | {EMBEDDINGS.name: cache.place("glove", glove_package.version()) / EMBEDDINGS.name}
            description += f"; word vectors of the package {glove_package.NAME}"
    if BERT.name in missing and (checkpoint := bert_package.checkpoint()):
        del missing[BERT.name]
        parts = parts | {BERT.name: checkpoint}
        description += f"; the package {bert_package.NAME} in place of bert-base-cased"
    if missing:
        description += f"; {', '.join(f'toy {name}' for name in missing)} made by the grader"
    return _with_own_toys(DataFolder(parts | missing, tuple(missing), description, make), course)


def _with_own_toys(folder: DataFolder, course: Course) -> DataFolder:
    """What the course's own toy.py makes of the parts that the grader does not know, and that are not there."""
    own = [part for name, part in parts_of(course).items() if name not in KNOWN]
    for part in own:
        if part.name in folder.parts and (lacking := part.missing(folder.parts[part.name])):
            raise UsageError(f"{folder.parts[part.name]} lacks {', '.join(lacking)}. Complete it, or move it away.")
    missing = [part for part in own if part.name not in folder.parts]
    if not missing:
        return folder
    made = own_toys(course, missing)
    said = f"toy {', '.join(made)} made by the course's {course.toy.name}"
    description = f"{folder.description}; {said}" if folder.parts else said
    return replace(folder, parts=folder.parts | made, toy=(*folder.toy, *made), description=description)


def _advice(path: Path, known: Collection[str]) -> str:
    children = sorted(child for child in path.iterdir() if child.is_dir())
    fitting = [child for child in children if any((child / name).is_dir() for name in known)]
    if fitting:
        return f"Did you mean {fitting[0]}?"
    if TREES.name in known and any((path / name).is_file() for name in TREES.files):
        return f"It looks like a treebank, but {', '.join(TREES.missing(path))} is missing: put it beside the others."
    return (
        f"Give the course's data folder, the one that holds {next(iter(known), '')}/, or leave it out to use toy data."
    )


def _trees_alone(path: Path) -> Path:
    """A copy of the three files, so that nothing else beside them is shown to a notebook."""
    contents = {name: (path / name).read_bytes() for name in TREES.files}
    return cache.kept(cache.place("course", b"".join(contents.values())) / TREES.name, contents)


def _toy_parts(known: Collection[str]) -> dict[str, Path]:
    """Those of these parts that we can make up; sentences are there when this returns, the embeddings have a place."""
    return {name: make() for name, make in TOYS.items() if name in known}


@functools.cache
def _sentences(make: Callable[[], dict[str, str]]) -> dict[str, bytes]:
    """Made up once in a process, which may grade many batches."""
    return {name: text.encode() for name, text in make().items()}


def _toy_trees() -> Path:
    folder = cache.place("toy-trees", _source("treebank")) / TREES.name
    return cache.kept_as_measured(folder, lambda: _sentences(treebank.toy_treebank))


def _toy_pairs() -> Path:
    folder = cache.place("toy-snli", _source("snli")) / SNLI.name
    return cache.kept_as_measured(folder, lambda: _sentences(snli.toy_snli))


def _toy_vectors() -> Path:
    return cache.place("toy-embeddings", _source("treebank", "lexicon", "vectors")) / EMBEDDINGS.name


def _toy_checkpoint() -> Path:
    sources = _source("treebank", "snli", "lexicon", "bert")
    folder = cache.place("toy-bert", sources) / BERT.name
    return folder if (folder / bert.WEIGHTS).is_file() else cache.kept(folder, bert.toy_bert())


def _toy_photos() -> Path:
    """Drawn once; the captions are written last, so where they are there all is."""
    folder = cache.place("toy-photos", _source("photos")) / IMAGES.name
    return folder if not IMAGES.missing(folder) else cache.kept(folder, photos.toy_photos())


def _source(*modules: str) -> bytes:
    above = Path(treebank.__file__).parent
    return b"".join((above / f"{name}.py").read_bytes() for name in modules)


TOYS = {
    TREES.name: _toy_trees,
    SNLI.name: _toy_pairs,
    EMBEDDINGS.name: _toy_vectors,
    BERT.name: _toy_checkpoint,
    IMAGES.name: _toy_photos,
}
