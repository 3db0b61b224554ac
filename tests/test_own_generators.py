"""Generators of random numbers that a notebook made start from a question's seed, wherever it keeps them."""

import random
from collections.abc import Callable

import numpy as np
import pytest
import tensorflow as tf

from grader.sandbox.guest.answers.generators import seed_everything

Draw = Callable[[], object]


class Model:
    """As if made in a notebook."""

    __module__ = "__main__"

    def __init__(self, generator: object) -> None:
        self.generator = generator


def draws() -> dict[str, tuple[object, Draw]]:
    bits, old, plain, own = np.random.default_rng(1), np.random.RandomState(1), random.Random(1), tf.random.Generator
    tensors, layer = own.from_seed(1), tf.keras.layers.Dropout(0.5)
    return {
        "numpy": (bits, lambda: list(bits.normal(size=3))),
        "numpy before": (old, lambda: list(old.normal(size=3))),
        "random": (plain, plain.random),
        "tensorflow": (tensors, lambda: list(tensors.normal([3]).numpy())),
        "a layer": (layer, lambda: list(np.asarray(layer(tf.ones([20]), training=True)))),
        "keras": (None, lambda: list(np.asarray(tf.keras.random.normal([3])))),
    }


@pytest.mark.parametrize("kind", draws())
@pytest.mark.parametrize("inside", [False, True], ids=["a global", "an attribute"])
def test_the_same_seed_draws_the_same_numbers_again(kind: str, inside: bool) -> None:
    generator, draw = draws()[kind]
    holder = {"r": Model(generator) if inside else generator, "other": 3}
    seed_everything(5, holder)
    first, then = draw(), draw()
    seed_everything(5, holder)
    assert draw() == first != then


def test_what_takes_no_seed_is_left_alone() -> None:
    seed_everything(5, {"r": random.SystemRandom(), "m": Model(random.SystemRandom())})
