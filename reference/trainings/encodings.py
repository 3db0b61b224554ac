"""Whether a notebook gives each sentence the word ids that the lab gives it, whatever number stands for which word."""

import json
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path

import numpy as np

from reference.trainings.training import ids, two_way
from reference.trainings.training_pairs import LABELS, opened, read

Own = Mapping[str, tuple[Sequence[str], np.ndarray, np.ndarray]]  # by split: sentences, ids [n, T], labels [n]
SPLITS = ("train", "dev", "test")
OTHER_IDS = "its word ids are not the lab's, whatever number stands for which word"
OTHER_LABELS = "its labels are not those of the data"
CLOSE = 1e-5  # in an entry of a word vector


def difference(trees: Path, own: Own, padding: int | None) -> str:
    """Why they are not the same, as a clause; empty where they are. `padding`: the id that has to be a padding's."""
    told = {name: two_way(trees / f"{name}.txt") for name in SPLITS}
    encoded, _ = ids([words for words, _ in told.values()])
    pairs = []
    for (name, (words, labels)), rows in zip(told.items(), encoded, strict=True):
        texts, theirs, their_labels = own[name]
        places = {key(" ".join(sentence)): i for i, sentence in enumerate(words)}
        order = [places.get(key(text), -1) for text in texts]
        if len(texts) != len(words) or -1 in order:
            return f"its {name} sentences are not all of those with a label, and no others"
        if theirs.shape != rows.shape:
            return f"a sentence has {theirs.shape[-1]} ids, where the lab's have {rows.shape[1]}"
        pairs.append(np.stack([theirs, rows[order]], axis=-1).reshape(-1, 2))
        if name == "train" and not renamed(np.stack([their_labels, labels[order]], axis=1)):
            return OTHER_LABELS
    every = np.concatenate(pairs)
    if not renamed(every):
        return OTHER_IDS
    if padding is not None and np.any((every[:, 0] == padding) != (every[:, 1] == 0)):
        return f"{padding} is not the id of its paddings alone"
    return ""


def difference_of_pairs(snli: Path, embeddings: Path, own: Own, vectors: np.ndarray) -> str:
    """The same of pairs of sentences, ids [n, 20] each, and of the words' vectors [V, e], which are not trained."""
    corpus, meetings = read([snli, embeddings]), []
    for name in SPLITS:
        texts, theirs, their_labels = own[name]
        rows, labels = corpus.splits[name]
        places = {text: i for i, text in enumerate(keys(snli, name))}
        order = [places.get(key(text), -1) for text in texts]
        if len(texts) != len(rows) or -1 in order:
            return f"its {name} pairs are not all of those with a label, and no others"
        if theirs.shape != rows.shape:
            return f"a pair has {theirs.shape[-1]} ids, where the lab's have {rows.shape[1]}"
        meetings.append(np.stack([theirs, rows[order]], axis=-1).reshape(-1, 2))
        if name == "train" and not renamed(of_those_alone(texts, their_labels, labels[order])):
            return OTHER_LABELS
    every = np.unique(np.concatenate(meetings), axis=0)
    if not renamed(every) or every[:, 0].min() < 0 or every[:, 0].max() >= len(vectors):
        return OTHER_IDS
    if corpus.E is None or vectors.shape[1:] != corpus.E.shape[1:]:
        return "its word vectors are not as long as the lab's"
    if float(np.max(np.abs(vectors[every[:, 0]] - corpus.E[every[:, 1]]))) > CLOSE:
        return "its word vectors are not the lab's"
    return ""


def of_those_alone(texts: Sequence[str], theirs: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Both labels of each pair that comes once; of one that comes again with another, which is which is not told."""
    seen: dict[str, int] = {}
    for text in texts:
        seen[key(text)] = seen.get(key(text), 0) + 1
    alone = [i for i, text in enumerate(texts) if seen[key(text)] == 1]
    return np.stack([theirs, labels], axis=1)[alone]


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
