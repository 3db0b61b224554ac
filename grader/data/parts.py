"""The parts of the course's data: their names, which files they hold, and whether these are whole."""

import bz2
from collections.abc import Iterator
from pathlib import Path, PurePath

import msgspec
from msgspec import Struct

from grader.course.folder import FILE, Course
from grader.course.pages import Page, meant
from grader.errors import OurFault
from grader.wording.counting import quantity

PACKED = ".bz2"
DIMENSIONS = 50


class Part(Struct, frozen=True):
    name: str  # of its folder
    files: tuple[str, ...]  # packed or not; without the ending .bz2

    def missing(self, folder: Path) -> list[str]:
        return [name for name in self.files if not any((folder / n).is_file() for n in (name, name + PACKED))]


TREES = Part("trees", ("train.txt", "dev.txt", "test.txt"))
SNLI = Part("snli", tuple(f"snli_1.0_{split}.jsonl" for split in ("train", "dev", "test")))
EMBEDDINGS = Part("embeddings", ("glove.6B.50d.txt",))
IMAGES = Part("train2014-subset", ("captions_train2014.json",))
IMAGENET = Part("imagenet", ("inception_v3_weights_tf_dim_ordering_tf_kernels_notop.h5",))
BERT = Part("bert-base-cased", ("config.json", "vocab.txt"))
KNOWN = {part.name: part for part in (TREES, SNLI, EMBEDDINGS, IMAGES, IMAGENET, BERT)}


def parts_of(course: Course) -> dict[str, Part]:
    """What course.yaml calls data. Of the parts that the grader knows by itself it need not name the files."""
    return {name: _part(course, name, files) for name, files in course.sheet.data.items()}


def _part(course: Course, name: str, files: tuple[str, ...] | None) -> Part:
    if name in KNOWN and files is None:
        return KNOWN[name]
    page = Page(course.folder / FILE)
    if name in KNOWN:
        page.wrong(f"the grader knows {name!r} by itself; leave its files out, or call yours otherwise", "data", name)
    if PurePath(name).name != name:
        page.wrong(f"{name!r} is no name of a folder; data lies one folder deep", "data", name)
    if not files:
        near = meant(name, KNOWN)
        page.wrong(f"{name!r} is said to hold no files{near}; name them: {name}: [train.csv, test.csv]", "data", name)
    return Part(name, files)


class Pair(Struct):
    """What the course reads of a line of SNLI."""

    gold_label: str
    sentence1_binary_parse: str
    sentence2_binary_parse: str


def insist_on_whole(part: Part, folder: Path, counts: tuple[int, ...] | None) -> None:
    """Raises OurFault unless every file holds what it should, `counts` lines of it where they are known."""
    wrong = {TREES: _wrong_tree, SNLI: _wrong_pair, EMBEDDINGS: _wrong_vector}.get(part)
    for number, name in enumerate(part.files if wrong else ()):
        seen = 0
        for line in _lines(folder, name):
            seen += 1
            if wrong and (why := wrong(line)):
                raise OurFault(f"{part.name}/{name}, line {seen}: {why}.")
        if seen == 0 or (counts and seen != counts[number]):
            belong = f"{counts[number]} belong" if counts else "some belong"
            raise OurFault(f"{part.name}/{name} has {quantity(seen, 'line')} where {belong}.")


def _lines(folder: Path, name: str) -> Iterator[bytes]:
    plain = folder / name
    with plain.open("rb") if plain.is_file() else bz2.open(folder / (name + PACKED)) as file:
        yield from file


def _wrong_tree(line: bytes) -> str | None:
    whole = line[:1] == b"(" and line[1:2] in b"01234" and line.count(b"(") == line.count(b")")
    return None if whole else "this is no labelled tree"


def _wrong_pair(line: bytes) -> str | None:
    try:
        msgspec.json.decode(line, type=Pair)
    except msgspec.DecodeError as error:
        return f"this is no pair of sentences ({error})"
    return None


def _wrong_vector(line: bytes) -> str | None:
    return None if line.count(b" ") == DIMENSIONS else f"this is no word with {DIMENSIONS} numbers"
