"""How large texts are packed: bz2 streams one after another, made by as many threads as there are cores."""

import bz2
import os
from concurrent.futures import ThreadPoolExecutor

PIECE = 4 << 20  # bytes


def packed(text: bytes) -> bytes:
    pieces = [text[start : start + PIECE] for start in range(0, len(text), PIECE)]
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        return b"".join(pool.map(bz2.compress, pieces))
