"""What the recurrent classifiers of Lab3 and Lab4 share: words to vectors, the unrolling, the classifier on the last state.

Shapes: x [B, T] of word ids, E [V, e], every recurrent matrix [e + d, d], every bias [d], W_cl [d, C], b_cl [C].
"""

from collections.abc import Callable, Iterable
from typing import NamedTuple

import tensorflow as tf

Step = Callable[[tf.Tensor, tf.Tensor], tf.Tensor]  # (e_t [B, e], h_{t-1} [B, d]) -> h_t [B, d]


class Readout(NamedTuple):
    E: tf.Tensor
    W_cl: tf.Tensor
    b_cl: tf.Tensor


def joined(e: tf.Tensor, h: tf.Tensor, order: str) -> tf.Tensor:
    """[e; h] for "eh", [h; e] for "he": [B, e + d]. Both are right; the rows of the matrix then mean other things."""
    return tf.concat([e, h] if order == "eh" else [h, e], axis=1)


def logits(x: tf.Tensor, out: Readout, dim: int, step: Step, words: Iterable[int] | None = None) -> tf.Tensor:
    """h_0 = 0, h_t = step(E[x_t], h_{t-1}), logits = h_T W_cl + b_cl: [B, C]. `words`: which positions are read, in order."""
    h = tf.zeros([tf.shape(x)[0], dim], tf.float64)
    for t in range(x.shape[1]) if words is None else words:
        h = step(tf.gather(out.E, x[:, t]), h)
    return h @ out.W_cl + out.b_cl


def forgetful(x: tf.Tensor, out: Readout, dim: int, step: Step) -> tf.Tensor:
    """The state is not carried: every word starts from zeros, so that only the last one counts."""
    return logits(x, out, dim, step, words=[x.shape[1] - 1])
