"""Trains a lab's model as its solution notebook does, compiled: a run is one draw from what a right answer reaches.

Taken from the notebooks in reference/solutions: encoding, initial values, minibatches (shuffled each epoch, the last
incomplete one dropped), optimizer, penalty, clipping, dropout. Accuracies are those of `classify`: without dropout.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf

from reference import Accuracies, a1_logistic_regression, lab2_mlp, lab3_rnn, lab4_gru
from reference.steps.recurrent import logits as last_logits
from reference.trainings.training_pairs import Corpus

TWO_WAY = {"0": 0, "1": 0, "3": 1, "4": 1}
LENGTH = 20  # words of a sentence that the recurrent labs read
PADDING, UNKNOWN = 0, 1

Sentences = list[list[str]]
Weights = dict[str, tf.Variable]
Encode = Callable[[Sequence[Sentences]], tuple[list[np.ndarray], int]]  # train first; the size: words it knows
Forward = Callable[[tf.Tensor, Weights, tf.Tensor], tf.Tensor]  # (x, weights, seed of the dropout) -> logits


class Recipe(NamedTuple):
    read: Callable[[Sequence[Path]], Corpus]  # from the folders of the course's data it needs
    shapes: Callable[[int], dict[str, tuple[int, ...]]]
    forward: Callable[[float], Forward]  # with this rate of dropout
    penalised: tuple[str, ...] = ()


class Split(NamedTuple):
    x: tf.Tensor
    labels: tf.Tensor


def treebank(encode: Encode) -> Callable[[Sequence[Path]], Corpus]:
    """Its sentences, encoded by what their training part holds."""

    def read(folders: Sequence[Path]) -> Corpus:
        (trees,) = folders
        found = {name: two_way(trees / f"{name}.txt") for name in ("train", "dev", "test")}
        encoded, size = encode([words for words, _ in found.values()])
        labels = (labels for _, labels in found.values())
        return Corpus(dict(zip(found, zip(encoded, labels, strict=True), strict=True)), size)

    return read


def two_way(path: Path) -> tuple[Sentences, np.ndarray]:
    """The words and the label of each sentence; middling ones are left out."""
    lines = [line for line in path.read_text(encoding="utf-8").splitlines() if line[1:2] in TWO_WAY]
    words = [re.sub(r"\(\d|\)", " ", line).split() for line in lines]
    return words, np.array([TWO_WAY[line[1]] for line in lines], np.int32)


def counts(more_than: int) -> Callable[[Sequence[Sentences]], tuple[list[np.ndarray], int]]:
    """Bags of the words that the training set holds more than so many times."""

    def encode(splits: Sequence[Sentences]) -> tuple[list[np.ndarray], int]:
        seen = Counter(word for sentence in splits[0] for word in sentence)
        places = {word: i for i, word in enumerate(word for word in seen if seen[word] > more_than)}
        return [bags(sentences, places) for sentences in splits], len(places)

    return encode


def bags(sentences: Sentences, places: dict[str, int]) -> np.ndarray:
    found = np.zeros((len(sentences), len(places)), np.uint8)
    for row, sentence in enumerate(sentences):
        for word in sentence:
            if word in places:
                found[row, places[word]] += 1
    return found


def ids(splits: Sequence[Sentences]) -> tuple[list[np.ndarray], int]:
    """The last 20 words in lower case, padded on the left; words seen ten times or less are unknown."""
    seen = Counter(word.lower() for sentence in splits[0] for word in sentence)
    places = {word: i for i, word in enumerate((word for word in seen if seen[word] > 10), UNKNOWN + 1)}
    encoded = []
    for sentences in splits:
        found = np.full((len(sentences), LENGTH), PADDING, np.int32)
        for row, sentence in enumerate(sentences):
            last = sentence[-LENGTH:]
            found[row, LENGTH - len(last) :] = [places.get(word.lower(), UNKNOWN) for word in last]
        encoded.append(found)
    return encoded, len(places) + 2


def linear(rate: float) -> Forward:
    return lambda x, w, seed: a1_logistic_regression.logits(
        tf.cast(x, tf.float32), a1_logistic_regression.Weights(w["W"], w["b"])
    )


def perceptron(rate: float) -> Forward:
    def dropped(seed: tf.Tensor) -> Callable[[tf.Tensor], tf.Tensor]:
        if not rate:
            return tf.nn.relu
        return lambda h: tf.nn.experimental.stateless_dropout(tf.nn.relu(h), rate, seed)

    def forward(x: tf.Tensor, w: Weights, seed: tf.Tensor) -> tf.Tensor:
        layers = [lab2_mlp.Layer(w[f"W{i}"], w[f"b{i}"]) for i in range(3)]
        return lab2_mlp.mlp(tf.cast(x, tf.float32), layers, [dropped(seed), dropped(seed + 1)])

    return forward


def recurrent(rate: float) -> Forward:
    def forward(x: tf.Tensor, w: Weights, seed: tf.Tensor) -> tf.Tensor:
        weights = lab3_rnn.Weights(**w)
        return last_logits(x, weights.out, weights.dim, lab3_rnn.rnn(weights))

    return forward


def gated(rate: float) -> Forward:
    def forward(x: tf.Tensor, w: Weights, seed: tf.Tensor) -> tf.Tensor:
        weights = lab4_gru.Weights(**w)
        return last_logits(x, weights.out, weights.dim, lab4_gru.gru(weights))

    return forward


def recurrent_shapes(dim: int, gates: Sequence[str]) -> Callable[[int], dict[str, tuple[int, ...]]]:
    def shapes(vocabulary: int) -> dict[str, tuple[int, ...]]:
        cell = {f"{kind}_{gate}": shape for gate in gates for kind, shape in (("W", (8 + dim, dim)), ("b", (dim,)))}
        return {"E": (vocabulary, 8), **cell, "W_cl": (dim, 2), "b_cl": (2,)}

    return shapes


RECIPES = {
    "a1_logistic_regression": Recipe(
        treebank(counts(more_than=0)),
        lambda dim: {"W": (dim, 2), "b": (2,)},
        linear,
    ),
    "lab2_mlp": Recipe(
        treebank(counts(more_than=10)),
        lambda dim: {"W0": (dim, 50), "b0": (50,), "W1": (50, 50), "b1": (50,), "W2": (50, 2), "b2": (2,)},
        perceptron,
    ),
    "lab3_rnn": Recipe(
        treebank(ids),
        recurrent_shapes(24, ["rnn"]),
        recurrent,
        penalised=("W_rnn", "W_cl"),
    ),
    "lab4_gru": Recipe(
        treebank(ids),
        recurrent_shapes(12, ["rnn", "z", "r"]),
        gated,
        penalised=("W_rnn", "W_z", "W_r", "W_cl"),
    ),
}


class Course:
    """A lab's model over the data in these folders, compiled once; its variables are set anew for each run."""

    def __init__(self, lab: str, settings: Any, *folders: Path) -> None:
        self._recipe = RECIPES[lab]
        corpus = self._recipe.read(folders)
        self.splits = {name: Split(tf.constant(x), tf.constant(labels)) for name, (x, labels) in corpus.splits.items()}
        self.w: Weights = {
            role: tf.Variable(tf.zeros(shape), name=role) for role, shape in self._recipe.shapes(corpus.size).items()
        }
        self._settings = settings
        self._train = self._recipe.forward(self._settings.dropout)
        self._classify = self._recipe.forward(0.0)
        self._epoch = tf.function(self._steps)
        self._predict = tf.function(lambda x: tf.argmax(self._classify(x, self.w, tf.zeros([2], tf.int32)), axis=1))

    def run(self, seed: int, marks: Sequence[int]) -> Accuracies:
        """One training; the accuracies after each number of epochs in `marks`."""
        dice = np.random.default_rng(seed)
        for role, variable in self.w.items():
            of_matrices = self._settings.embedding_stddev if role == "E" else self._settings.stddev
            spread = of_matrices if len(variable.shape) > 1 else self._settings.bias_stddev
            variable.assign(dice.normal(0.0, spread, variable.shape))
        found: Accuracies = {}
        for epoch, (rows, seeds) in enumerate(self._minibatches(dice, max(marks)), 1):
            self._epoch(rows, seeds)
            if epoch in marks:
                found[epoch] = {name: self._accuracy(self.splits[name]) for name in ("dev", "test")}
        return found

    def _minibatches(self, dice: np.random.Generator, epochs: int) -> Iterator[tuple[tf.Tensor, tf.Tensor]]:
        """For each epoch the examples of its steps [steps, batch], and a seed for the dropout of each step."""
        batch = self._settings.batch
        steps = len(self.splits["train"].labels) // batch
        for _ in range(epochs):
            rows = dice.permutation(len(self.splits["train"].labels))[: steps * batch].reshape(steps, batch)
            yield tf.constant(rows, tf.int32), tf.constant(dice.integers(0, 2**30, (steps, 2)), tf.int32)

    def _steps(self, rows: tf.Tensor, seeds: tf.Tensor) -> None:
        x, labels = self.splits["train"]
        for step in tf.range(tf.shape(rows)[0]):
            self.step(tf.gather(x, rows[step]), tf.gather(labels, rows[step]), seeds[step])

    def step(self, x: tf.Tensor, labels: tf.Tensor, seed: tf.Tensor) -> None:
        """On one minibatch: x [B, D] of counts or [B, T] of ids."""
        settings = self._settings
        with tf.GradientTape() as tape:
            logits = self._train(x, self.w, seed)
            cost = a1_logistic_regression.cross_entropy(logits, labels)
            for role in self._recipe.penalised:
                cost += settings.l2 * tf.reduce_sum(self.w[role] ** 2)
        gradients = tape.gradient(cost, self.w)
        for role, gradient in gradients.items():
            clipped = tf.clip_by_norm(gradient, settings.clip) if settings.clip else gradient
            self.w[role].assign_sub(settings.learning_rate * tf.convert_to_tensor(clipped))

    def _accuracy(self, split: Split) -> float:
        return float(np.mean(self._predict(split.x).numpy() == split.labels.numpy()))


@cache
def course(lab: str, settings: Any, *folders: Path) -> Course:
    return Course(lab, settings, *folders)
