"""Which text and raw cells hold an answer in Python, which nobody runs there."""

import ast
import re
import textwrap
from collections.abc import Iterator, Sequence

from grader.model import Cell
from grader.syntax import parsed_or_none
from grader.wording.cell_names import first_line

_LONGEST = 20_000  # characters; beyond, no person typed it
_MOST = 500  # text cells that are looked at
_FENCE = re.compile(r"\s*(`{3,}|~{3,})[ \t]*\w*[ \t]*\n(.*)\n[ \t]*\1\s*", re.DOTALL)
_STATEMENTS = (
    ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Import, ast.ImportFrom, ast.Assign, ast.AugAssign,
    ast.AnnAssign, ast.For, ast.While, ast.If, ast.With, ast.Return, ast.Try, ast.Assert, ast.Delete,
)  # fmt: skip


def said_of_unrun_code(cells: Sequence[Cell]) -> Iterator[str]:
    texts = [cell for cell in cells if cell.kind != "code" and cell.source.strip()]
    for cell in texts[:_MOST]:
        if holds_an_answer(cell.source):
            kind = "text" if cell.kind == "markdown" else "raw"
            what = f'The cell that begins "{first_line(cell.source)}" holds Python but is a {kind} cell and is not run.'
            yield f"{what} If it is your answer, make it a code cell (in Colab: Ctrl+M Y), run it, hand it in again."


def holds_an_answer(source: str) -> bool:
    """Python from the first line to the last that defines or computes something; a formula or a word is none."""
    if len(source) > _LONGEST:
        return False
    fenced = _FENCE.fullmatch(source)
    tree = parsed_or_none(textwrap.dedent(fenced[2] if fenced else source))
    statements = tree.body if tree else []
    if any(isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) for each in statements):
        return all(_is_code(each) for each in statements)
    return not fenced and all(map(_is_code, statements)) and any(map(_computes, statements))


def _is_code(statement: ast.stmt) -> bool:
    if isinstance(statement, ast.Expr):  # "Hint", "a / b" and a docstring, but for the last, are words
        return isinstance(statement.value, ast.Call | ast.Await | ast.Constant)
    return isinstance(statement, _STATEMENTS) and not (isinstance(statement, ast.AnnAssign) and statement.value is None)


def _computes(statement: ast.stmt) -> bool:
    """It assigns what a library's or an object's function gives: `z = tf.sigmoid(a)`, not `z = sigmoid(a)`."""
    if isinstance(statement, ast.Import | ast.ImportFrom):
        return True
    calls = [node.func for node in ast.walk(statement) if isinstance(node, ast.Call)]
    assigns = any(isinstance(node, ast.Assign | ast.AugAssign) for node in ast.walk(statement))
    return assigns and any(isinstance(function, ast.Attribute) for function in calls)
