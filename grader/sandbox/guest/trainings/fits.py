"""Which models of Keras the notebook fitted, on what, and how far the train policy lets `fit` and its like run.

Only of the Keras that transformers uses. What a fit was begun with is kept even where it raises.
"""

import contextlib
import functools
import inspect
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import tensorflow as tf

from .. import notes
from ..answers import tape
from ..config import GuestConfig

KEPT = 20  # fits
ROWS = 32  # of the first batch, that are kept
FEW = 4  # rows of a step under policy `none`: one of BERT takes long
LARGE = 5_000_000  # parameters, from which predictions take minutes

FITS: list["Fit"] = []
EVALUATED: list[tuple[Any, Any]] = []  # models and the ids [n, length] of the first batch they were evaluated on
_config: GuestConfig | None = None
_spent = 0.0
_apart = 0  # depth of what is no step of a loop of the notebook's: models inside of models, training by Keras


class Fit:
    """One call of `fit`: its model, its first batch (inputs by name, labels), the losses of its epochs."""

    def __init__(self, model: Any, inputs: dict[str, Any], labels: Any) -> None:
        self.model, self.inputs, self.labels = model, inputs, labels
        self.losses: list[float] = []
        self.steps = 0
        self.cut = False
        self.raised = ""
        self.own: dict[str, Any] | None = None  # of a loop of the notebook's own: scores and loss of its first step
        self.start: list[tuple[Any, Any]] = []  # of such a loop: what was trained last, and what it was before
        self.begun, self.optimizer = time.monotonic(), None
        self.by_batches = False


def install(config: GuestConfig) -> None:
    global _config  # noqa: PLW0603 - one kernel, one policy
    _config = config


def policy() -> str:
    return _config.train_policy if _config is not None else "full"


@contextlib.contextmanager
def apart() -> Iterator[None]:
    global _apart  # noqa: PLW0603 - this process has one notebook
    _apart += 1
    try:
        yield
    finally:
        _apart -= 1


def kept_apart() -> bool:
    return _apart > 0


def mend(module: Any) -> None:
    cls = module.Model
    cls.fit = watched(cls.fit)
    cls.evaluate = of_one_step(cls.evaluate)
    cls.predict = shortened(cls.predict)


def watched(plain: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(plain)
    def fit(self: Any, *args: Any, **kwargs: Any) -> Any:
        bound = inspect.signature(plain).bind(self, *args, **kwargs)
        bound.apply_defaults()
        given = bound.arguments
        batch = first_batch(given["x"], given["y"], given["batch_size"])
        record = Fit(self, *parts(batch))
        if len(FITS) < KEPT:
            FITS.append(record)
        shorten(given, batch, record)
        try:
            with apart(), tape.recording(tape.Losses()):  # who stands by for loops in cells has nothing to stop here
                history = plain(*bound.args, **bound.kwargs)
            record.losses = [float(loss) for loss in history.history.get("loss", ())]
            return history
        except Exception as error:
            record.raised = type(error).__name__
            raise

    return fit


def shorten(given: dict[str, Any], batch: Any, record: Fit) -> None:
    """One step under policy `none`; else as many as the seconds allow, counted either way."""
    assert _config is not None
    seconds = float("inf") if _config.train_policy == "full" else max(_config.train_seconds - _spent, 5.0)
    if _config.train_policy == "none":
        told_of_cut()
        record.cut = True
        given["epochs"] = given["initial_epoch"] + 1
        given["self"].run_eagerly = True  # one step is done before a graph would be built
        given["steps_per_epoch"] = 1
        if batch is not None:
            if given["validation_split"]:
                given |= {"validation_split": 0.0, "validation_data": few(batch)}
            given |= {"x": few(batch), "y": None, "batch_size": None, "sample_weight": None}
        if given["validation_data"] is not None:
            held = given["validation_data"]
            x, y, *_ = (*held, None) if isinstance(held, (tuple, list)) else (held, None)
            first = first_batch(x, y, None)
            given |= {"validation_data": held if first is None else few(first), "validation_steps": 1}
    elif _config.train_policy == "budget":
        most = given["initial_epoch"] + _config.train_epochs
        record.cut = given["epochs"] > most
        given["epochs"] = min(given["epochs"], most)
    given["callbacks"] = [*listed(given["callbacks"]), timer(record, seconds)]


def few(batch: Any) -> Any:
    """The first rows of a batch, as the whole data. Of lists tf.data makes one tensor, so they become tuples."""
    batch = tuple(tuple(part) if isinstance(part, list) else part for part in batch) if type(batch) is tuple else batch
    return tf.data.Dataset.from_tensors(tf.nest.map_structure(lambda part: part[:FEW], batch))


def listed(callbacks: Any) -> list[Any]:
    if callbacks is None:
        return []
    held = getattr(callbacks, "callbacks", callbacks)
    return list(held) if isinstance(held, (list, tuple)) else [held]


def timer(record: Fit, seconds: float) -> Any:
    """A callback that counts steps and ends the training when its seconds are over."""
    base: Any = sys.modules["tf_keras.src.callbacks"].Callback

    class Timer(base):  # type: ignore[misc]
        def on_train_begin(self, logs: Any = None) -> None:
            self.begun = time.monotonic()

        def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
            record.steps += 1
            if time.monotonic() - self.begun > seconds and not self.model.stop_training:
                told_of_cut()
                record.cut = self.model.stop_training = True

        def on_train_end(self, logs: Any = None) -> None:
            global _spent  # noqa: PLW0603 - this process has one notebook, so one sum
            _spent += time.monotonic() - self.begun

    return Timer()


def told_of_cut() -> None:
    notes.change("Training was cut short, as asked for with --train; its figures say little.")


def of_one_step(plain: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(plain)
    def evaluate(self: Any, *args: Any, **kwargs: Any) -> Any:
        bound = inspect.signature(plain).bind(self, *args, **kwargs)
        given = bound.arguments
        batch = first_batch(given.get("x"), given.get("y"), given.get("batch_size"))
        ids = parts(batch)[0].get("input_ids")
        if ids is not None:
            EVALUATED[:] = [*EVALUATED[1 - KEPT :], (self, ids)]
        if _config is None or _config.train_policy != "none":
            return plain(*bound.args, **bound.kwargs)
        if batch is not None:
            given |= {"x": few(batch), "y": None, "batch_size": None, "sample_weight": None}
        given["steps"] = 1
        self.run_eagerly = True
        return plain(*bound.args, **bound.kwargs)

    return evaluate


def shortened(plain: Callable[..., Any]) -> Callable[..., Any]:
    """A large model predicts its first batch, and as many rows as there should be are filled with these."""

    @functools.wraps(plain)
    def predict(self: Any, *args: Any, **kwargs: Any) -> Any:
        if _config is None or _config.train_policy != "none":
            return plain(self, *args, **kwargs)
        self.run_eagerly = True
        bound = inspect.signature(plain).bind(self, *args, **kwargs)
        given = bound.arguments
        rows, batch = rows_of(given.get("x")), first_batch(given.get("x"), None, None)
        if rows is None or batch is None or not self.built or self.count_params() < LARGE or given.get("steps"):
            return plain(*bound.args, **bound.kwargs)
        notes.change("A large model predicted a few rows only, which were repeated for all others.")
        given |= {"x": few(batch), "batch_size": None, "steps": 1}
        batch = plain(*bound.args, **bound.kwargs)
        return tf.nest.map_structure(lambda part: np.resize(part, (rows, *part.shape[1:])), batch)

    return predict


def gives_batches(thing: Any) -> bool:
    """Whether Keras asks it for a batch by its number."""
    names = ((base.__module__, base.__name__) for base in type(thing).__mro__)
    return any("keras" in module and name in ("Sequence", "PyDataset") for module, name in names)


def rows_of(data: Any) -> int | None:
    """How many examples there are; None where nothing tells."""
    if gives_batches(data):
        return sum(len(tf.nest.flatten(plain_inputs(data[i][0]))[0]) for i in range(len(data)))
    if isinstance(data, tf.data.Dataset):
        return sum(int(tf.nest.flatten(batch)[0].shape[0]) for batch in data)
    first = tf.nest.flatten(data)[0] if isinstance(data, (dict, list, tuple)) or hasattr(data, "data") else data
    return len(first) if hasattr(first, "__len__") else None


def first_batch(x: Any, y: Any, size: Any) -> Any:
    """Inputs and labels of the first step; None where they cannot be looked at without being used up."""
    try:
        if isinstance(x, tf.data.Dataset):
            return next(iter(x.take(1)), None)
        if inspect.isgenerator(x) or hasattr(x, "__next__"):
            return None
        if gives_batches(x):
            inputs, *labels = x[0]
            return (plain_inputs(inputs), *labels)
        rows = size or ROWS
        inputs = plain_inputs(x)
        if isinstance(inputs, dict):
            inputs = {name: np.asarray(value)[:rows] for name, value in inputs.items()}
        else:
            inputs = tf.nest.map_structure(lambda part: np.asarray(part)[:rows], inputs)
        return inputs if y is None else (inputs, np.asarray(y)[:rows])
    except Exception:  # whatever it is, `fit` itself says what is wrong with it
        return None


def plain_inputs(x: Any) -> Any:
    """What tokenizers return is a dictionary in disguise."""
    return dict(x.data) if hasattr(x, "data") and isinstance(x.data, dict) else x


def parts(batch: Any) -> tuple[dict[str, Any], Any]:
    """Inputs by name and labels [n] of a batch, as far as there are such."""
    inputs, labels = (batch[0], batch[1]) if isinstance(batch, tuple) and len(batch) > 1 else (batch, None)
    inputs = plain_inputs(inputs)
    if not isinstance(inputs, dict):
        listed_inputs = list(inputs) if isinstance(inputs, (list, tuple)) else [] if inputs is None else [inputs]
        inputs = dict(zip(("input_ids", "attention_mask", "token_type_ids"), listed_inputs, strict=False))
    found = {str(name): np.asarray(value)[:ROWS] for name, value in inputs.items()}
    labels = found.pop("labels", None) if labels is None else labels
    return found, None if labels is None else np.asarray(labels)[:ROWS]
