"""Which name a notebook gives itself: anybody may write any name there, so that folders and files are asked first."""

import re
from collections.abc import Sequence

from grader.model import Cell

_OWN_WORDS = re.compile(
    r"^\W*(?:student|name|author|full name|nombre|alumn[oa]|autor[ae]?|izena|izen-abizenak|egilea)\W*:\W*"
    r"([^\n<|]{2,60})",
    re.IGNORECASE | re.MULTILINE,
)
_PLACEHOLDER = re.compile(r"your name|tu nombre|zure izena|\.\.\.|___|<", re.IGNORECASE)


def own_words(cells: Sequence[Cell], title: str) -> str:
    """A line `Name: …` in its first text cells, or the file name Colab remembers."""
    for cell in [cell for cell in cells if cell.kind == "markdown"][:3]:
        if match := _OWN_WORDS.search(cell.source[:2000]):
            return "" if _PLACEHOLDER.search(match[1]) else match[1].strip(" *_`#")
    return title
