"""What a trained classifier of the notebook says of the notebook's own examples, in whatever batch size it takes."""

import functools
import random
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import tensorflow as tf

from ...trainings import training
from ..constructions import are_examples

ENOUGH = 256
SHOWN = 40  # sentences of a set, by which it is known
NONE = -(2**62)  # for a label that is no whole number


def sets_of(names: dict[str, Any]) -> dict[str, Any]:
    """Lists of examples, as globals or in a global list or dictionary: how many each holds, and its first sentences."""
    return {
        path: {"size": len(examples), "texts": [text_of(example) for example in examples[:SHOWN]]}
        for name, value in list(names.items())
        if not name.startswith("_")
        for path, examples in ((name, value), *inside(name, value))
        if isinstance(examples, list) and are_examples(examples)
    }


def inside(name: str, value: Any) -> list[tuple[str, Any]]:
    if type(value) is dict:
        return [(f"{name}[{key!r}]", part) for key, part in list(value.items())[:9] if type(key) in (str, int)]
    return [(f"{name}[{i}]", part) for i, part in enumerate(value[:9])] if type(value) in (list, tuple) else []


def text_of(example: dict[str, Any]) -> str:
    """Its sentence, be it split into words: the longest of its texts, whatever the key. Of a pair both."""
    pair = [example.get(f"sentence{n}") for n in (1, 2)]
    if all(type(sentence) is str for sentence in pair):
        return " ".join(pair)  # type: ignore[arg-type]
    given = [example["text"]] if "text" in example else list(example.values())
    words = [" ".join(v) if isinstance(v, (list, tuple)) and all(type(w) is str for w in v) else v for v in given]
    return max((text for text in words if type(text) is str), key=len, default="")


def predictions(owner: Any, method: str, examples: list[dict[str, Any]]) -> dict[str, Any]:
    """Predictions for copies of the examples whose labels are shuffled; with each one's text and the label it had."""
    given = [example.get("label") for example in examples]
    shuffled = random.Random(1).sample(given, len(given))
    shown = [{**example, "label": label} for example, label in zip(examples, shuffled, strict=True)]
    return {
        "texts": [text_of(example) for example in examples],
        "labels": np.array([label if isinstance(label, (int, np.integer)) else NONE for label in given], np.int64),
        "shuffled": np.array([label if isinstance(label, (int, np.integer)) else NONE for label in shuffled], np.int64),
        "predictions": in_batches(classifier(owner, method), shown, getattr(owner, "batch_size", ENOUGH)),
    }


def classifier(owner: Any, method: str) -> Callable[[Any], Any]:
    """Its own method, or a function of the notebook that takes it first."""
    if hasattr(owner, method):
        return getattr(owner, method)  # type: ignore[no-any-return]
    return functools.partial(vars(sys.modules["__main__"])[method], owner)


def in_batches(classify: Callable[[Any], Any], examples: list[Any], size: Any) -> Any:
    """Batches of the size it was trained with, the last one filled up: the start states of some have so many rows."""
    size = size if type(size) is int and 0 < size <= 10_000 else ENOUGH
    found = []
    form = None
    for start in range(0, len(examples), size):
        batch = examples[start : start + size]
        filled = [*batch, *examples[: size - len(batch)], *[batch[-1]] * max(0, size - len(examples))][:size]
        form = form or form_taken(classify, filled)
        found.append(classes_of(classify(form(filled)))[: len(batch)])
    return np.concatenate(found)


def form_taken(classify: Callable[[Any], Any], examples: list[Any]) -> Callable[[list[Any]], Any]:
    """Examples as they are, or one of their arrays stacked, whichever it takes."""
    arrays = [key for key, value in examples[0].items() if type(value) is np.ndarray and value.ndim == 1]
    forms: list[Callable[[list[Any]], Any]] = [list, *(functools.partial(stacked, key) for key in arrays)]
    for form in forms:
        try:
            if len(classes_of(classify(form(examples)))) == len(examples):
                return form
        except Exception:  # what it raises at examples as they are is told by the caller
            continue
    return list


def stacked(key: str, examples: list[Any]) -> Any:
    array = np.stack([example[key] for example in examples])
    return array.astype(np.float32) if array.dtype.kind == "f" else array


def classes_of(answer: Any) -> Any:
    """[n] classes of what `classify` returned: classes, or a row of scores for each example."""
    array = np.stack([np.asarray(one) for one in answer]) if isinstance(answer, (list, tuple)) else np.asarray(answer)
    array = array.reshape(len(array), -1)
    return np.argmax(array, axis=1) if array.shape[1] > 1 else array[:, 0].astype(np.int64)


def train_again(owner: Any, method: str, *args: Any, **kwargs: Any) -> float:
    """Trains a new object as the notebook trained its own, within the same policy; how many epochs that made."""
    training.new_allowance()
    training.TRAININGS.clear()  # they were told before; when they are many, no new one is noted
    tf.config.run_functions_eagerly(False)
    try:
        getattr(owner, method)(*args, **kwargs)
    finally:
        tf.config.run_functions_eagerly(True)
    return sum(one.epochs or 0.0 for one in training.TRAININGS)
