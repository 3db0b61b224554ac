"""Whether the text of a notebook names a library's normal density, be it only to compare with."""

import ast
import re
from collections.abc import Iterator, Sequence

from grader.judging.meeting.source import trees
from grader.model import Cell

LIBRARIES = re.compile(
    r"(scipy\.stats|tensorflow_probability|statistics\.NormalDist|sklearn\.neighbors)\b|.*\.distributions$"
)


def library_named(cells: Sequence[Cell]) -> str | None:
    for _, tree in trees(cells):
        for node in ast.walk(tree):
            for name in names(node):
                if found := LIBRARIES.match(name):
                    return found.group()
    return None


def names(node: ast.AST) -> Iterator[str]:
    """Modules, and what is taken from them, in full."""
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    elif isinstance(node, ast.ImportFrom):
        yield from (f"{node.module}.{alias.name}" for alias in node.names)
    elif isinstance(node, ast.Attribute):
        yield ast.unparse(node)
