"""What a notebook left of fine-tuned models, and what its function makes of pairs of sentences, as plain rows."""

import sys
from collections.abc import Callable, Iterator
from typing import Any

import fits
import numpy as np
import tensorflow as tf

PARTS = ("input_ids", "token_type_ids", "attention_mask")
LABELS = ("label", "labels", "y", "gold_label", "target")
MOST = 200  # rows


def models() -> list[dict[str, Any]]:
    """Every model of the notebook that was compiled or fitted, in the order of their last fit, those without first."""
    found = {id(model): model for model in compiled()}
    for fit in fits.FITS:
        found[id(fit.model)] = found.pop(id(fit.model), fit.model)
    return [told(model, f"fine_tuned({number})") for number, model in enumerate(found.values())]


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
        "rate": rate_of(model.optimizer),
        "optimizer": type(model.optimizer).__name__,
        "fits": len(mine),
        "inputs": last.inputs if last else {},
        "labels": last.labels if last else None,
        "losses": last.losses[-20:] if last else [],
        "steps": sum(fit.steps for fit in mine),
        "cut": any(fit.cut for fit in mine),
        "raised": last.raised if last else "",
    }


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


def pair_rows(function: Callable[..., Any], form: str, *columns: Any, **more: Any) -> list[dict[str, Any]]:
    """Its rows for our premises, hypotheses and labels, handed over as `form` says: pandas, lists, pairs or frame."""
    import pandas as pd  # noqa: PLC0415 - the notebook has most likely loaded it

    premises, hypotheses, labels = map(list, columns[:3])
    order = columns[3]
    if form == "frame":
        frame = pd.DataFrame({"label": labels, "sentence1": premises, "sentence2": hypotheses})
        return list(rows_of(function(frame, **more)))
    pairs = list(zip(premises, hypotheses, strict=True))
    given: dict[str, Any] = {"p": premises, "h": hypotheses, "l": labels, "pairs": pairs}
    if form == "pandas":
        given |= {name: pd.Series(given[name]) for name in ("p", "h", "l")}
    return list(rows_of(function(*[given[name] for name in order], **more)))[:MOST]


def rows_of(result: Any) -> Iterator[dict[str, Any]]:
    """A dictionary of plain values for each example, whichever form the answer has."""
    if isinstance(result, tf.data.Dataset):
        yield from (row for batch in result.take(MOST) for row in rows_of(batch))
        return
    named = named_parts(result)
    if named is not None:
        yield from of_columns(named)
    elif isinstance(result, tuple) and len(result) == 2 and is_whole(result[0]):
        rows, labels = list(rows_of(result[0])), sequence(result[1])
        yield from (row | {"label": label} for row, label in zip(rows, labels, strict=False))
    elif isinstance(result, (list, tuple)):
        yield from map(row_of, result)
    elif hasattr(result, "to_dict"):
        yield from (row_of(row) for row in result.to_dict("records"))


def is_whole(thing: Any) -> bool:
    """Whether it holds all examples, so that what stands beside it are their labels."""
    return named_parts(thing) is not None or (isinstance(thing, (list, tuple)) and len(thing) > 0)


def named_parts(thing: Any) -> dict[str, Any] | None:
    """Its parts by name, where it has input ids under theirs."""
    held = getattr(thing, "data", thing)
    held = held if isinstance(held, dict) else getattr(thing, "__dict__", None)
    if not isinstance(held, dict) and hasattr(thing, "_asdict"):
        held = thing._asdict()
    return dict(held) if isinstance(held, dict) and "input_ids" in held else None


def of_columns(named: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Rows of something that holds all examples; the row itself where it holds one."""
    ids = np.asarray(named["input_ids"], dtype=object if ragged(named["input_ids"]) else None)
    if ids.ndim == 1 and not ragged(named["input_ids"]):
        yield row_of(named)
        return
    for number in range(len(ids)):
        yield row_of({name: value[number] for name, value in named.items() if hasattr(value, "__getitem__")})


def ragged(value: Any) -> bool:
    if not isinstance(value, (list, tuple)) or not value or not isinstance(value[0], (list, tuple)):
        return False
    return len({len(row) for row in value}) > 1


def row_of(thing: Any) -> dict[str, Any]:
    """Of one example: its parts as flat arrays where they are numbers, and its label."""
    if isinstance(thing, (list, tuple)) and not (thing and isinstance(thing[0], (int, np.integer))):
        return of_tuple(thing)
    named = named_parts(thing)
    if named is None:
        return {"other": type(thing).__name__}
    found: dict[str, Any] = {}
    for name in PARTS:
        if named.get(name) is not None:
            found[name] = flat(named[name])
    label = next((named[name] for name in LABELS if named.get(name) is not None), None)
    if label is not None:
        found["label"] = flat(label)
    return found


def of_tuple(things: Any) -> dict[str, Any]:
    """(inputs, label); or (ids, types, mask, label) in an order that their content tells; or several encodings."""
    found: dict[str, Any] = {}
    encodings = [row_of(thing) for thing in things if named_parts(thing) is not None]
    if len(encodings) > 1:
        found["apart"] = len(encodings)
    for encoding in encodings[:1]:
        found |= encoding
    rest = [flat(thing) for thing in things if named_parts(thing) is None]
    for value in rest:
        if value.size == 1 and "label" not in found:
            found["label"] = value
        elif value.size > 1:
            found[by_content(value, found)] = value
    return found


def by_content(value: Any, found: dict[str, Any]) -> str:
    if value.max() > 1:
        return "input_ids"
    return "attention_mask" if value[0] == 1 and "attention_mask" not in found else "token_type_ids"


def flat(value: Any) -> Any:
    array = np.asarray(value.numpy() if hasattr(value, "numpy") else value)
    return array.reshape(-1) if array.dtype.kind in "biuf" else np.zeros(0, np.int64)


def sequence(value: Any) -> list[Any]:
    array = value.numpy() if hasattr(value, "numpy") else value
    return [array] if np.ndim(array) == 0 else list(array)
