"""Generators of random numbers that a notebook made for itself start from a question's seed, as the modules' own do."""

import contextlib
import random
import sys
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import numpy as np
import tensorflow as tf

Holder = Mapping[str, Any]


def seed_everything(seed: int, *holders: Holder) -> None:
    """The modules' generators, and those that the holders have by name or in objects of the notebook's classes.

    A layer of Keras that drops keeps a generator of its own.
    """
    random.seed(seed)
    np.random.seed(seed % 2**32)
    tf.random.set_seed(seed)
    keras = sys.modules.get("keras")
    if keras is not None and hasattr(keras.utils, "set_random_seed"):
        keras.utils.set_random_seed(seed % 2**32)
    for generator in {id(one): one for one in values_in(holders)}.values():
        with contextlib.suppress(Exception):  # one that takes no seed keeps its own
            restart(generator, seed)


def values_in(holders: Iterable[Holder]) -> Iterator[Any]:
    for holder in holders:
        for value in list(holder.values()):
            yield value
            if getattr(type(value), "__module__", "") == "__main__":
                with contextlib.suppress(Exception):  # an object of the student's may refuse
                    yield from list(vars(value).values())


def restart(generator: Any, seed: int) -> None:
    if isinstance(generator, np.random.Generator):
        bits = generator.bit_generator
        bits.state = type(bits)(seed).state
    elif isinstance(generator, np.random.RandomState):
        generator.seed(seed % 2**32)
    elif isinstance(generator, random.Random):
        generator.seed(seed)
    elif isinstance(generator, tf.random.Generator):
        generator.reset_from_seed(seed)
    elif hasattr(generator, "_flatten_layers"):  # touching tf.keras would choose a Keras for the notebook
        for layer in generator._flatten_layers():
            if (own := getattr(layer, "seed_generator", None)) is not None:
                own.state.assign(np.array([seed % 2**31, 0]))
