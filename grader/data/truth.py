"""The labels of dev and test examples, by sentence: what predictions are held against. Student code never sees it."""

import hashlib
import random
import re
from pathlib import Path

from msgspec import Struct

from grader.data.folder import DataFolder
from grader.data.packing import content
from grader.data.parts import TREES
from grader.data.sentences import key_of

SPLITS = ("dev", "test")
_LABELS = re.compile(r"\(\d")
_NEUTRAL = "2"


class Truth(Struct, frozen=True):
    """By sentence, as `key_of` writes it, or by both sentences of a pair.

    Labels go from 0 (very negative) to 4 (very positive); those of pairs are 0 entailment, 1 neutral, 2 contradiction.
    """

    dev: dict[str, int]
    test: dict[str, int]
    digest: str
    inference: bool = False  # labels of pairs


def trees_truth(folder: DataFolder) -> Truth | None:
    """None without a treebank. A sentence that comes twice with different labels is left out."""
    trees = folder.parts.get(TREES.name)
    if trees is None or TREES.missing(trees):
        return None
    dev, test = (_labels(content(trees, f"{split}.txt").decode("utf-8")) for split in SPLITS)
    return Truth(dev, test, digest_of(trees))


def digest_of(trees: Path) -> str:
    """Of the three files in `trees`, byte for byte."""
    digest = hashlib.sha256()
    for name in TREES.files:
        whole = content(trees, name)
        digest.update(f"{name} {len(whole)}\n".encode() + whole)
    return digest.hexdigest()


def _labels(text: str) -> dict[str, int]:
    found: dict[str, int] = {}
    doubtful: set[str] = set()
    for line in text.splitlines():
        key = key_of(re.sub(r"\(\d|\)", " ", line))
        if found.setdefault(key, int(line[1])) != int(line[1]):
            doubtful.add(key)
    return {key: label for key, label in found.items() if key not in doubtful}


def order_of(seed: int, text: bytes) -> random.Random:
    """How labels are exchanged depends on the labels too: whoever guesses a small seed cannot put them back."""
    return random.Random(f"blind {seed} {hashlib.sha256(text).hexdigest()}")


def blind_trees(text: bytes, seed: int) -> bytes:
    """The same sentences with the labels of the decided ones exchanged among them, and no label inside them.

    Neutral sentences stay neutral, so that notebooks that leave these out keep as many as before.
    """
    lines = text.decode("utf-8").splitlines()
    decided = [i for i, line in enumerate(lines) if line[1] != _NEUTRAL]
    labels = [lines[i][1] for i in decided]
    order_of(seed, text).shuffle(labels)
    exchanged = dict(zip(decided, labels, strict=True))
    inside = (_LABELS.sub(f"({_NEUTRAL}", line) for line in lines)
    return "".join(f"({exchanged.get(i, _NEUTRAL)}{line[2:]}\n" for i, line in enumerate(inside)).encode()
