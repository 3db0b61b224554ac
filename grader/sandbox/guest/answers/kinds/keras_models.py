"""What a model of Keras computes: its output, loss, penalty, dropout and steps, under weights that are given."""

import math
import random
import sys
import types
from collections.abc import Iterator
from typing import Any

import numpy as np
import tensorflow as tf

from .. import tape

ROWS = 1000  # of one example, each with a dropout mask of its own
EPOCHS = 60
MOMENTUM = 0.99  # of moving means, which show in the loss, where a lab leaves settings free
GLANCE = 16  # epochs that are enough where the loss falls at once


class Asking:
    """Says that a question is being answered, so that no training is cut short, and notes nothing."""

    follows_calls = False

    def gradient(self, target: Any, sources: Any, gradients: Any) -> None: ...
    def updating(self, optimizer: Any, pairs: list[tuple[Any, Any]]) -> None: ...
    def updated(self) -> None: ...


def is_model(thing: Any) -> bool:
    return hasattr(type(thing), "get_weights") and hasattr(type(thing), "fit")


def models() -> list[str]:
    """Names of the notebook's globals that are models, the last made first."""
    return [name for name, value in reversed(list(vars(sys.modules["__main__"]).items())) if is_model(value)]


def fed(model: Any, x: Any) -> Any:
    """Several inputs by name, where the model takes them so."""
    named = getattr(model, "_inputs_struct", None)
    return dict(zip(named, x, strict=True)) if isinstance(x, list) and isinstance(named, dict) else x


def first(x: Any) -> Any:
    """The first example, of each of several inputs."""
    return tf.nest.map_structure(lambda one: one[:1], x)


def weights(model: Any, x: Any) -> dict[str, Any]:
    """Shape and name of each, after the model has seen an example, without which some have none."""
    x = fed(model, x)
    model(first(x))
    return {
        "shapes": [[int(n) for n in w.shape] for w in model.weights],
        "names": [str(w.name) for w in model.weights],
        "compiled": bool(getattr(model, "optimizer", None)),
    }


def computed(model: Any, x: Any, labels: Any, given: list[Any], rate: float) -> dict[str, Any]:
    """Everything at once; weights, rates and all else are put back afterwards."""
    with tape.recording(Asking()):
        return asked(model, fed(model, x), labels, given, rate)


def asked(model: Any, x: Any, labels: Any, given: list[Any], rate: float) -> dict[str, Any]:
    model(first(x))
    before = model.get_weights()
    settings = list(settings_of(model))
    dropping = [layer for layer, name, value in settings if name == "rate" and value]
    try:
        for layer, name, value in settings:
            setattr(layer, name, MOMENTUM if rate and name == "momentum" else value)
        model.set_weights([np.asarray(w, np.float32) for w in given])
        output = model(x, training=False)
        found: dict[str, Any] = {
            "output": scores(model, output),
            "again": scores(model, model(x, training=False)),
            "rates": [layer.rate for layer in dropping],
            "optimizer": type(model.optimizer).__name__ if getattr(model, "optimizer", None) else "",
            "compiled": bool(getattr(model, "optimizer", None)),
            "penalty": [None if g is None else tf.convert_to_tensor(g) for g in penalty(model, x)],
        }
        for layer in dropping:
            layer.rate = rate if rate else layer.rate
        found["dropped"] = scores(
            model, model(tf.nest.map_structure(lambda one: tf.repeat(one, ROWS, axis=0), first(x)), training=True)
        )
        for layer in dropping:
            layer.rate = 0.0
        if found["compiled"]:
            found |= stepped(model, x, labels, given)
        return found
    finally:
        for layer, name, value in settings:
            setattr(layer, name, value)
        model.set_weights(before)


def settings_of(model: Any) -> Iterator[tuple[Any, str, float]]:
    """Of all layers, those in layers of one's own too: how much is dropped, and how slowly moving means move."""
    for layer in model._flatten_layers():
        for name in ("rate", "momentum"):
            if type(value := getattr(layer, name, None)) is float:
                yield layer, name, value


def scores(model: Any, output: Any) -> Any:
    """As probabilities, where the loss takes the softmax of what the model gives, or the sigmoid of each."""
    loss = getattr(model, "loss", None)
    from_logits = getattr(loss, "from_logits", None)
    if from_logits is None:
        from_logits = (getattr(loss, "_fn_kwargs", None) or {}).get("from_logits", False)
    if not from_logits:
        return output
    shared = len(output.shape) > 1 and output.shape[-1] > 1 and "binary" not in name_of(loss)
    return tf.nn.softmax(output) if shared else tf.sigmoid(output)


def name_of(loss: Any) -> str:
    return str(getattr(loss, "name", None) or getattr(loss, "__name__", None) or loss).lower()


def penalty(model: Any, x: Any) -> list[Any]:
    with tf.GradientTape() as tape:
        model(x, training=False)
        total = tf.add_n([tf.zeros([]), *[tf.cast(loss, tf.float32) for loss in model.losses]])
    return list(tape.gradient(total, model.weights))


def stepped(model: Any, x: Any, labels: Any, given: list[Any]) -> dict[str, Any]:
    """The loss without its penalty, and which weights a step of training moves."""
    targets, own = fitting(model, x, labels), {"batch_size": len(labels), "verbose": 0}
    told = model.evaluate(x, targets, return_dict=True, **own) if evaluates(model) else {}
    extra = sum(float(loss) for loss in model.losses)
    steps = model.fit(x, targets, shuffle=False, **own)  # one; `train_on_batch` gives a train_step of one's own more
    total = told["loss"] if told else steps.history["loss"][0]
    after = model.get_weights()
    moved = [bool(np.any(new != np.asarray(old, np.float32))) for new, old in zip(after, given, strict=True)]
    return {"loss": float(total) - extra, "moved": moved}


def evaluates(model: Any) -> bool:
    """A class with a training step of its own may have its loss there and nowhere else."""
    return model.loss is not None or type(model).test_step is not tf.keras.Model.test_step


def fitting(model: Any, x: Any, labels: Any) -> Any:
    """Labels as the loss takes them: whole numbers, or a one for the class among zeros; of targets as many as outputs.

    What gives as many numbers as it is given, as an autoencoder does, is to give these.
    """
    shape = tuple(model(first(x)).shape[1:])
    if labels.dtype.kind == "f" and math.prod(shape) > 1:
        alone = isinstance(x, np.ndarray) and x.size == len(labels) * math.prod(shape)
        spread = labels.reshape(-1, *[1] * len(shape)) * np.ones(shape, np.float32)
        return x.reshape(-1, *shape) if alone else spread
    if labels.dtype.kind == "f" or "sparse" in name_of(model.loss) or (shape and shape[-1] == 1) or not shape:
        return labels.reshape(-1, 1) if shape and shape[-1] == 1 else labels
    rows = np.eye(shape[-1], dtype=np.float32)[labels]
    return rows if takes(model.loss, rows, model(x)) else labels


def takes(loss: Any, targets: Any, output: Any) -> bool:
    """Whether a function of the notebook's own does; what Keras has ready is known by its name."""
    if not isinstance(loss, types.FunctionType):
        return True
    try:
        loss(tf.constant(targets), output)
    except Exception:  # whatever it raises for labels of another shape
        return False
    return True


def predicted(model: Any, x: Any) -> Any:
    return model(fed(model, x), training=False)


def fresh(model: Any) -> Any:
    """The same model from new start weights, compiled alike; itself where it cannot be made again."""
    try:
        copy = type(model).from_config(model.get_config())
        copy.compile_from_config(model.get_compile_config())
    except Exception:  # a class of the notebook's own knows no configuration
        return model
    return copy


class Enough(tf.keras.callbacks.Callback):  # type: ignore[misc]
    """Ends a training whose loss fell at once: the mean of its last quarter is a tenth below that of its first."""

    def __init__(self) -> None:
        super().__init__()
        self.losses: list[float] = []

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        self.losses.append(float((logs or {})["loss"]))
        quarter = len(self.losses) // 4
        if len(self.losses) >= GLANCE and sum(self.losses[-quarter:]) < 0.9 * sum(self.losses[:quarter]):
            self.model.stop_training = True


def fitted(model: Any, x: Any, labels: Any, seed: int) -> list[float]:
    """The loss of each epoch, from start weights of the model's own."""
    random.seed(seed)
    np.random.seed(seed)
    tf.random.set_seed(seed)
    model = fresh(model)
    x = fed(model, x)
    model(first(x))
    before = model.get_weights()
    eagerly, enough = tf.config.functions_run_eagerly(), Enough()
    tf.config.run_functions_eagerly(False)  # so many steps are done sooner as a graph
    try:
        with tape.recording(Asking()):
            targets = fitting(model, x, labels)
            model.fit(x, targets, epochs=EPOCHS, batch_size=len(labels) // 2, verbose=0, callbacks=[enough])
        return enough.losses
    finally:
        tf.config.run_functions_eagerly(eagerly)
        model.set_weights(before)
