"""Whether a notebook gives each sentence the word ids that the lab gives it, whatever number stands for which word."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from reference.trainings.training import ids, two_way

Own = Mapping[str, tuple[Sequence[str], np.ndarray, np.ndarray]]  # by split: sentences, ids [n, T], labels [n]


def difference(trees: Path, own: Own, padding: int | None) -> str:
    """Why they are not the same, as a clause; empty where they are. `padding`: the id that has to be a padding's."""
    told = {name: two_way(trees / f"{name}.txt") for name in ("train", "dev", "test")}
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
            return "its labels are not those of the data"
    every = np.concatenate(pairs)
    if not renamed(every):
        return "its word ids are not the lab's, whatever number stands for which word"
    if padding is not None and np.any((every[:, 0] == padding) != (every[:, 1] == 0)):
        return f"{padding} is not the id of its paddings alone"
    return ""


def renamed(pairs: np.ndarray) -> bool:
    """Whether each number on one side always meets the same on the other, both ways."""
    both = np.unique(pairs, axis=0)
    return len(both) == len(np.unique(both[:, 0])) == len(np.unique(both[:, 1]))


def key(sentence: str) -> str:
    return "".join(sentence.lower().split())
