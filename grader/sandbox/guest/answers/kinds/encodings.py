"""What the notebook's own examples hold of each sentence in numbers, besides its text and its label."""

from typing import Any

import numpy as np

from .predictions import NONE, text_of

LONGEST = 200  # numbers of a sentence, or words of it
NOTHING = -1  # stands behind the last word of a bag


def encoded(examples: list[dict[str, Any]]) -> dict[str, Any]:
    """Whole numbers under each key that has as many of them for every example, [n, T]; long vectors as bags."""
    labels = [example.get("label") for example in examples]
    arrays = {str(key): rows for key in examples[0] if (rows := stacked(key, examples)) is not None}
    others = [key for key in examples[0] if str(key) not in arrays]
    return {
        "texts": [text_of(example) for example in examples],
        "labels": np.array([label if isinstance(label, (int, np.integer)) else NONE for label in labels], np.int64),
        "ids": arrays,
        "bags": {str(key): rows for key in others if (rows := bags(key, examples)) is not None},
    }


def stacked(key: Any, examples: list[dict[str, Any]]) -> Any:
    try:
        rows = np.asarray([np.asarray(example[key]) for example in examples[:1]])
        if rows.dtype.kind not in "iu" or rows.ndim != 2 or rows.shape[1] > LONGEST:
            return None
        rows = np.asarray([np.asarray(example[key]) for example in examples])
    except Exception:  # rows of several lengths, or a key that some lack
        return None
    return rows.astype(np.int32) if rows.dtype.kind in "iu" and rows.ndim == 2 else None


def bags(key: Any, examples: list[dict[str, Any]]) -> Any:
    """Of vectors of counts the places that are counted, each as often as it is: [n, most of all], ascending."""
    try:
        found = [counted(example[key], np.shape(examples[0][key])) for example in examples]
    except Exception:  # no vectors, or a key that some lack
        return None
    longest = max(map(len, found))
    rows = np.full((len(found), longest), NOTHING, np.int32)
    for row, places in zip(rows, found, strict=True):
        row[: len(places)] = places
    return rows if longest <= LONGEST else None


def counted(vector: Any, shape: tuple[int, ...]) -> Any:
    """Raises ValueError where it is no vector of counts, or of another shape than the others."""
    counts = np.asarray(vector)
    if counts.ndim != 1 or counts.shape != shape or counts.dtype.kind not in "fiu":
        raise ValueError
    places = np.flatnonzero(counts)
    times = counts[places]
    if np.any(times != np.floor(times)) or np.any(times < 0) or times.sum() > LONGEST:
        raise ValueError
    return np.repeat(places, times.astype(np.int64))
