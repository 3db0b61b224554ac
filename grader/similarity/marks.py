"""Marks of code: hashes of short stretches of its syntax, by which two notebooks are held against each other.

Names that a notebook gives itself do not count, nor do layout, comments, texts and numbers. Of all stretches some are
chosen by winnowing (Schleimer, Wilkerson, Aiken 2003): a stretch of STRETCH + WINDOW - 1 nodes that two notebooks share
has a mark in both. Marks are a set, so the order in which methods and cells stand does not count either.
"""

import ast
import hashlib
import re
from collections.abc import Iterator, Sequence

from msgspec import Struct

from grader.intake.repair import syntax_tree
from grader.model import Cell
from grader.syntax import parsed_or_none

STRETCH = 14  # nodes of a syntax tree; a line of the course's code has about as many
WINDOW = 5
LONGEST = 400_000  # characters of a cell that are looked at
_MAGIC = re.compile(r"^[ \t]*[!%?].*$", re.MULTILINE)
_LEFT_OUT = (ast.expr_context, ast.Import, ast.ImportFrom, ast.alias, ast.type_ignore)


class Place(Struct, frozen=True):
    """Where a mark stands."""

    cell: int
    first: int  # line, from 1
    last: int


Node = tuple[str, int]  # as a word, and its line


def marks(cells: Sequence[Cell]) -> dict[int, tuple[Place, ...]]:
    """Cells that are no valid Python have none."""
    trees = [(cell.index, tree) for cell in cells if cell.kind == "code" and (tree := _tree(cell.source))]
    own = frozenset(name for _, tree in trees for name in _given(tree))
    found: dict[int, list[Place]] = {}
    for index, tree in trees:
        for nodes in _units(tree, own):
            for mark, start in _winnowed(nodes):
                lines = [line for _, line in nodes[start : start + STRETCH]]
                found.setdefault(mark, []).append(Place(index, min(lines), max(lines)))
    return {mark: tuple(places) for mark, places in found.items()}


def _tree(source: str) -> ast.Module | None:
    """Of a cell too long for IPython's own reading too, without its magics."""
    return syntax_tree(source) or parsed_or_none(_MAGIC.sub("", source[:LONGEST]))


def _given(tree: ast.Module) -> Iterator[str]:
    """Names that the code gives: of variables, attributes, functions, classes and parameters."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            yield node.attr
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield node.name
        elif isinstance(node, ast.arg):
            yield node.arg


def _units(tree: ast.Module, own: frozenset[str]) -> Iterator[list[Node]]:
    """The nodes of each function, and of what stands around: no stretch goes from one function into the next.

    With stacks, as a student's sum may be a thousand terms deep.
    """
    units: list[tuple[Sequence[ast.AST], int]] = [(tree.body, 1)]
    while units:
        begun, around = units.pop()
        nodes: list[Node] = []
        waiting = [(child, around) for child in reversed(begun)]
        while waiting:
            node, before = waiting.pop()
            if isinstance(node, _LEFT_OUT) or _is_text(node):
                continue
            line = getattr(node, "lineno", before)
            children = [*ast.iter_child_nodes(node)]
            nodes.append((_word(node, own), line))
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                units.append((children, line))
            else:
                waiting += [(child, line) for child in reversed(children)]
        yield nodes


def _is_text(node: ast.AST) -> bool:
    """A docstring, a text that stands there as a comment, or a magic as IPython writes it in Python."""
    if not isinstance(node, ast.Expr):
        return False
    if isinstance(node.value, ast.Constant):
        return isinstance(node.value.value, str)
    match node.value:
        case ast.Call(func=ast.Attribute(value=ast.Call(func=ast.Name(id="get_ipython")))):
            return True
    return False


def _word(node: ast.AST, own: frozenset[str]) -> str:
    match node:
        case ast.Name():
            return "own" if node.id in own else node.id
        case ast.Attribute():
            return ".own" if node.attr in own else f".{node.attr}"
        case ast.keyword():
            return "own=" if node.arg in own else f"{node.arg}="
        case ast.Constant():
            return type(node.value).__name__
    return type(node).__name__


def _winnowed(nodes: Sequence[Node]) -> Iterator[tuple[int, int]]:
    """Each chosen mark, and the node with which its stretch begins."""
    words = [word for word, _ in nodes]
    hashes = [_hash(words[n : n + STRETCH]) for n in range(len(words) - STRETCH + 1)]
    chosen = -1
    for start in range(max(len(hashes) - WINDOW + 1, min(len(hashes), 1))):
        window = range(start, min(start + WINDOW, len(hashes)))
        best = min(window, key=lambda n: (hashes[n], -n))
        if best != chosen:
            chosen = best
            yield hashes[best], best


def _hash(words: Sequence[str]) -> int:
    return int.from_bytes(hashlib.blake2b("\0".join(words).encode(), digest_size=8).digest(), "big")
