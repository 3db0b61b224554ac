"""Which numbers of a notebook say how large a batch is, and how often all examples are seen."""

import re


def setting(name: str, old: object, rows: int, epochs: int) -> int | None:
    low = name.lower()
    if type(old) is not int:
        return None
    if re.search(r"batch|lote|sorta|multzo|(^|_)bs$", low):  # in English, Spanish, Basque
        return rows
    if re.search(r"epoch|epok|epoca|época|aroa|iteration|n_iter|steps$", low):
        return 1 if re.search(r"freq|display|print|every", low) else epochs
    return None
