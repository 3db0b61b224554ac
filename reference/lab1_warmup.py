"""Lab1: the normal density, elementwise (deck, "Lab1: Warming Up").

p(x) = 1 / sqrt(2 σ² π) · exp(−(x − μ)² / (2 σ²)),   μ = 0, σ = 1
"""

import numpy as np
import tensorflow as tf

from reference import Answers, Case

PI = tf.constant(np.pi, tf.float64)


def density(x: tf.Tensor, mu: float = 0.0, sigma: float = 1.0) -> tf.Tensor:
    """x of any shape -> p(x) of that shape."""
    return 1 / tf.sqrt(2 * sigma**2 * PI) * tf.exp(-((x - mu) ** 2) / (2 * sigma**2))


MISTAKES = {
    "sign-missing": lambda x: 1 / tf.sqrt(2 * PI) * tf.exp(x**2 / 2),
    "square-missing": lambda x: 1 / tf.sqrt(2 * PI) * tf.exp(-x / 2),
    "square-missing/absolute": lambda x: 1 / tf.sqrt(2 * PI) * tf.exp(-tf.abs(x) / 2),
    "factor-missing": lambda x: tf.exp(-(x**2) / 2),
    "factor-missing/inverse": lambda x: tf.sqrt(2 * PI) * tf.exp(-(x**2) / 2),
    "sqrt-missing": lambda x: 1 / (2 * PI) * tf.exp(-(x**2) / 2),
    "sqrt-missing/pi-outside": lambda x: 1 / tf.sqrt(tf.constant(2.0, tf.float64)) * PI * tf.exp(-(x**2) / 2),
    "sqrt-missing/pi-below": lambda x: 1 / (tf.sqrt(tf.constant(2.0, tf.float64)) * PI) * tf.exp(-(x**2) / 2),
    "two-missing": lambda x: 1 / tf.sqrt(2 * PI) * tf.exp(-(x**2)),
    "two-missing/factor": lambda x: 1 / tf.sqrt(PI) * tf.exp(-(x**2) / 2),
    "two-missing/both": lambda x: 1 / tf.sqrt(PI) * tf.exp(-(x**2)),
    "two-missing/multiplied": lambda x: 1 / tf.sqrt(2 * PI) * tf.exp(-(x**2) * 2),
}


def values(case: Case) -> Answers:
    """case x -> the density there, and what each known slip gives."""
    x = tf.constant(case["x"], tf.float64)
    forms = {"deck": density, **MISTAKES}
    return {name: {"p": form(x).numpy()} for name, form in forms.items()}


def scaled_values(case: Case) -> Answers:
    """The density with another σ than the literal 1 of the handout."""
    x = tf.constant(case["x"], tf.float64)
    return {"deck": {"p": density(x, sigma=float(case["sigma"])).numpy()}}


def gradients(case: Case) -> Answers:
    """d Σp / dx = −x p(x) for the deck's density."""
    x = tf.constant(case["x"], tf.float64)
    found = {}
    for name, form in {"deck": density, **MISTAKES}.items():
        with tf.GradientTape() as tape:
            tape.watch(x)
            total = tf.reduce_sum(form(x))
        found[name] = {"dx": tape.gradient(total, x).numpy()}
    return found


QUESTIONS = {"values": values, "scaled_values": scaled_values, "gradients": gradients}
