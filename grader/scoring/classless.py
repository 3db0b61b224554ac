"""Work that functions do in the place of a class: only classes are asked, so it stays open."""

import ast
from collections.abc import Iterator, Sequence

from grader.judging.checks import NO_CLASS
from grader.judging.meeting.source import trees
from grader.model import Cell, Scorecard

CLASSLESS = "This stays open, because functions do the work here in the place of a class, and only classes were asked."


def without_a_class(card: Scorecard, cells: Sequence[Cell]) -> bool:
    missing = card.earned == 0 and any(check.message == NO_CLASS for check in card.checks)
    return missing and trains_without_a_class(cells)


def trains_without_a_class(cells: Sequence[Cell]) -> bool:
    """Whether gradients are taken by functions or cells, and by no class."""
    return any(map(takes_gradients, statements(cells, False))) and not any(
        map(takes_gradients, statements(cells, True))
    )


def statements(cells: Sequence[Cell], of_classes: bool) -> Iterator[ast.stmt]:
    return (node for _, tree in trees(cells) for node in tree.body if isinstance(node, ast.ClassDef) is of_classes)


def takes_gradients(statement: ast.stmt) -> bool:
    return any(isinstance(node, ast.Attribute) and node.attr == "GradientTape" for node in ast.walk(statement))
