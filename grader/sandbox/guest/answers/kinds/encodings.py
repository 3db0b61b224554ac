"""What the notebook's own examples hold of each sentence in numbers, besides its text and its label."""

from typing import Any

import numpy as np

from .predictions import NONE, text_of

LONGEST = 200  # numbers of a sentence


def encoded(examples: list[dict[str, Any]]) -> dict[str, Any]:
    """Whole numbers under each key that has as many of them for every example: [n, T]."""
    labels = [example.get("label") for example in examples]
    arrays = {str(key): rows for key in examples[0] if (rows := stacked(key, examples)) is not None}
    return {
        "texts": [text_of(example) for example in examples],
        "labels": np.array([label if isinstance(label, (int, np.integer)) else NONE for label in labels], np.int64),
        "ids": arrays,
    }


def stacked(key: Any, examples: list[dict[str, Any]]) -> Any:
    try:
        rows = np.asarray([np.asarray(example[key]) for example in examples])
    except Exception:  # rows of several lengths, or a key that some lack
        return None
    return rows.astype(np.int32) if rows.dtype.kind in "iu" and rows.ndim == 2 and rows.shape[1] <= LONGEST else None
