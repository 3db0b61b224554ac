"""Lab1: the normal density, elementwise (deck, "Lab1: Warming Up").

p(x) = 1 / sqrt(2 σ² π) · exp(−(x − μ)² / (2 σ²)),   μ = 0, σ = 1
"""

from collections.abc import Callable

import numpy as np
import tensorflow as tf

from reference import Answers, Case

PI = tf.constant(np.pi, tf.float64)


def density(x: tf.Tensor, mu: float = 0.0, sigma: float = 1.0) -> tf.Tensor:
    """x of any shape -> p(x) of that shape."""
    return 1 / tf.sqrt(2 * sigma**2 * PI) * tf.exp(-((x - mu) ** 2) / (2 * sigma**2))


# What stands before the exponential and in it, where μ = 0 and σ = 1. A slip in one may come with a slip in the other.
FACTORS = {
    "deck": 1 / np.sqrt(2 * np.pi),
    "factor-missing": 1.0,
    "factor-missing/inverse": np.sqrt(2 * np.pi),
    "sqrt-missing": 1 / (2 * np.pi),
    "sqrt-missing/pi-outside": np.pi / np.sqrt(2),
    "sqrt-missing/pi-below": 1 / (np.sqrt(2) * np.pi),
    "sqrt-missing/two-below": 1 / (2 * np.sqrt(np.pi)),
    "sqrt-missing/power-halved": 1 / (4 * np.pi),  # (2π)**-1/2
    "sqrt-missing/power-halved-below": 1 / np.pi,  # 1 / ((2π)**1/2)
    "two-missing/factor": 1 / np.sqrt(np.pi),
    "two-missing/half-of-pi": np.sqrt(np.pi / 2),  # sqrt(1 / 2 * π)
    "two-missing/below-half-of-pi": np.sqrt(2 / np.pi),
    "two-missing/all-halved": 1 / (2 * np.sqrt(2 * np.pi)),  # e ** -(x**2) / 2
}
EXPONENTS = {
    "deck": lambda x: -(x**2) / 2,
    "sign-missing": lambda x: x**2 / 2,
    "sign-missing/and-two": lambda x: x**2,
    "square-missing": lambda x: -x / 2,
    "square-missing/absolute": lambda x: -tf.abs(x) / 2,
    "two-missing": lambda x: -(x**2),
    "two-missing/multiplied": lambda x: -(x**2) * 2,
    "two-missing/squared": lambda x: -((x / 2) ** 2),  # ((x − μ) / (2σ))²
}


def forms() -> dict[str, Callable[[tf.Tensor], tf.Tensor]]:
    """The deck's, then every slip alone, then two at once, named by the one in the exponent."""
    found = {"deck": density}
    pairs = [(e, f) for e in EXPONENTS for f in FACTORS if (e, f) != ("deck", "deck")]
    for e, f in sorted(pairs, key=lambda pair: "deck" not in pair):
        name = f if e == "deck" else e if f == "deck" else f"{e}/with-{f}"
        found[name] = lambda x, e=e, f=f: FACTORS[f] * tf.exp(EXPONENTS[e](x))
    return found


def values(case: Case) -> Answers:
    """case x -> the density there, and what each known slip gives."""
    x = tf.constant(case["x"], tf.float64)
    return {name: {"p": form(x).numpy()} for name, form in forms().items()}


def scaled_values(case: Case) -> Answers:
    """The density with another σ than the literal 1 of the handout."""
    x = tf.constant(case["x"], tf.float64)
    return {"deck": {"p": density(x, sigma=float(case["sigma"])).numpy()}}


def gradients(case: Case) -> Answers:
    """d Σp / dx = −x p(x) for the deck's density."""
    x = tf.constant(case["x"], tf.float64)
    with tf.GradientTape() as tape:
        tape.watch(x)
        total = tf.reduce_sum(density(x))
    return {"deck": {"dx": tape.gradient(total, x).numpy()}}


QUESTIONS = {"values": values, "scaled_values": scaled_values, "gradients": gradients}
