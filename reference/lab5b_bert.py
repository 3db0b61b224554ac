"""Lab on transformers: how BERT's inputs are made of a pair of sentences, and the loss of its scores.

word pieces   the longest piece of the vocabulary that begins the word, then the longest one with ## that goes on, …;
              [UNK] for the whole word where that comes to no end; no Chinese     (Wu et al. 2016; Devlin et al. 2019)
inputs        [CLS] premise [SEP] hypothesis [SEP], then [PAD] = 0
              token_type_ids 0 up to the first [SEP], 1 up to the second       (Devlin et al. 2019, fig. 2)
              attention_mask 1 where there is a piece, 0 where there is padding
loss          mean over examples of -log softmax(s)_y

Rows of a question are brought to one width with zeros, which is what [PAD] is.
"""

import unicodedata
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path

import numpy as np

from reference import Answers, Case

LONGEST_WORD = 100
ANY = -1  # a type that may be 0 or 1
ROOM = 3  # [CLS] and two [SEP]
ALMOST = 1e-7  # Keras keeps what it takes for probabilities so far from 0 and 1


class WordPieces:
    """The vocabulary of a checkpoint and how it cuts text; `lower` as its tokenizer does without case."""

    def __init__(self, checkpoint: str, lower: bool) -> None:
        pieces = (Path(checkpoint) / "vocab.txt").read_text(encoding="utf-8").splitlines()
        self.ids = {piece: number for number, piece in enumerate(pieces)}
        self.lower = lower
        self.known: dict[str, list[int]] = {}

    def of_text(self, text: str) -> list[int]:
        return [piece for word in words(text.lower() if self.lower else text) for piece in self.of_word(word)]

    def of_word(self, word: str) -> list[int]:
        if word not in self.known:
            self.known[word] = self.cut(unaccented(word) if self.lower else word)
        return self.known[word]

    def cut(self, word: str) -> list[int]:
        found: list[int] = []
        start = 0
        while start < len(word):
            mark = "##" if start else ""
            end = next((e for e in range(len(word), start, -1) if mark + word[start:e] in self.ids), None)
            if end is None or len(word) > LONGEST_WORD:
                return [self.ids["[UNK]"]]
            found.append(self.ids[mark + word[start:end]])
            start = end
        return found


@cache
def pieces_of(checkpoint: str, lower: bool) -> WordPieces:
    return WordPieces(checkpoint, lower)


def words(text: str) -> Iterator[str]:
    """Cut at spaces and around every sign that is neither letter nor digit."""
    word = ""
    for sign in text:
        if sign.isspace() or is_punctuation(sign):
            if word:
                yield word
            word = ""
            if not sign.isspace():
                yield sign
        else:
            word += sign
    if word:
        yield word


def is_punctuation(sign: str) -> bool:
    return (sign.isascii() and not sign.isalnum() and sign.isprintable()) or unicodedata.category(sign)[0] == "P"


def unaccented(word: str) -> str:
    return "".join(sign for sign in unicodedata.normalize("NFD", word) if unicodedata.category(sign) != "Mn")


def cut_longest(p: list[int], h: list[int], length: int) -> tuple[list[int], list[int]]:
    """Piece by piece off the end of the longer one, until both fit into `length`."""
    p, h = list(p), list(h)
    while len(p) + len(h) + ROOM > length > 0:
        (p if len(p) > len(h) else h).pop()
    return p, h


def rows(lists: Sequence[list[int]]) -> np.ndarray:
    """[n, longest], filled with 0."""
    found = np.zeros((len(lists), max(map(len, lists), default=0)), np.int64)
    for row, values in zip(found, lists, strict=True):
        row[: len(values)] = values
    return found


def of_pairs(p: Sequence[list[int]], h: Sequence[list[int]], c: int, s: int) -> dict[str, list[list[int]]]:
    """Rows by explanation, the right one first, with c for [CLS] and s for [SEP]; behind a slash stand other forms."""
    both = list(zip(p, h, strict=True))
    return {
        "deck": [[c, *a, s, *b, s] for a, b in both],
        "hypothesis-first": [[c, *b, s, *a, s] for a, b in both],
        "one-sentence/premise": [[c, *a, s] for a, _ in both],
        "one-sentence/hypothesis": [[c, *b, s] for _, b in both],
        "one-sentence/premise-twice": [[c, *a, s, *a, s] for a, _ in both],
        "one-sentence/hypothesis-twice": [[c, *b, s, *b, s] for _, b in both],
        "joined/one-after-the-other": [[c, *a, *b, s] for a, b in both],
        "joined/hypothesis-first": [[c, *b, *a, s] for a, b in both],
        "encoded-apart/in-one-row": [[c, *a, s, c, *b, s] for a, b in both],
        "encoded-apart/in-one-row-hypothesis-first": [[c, *b, s, c, *a, s] for a, b in both],
        "encoded-apart/rows-below": [[c, *x, s] for side in (p, h) for x in side],
        "encoded-apart/rows-in-turn": [[c, *x, s] for pair in both for x in pair],
        "special-pieces/none": [[*a, *b] for a, b in both],
        "special-pieces/one-sep": [[*a, s, *b] for a, b in both],
        "special-pieces/no-cls": [[*a, s, *b, s] for a, b in both],
        "special-pieces/no-last-sep": [[c, *a, s, *b] for a, b in both],
        "special-pieces/doubled": [[c, c, *a, s, s, *b, s, s] for a, b in both],
        "special-pieces/outer-twice": [[c, c, *a, s, *b, s, s] for a, b in both],
        "special-pieces/first-twice": [[c, c, *a, s, *b, s] for a, b in both],
        "special-pieces/last-twice": [[c, *a, s, *b, s, s] for a, b in both],
        "special-pieces/two-seps-between": [[c, *a, s, s, *b, s] for a, b in both],
    }


def types_of(p: Sequence[int], h: Sequence[int]) -> dict[str, list[list[int]]]:
    """token_type_ids for so many pieces of each sentence, by explanation: 0 in the first one, 1 in the second."""
    first, second = ([[number] * count for count in counts] for number, counts in ((0, p), (1, h)))
    told = of_pairs(first, second, ANY, ANY)
    found = {name: types for name, types in told.items() if name.startswith("special-pieces")}
    turned = of_pairs([[1] * count for count in p], [[0] * count for count in h], ANY, ANY)
    right = [[0] * (one + 2) + [1] * (other + 1) for one, other in zip(p, h, strict=True)]
    return {"deck": right, "hypothesis-first": turned["hypothesis-first"], **found}


def pairs(case: Case) -> Answers:
    """case checkpoint, premises [n], hypotheses [n], length (0: any) -> ids [rows, width] by explanation.

    Those in which both sentences stand apart come with types [n, width] too, ANY where either will do. Each in both
    cases of letters; those of lower case say so.
    """
    found: Answers = {}
    for lower in (False, True):
        pieces = pieces_of(case["checkpoint"], lower)
        premises, hypotheses = ([pieces.of_text(text) for text in case[side]] for side in ("premises", "hypotheses"))
        cut = [cut_longest(p, h, case["length"]) for p, h in zip(premises, hypotheses, strict=True)]
        end = "/lower" if lower else ""
        special = pieces.ids["[CLS]"], pieces.ids["[SEP]"]
        for name, ids in of_pairs([p for p, _ in cut], [h for _, h in cut], *special).items():
            found[f"{name}{end}"] = {"ids": rows(ids)}
        for name, types in types_of([len(p) for p, _ in cut], [len(h) for _, h in cut]).items():
            found[f"{name}{end}"]["types"] = rows(types)
    return dict(sorted(found.items(), key=lambda item: not item[0].startswith("deck")))


def loss(case: Case) -> Answers:
    """case scores [n, classes], labels [n] -> the mean cross-entropy by what the loss takes the scores for."""
    scores, labels = np.asarray(case["scores"], float), np.asarray(case["labels"])
    clipped = np.clip(scores, ALMOST, 1 - ALMOST)
    log_softmax = scores - np.log(np.exp(scores).sum(1, keepdims=True))
    return {
        "scores": {"loss": cross_entropy(scores, labels)},
        "probabilities": {"loss": cross_entropy(np.log(clipped), labels)},
        "probabilities/shares": {"loss": -np.mean(np.log(shares(scores))[np.arange(len(labels)), labels])},
        "softmax_twice": {"loss": cross_entropy(np.exp(log_softmax), labels)},
    }


def shares(scores: np.ndarray) -> np.ndarray:
    """As Keras divides rows by their sums for one-hot labels, then keeps them away from 0 and 1."""
    return np.clip(scores / scores.sum(1, keepdims=True), ALMOST, 1 - ALMOST)


def cross_entropy(scores: np.ndarray, labels: np.ndarray) -> np.ndarray:
    log_softmax = scores - np.log(np.exp(scores).sum(1, keepdims=True))
    return np.asarray(-np.mean(log_softmax[np.arange(len(labels)), labels]))


QUESTIONS = {"pairs": pairs, "loss": loss}
