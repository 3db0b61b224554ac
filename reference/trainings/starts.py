"""Trains a recurrent classifier of Lab3 or Lab4 from several start values at once, each as if it were alone.

A notebook's own settings decide, so that what it would reach is told without its own, slow loop. Every array has one
more axis in front, S, for the starts; a graph of many small steps then costs hardly more than for one. Letters as in
reference/steps/recurrent.py, but that a batch lies along the last axis, where it is long: states [S, d, B].
"""

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from reference.trainings import training_pairs as pairs
from reference.trainings.bag_starts import BagStarts, bags
from reference.trainings.pair_starts import MODELS, PairStarts
from reference.trainings.schedule import Traces, drawn, traces
from reference.trainings.training import RECIPES
from reference.trainings.training_pairs import Corpus

GATES = {"lab3_rnn": ("rnn",), "lab4_gru": ("z", "r", "rnn")}
PADDING = 0
Variables = dict[str, tf.Variable]
Tensors = dict[str, tf.Tensor]


class Starts:
    """The classifiers of these seeds; the graph is built once and trains whatever seeds are set."""

    def __init__(self, plan: Any, corpus: Corpus, count: int) -> None:
        """`plan`: a grader.calibration.plan.Plan, of which this package knows nothing."""
        self._plan, self._count, self._words = plan, count, corpus.size
        self._gates = GATES[plan.lab]
        self.splits = {name: (tf.constant(x), tf.constant(labels)) for name, (x, labels) in corpus.splits.items()}
        self.w: Variables = {role: tf.Variable(tf.zeros([count, *shape])) for role, shape in self._shapes().items()}
        self._epoch = tf.function(self._steps, reduce_retracing=False)
        self._predict = tf.function(self.predicted)

    def _shapes(self) -> dict[str, tuple[int, ...]]:
        e, d = self._plan.embedding, self._plan.dim
        cell = {f"{kind}_{g}": shape for g in self._gates for kind, shape in (("W", (d + e, d)), ("b", (d,)))}
        return {"E": (self._words, e), **cell, "W_cl": (d, 2), "b_cl": (2,)}

    def run(self, seeds: Sequence[int]) -> Traces:
        """As many seeds as there are classifiers."""
        dice = [np.random.default_rng(seed) for seed in seeds]
        for role, w in self.w.items():
            w.assign(np.stack([drawn(one, self._plan.starts[role], tuple(w.shape[1:])) for one in dice]))
        return traces(self._plan, dice, len(self.splits["train"][1]), self._train, self._right)

    def _train(self, rows: np.ndarray) -> None:
        self._epoch(tf.constant(rows, tf.int32))

    def _right(self, name: str) -> np.ndarray:
        x, labels = self.splits[name]
        return np.mean(self._predict(x).numpy() == labels.numpy()[None], axis=1)

    def predicted(self, x: tf.Tensor) -> tf.Tensor:
        """x [n, T] -> classes [S, n]."""
        every = tf.tile(x[None], [self._count, 1, 1])
        return tf.argmax(self.logits(self.vectors(every), every), axis=1)

    def _steps(self, rows: tf.Tensor) -> None:
        x, labels = self.splits["train"]
        for i in tf.range(tf.shape(rows)[1]):
            self.step(tf.gather(x, rows[:, i]), tf.gather(labels, rows[:, i]))

    def step(self, x: tf.Tensor, labels: tf.Tensor) -> None:
        """x [S, B, T], labels [S, B]."""
        plan = self._plan
        e = self.vectors(x)
        others = {role: w for role, w in self.w.items() if role != "E"}
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(e)
            tape.watch(list(others.values()))
            by_row = tf.transpose(self.logits(e, x), [0, 2, 1])
            costs = tf.nn.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=by_row)
            cost = tf.reduce_sum(tf.reduce_mean(costs, axis=1))
        of_words, gradients = tape.gradient(cost, [e, others])
        gradients = {role: g + plan.penalty.get(role, 0.0) * self.w[role] for role, g in gradients.items()}
        cut = {role: self.cut(role, gradient) for role, gradient in gradients.items()}
        self._update({"E": self.dense(self.clipped(of_words), x)} | cut)

    def vectors(self, x: tf.Tensor) -> tf.Tensor:
        """[S, B, T, e], from one table in which the classifiers' embeddings lie one below the other."""
        return tf.gather(tf.reshape(self.w["E"], [-1, self._plan.embedding]), self.places(x))

    def places(self, x: tf.Tensor) -> tf.Tensor:
        return x + (tf.range(self._count) * self._words)[:, None, None]

    def logits(self, e: tf.Tensor, x: tf.Tensor) -> tf.Tensor:
        """[S, C, B] of the last state; every product with a word's vector is taken at once."""
        d, width, batch, length = self._plan.dim, self._plan.embedding, tf.shape(e)[1], e.shape[2]
        of_words = tf.concat([self.w[f"W_{g}"][:, d:] for g in self._gates], axis=2)
        of_state = {g: tf.linalg.matrix_transpose(self.w[f"W_{g}"][:, :d]) for g in self._gates}
        gating = tf.concat([of_state[g] for g in self._gates[:-1]], axis=1) if len(self._gates) > 1 else None
        bias = tf.concat([self.w[f"b_{g}"] for g in self._gates], axis=1)[:, :, None]
        side = tf.reshape(tf.transpose(e, [0, 3, 2, 1]), [self._count, width, length * batch])
        told = tf.matmul(of_words, side, transpose_a=True)
        told = tf.unstack(tf.reshape(told, [self._count, len(self._gates) * d, length, batch]), axis=2)
        read = tf.unstack(tf.not_equal(x, PADDING), axis=2)
        h = tf.zeros([self._count, d, batch])
        for t in range(length):
            new = self.cell(told[t] + bias, h, gating, of_state["rnn"])
            h = tf.where(read[t][:, None], new, h) if self._plan.skips_padding else new
        return tf.matmul(self.w["W_cl"], h, transpose_a=True) + self.w["b_cl"][:, :, None]

    def cell(self, e: tf.Tensor, h: tf.Tensor, gating: tf.Tensor | None, W: tf.Tensor) -> tf.Tensor:
        d = self._plan.dim
        if gating is None:
            return tf.tanh(e + W @ h)
        of_gates, of_candidate = tf.split(e, [2 * d, d], axis=1)
        z, r = tf.split(tf.sigmoid(of_gates + gating @ h), 2, axis=1)
        return h + z * (tf.tanh(of_candidate + W @ (r * h)) - h)

    def cut(self, role: str, g: tf.Tensor) -> tf.Tensor:
        if not self._plan.apart or role[0] == "b" or role == "W_cl":
            return self.clipped(g)
        halves = tf.split(g, [self._plan.dim, self._plan.embedding], axis=1)
        return tf.concat([self.clipped(half) for half in halves], axis=1)

    def clipped(self, g: tf.Tensor) -> tf.Tensor:
        """Of each classifier alone; embeddings before those of one word are added up, as TensorFlow does it."""
        if not self._plan.clip:
            return g
        norm = tf.sqrt(tf.reduce_sum(g * g, axis=list(range(1, len(g.shape))), keepdims=True))
        return g * (self._plan.clip / tf.maximum(norm, self._plan.clip))

    def dense(self, of_words: tf.Tensor, x: tf.Tensor) -> tf.Tensor:
        width = self._plan.embedding
        rows, places = tf.reshape(of_words, [-1, width]), tf.reshape(self.places(x), [-1])
        added = tf.math.unsorted_segment_sum(rows, places, self._count * self._words)
        return tf.reshape(added, [self._count, self._words, width])

    def _update(self, gradients: Tensors) -> None:
        for role, g in gradients.items():
            self.w[role].assign_sub(self._plan.learning_rate * g)


@cache
def corpus_of(lab: str, *folders: Path) -> Corpus:
    return pairs.read(folders) if lab in MODELS else RECIPES[lab].read(folders)


def course(plan: Any, count: int, *folders: Path) -> Starts | PairStarts | BagStarts:
    if plan.lab not in GATES and plan.lab not in MODELS:
        return BagStarts(plan, *bags(plan.lab, *folders))
    corpus = corpus_of(plan.lab, *folders)
    return PairStarts(plan, corpus) if plan.lab in MODELS else Starts(plan, corpus, count)
