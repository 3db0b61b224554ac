"""What a function of the notebook makes of pairs of sentences: a dictionary of plain values for each.

Features come as objects, dictionaries or tuples, one for each pair or stacked in columns, with labels inside or beside.
"""

import itertools
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np
import tensorflow as tf

from ...trainings.fits import gives_batches

PARTS = ("input_ids", "token_type_ids", "attention_mask")
LABELS = ("label", "labels", "y", "gold_label", "target")
MOST = 200  # rows


def pair_rows(function: Callable[..., Any], form: str, *columns: Any, **more: Any) -> list[dict[str, Any]]:
    """Its rows for `columns`: premises, hypotheses, labels, their order, the names they are given by where there are.

    They are handed over as `form` says: pandas, lists or a frame.
    """
    import pandas as pd  # noqa: PLC0415 - the notebook has most likely loaded it

    premises, hypotheses, labels = map(list, columns[:3])
    if form == "frame":
        frame = pd.DataFrame({"label": labels, "sentence1": premises, "sentence2": hypotheses})
        return list(rows_of(function(frame, **more)))[:MOST]
    pairs = list(zip(premises, hypotheses, strict=True))
    given: dict[str, Any] = {"p": premises, "h": hypotheses, "l": labels, "pairs": pairs}
    if form == "pandas":
        given |= {name: pd.Series(given[name]) for name in ("p", "h", "l")}
    order, names = columns[3:]
    if names:
        return list(rows_of(function(**{n: given[role] for n, role in zip(names, order, strict=True)}, **more)))[:MOST]
    return list(rows_of(function(*[given[role] for role in order], **more)))[:MOST]


def rows_of(result: Any) -> Iterator[dict[str, Any]]:
    if (batches := batches_of(result)) is not None:
        yield from (row for batch in batches for row in rows_of(batch))
    elif hasattr(result, "__next__"):
        yield from rows_of(list(itertools.islice(result, MOST)))
    elif named := named_parts(result) or stacked(result):
        yield from of_columns(named)
    elif isinstance(result, tuple) and len(result) == 2 and np.ndim(flat(result[1], keep=True)) == 0:
        yield of_tuple(result)
    elif isinstance(result, tuple) and len(result) == 2 and holds_rows(result[0]):
        rows, labels = list(rows_of(result[0])), sequence(result[1])
        yield from (row | {"label": flat(label)} for row, label in zip(rows, labels, strict=False))
    elif isinstance(result, (list, tuple)) or type(result) is np.ndarray:
        yield from map(row_of, result)
    elif hasattr(result, "to_dict"):
        yield from (row_of(row) for row in result.to_dict("records"))


def batches_of(result: Any) -> Iterable[Any] | None:
    batches: Iterable[Any] | None = result.take(MOST) if isinstance(result, tf.data.Dataset) else None
    if gives_batches(result):
        batches = (result[number] for number in range(min(len(result), MOST)))
    return batches


def holds_rows(thing: Any) -> bool:
    """Whether it holds features, so that what stands beside it are their labels."""
    return named_parts(thing) is not None or bool(stacked(thing)) or (isinstance(thing, (list, tuple)) and bool(thing))


def named_parts(thing: Any) -> dict[str, Any] | None:
    """Its parts by name, where it has input ids under theirs."""
    if hasattr(thing, "to_dict") and hasattr(thing, "iloc"):
        return None  # a table is read row by row
    held = getattr(thing, "data", thing)
    held = held if isinstance(held, dict) else getattr(thing, "__dict__", None)
    if not isinstance(held, dict) and hasattr(thing, "_asdict"):
        held = thing._asdict()
    return dict(held) if isinstance(held, dict) and "input_ids" in held else None


def stacked(things: Any) -> dict[str, Any] | None:
    """Columns [n, length] of all examples side by side, with labels [n] or not, by what they hold."""
    if not isinstance(things, (list, tuple)) or not 0 < len(things) <= len(PARTS) + 1:
        return None
    arrays = [flat(thing, keep=True) for thing in flattened(things)]
    if any(array.ndim not in (1, 2) or len(array) < 2 or len(array) != len(arrays[0]) for array in arrays):
        return None
    if not any(array.ndim == 2 and array.max() > 1 for array in arrays):
        return None
    width = max(array.shape[1] for array in arrays if array.ndim == 2)
    found: dict[str, Any] = {}
    for array in arrays:
        found["label" if array.ndim == 1 or array.shape[1] < width else by_content(array, found)] = array
    return found


def flattened(things: Any) -> Iterator[Any]:
    """Without brackets inside of brackets; lists of numbers, or of rows of numbers, stay whole."""
    for thing in things:
        inner = thing[0] if isinstance(thing, (list, tuple)) and thing else None
        if isinstance(inner, tf.Tensor) or type(inner) is np.ndarray:
            yield from flattened(thing)
        else:
            yield thing


def of_columns(named: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Rows of something that holds all examples; the row itself where it holds one."""
    ids = named["input_ids"]
    if np.ndim(ids[0]) == 0:
        yield row_of(named)
        return
    for number in range(len(ids)):
        yield row_of({name: value[number] for name, value in named.items() if hasattr(value, "__getitem__")})


def row_of(thing: Any) -> dict[str, Any]:
    """Of one example: its parts as flat arrays where they are numbers, and its label."""
    named = named_parts(thing)
    if named is None:
        ids = flat(thing)
        if ids.size > 1 and ids.max() > 1 and not isinstance(thing, (list, tuple)):
            return {"input_ids": ids}
        return of_tuple(thing) if isinstance(thing, (list, tuple)) else {"other": type(thing).__name__}
    found = {name: flat(named[name]) for name in PARTS if named.get(name) is not None}
    label = next((named[name] for name in LABELS if named.get(name) is not None), None)
    return found if label is None else {**found, "label": flat(label)}


def of_tuple(things: Any) -> dict[str, Any]:
    """(inputs, label); or (ids, types, mask, label) in an order that their content tells; or several encodings."""
    if things and isinstance(things[0], (int, np.integer)):
        return {"input_ids": flat(things)}
    encodings = [row_of(thing) for thing in things if named_parts(thing) is not None]
    found: dict[str, Any] = {"apart": len(encodings)} if len(encodings) > 1 else {}
    for encoding in encodings[:1]:
        found |= encoding
    for value in (flat(thing) for thing in flattened(things) if named_parts(thing) is None):
        if value.size == 1 and "label" not in found:
            found["label"] = value
        elif value.size > 1:
            found[by_content(value, found)] = value
    return found


def by_content(value: Any, found: dict[str, Any]) -> str:
    """Ids go above 1; the mask begins with 1, since [CLS] is text, and the types with 0."""
    if value.max() > 1:
        return "input_ids"
    return "attention_mask" if np.all(value[..., 0] == 1) and "attention_mask" not in found else "token_type_ids"


def flat(value: Any, keep: bool = False) -> Any:
    """As one axis of numbers, or with the axes it has; empty for all that is no regular array of numbers."""
    try:
        array = np.asarray(value.numpy() if hasattr(value, "numpy") else value)
    except (ValueError, TypeError):  # ragged
        return np.zeros(0, np.int64)
    if array.dtype.kind not in "biuf":
        return np.zeros(0, np.int64)
    return array if keep else array.reshape(-1)


def sequence(value: Any) -> list[Any]:
    array = value.numpy() if hasattr(value, "numpy") else value
    return [array] if np.ndim(array) == 0 else list(array)
