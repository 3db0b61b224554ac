"""Whether the text of a notebook shows work, where its behaviour is still that of the handout."""

import ast
import re
from collections.abc import Iterator, Sequence

from grader.judging.meeting.source import trees
from grader.model import Cell

READY = re.compile(
    r"(\w+\.)*(keras|layers)\.(\w+\.)*(Sequential|Model|Dense|Embedding|\w*Attention|Bidirectional|RNN|(SimpleRNN|GRU|LSTM)(Cell)?)"
)


def touched(cells: Sequence[Cell], begun_by: str) -> bool:
    """A cell that is no Python any more, or a name that is read only where the work is, as a pattern tells."""
    if not begun_by:
        return False
    return damaged(cells) or any(re.fullmatch(begun_by, name, re.IGNORECASE) for name in names_read(cells))


def begun(cells: Sequence[Cell], handed_out: Sequence[Cell]) -> bool:
    """Whether a function or class reads a name that none of the handout does, or a cell is no Python any more."""
    broken = damaged(cells) and not damaged(handed_out)
    return broken or not set(names_read(cells)) <= set(names_read(handed_out))


def damaged(cells: Sequence[Cell]) -> bool:
    """A handout's own cells can all be read."""
    code = {c.index for c in cells if c.kind == "code" and not c.source.lstrip().startswith("%%")}
    return bool(code - {index for index, _ in trees(cells)})


def names_read(cells: Sequence[Cell]) -> Iterator[str]:
    for _, tree in trees(cells):
        for node in ast.walk(tree):
            if isinstance(node, ast.ClassDef | ast.FunctionDef):
                yield from (name for part in ast.walk(node) if (name := name_read(part)))


def name_read(node: ast.AST) -> str:
    if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Load):
        return node.attr
    return node.id if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load) else ""


def ready_made(cells: Sequence[Cell]) -> str:
    """The layer of Keras that the notebook makes; empty where there is none."""
    keras = {
        (alias.asname or alias.name): f"keras.{alias.name}"
        for _, tree in trees(cells)
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module and re.search(r"\bkeras\b", node.module)
        for alias in node.names
    }
    for _, tree in trees(cells):
        for node in ast.walk(tree):
            if isinstance(node, ast.Call):
                first, _, rest = ast.unparse(node.func).partition(".")
                path = ".".join(filter(None, [keras.get(first, first), rest]))
                if READY.fullmatch(path):
                    return path.rpartition(".")[2]
    return ""
