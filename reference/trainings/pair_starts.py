"""Trains Lab5's or Assignment 4's classifier by a notebook's own settings, from one start after another."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf

from reference.trainings import training_pairs as pairs
from reference.trainings.schedule import Traces, drawn, joined, traces
from reference.trainings.training_pairs import Corpus, Weights, first_step_of_adam


class Model(NamedTuple):
    shapes: Callable[[int, int], dict[str, tuple[int, ...]]]  # (width of a word's vector, of a state) -> by role
    logits: Callable[[tf.Tensor, Weights], tf.Tensor]


MODELS = {
    "lab5_attention": Model(pairs.attention_shapes, pairs.attention),
    "a4_word_by_word": Model(pairs.word_by_word_shapes, pairs.word_by_word),
}


class PairStarts:
    """The graph is built once; word vectors stay as they are."""

    def __init__(self, plan: Any, corpus: Corpus) -> None:
        """`plan`: a grader.calibration.plan.Plan, of which this package knows nothing."""
        model = MODELS[plan.lab]
        self._plan, self._logits, self.E = plan, model.logits, tf.constant(corpus.E)
        self.splits = {name: (tf.constant(x), tf.constant(labels)) for name, (x, labels) in corpus.splits.items()}
        shapes = model.shapes(plan.embedding, plan.dim)
        self.w: Weights = {role: tf.Variable(tf.zeros(shape)) for role, shape in shapes.items()}
        self._epoch = tf.function(self._steps, reduce_retracing=False)
        self._predict = tf.function(lambda x: tf.argmax(self.logits(x), axis=1))

    def run(self, seeds: Sequence[int]) -> Traces:
        return joined([self._one(np.random.default_rng(seed)) for seed in seeds])

    def _one(self, dice: np.random.Generator) -> Traces:
        for role, w in self.w.items():
            w.assign(drawn(dice, self._plan.starts[role], tuple(w.shape)))
        return traces(self._plan, [dice], len(self.splits["train"][1]), self._train, self._right)

    def _train(self, rows: np.ndarray) -> None:
        self._epoch(tf.constant(rows[0], tf.int32))

    def _right(self, name: str) -> np.ndarray:
        x, labels = self.splits[name]
        return np.mean(self._predict(x).numpy()[None] == labels.numpy(), axis=1)

    def logits(self, x: tf.Tensor) -> tf.Tensor:
        return self._logits(x, {**self.w, "E": self.E})

    def _steps(self, rows: tf.Tensor) -> None:
        x, labels = self.splits["train"]
        for i in tf.range(tf.shape(rows)[0]):
            self.step(tf.gather(x, rows[i]), tf.gather(labels, rows[i]))

    def step(self, x: tf.Tensor, labels: tf.Tensor) -> None:
        """x [B, 20], labels [B]."""
        plan = self._plan
        with tf.GradientTape() as tape:
            costs = tf.nn.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=self.logits(x))
            cost = tf.reduce_mean(costs)
        for role, gradient in tape.gradient(cost, self.w).items():
            clipped = tf.clip_by_norm(gradient, plan.clip) if plan.clip else gradient
            self.w[role].assign_sub(plan.learning_rate * (first_step_of_adam(clipped) if plan.adam else clipped))
