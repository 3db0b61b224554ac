"""Which lab of the course a notebook is of: evidence is weighed, content before names, and the heaviest wins.

Students rename classes, delete titles and lose cell ids, and neighbouring labs share nearly all given code,
so no single clue decides.
"""

import re
from collections.abc import Sequence

from msgspec import Struct

from grader.course.folder import current_course
from grader.intake.clues import CELL_ID_WEIGHT, Clue, current_clues
from grader.model import Cell

_KINDS = ("code", "cell ids", "titles", "name")
_ENOUGH = 1.5  # below it, a stray word; above it, a guess is kinder than none
_READ = 2_000_000  # characters of code and of titles; no notebook written by hand has more


class Guess(Struct, frozen=True):
    lab: str | None
    reason: str  # a sentence


def recognise(cells: Sequence[Cell], names: Sequence[str]) -> Guess:
    """`names`: the file's name first, then its folders from the inside out."""
    scores = _scores(cells, names)
    lab = max(scores, key=lambda slug: sum(scores[slug].values()), default="")
    if not lab or sum(scores[lab].values()) < _ENOUGH:
        return Guess(lab=None, reason="Nothing in the notebook or its name says which lab it is.")
    *most, last = [kind for kind in _KINDS if scores[lab][kind] > 0]
    evidence = f"{', '.join(most)} and {last}" if most else last
    return Guess(lab=lab, reason=f"It was taken for this lab because of its {evidence}.")


def alike(cells: Sequence[Cell]) -> tuple[str, ...]:
    """The labs that the notebook itself speaks for, no one more than another; none where nothing does."""
    sums = {lab: sum(kinds.values()) for lab, kinds in _scores(cells, ()).items()}
    most = max(sums.values(), default=0.0)
    return tuple(lab for lab, weight in sums.items() if weight == most) if most >= _ENOUGH else ()


def _scores(cells: Sequence[Cell], names: Sequence[str]) -> dict[str, dict[str, float]]:
    scores = {lab: dict.fromkeys(_KINDS, 0.0) for lab in current_course().labs}
    for kind, votes in _evidence(cells, names):
        for slug, weight in votes.items():
            scores[slug][kind] += weight
    return scores


def speaks_for(cells: Sequence[Cell], lab: str) -> bool:
    """Whether anything in the notebook itself does."""
    return any(votes.get(lab, 0.0) > 0 for _, votes in _evidence(cells, ()))


def _evidence(cells: Sequence[Cell], names: Sequence[str]) -> list[tuple[str, dict[str, float]]]:
    code = "\n".join(cell.source for cell in cells if cell.kind == "code")[:_READ]
    titles = "\n".join(_title(cell.source) for cell in cells if cell.kind == "markdown")[:_READ]
    clues = current_clues()
    found = [("code", votes) for votes in _votes(clues.code, code)]
    found += [("titles", votes) for votes in _votes(clues.titles, titles)]
    labs = {clues.cells[cell.colab_id] for cell in cells if cell.colab_id in clues.cells}
    found += [("cell ids", {lab: CELL_ID_WEIGHT}) for lab in labs]
    for place, name in enumerate(names):
        share = 0.5 + 0.5 ** (place + 1)  # the farther out a folder, the less it tells
        found += [
            ("name", {lab: weight * share for lab, weight in votes.items()})
            for votes in _votes(clues.names, _spaced(name[:250]))
        ]
    return found


def _votes(clues: Sequence[Clue], text: str) -> list[dict[str, float]]:
    return [
        clue.weights
        for clue in clues
        if clue.pattern.search(text) and (clue.only_with is None or clue.only_with.search(text))
    ]


def _title(source: str) -> str:
    """The headings of a text cell, or its first line where it has none."""
    lines = [line.strip() for line in source[:5000].splitlines() if line.strip()]
    headings = [line for line in lines if line.startswith("#") or re.match(r"<h\d", line, re.IGNORECASE)]
    return "\n".join(headings or lines[:1])


def _spaced(name: str) -> str:
    """`lab4Gru` reads as `lab4 Gru`, `sol2mlp` stays."""
    return re.sub(r"(?<=[a-záéíóúñ\d])(?=[A-Z])", " ", name)
