"""Decides which data notebooks see: the folder asked for, else $GRADER_DATA; what is missing there we make up."""

import os
import re
from collections.abc import Callable, Iterable
from pathlib import Path

from msgspec import Struct

from grader.data import bert_package, cache, glove_package
from grader.data.parts import BERT, EMBEDDINGS, IMAGES, PARTS, SNLI, TREES
from grader.data.toy import bert, photos, snli, treebank
from grader.data.toy import vectors as toy_vectors
from grader.errors import UsageError
from grader.model import Cell

VECTORS = "glove.6B.50d.txt.bz2"
TOY = (
    "toy data made by the grader (invented sentences, drawn pictures, an untrained tiny BERT; "
    "figures say little about real data)"
)
_ASKS_FOR_VECTORS = re.compile(r"glove|embeddings", re.IGNORECASE)


class DataFolder(Struct, frozen=True):
    parts: dict[str, Path]  # trees, snli … and the absolute folder that holds each
    toy: tuple[str, ...]  # those of them that the grader made up
    description: str  # in words, for the report
    vectors: Callable[[], bytes] | None = None  # makes the file of the embeddings when they are first asked for


def data_folder(configured: Path | None) -> DataFolder:
    if configured is not None:
        return _course(configured, "--data")
    named = os.environ.get("GRADER_DATA", "").strip()
    if named:
        return _course(Path(named), "$GRADER_DATA")
    made_up = _toy_parts()
    return DataFolder(made_up, tuple(made_up), TOY, toy_vectors.toy_embeddings)


def shown(folder: DataFolder, cells: Iterable[Cell], told: Callable[[str], None]) -> dict[str, Path]:
    """The parts one notebook gets. Making word vectors takes up to a minute: only one that names them waits for them.

    `told` hears that it waits.
    """
    if folder.vectors is None:
        return folder.parts
    if any(cell.kind == "code" and _ASKS_FOR_VECTORS.search(cell.source) for cell in cells):
        if not (folder.parts[EMBEDDINGS.name] / VECTORS).is_file():
            told("waits for word vectors, which are made once (up to a minute)")
        return with_vectors(folder)
    return {name: path for name, path in folder.parts.items() if name != EMBEDDINGS.name}


def with_vectors(folder: DataFolder) -> dict[str, Path]:
    """All parts; word vectors are made now where they are not there."""
    if folder.vectors is not None:
        cache.made_once(folder.parts[EMBEDDINGS.name] / VECTORS, folder.vectors)
    return folder.parts


def _course(given: Path, asked_by: str) -> DataFolder:
    path = Path(os.path.abspath(given.expanduser()))
    if not path.is_dir():
        raise UsageError(
            f"{asked_by} {path}: there is no such folder. Give the course's data folder, "
            "the one that holds trees/, or leave it out to use toy data."
        )
    parts = {name: path / name for name in PARTS if (path / name).is_dir()}
    if parts:
        return _filled(parts, f"the course's data in {path} ({', '.join(parts)})")
    if all((path / name).is_file() for name in TREES.files):
        return _filled({TREES.name: _trees_alone(path)}, f"the course's treebank in {path}")
    raise UsageError(f"{asked_by} {path} holds none of {', '.join(f'{name}/' for name in PARTS)}. {_advice(path)}")


def _filled(parts: dict[str, Path], description: str) -> DataFolder:
    """What is not there comes from an installed package, or is made up where we can."""
    missing = {name: path for name, path in _toy_parts().items() if name not in parts}
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
    return DataFolder(parts | missing, tuple(missing), description, make)


def _advice(path: Path) -> str:
    children = sorted(child for child in path.iterdir() if child.is_dir())
    fitting = [child for child in children if any((child / name).is_dir() for name in PARTS)]
    if fitting:
        return f"Did you mean {fitting[0]}?"
    if any((path / name).is_file() for name in TREES.files):
        return f"It looks like a treebank, but {', '.join(TREES.missing(path))} is missing: put it beside the others."
    return "Give the course's data folder, the one that holds trees/, or leave it out to use toy data."


def _trees_alone(path: Path) -> Path:
    """A copy of the three files, so that nothing else beside them is shown to a notebook."""
    contents = {name: (path / name).read_bytes() for name in TREES.files}
    return cache.kept(cache.place("course", b"".join(contents.values())) / TREES.name, contents)


def _toy_parts() -> dict[str, Path]:
    """The parts we can make up; the sentences are there when this returns, the embeddings have a place."""
    trees = {name: text.encode() for name, text in treebank.toy_treebank().items()}
    pairs = {name: text.encode() for name, text in snli.toy_snli().items()}
    embeddings = cache.place("toy-embeddings", _source("treebank", "lexicon", "vectors"))
    return {
        TREES.name: cache.kept(cache.place("toy-trees", _source("treebank")) / TREES.name, trees),
        SNLI.name: cache.kept(cache.place("toy-snli", _source("snli")) / SNLI.name, pairs),
        EMBEDDINGS.name: embeddings / EMBEDDINGS.name,
        BERT.name: _toy_checkpoint(),
        IMAGES.name: _toy_photos(),
    }


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
