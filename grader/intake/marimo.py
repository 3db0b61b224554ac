"""The cells of a marimo notebook: the bodies of its `@app.cell` functions, as they need each other."""

import ast
import re
import textwrap
from collections.abc import Iterator
from typing import Any

from msgspec import Struct

from grader.syntax import parsed

_MARK = re.compile(r"^@app\.(cell|function|class_definition)\b", re.MULTILINE)
_IMPORT = re.compile(r"^(import marimo|from marimo import)\b.*\n?", re.MULTILINE)
_TEXT = re.compile(r"""\s*(?:mo|marimo)\.md\(\s*[rRfF]{0,2}(\"{3}|'{3})(.*)\1\s*,?\s*\)\s*""", re.DOTALL)
_SORTED = 300  # cells; more no person wrote, and looking for their order takes long

Raw = dict[str, Any]
Function = ast.FunctionDef | ast.AsyncFunctionDef


class _Part(Struct, frozen=True):
    source: str
    needs: frozenset[str] = frozenset()
    makes: frozenset[str] = frozenset()


def is_marimo(text: str) -> bool:
    return bool(_MARK.search(text) and _IMPORT.search(text))


def cells_of_marimo(text: str) -> list[Raw]:
    """Raises SyntaxError or RecursionError where the file is no Python."""
    lines = text.split("\n")
    parts = [part for node in parsed(text).body for part in _parts(node, lines)]
    return [_cell(part.source) for part in _in_order(parts) if part.source.strip()]


def _parts(node: ast.stmt, lines: list[str]) -> Iterator[_Part]:
    match node:
        case ast.FunctionDef() | ast.AsyncFunctionDef() if "app.cell" in _decorators(node):
            yield _body(node, lines)
        case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef() if _decorators(node) & {
            "app.function",
            "app.class_definition",
        }:
            yield _Part("\n".join(lines[node.lineno - 1 : node.end_lineno]), makes=frozenset({node.name}))
        case ast.With() if [ast.unparse(item.context_expr).split("(")[0] for item in node.items] == ["app.setup"]:
            yield _Part(_dedented(lines[node.body[0].lineno - 1 : node.end_lineno]))
        case ast.Expr(ast.Call(args=[ast.Constant(str(source)), *_])) if "_unparsable_cell" in ast.unparse(node)[:30]:
            yield _Part(textwrap.dedent(source).strip("\n"))


def _decorators(node: Function | ast.ClassDef) -> set[str]:
    return {ast.unparse(decorator).split("(")[0] for decorator in node.decorator_list}


def _body(node: Function, lines: list[str]) -> _Part:
    """Without the `return (x, y)` that tells marimo what the cell makes."""
    last = node.body[-1]
    end = last.lineno - 1 if isinstance(last, ast.Return) else node.end_lineno or last.lineno
    made = {name.id for name in ast.walk(last) if isinstance(name, ast.Name)} if isinstance(last, ast.Return) else set()
    start = max((argument.end_lineno or node.lineno for argument in node.args.args), default=node.lineno)
    while not lines[start - 1].split("#")[0].rstrip().endswith(":") and start < node.body[0].lineno:
        start += 1
    return _Part(_dedented(lines[start:end]), frozenset(a.arg for a in node.args.args), frozenset(made))


def _dedented(lines: list[str]) -> str:
    """Four spaces less, as marimo indents every line, those inside of strings too."""
    return "\n".join(line.removeprefix("    ") for line in lines).strip("\n")


def _in_order(parts: list[_Part]) -> list[_Part]:
    """The file's order, but for cells that use what only a later one makes; those of a circle stay at the end."""
    if len(parts) > _SORTED:
        return parts
    waiting, ordered = list(parts), []
    while waiting:
        missing = [part.makes for part in waiting]
        ready = [
            part
            for place, part in enumerate(waiting)
            if not any(part.needs & makes for other, makes in enumerate(missing) if other != place)
        ]
        first = ready[0] if ready else waiting[0]
        ordered.append(first)
        waiting.remove(first)
    return ordered


def _cell(source: str) -> Raw:
    text = _TEXT.fullmatch(source)
    if text:
        return {"cell_type": "markdown", "source": textwrap.dedent(text[2]).strip("\n")}
    return {"cell_type": "code", "source": _IMPORT.sub("", source)}
