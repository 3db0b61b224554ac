"""Whether a notebook gives each sentence the word ids that the lab gives it, whatever number stands for which word."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np

from reference.trainings.bag_starts import NOTHING, bags
from reference.trainings.training import ids, two_way
from reference.trainings.training_pairs import LABELS, opened, read

OfSplit = tuple[Sequence[str], np.ndarray, np.ndarray]  # sentences, ids [n, T], labels [n]
Own = Mapping[str, OfSplit]
SPLITS = ("train", "dev", "test")
OTHER_SENTENCES = "{of} are not all of those with a label, and no others"
OTHER_IDS = "its word ids are not the lab's, whatever number stands for which word"
OTHER_COUNTS = "its vectors are not the lab's counts of words, whatever place stands for which word"
OTHER_LABELS = "its labels are not those of the data"
CLOSE = 1e-5  # in an entry of a word vector


class Met(NamedTuple):
    """What a notebook gives the sentences of a split, each beside what the lab gives the same sentence."""

    ids: np.ndarray  # [n * T, 2]
    labels: np.ndarray  # [n, 2]
    why_not: str = ""


def difference(trees: Path, own: Own, padding: int | None) -> str:
    """Why they are not the same, as a clause; empty where they are. `padding`: the id that has to be a padding's."""
    told = {name: two_way(trees / f"{name}.txt") for name in SPLITS}
    encoded, _ = ids([words for words, _ in told.values()])
    meetings = []
    for (name, (words, labels)), rows in zip(told.items(), encoded, strict=True):
        texts = [key(" ".join(sentence)) for sentence in words]
        both = met(own[name], (texts, rows, labels), f"its {name} sentences")
        if both.why_not:
            return both.why_not
        if name == "train" and not renamed(both.labels):
            return OTHER_LABELS
        meetings.append(both.ids)
    every = np.concatenate(meetings)
    if not renamed(every):
        return OTHER_IDS
    if padding is not None and np.any((every[:, 0] == padding) != (every[:, 1] == 0)):
        return f"{padding} is not the id of its paddings alone"
    return ""


def difference_of_bags(lab: str, trees: Path, own: Own) -> str:
    """The same of bags of words: a word is known by the sentences that have it, and how often each does."""
    splits, _ = bags(lab, trees)
    sides: tuple[list[np.ndarray], list[np.ndarray]] = [], []
    for name in SPLITS:
        words, _ = two_way(trees / f"{name}.txt")
        places = {key(" ".join(sentence)): i for i, sentence in enumerate(words)}
        texts, theirs, labels = own[name]
        order = [places.get(key(text), -1) for text in texts]
        rows, right = splits[name]
        if len(texts) != len(rows) or -1 in order:
            return OTHER_SENTENCES.format(of=f"its {name} sentences")
        if name == "train" and not renamed(np.stack([labels, right[order]], axis=1)):
            return OTHER_LABELS
        sides[0].append(theirs)
        sides[1].append(rows[order])
    return "" if comings(sides[0]) == comings(sides[1]) else OTHER_COUNTS


def comings(splits: Sequence[np.ndarray]) -> Counter[bytes]:
    """Of each word in any bag the sentences in which it comes, once for each time."""
    found, before = [], 0
    for rows in splits:
        places, columns = np.nonzero(rows != NOTHING)
        found.append(np.stack([rows[places, columns], places + before], axis=1).astype(np.int64))
        before += len(rows)
    every = np.concatenate(found)
    every = every[np.lexsort((every[:, 1], every[:, 0]))]
    cuts = np.flatnonzero(np.diff(every[:, 0])) + 1
    return Counter(part.tobytes() for part in np.split(every[:, 1], cuts))


def difference_of_pairs(snli: Path, embeddings: Path, own: Own, vectors: np.ndarray) -> str:
    """The same of pairs of sentences, ids [n, 20] each, and of the words' vectors [V, e], which are not trained."""
    corpus, meetings = read([snli, embeddings]), []
    for name in SPLITS:
        both = met(own[name], (keys(snli, name), *corpus.splits[name]), f"its {name} pairs")
        if both.why_not:
            return both.why_not
        if name == "train" and not renamed(both.labels[come_once(own[name][0])]):
            return OTHER_LABELS
        meetings.append(both.ids)
    every = np.unique(np.concatenate(meetings), axis=0)
    if not renamed(every) or every[:, 0].min() < 0 or every[:, 0].max() >= len(vectors):
        return OTHER_IDS
    if corpus.E is None or vectors.shape[1:] != corpus.E.shape[1:]:
        return "its word vectors are not as long as the lab's"
    if float(np.max(np.abs(vectors[every[:, 0]] - corpus.E[every[:, 1]]))) > CLOSE:
        return "its word vectors are not the lab's"
    return ""


def met(own: OfSplit, labs: OfSplit, of: str) -> Met:
    """`labs`: the same of the lab, its sentences as keys. `of`: what they are called in a clause."""
    texts, theirs, labels = own
    known, rows, right = labs
    places = {text: i for i, text in enumerate(known)}
    order = [places.get(key(text), -1) for text in texts]
    nothing = np.zeros((0, 2), np.int64)
    if len(texts) != len(known) or -1 in order:
        return Met(nothing, nothing, OTHER_SENTENCES.format(of=of))
    if theirs.shape != rows.shape:
        return Met(nothing, nothing, f"{of} have {theirs.shape[-1]} ids each, where the lab's have {rows.shape[1]}")
    return Met(np.stack([theirs, rows[order]], axis=-1).reshape(-1, 2), np.stack([labels, right[order]], axis=1))


def come_once(texts: Sequence[str]) -> list[int]:
    """The places of those that do; of a pair that comes again with another label, which is which is not told."""
    seen = Counter(map(key, texts))
    return [i for i, text in enumerate(texts) if seen[key(text)] == 1]


@cache
def keys(snli: Path, split: str) -> tuple[str, ...]:
    return tuple(_keys(snli, split))


def _keys(snli: Path, split: str) -> Iterator[str]:
    with opened(snli / f"snli_1.0_{split}.jsonl") as lines:
        for line in lines:
            pair = json.loads(line)
            if pair["gold_label"] in LABELS:
                yield key(f"{pair['sentence1']} {pair['sentence2']}")


def renamed(pairs: np.ndarray) -> bool:
    """Whether each number on one side always meets the same on the other, both ways."""
    both = np.unique(pairs, axis=0)
    return len(both) == len(np.unique(both[:, 0])) == len(np.unique(both[:, 1]))


def key(sentence: str) -> str:
    return "".join(sentence.lower().split())
