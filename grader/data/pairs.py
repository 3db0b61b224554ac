"""The labels of dev and test pairs of SNLI, and the files in which notebooks see none of the right ones."""

import bz2
import hashlib
import json
from collections.abc import Iterable
from pathlib import Path
from typing import IO

import msgspec

from grader.data.folder import DataFolder
from grader.data.packing import content
from grader.data.parts import EMBEDDINGS, PACKED, SNLI
from grader.data.sentences import key_of
from grader.data.truth import SPLITS, Truth, order_of

LABELS = {"entailment": 0, "neutral": 1, "contradiction": 2}  # as the course numbers them
BEGINNING = 1 << 20  # bytes; what tells one training file from another


class Line(msgspec.Struct):
    gold_label: str
    sentence1: str
    sentence2: str


def pairs_truth(folder: DataFolder) -> Truth | None:
    """None without pairs. A pair that comes twice with different labels is left out."""
    pairs = folder.parts.get(SNLI.name)
    if pairs is None or SNLI.missing(pairs):
        return None
    dev, test = (_labels(content(pairs, file_of(split)).splitlines()) for split in SPLITS)
    return Truth(dev, test, digest_of_pairs(folder), inference=True)


def file_of(split: str) -> str:
    return f"snli_1.0_{split}.jsonl"


def key_of_pair(premise: str, hypothesis: str) -> str:
    return key_of(f"{premise} {hypothesis}")


def digest_of_pairs(folder: DataFolder) -> str:
    """Of dev and test, of the beginning of the training file (the official one is half a gigabyte), and of whether word
    vectors are toy ones: all that decides how far a right answer comes."""
    pairs = folder.parts[SNLI.name]
    digest = hashlib.sha256(b"toy vectors" if EMBEDDINGS.name in folder.toy else b"word vectors")
    for split in SPLITS:
        digest.update(content(pairs, file_of(split)))
    digest.update(beginning(pairs, file_of("train")))
    return digest.hexdigest()


def beginning(folder: Path, name: str) -> bytes:
    with opened(folder, name) as file:
        return file.read(BEGINNING)


def opened(folder: Path, name: str) -> IO[bytes]:
    """A file that may be packed, to be read line by line: the official training file has half a gigabyte."""
    plain = folder / name
    return plain.open("rb") if plain.is_file() else bz2.open(folder / f"{name}{PACKED}")


def blind_pairs(text: bytes, seed: int) -> bytes:
    """The same pairs with the labels of the decided ones exchanged among them.

    What the annotators said and the last letter of a pair's id tell the label as well, so both follow the new one.
    """
    pairs = [json.loads(line) for line in text.splitlines()]
    decided = [pair for pair in pairs if pair["gold_label"] in LABELS]
    labels = [pair["gold_label"] for pair in decided]
    order_of(seed, text).shuffle(labels)
    for pair, label in zip(decided, labels, strict=True):
        pair |= {"gold_label": label, "annotator_labels": [label] * len(pair.get("annotator_labels", [label]))}
        if pair.get("pairID"):
            pair["pairID"] = pair["pairID"][:-1] + label[0]
    return b"".join(json.dumps(pair).encode() + b"\n" for pair in pairs)


def labels_of(folder: Path, keys: set[str]) -> dict[str, int]:
    """Those of the training pairs with these keys. A pair that comes twice with different labels is left out."""
    with opened(folder, file_of("train")) as lines:
        return _labels(lines, keys)


def _labels(lines: Iterable[bytes], keys: set[str] | None = None) -> dict[str, int]:
    found: dict[str, int] = {}
    doubtful: set[str] = set()
    for line in lines:
        pair = msgspec.json.decode(line, type=Line)
        label = LABELS.get(pair.gold_label)
        key = key_of_pair(pair.sentence1, pair.sentence2)
        if label is None or (keys is not None and key not in keys):
            continue
        if found.setdefault(key, label) != label:
            doubtful.add(key)
    return {key: label for key, label in found.items() if key not in doubtful}
