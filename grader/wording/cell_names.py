"""What a person calls a cell: by its first line, or by the heading above it, since Colab shows no numbers.

The cell's own words stand in quotes that they cannot close, so that no notebook speaks in our voice.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Sequence

from grader.model import Cell
from grader.wording.counting import ordinal

LONGEST = 40  # characters of a cell's own words

_HEADING = re.compile(r"\s{0,3}#{1,6}\s+(.*?)\s*#*\s*$")
_QUOTES = re.compile("[\"`\u201c\u201d\u201e\u201f\u00ab\u00bb\u2033\uff02\u02ba\u3003]|''+")
_BLANK = frozenset("\u115f\u1160\u2800\u3164\uffa0")  # letters and signs that nobody sees
_MARKS = 2  # on one letter; a tower of them covers the lines above
_READ = 20_000  # characters of a cell


def cell_names(cells: Sequence[Cell]) -> dict[int, str]:
    """By index, for example: the cell that begins "class GRUClassifier:"."""
    lines = [(cell.kind == "code", first_line(cell.source, cell.kind == "markdown")) for cell in cells]
    headings = _headings_above(cells)
    alike = Counter(lines)
    alike_below = Counter(zip(lines, headings, strict=True))
    before: Counter[tuple[bool, str]] = Counter()
    names = {}
    for place, (cell, line, heading) in enumerate(zip(cells, lines, headings, strict=True)):
        code, words = line
        what = f'{"cell" if code else "text cell"} that begins "{words}"'
        if not words:
            name = f'the cell below "{heading}"' if heading else f"the {ordinal(place + 1)} cell"
        elif alike[line] == 1:
            name = f"the {what}"
        elif heading and alike_below[line, heading] == 1:
            name = f'the {what} (below "{heading}")'
        else:
            name = f"the {ordinal(before[line] + 1)} {what}"
        before[line] += 1
        names[cell.index] = name
    return names


def cell_name(cells: Sequence[Cell], index: int) -> str:
    return cell_names(cells).get(index, "another cell")


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


def _headings_above(cells: Sequence[Cell]) -> list[str]:
    """The last heading of the texts above each cell."""
    above = ""
    headings = []
    for cell in cells:
        headings.append(above)
        if cell.kind == "markdown":
            own = (quotable(found[1]) for line in cell.source[:_READ].splitlines() if (found := _HEADING.match(line)))
            above = ([heading for heading in own if heading] or [above])[-1]
    return headings
