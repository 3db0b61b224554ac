"""What a trained classifier of the notebook says of the notebook's own examples, in whatever batch size it takes."""

import random
from collections.abc import Callable
from typing import Any

import numpy as np
import tensorflow as tf
import training

ENOUGH = 256


def sets_of(names: dict[str, Any]) -> dict[str, int]:
    """Global lists of examples, and how many each holds."""
    return {
        name: len(value)
        for name, value in names.items()
        if isinstance(value, list) and value and isinstance(value[0], dict) and not name.startswith("_")
    }


def predictions(owner: Any, method: str, examples: list[dict[str, Any]]) -> dict[str, Any]:
    """Predictions for copies of the examples whose labels are shuffled; with each one's text and the label it had."""
    given = [example.get("label") for example in examples]
    shuffled = random.Random(1).sample(given, len(given))
    shown = [{**example, "label": label} for example, label in zip(examples, shuffled, strict=True)]
    return {
        "texts": [str(example.get("text", "")) for example in examples],
        "labels": np.array([label if isinstance(label, (int, np.integer)) else -1 for label in given], np.int64),
        "shuffled": np.array([label if isinstance(label, (int, np.integer)) else -1 for label in shuffled], np.int64),
        "predictions": in_batches(getattr(owner, method), shown, getattr(owner, "batch_size", ENOUGH)),
    }


def in_batches(classify: Callable[[Any], Any], examples: list[Any], size: Any) -> Any:
    """Batches of the size it was trained with, the last one filled up: the start states of some have so many rows."""
    size = size if type(size) is int and 0 < size <= 10_000 else ENOUGH
    found = []
    for start in range(0, len(examples), size):
        batch = examples[start : start + size]
        filled = [*batch, *examples[: size - len(batch)], *[batch[-1]] * max(0, size - len(examples))]
        found.append(classes_of(classify(filled[:size]))[: len(batch)])
    return np.concatenate(found)


def classes_of(answer: Any) -> Any:
    """[n] classes of what `classify` returned: classes, or a row of scores for each example."""
    array = np.stack([np.asarray(one) for one in answer]) if isinstance(answer, (list, tuple)) else np.asarray(answer)
    array = array.reshape(len(array), -1)
    return np.argmax(array, axis=1) if array.shape[1] > 1 else array[:, 0].astype(np.int64)


def train_again(owner: Any, method: str, *args: Any, **kwargs: Any) -> float:
    """Trains a new object as the notebook trained its own, within the same policy; how many epochs that made."""
    training.new_allowance()
    tf.config.run_functions_eagerly(False)
    try:
        getattr(owner, method)(*args, **kwargs)
    finally:
        tf.config.run_functions_eagerly(True)
    return training.TRAININGS[-1].epochs or 0.0
