"""What speaks for which lab: Colab's cell ids, titles, names in the code, words in a file's name, each with a weight.

Each lab's clues stand in the head of its rubric. One may stand in several, or speak against one.
"""

import re
from functools import cache
from pathlib import Path

from msgspec import Struct

from grader.course.folder import current_course, load_course
from grader.course.head import CONDITION, Head

CELL_ID_WEIGHT = 7.0
OWN_WEIGHT = 3.0  # of a lab's own title, slug and aliases, where its rubric has no clues of the kind


class Clue(Struct, frozen=True):
    """`weights` by slug. With `only_with`, the clue counts only where that pattern is found as well."""

    pattern: re.Pattern[str]
    weights: dict[str, float]
    only_with: re.Pattern[str] | None = None


class CourseClues(Struct, frozen=True):
    cells: dict[str, str]  # the lab, by the id of a cell
    code: tuple[Clue, ...]
    titles: tuple[Clue, ...]  # "# Lab2: MLP and Dropout" opens a text cell; elsewhere earlier labs may be mentioned
    names: tuple[Clue, ...]


def current_clues() -> CourseClues:
    return _clues_of(current_course().folder)


@cache
def _clues_of(folder: Path) -> CourseClues:
    heads = {lab: rubric.head for lab, rubric in load_course(folder).labs.items()}
    return CourseClues(
        {cell: lab for lab, head in heads.items() for cell in head.clues.cells},
        _together({lab: head.clues.code for lab, head in heads.items()}),
        _together({lab: head.clues.titles or _own_title(head) for lab, head in heads.items()}),
        _together({lab: head.clues.names or _own_names(lab, head) for lab, head in heads.items()}),
    )


def _own_title(head: Head) -> dict[str, float]:
    return {_in_words(head.title): OWN_WEIGHT}


def _own_names(lab: str, head: Head) -> dict[str, float]:
    return {_in_words(name): OWN_WEIGHT for name in (lab, *head.aliases)}


def _in_words(text: str) -> str:
    """As a whole, however its words are parted: `lab 2` for `lab2`, `digits-mlp` for `digits_mlp`."""
    return r"(?<![^\W_])" + r"[\W_]*".join(re.findall(r"[^\W\d_]+|\d+", text)) + r"(?![^\W_])"


def _together(patterns: dict[str, dict[str, float]]) -> tuple[Clue, ...]:
    """A pattern is looked for once, for all labs that name it."""
    weights: dict[str, dict[str, float]] = {}
    for lab, own in patterns.items():
        for pattern, weight in own.items():
            weights.setdefault(pattern, {})[lab] = weight
    return tuple(_clue(pattern, votes) for pattern, votes in weights.items())


def _clue(text: str, weights: dict[str, float]) -> Clue:
    pattern, _, condition = text.partition(CONDITION)
    return Clue(_compiled(pattern), weights, _compiled(condition) if condition else None)


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern.strip(), re.IGNORECASE | re.MULTILINE)
