"""Trains Lab2's or Assignment1's classifier by a notebook's own settings, from one start after another.

A sentence is a bag: the ids of its words, with NOTHING behind the last. A product of its counts with a matrix is the
sum of the rows of its words, so that nothing is computed for the thousands of words that it does not have.
"""

from collections.abc import Sequence
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from reference.lab2_mlp import Layer, mlp
from reference.trainings.schedule import Traces, drawn, joined, traces
from reference.trainings.training import RECIPES

NOTHING = -1
CLASSES = 2
Splits = dict[str, tuple[np.ndarray, np.ndarray]]


class BagStarts:
    """The graph is built once and trains whatever seeds are set."""

    def __init__(self, plan: Any, splits: Splits, words: int) -> None:
        """`plan`: a grader.calibration.plan.Plan, of which this package knows nothing."""
        self._plan = plan
        self.splits = {name: (tf.constant(x), tf.constant(labels)) for name, (x, labels) in splits.items()}
        sizes = [words, *plan.hidden, CLASSES]
        self.w: dict[str, tf.Variable] = {}
        for i, (above, below) in enumerate(pairwise(sizes)):
            name = "_cl" if i == len(plan.hidden) else str(i)
            self.w |= {f"W{name}": tf.Variable(tf.zeros([above, below])), f"b{name}": tf.Variable(tf.zeros([below]))}
        self._epoch = tf.function(self._steps, reduce_retracing=False)
        self._predict = tf.function(lambda x: tf.argmax(self.logits(x, 0.0, tf.zeros([2], tf.int32)), axis=1))

    def run(self, seeds: Sequence[int]) -> Traces:
        return joined([self._one(np.random.default_rng(seed)) for seed in seeds])

    def _one(self, dice: np.random.Generator) -> Traces:
        for role, w in self.w.items():
            w.assign(drawn(dice, self._plan.starts[role], tuple(w.shape)))

        def train(rows: np.ndarray) -> None:
            seeds = dice.integers(0, 2**30, (len(rows[0]), 2))
            self._epoch(tf.constant(rows[0], tf.int32), tf.constant(seeds, tf.int32))

        return traces(self._plan, [dice], len(self.splits["train"][1]), train, self._right)

    def _right(self, name: str) -> np.ndarray:
        x, labels = self.splits[name]
        return np.mean(self._predict(x).numpy()[None] == labels.numpy(), axis=1)

    def logits(self, x: tf.Tensor, rate: float, seed: tf.Tensor) -> tf.Tensor:
        """x [B, T] of bags -> [B, C]."""
        there = tf.not_equal(x, NOTHING)
        first, *others = [Layer(w, self.w[f"b{role[1:]}"]) for role, w in self.w.items() if role[0] == "W"]
        rows = tf.where(there[..., None], tf.gather(first.W, tf.maximum(x, 0)), 0.0)
        h = tf.reduce_sum(rows, axis=1) + first.b
        if not others:
            return h
        units = [self.units(rate, seed + i) for i in range(len(others))]
        return mlp(units[0](h), others, units[1:])

    def units(self, rate: float, seed: tf.Tensor) -> Any:
        """Of a hidden layer, from what its matrix and its bias give."""
        if not rate:
            return tf.nn.relu
        return lambda h: tf.nn.experimental.stateless_dropout(tf.nn.relu(h), rate, seed)

    def _steps(self, rows: tf.Tensor, seeds: tf.Tensor) -> None:
        x, labels = self.splits["train"]
        for i in tf.range(tf.shape(rows)[0]):
            self.step(tf.gather(x, rows[i]), tf.gather(labels, rows[i]), seeds[i])

    def step(self, x: tf.Tensor, labels: tf.Tensor, seed: tf.Tensor) -> None:
        """x [B, T], labels [B]."""
        plan = self._plan
        with tf.GradientTape() as tape:
            logits = self.logits(x, plan.dropout, seed)
            cost = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=logits))
        for role, gradient in tape.gradient(cost, self.w).items():
            whole = tf.convert_to_tensor(gradient) + plan.penalty.get(role, 0.0) * self.w[role]
            clipped = tf.clip_by_norm(whole, plan.clip) if plan.clip else whole
            self.w[role].assign_sub(plan.learning_rate * clipped)


@cache
def bags(lab: str, *folders: Path) -> tuple[Splits, int]:
    """Of each split the bags [n, T] and labels; how many words are known."""
    corpus = RECIPES[lab].read(folders)
    return {name: (bags_of(x), labels) for name, (x, labels) in corpus.splits.items()}, corpus.size


def bags_of(counts: np.ndarray) -> np.ndarray:
    """[n, D] -> [n, T]: the places that are counted, each as often as it is, ascending."""
    found = np.full((len(counts), int(counts.sum(axis=1, dtype=np.int64).max(initial=0))), NOTHING, np.int32)
    for row, times in zip(found, counts, strict=True):
        places = np.flatnonzero(times)
        places = np.repeat(places, times[places])
        row[: len(places)] = places
    return found
