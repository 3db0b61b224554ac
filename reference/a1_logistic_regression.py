"""Assignment1: logistic regression with an L2 penalty.

Deck, "Assignment1: Logistic Regression, SGD, and Regularization":

    logits = x W + b
    J(W) = −log softmax(logits)[label], averaged over the batch, + λ Σ W²

Shapes: x [B, D], W [D, C], b [C], labels [B] of int.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import tensorflow as tf

from reference import Answers, Case


class Weights(NamedTuple):
    W: tf.Tensor
    b: tf.Tensor


def logits(x: tf.Tensor, w: Weights) -> tf.Tensor:
    return x @ w.W + w.b


def cross_entropy(scores: tf.Tensor, labels: tf.Tensor) -> tf.Tensor:
    """Scalar: mean over the batch of −log softmax(scores)[label]."""
    return tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(logits=scores, labels=labels))


OUTPUTS: dict[str, Callable[[tf.Tensor], tf.Tensor]] = {
    "deck": lambda z: z,
    "probabilities": tf.nn.softmax,  # the deck's h = exp(xW + b), normalised
    "exponentials": tf.exp,  # the same before it is normalised
}

# Penalty as a function of (W, the cross-entropy, λ, B).
Penalty = Callable[[tf.Tensor, tf.Tensor, float, int], tf.Tensor]

ACCEPTED: dict[str, Penalty] = {
    "deck": lambda W, cost, lam, B: lam * tf.reduce_sum(W**2),
    "half": lambda W, cost, lam, B: lam * tf.nn.l2_loss(W),
    "per-example": lambda W, cost, lam, B: lam / B * tf.reduce_sum(W**2),
    "half-per-example": lambda W, cost, lam, B: lam / B * tf.nn.l2_loss(W),
}

MISTAKES: dict[str, Penalty] = {
    "l2-unused": lambda W, cost, lam, B: 0.0 * cost,
    "l2-absolute": lambda W, cost, lam, B: lam * tf.reduce_sum(tf.abs(W)),
    "l2-absolute/mean": lambda W, cost, lam, B: lam * tf.reduce_mean(tf.abs(W)),
    "l2-norm": lambda W, cost, lam, B: lam * tf.norm(W),
    "l2-norm/half": lambda W, cost, lam, B: lam / 2 * tf.norm(W),
    "l2-norm/of-rows": lambda W, cost, lam, B: lam * tf.reduce_sum(tf.norm(W, axis=1)),
    "l2-norm/of-columns": lambda W, cost, lam, B: lam * tf.reduce_sum(tf.norm(W, axis=0)),
    "l2-mean": lambda W, cost, lam, B: lam * tf.reduce_mean(W**2),
    "l2-mean/half": lambda W, cost, lam, B: lam / 2 * tf.reduce_mean(W**2),
    "l2-mean/rows": lambda W, cost, lam, B: lam * tf.reduce_sum(tf.reduce_mean(W**2, axis=0)),
    "l2-mean/columns": lambda W, cost, lam, B: lam * tf.reduce_sum(tf.reduce_mean(W**2, axis=1)),
    "l2-weight-squared": lambda W, cost, lam, B: tf.reduce_sum((lam * W) ** 2),
    "l2-weight-squared/half": lambda W, cost, lam, B: tf.nn.l2_loss(lam * W),
    "l2-negative": lambda W, cost, lam, B: -lam * tf.reduce_sum(W**2),
    "l2-negative/half": lambda W, cost, lam, B: -lam * tf.nn.l2_loss(W),
    "penalty-of-cost": lambda W, cost, lam, B: lam * tf.nn.l2_loss(cost),
    "penalty-of-cost/square": lambda W, cost, lam, B: lam * cost**2,
    "penalty-of-cost/scaled": lambda W, cost, lam, B: lam * cost,
    "l2-absolute/of-sum": lambda W, cost, lam, B: lam * tf.reduce_sum(W),
    "l2-absolute/square-of-sum": lambda W, cost, lam, B: lam * tf.reduce_sum(W) ** 2,
}


def values(case: Case) -> Answers:
    """case x, W, b -> what `model` may return."""
    z = logits(tf.constant(case["x"], tf.float64), weights(case))
    return {name: {"logits": form(z).numpy()} for name, form in OUTPUTS.items()}


def step(case: Case) -> Answers:
    """case x, W, b, labels, lam -> cost and its gradients for every form of penalty, alone and with b in it."""
    x, labels, lam = tf.constant(case["x"], tf.float64), case["labels"], float(case["lam"])
    w = weights(case)
    found: Answers = {}
    for name, penalty in {**ACCEPTED, **MISTAKES}.items():
        found[name] = gradients_of(x, labels, w, lambda cost, p=penalty: p(w.W, cost, lam, len(labels)))
    for name in ("deck", "half", "per-example", "half-per-example"):
        penalty = ACCEPTED[name]
        both = lambda cost, p=penalty: p(w.W, cost, lam, len(labels)) + p(w.b, cost, lam, len(labels))  # noqa: E731
        found["bias-regularised/" + name] = gradients_of(x, labels, w, both)
        alone = lambda cost, p=penalty: p(w.b, cost, lam, len(labels))  # noqa: E731
        found["bias-regularised/alone-" + name] = gradients_of(x, labels, w, alone)
    for name in ("deck", "half", "l2-unused"):
        penalty = {**ACCEPTED, **MISTAKES}[name]
        found["softmax-before-loss/" + name] = gradients_of(
            x, labels, w, lambda cost, p=penalty: p(w.W, cost, lam, len(labels)), tf.nn.softmax
        )
    return found


def gradients_of(
    x: tf.Tensor,
    labels: np.ndarray,
    w: Weights,
    penalty: Callable[[tf.Tensor], tf.Tensor],
    output: Callable[[tf.Tensor], tf.Tensor] = tf.identity,
) -> dict[str, np.ndarray]:
    with tf.GradientTape() as tape:
        tape.watch(w)
        cost = cross_entropy(output(logits(x, w)), labels)
        cost = cost + penalty(cost)
    W, b = tape.gradient(cost, [w.W, w.b])
    return {"cost": cost.numpy(), "W": W.numpy(), "b": b.numpy()}


def weights(case: Case) -> Weights:
    return Weights(tf.constant(case["W"], tf.float64), tf.constant(case["b"], tf.float64))


QUESTIONS = {"values": values, "step": step}
