"""How a cell is called by its first line, since Colab shows no numbers.

The cell's own words stand in quotes that they cannot close, so that no notebook speaks in our voice.
"""

import re
import unicodedata

LONGEST = 40  # characters of a cell's own words

_HEADING = re.compile(r"\s{0,3}#{1,6}\s+(.*?)\s*#*\s*$")
_QUOTES = re.compile("[\"`\u201c\u201d\u201e\u201f\u00ab\u00bb\u2033\uff02\u02ba\u3003]|''+")
_BLANK = frozenset("\u115f\u1160\u2800\u3164\uffa0")  # letters and signs that nobody sees
_MARKS = 2  # on one letter; a tower of them covers the lines above
_READ = 20_000  # characters of a cell


def quotable(line: str) -> str:
    """A line without what nobody can see or what would end the quotes around it, and not too long."""
    kept: list[str] = []
    marks = 0
    for letter in unicodedata.normalize("NFC", line[:2000]):
        kind = unicodedata.category(letter)
        marks = marks + 1 if kind.startswith("M") else 0
        if letter.isspace():
            kept.append(" ")
        elif not (kind.startswith("C") or letter in _BLANK or marks > _MARKS):
            kept.append(letter)
    text = _QUOTES.sub("'", " ".join("".join(kept).split()))
    if not any(letter.isalnum() for letter in text):
        return ""
    return text if len(text) <= LONGEST else text[: LONGEST - 1].rstrip() + "…"


def first_line(source: str, markdown: bool = False) -> str:
    """The first with something to read, as it may be quoted; of a text without the marks of a heading."""
    for line in source[:_READ].splitlines():
        heading = _HEADING.match(line) if markdown else None
        if words := quotable(heading[1] if heading else line):
            return words
    return ""
