"""How large texts are packed: bz2 streams one after another, made by as many threads as there are cores."""

import bz2
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

PIECE = 4 << 20  # bytes
FAST = 1  # of bz2's levels; the last one takes half as long again for next to nothing


def packed(text: bytes) -> bytes:
    pieces = [text[start : start + PIECE] for start in range(0, len(text), PIECE)]
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        return b"".join(pool.map(lambda piece: bz2.compress(piece, FAST), pieces))


def content(folder: Path, name: str) -> bytes:
    """Of a file that may be packed."""
    plain = folder / name
    return plain.read_bytes() if plain.is_file() else bz2.decompress((folder / f"{name}.bz2").read_bytes())
