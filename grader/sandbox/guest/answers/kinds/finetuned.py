"""What a notebook left of fine-tuned models: their fits, their losses, their scores."""

import sys
from collections.abc import Iterator
from typing import Any

import numpy as np
import tensorflow as tf

from ...trainings import fits
from .pairs import PARTS


def models() -> list[dict[str, Any]]:
    """Every model of the notebook that was compiled or fitted, in the order of their last fit, those without first."""
    found = {id(model): model for model in compiled()}
    for fit in fits.FITS:
        found[id(fit.model)] = found.pop(id(fit.model), fit.model)
    return [told(model, f"grader_fine_tuned({number})") for number, model in enumerate(found.values())]


def fine_tuned(number: int) -> Any:
    """The model that `models` told as this one."""
    found = {id(model): model for model in compiled()}
    for fit in fits.FITS:
        found[id(fit.model)] = found.pop(id(fit.model), fit.model)
    return list(found.values())[number]


def compiled() -> Iterator[Any]:
    base = getattr(sys.modules.get("tf_keras.src.engine.training"), "Model", None)
    for name, thing in list(vars(sys.modules["__main__"]).items()):
        if base is not None and isinstance(thing, base) and not name.startswith("_") and thing.optimizer is not None:
            yield thing


def told(model: Any, path: str) -> dict[str, Any]:
    mine = [fit for fit in fits.FITS if fit.model is model]
    last = mine[-1] if mine else None
    return {
        "path": path,
        "classes": getattr(getattr(model, "config", None), "num_labels", None),
        "rate": rate_of(model.optimizer if last is None or last.optimizer is None else last.optimizer),
        "optimizer": type(model.optimizer).__name__,
        "fits": len(mine),
        "inputs": last.inputs if last else {},
        "labels": last.labels if last else None,
        "losses": last.losses[-20:] if last else [],
        "steps": sum(fit.steps for fit in mine),
        "cut": any(fit.cut for fit in mine),
        "raised": last.raised if last else "",
        "checkpoint": str(getattr(model, "asked_as", "")),
        "tokenizers": tokenizers(),
        "own": last.own if last else None,
        "changed": changed(last) if last and last.own is not None else True,
        "evaluated": [ids for other, ids in fits.EVALUATED if other is model],
    }


def changed(loop: Any) -> bool:
    """Whether the weights that it was to train are others than before its first step."""
    return loop.optimizer is not None or any((weight.numpy() != before).any() for weight, before in loop.start)


def tokenizers() -> list[str]:
    """Names of the checkpoints whose tokenizers the notebook holds."""
    held = [
        thing for thing in vars(sys.modules["__main__"]).values()
        # classes that stand in for what a missing library would have brought raise when anything is asked of them
        if not isinstance(thing, type) and hasattr(type(thing), "convert_tokens_to_ids")
    ]  # fmt: skip
    return sorted({str(one.asked_as) for one in held if hasattr(one, "asked_as")})


def rate_of(optimizer: Any) -> float | None:
    """At the start of training, where it changes by a plan."""
    rate = getattr(optimizer, "_learning_rate", getattr(optimizer, "learning_rate", None))
    try:
        return float(np.asarray(rate(0) if callable(rate) and not hasattr(rate, "assign") else rate))
    except Exception:  # an optimizer of the student's own
        return None


def loss_of(model: Any, labels: Any, logits: Any) -> float:
    """What its compiled loss gives for labels [n], one-hot where it wants that, and outputs [n, classes]."""
    loss = model.compiled_loss._user_losses if hasattr(model.compiled_loss, "_user_losses") else model.loss
    loss = loss[0] if isinstance(loss, (list, tuple)) and loss else loss
    if isinstance(loss, dict):
        loss = next(iter(loss.values()))
    if isinstance(loss, str):
        loss = sys.modules["tf_keras"].losses.get(loss)
    if getattr(loss, "__name__", "") in ("dummy_loss", "hf_compute_loss") or loss is None:
        loss = model.hf_compute_loss
    wanted = tf.one_hot(labels, logits.shape[-1]) if one_hot(loss) else tf.constant(labels)
    return float(tf.reduce_mean(loss(wanted, tf.constant(logits))))


def one_hot(loss: Any) -> bool:
    name = getattr(loss, "name", None) or getattr(loss, "__name__", None) or type(loss).__name__
    return "sparse" not in str(name).lower() and "categorical" in str(name).lower()


def logits_of(model: Any, input_ids: Any, token_type_ids: Any, attention_mask: Any) -> Any:
    """Outputs [n, classes] for inputs [n, length]."""
    found = []
    for start in range(0, len(input_ids), fits.ROWS):
        here = slice(start, start + fits.ROWS)
        given = {"ids": input_ids[here], "type": token_type_ids[here], "mask": attention_mask[here]}
        answer = model({name: tf.constant(given[part]) for name, part in input_names(model).items()}, training=False)
        found.append(np.asarray(getattr(answer, "logits", answer[0] if isinstance(answer, (tuple, list)) else answer)))
    return np.concatenate(found)


def input_names(model: Any) -> dict[str, str]:
    """Names of the model's inputs, and which part each is, as they say or else in their usual order."""
    names = getattr(model, "input_names", None) if not hasattr(model, "config") else None
    if not names:
        return dict(zip(PARTS, ("ids", "type", "mask"), strict=True))
    usual = ("ids", "mask", "type")
    told = {name: next((part for part in ("mask", "type") if part in name.lower()), "ids") for name in names}
    return told if len(set(told.values())) == len(names) else dict(zip(names, usual, strict=False))
