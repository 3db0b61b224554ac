"""What trainings on pairs of sentences need: SNLI, word vectors that stay as they are, the models in float32.

Taken from the notebook in reference/solutions: the last 10 words of each sentence in lower case, padded on the left,
ids for all words of the training set, the first 45000 lines of GloVe, zeros for other words.
"""

import bz2
import json
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO, NamedTuple

import numpy as np
import tensorflow as tf

from reference.lab4_gru import Orders, gru
from reference.lab4_gru import Weights as Gates
from reference.lab5_attention import ENCODERS, GATES, Attention, States, over_words, scores
from reference.steps.recurrent import Step

LABELS = {"entailment": 0, "neutral": 1, "contradiction": 2}
LENGTH, WIDTH, CLASSES = 10, 50, 3  # words of a sentence, numbers of a word's vector, labels
VECTORS = 45_000  # lines of GloVe that are read
PADDING, UNKNOWN = 0, 1
EPSILON, BETA_1, BETA_2 = 1e-7, 0.9, 0.999  # Keras' defaults

Pair = tuple[list[str], list[str]]
Weights = dict[str, tf.Variable]


class Corpus(NamedTuple):
    """x [n, D] and labels [n] of train, dev and test; how many words are known; embeddings that are not trained."""

    splits: dict[str, tuple[np.ndarray, np.ndarray]]
    size: int
    E: np.ndarray | None = None


def read(folders: Sequence[Path]) -> Corpus:
    """x [n, 20]: the premise's ids before the hypothesis's."""
    snli, embeddings = folders
    found = {name: list(labelled(snli / f"snli_1.0_{name}.jsonl")) for name in ("train", "dev", "test")}
    words = dict.fromkeys(word for pair, _ in found["train"] for sentence in pair for word in sentence)
    places = {word: place for place, word in enumerate(words, UNKNOWN + 1)}
    splits = {
        name: (
            np.array([[*ids(pair[0], places), *ids(pair[1], places)] for pair, _ in rows], np.int32),
            np.array([label for _, label in rows], np.int32),
        )
        for name, rows in found.items()
    }
    return Corpus(splits, len(places) + 2, vectors(embeddings / "glove.6B.50d.txt", places))


def opened(plain: Path) -> IO[str]:
    packed = plain.with_name(f"{plain.name}.bz2")
    return plain.open(encoding="utf-8") if plain.is_file() else bz2.open(packed, "rt", encoding="utf-8")


def labelled(file: Path) -> Iterator[tuple[Pair, int]]:
    with opened(file) as lines:
        for line in lines:
            pair = json.loads(line)
            if pair["gold_label"] in LABELS:
                premise, hypothesis = (words_of(pair[f"sentence{n}_binary_parse"]) for n in (1, 2))
                yield (premise, hypothesis), LABELS[pair["gold_label"]]


def words_of(parse: str) -> list[str]:
    return re.sub(r"\(|\)", " ", parse).lower().split()


def ids(words: list[str], places: dict[str, int]) -> list[int]:
    last = [places.get(word, UNKNOWN) for word in words[-LENGTH:]]
    return [PADDING] * (LENGTH - len(last)) + last


def vectors(file: Path, places: dict[str, int]) -> np.ndarray:
    found = np.zeros((len(places) + 2, WIDTH), np.float32)
    with opened(file) as lines:
        for _, line in zip(range(VECTORS), lines, strict=False):
            word, *numbers = line.split()
            if word in places:
                found[places[word]] = np.array(numbers, np.float32)
    return found


def attention_shapes(width: int, d: int) -> dict[str, tuple[int, ...]]:
    cells = {
        f"{kind}_{gate}_{name}": shape
        for name in ENCODERS
        for gate in GATES
        for kind, shape in (("W", (width + d, d)), ("b", (d,)))
    }
    return cells | {
        "W_y": (d, d), "W_h": (d, d), "w": (d, 1),
        "W_combination": (2 * d, d), "b_combination": (d,), "W_cl": (d, CLASSES), "b_cl": (CLASSES,),
    }  # fmt: skip


def attention(x: tf.Tensor, w: Weights) -> tf.Tensor:
    """x [B, 20] of ids -> logits [B, 3]."""
    Y = states(x[:, :LENGTH], w, "p", tf.zeros([tf.shape(x)[0], dim(w)]))
    s = States(Y, states(x[:, LENGTH:], w, "h", Y[:, -1]))
    alpha = over_words(scores(s, Attention(w["W_y"], w["W_h"], w["w"][:, 0])))
    r = tf.reduce_sum(Y * alpha[..., None], axis=1)
    h_star = tf.tanh(tf.concat([r, s.h], axis=1) @ w["W_combination"] + w["b_combination"])
    return h_star @ w["W_cl"] + w["b_cl"]


def word_by_word_shapes(width: int, d: int) -> dict[str, tuple[int, ...]]:
    """One encoder for both sentences, s, and a matching GRU, m, whose input is as wide as two states."""
    cells = {
        f"{kind}_{gate}_{name}": shape
        for name, wide in (("s", width), ("m", 2 * d))
        for gate in GATES
        for kind, shape in (("W", (wide + d, d)), ("b", (d,)))
    }
    return cells | {"W_attn": (2 * d, d), "W_cl": (d, CLASSES), "b_cl": (CLASSES,)}


def word_by_word(x: tf.Tensor, w: Weights) -> tf.Tensor:
    """x [B, 20] of ids -> logits [B, 3]."""
    m = zeros = tf.zeros([tf.shape(x)[0], dim(w)])
    Y, T = (states(part, w, "s", zeros) for part in (x[:, :LENGTH], x[:, LENGTH:]))
    match = cell(w, "m")
    for k in range(LENGTH):
        query = tf.concat([T[:, k], m], axis=1) @ w["W_attn"]
        alpha = tf.nn.softmax(tf.linalg.matvec(Y, query), axis=1)
        a = tf.linalg.matvec(Y, alpha, transpose_a=True)
        m = match(tf.concat([a, T[:, k]], axis=1), m)
    return m @ w["W_cl"] + w["b_cl"]


def cell(w: Weights, name: str) -> Step:
    gates = {f"{kind}_{gate}": w[f"{kind}_{gate}_{name}"] for gate in GATES for kind in "Wb"}
    return gru(Gates(E=w["E"], W_cl=None, b_cl=None, **gates), Orders(*["eh"] * 3))


def states(x: tf.Tensor, w: Weights, name: str, h: tf.Tensor) -> tf.Tensor:
    """All states of the encoder `name` over x [B, 10], begun with h: [B, 10, d].

    Every product with a word's vector is taken at once; a matrix of a gate has the word above the state.
    """
    d = dim(w)
    W = {gate: w[f"W_{gate}_{name}"] for gate in GATES}
    told = tf.gather(w["E"], x) @ tf.concat([W[gate][:-d] for gate in GATES], axis=1)
    told = tf.unstack(told + tf.concat([w[f"b_{gate}_{name}"] for gate in GATES], axis=0), axis=1)
    gating, of_candidate = tf.concat([W["z"][-d:], W["r"][-d:]], axis=1), W["rnn"][-d:]
    found = []
    for word in told:
        z, r = tf.split(tf.sigmoid(word[:, : 2 * d] + h @ gating), 2, axis=1)
        h += z * (tf.tanh(word[:, 2 * d :] + (r * h) @ of_candidate) - h)
        found.append(h)
    return tf.stack(found, axis=1)


def dim(w: Weights) -> int:
    """Of a state."""
    return int(w["W_cl"].shape[0])


def first_step_of_adam(gradient: tf.Tensor) -> tf.Tensor:
    """What Keras' Adam subtracts first, as a multiple of its learning rate: nearly the sign of the gradient.

    Kingma and Ba 2015, algorithm 1, in the form given before section 2.1, at t = 1.
    """
    rate = tf.sqrt(1 - BETA_2) / (1 - BETA_1)
    return rate * (1 - BETA_1) * gradient / (tf.sqrt((1 - BETA_2) * gradient**2) + EPSILON)
