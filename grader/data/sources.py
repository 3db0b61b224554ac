"""Where the parts of the course's data come from officially, and what tells that they came whole.

We know no checksums of them, so content is compared with what is known of it: how many sentences, pairs or words.
"""

import bz2
import shutil
import zipfile
from pathlib import Path

from msgspec import Struct

from grader.data.download import Told
from grader.data.parts import EMBEDDINGS, PACKED, SNLI, TREES, Part
from grader.errors import OurFault


class Source(Struct, frozen=True):
    part: Part
    url: str
    counts: tuple[int, ...]  # lines of each file
    packed: bool  # files are kept as .bz2


OFFICIAL = {
    source.part.name: source
    for source in (
        Source(TREES, "https://nlp.stanford.edu/sentiment/trainDevTestTrees_PTB.zip", (8544, 1101, 2210), False),
        Source(SNLI, "https://nlp.stanford.edu/projects/snli/snli_1.0.zip", (550_152, 10_000, 10_000), True),
        Source(EMBEDDINGS, "https://nlp.stanford.edu/data/glove.6B.zip", (400_000,), True),
    )
}
OF_THE_COURSE = "is data of the course's own: put it into the data folder by hand."
BY_HAND = {
    "train2014-subset": "comes with the course: copy its train2014-subset/ (captions_train2014.json and the photos "
    "COCO_train2014_….jpg) into this folder; COCO's own archives hold the whole of train2014 and are far larger.",
    "imagenet": "is the file that InceptionV3(include_top=False) of Keras downloads (see keras.io/api/applications): "
    "copy it out of ~/.keras/models of a computer with a network into this folder.",
    "bert-base-cased": "is a checkpoint that transformers' save_pretrained has written (config.json, vocab.txt, "
    "weights without a head): copy its folder into this one.",
}


def unpack(archive: Path, source: Source, folder: Path, told: Told) -> None:
    """The files of a part out of its archive, wherever in it they lie. Raises OurFault when they are not all there."""
    try:
        with zipfile.ZipFile(archive) as opened:
            for number, name in enumerate(source.part.files):
                told(f"unpacks {name}", number, len(source.part.files))
                with opened.open(_member(opened, name)) as content, _writer(folder / name, source.packed) as file:
                    shutil.copyfileobj(content, file, 1 << 20)
    except (zipfile.BadZipFile, EOFError) as error:
        raise OurFault(f"It is no whole zip archive ({error}).") from error


def _writer(file: Path, packed: bool) -> bz2.BZ2File:
    return bz2.open(f"{file}{PACKED}", "wb") if packed else file.open("wb")  # type: ignore[return-value]


def _member(archive: zipfile.ZipFile, name: str) -> str:
    found = [m for m in archive.namelist() if m.rsplit("/", 1)[-1] == name and not m.startswith("__MACOSX/")]
    if len(found) != 1:
        raise OurFault(f"It holds {len(found)} files called {name} where one belongs.")
    return found[0]
