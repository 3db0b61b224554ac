"""What only the text of a notebook shows: which functions call what, where a name stands in a loop."""

import ast
import re
from collections.abc import Iterator, Sequence

from grader.model import Cell
from grader.syntax import parsed, parsed_or_none

MAGIC = re.compile(r"^(\s*)[%!].*$", re.MULTILINE)


def trees(cells: Sequence[Cell]) -> Iterator[tuple[int, ast.Module]]:
    """(cell index, syntax tree) of each code cell that parses; magics are blanked."""
    for cell in cells:
        if cell.kind == "code":
            if tree := parsed_or_none(MAGIC.sub(r"\1pass", cell.source)):
                yield cell.index, tree


def within_classes(cells: Sequence[Cell]) -> Iterator[ast.AST]:
    """All that is written in classes."""
    for _, tree in trees(cells):
        for node in ast.walk(tree):
            if isinstance(node, ast.ClassDef):
                yield from ast.walk(node)


def definition(cells: Sequence[Cell], name: str) -> tuple[int, ast.AST] | None:
    """The last definition of a function, or assignment of a lambda, with its cell."""
    found = None
    for index, tree in trees(cells):
        for node in ast.walk(tree):
            is_function = isinstance(node, ast.FunctionDef) and node.name == name
            is_lambda = isinstance(node, ast.Assign) and any(
                isinstance(t, ast.Name) and t.id == name for t in node.targets
            )
            if is_function or is_lambda:
                found = (index, node)
    return found


def idle(function: ast.AST) -> bool:
    """Whether a function does nothing: docstring, `pass`, constants with names, `return None`, NotImplementedError."""
    return isinstance(function, ast.FunctionDef) and all(map(_says_nothing, function.body))


def _says_nothing(statement: ast.stmt) -> bool:
    if isinstance(statement, ast.Return) and statement.value is None:
        return True
    if isinstance(statement, ast.Raise) and statement.exc is not None:
        return ast.unparse(statement.exc).startswith("NotImplementedError")
    constant = isinstance(getattr(statement, "value", None), ast.Constant)
    return isinstance(statement, ast.Pass) or (constant and isinstance(statement, ast.Expr | ast.Assign | ast.Return))


class _Literal(ast.NodeTransformer):
    """Gives assignments and defaults of certain names another value where they were the literal 1."""

    def __init__(self, names: Sequence[str], value: float) -> None:
        self.names, self.value, self.changed = names, value, False

    def visit_Assign(self, node: ast.Assign) -> ast.AST:
        target = node.targets[0]
        if isinstance(target, ast.Name) and target.id.lower() in self.names and is_one(node.value):
            node.value, self.changed = ast.Constant(self.value), True
        elif isinstance(target, ast.Tuple) and isinstance(node.value, ast.Tuple):
            for i, (name, value) in enumerate(zip(target.elts, node.value.elts, strict=False)):
                if isinstance(name, ast.Name) and name.id.lower() in self.names and is_one(value):
                    node.value.elts[i], self.changed = ast.Constant(self.value), True
        return node

    def visit_arguments(self, node: ast.arguments) -> ast.AST:
        for i, argument in enumerate(node.args[len(node.args) - len(node.defaults) :]):
            if argument.arg.lower() in self.names and is_one(node.defaults[i]):
                node.defaults[i], self.changed = ast.Constant(self.value), True
        return node


def is_one(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and type(node.value) in (int, float) and node.value == 1


def with_literal(function: ast.AST, names: Sequence[str], value: float) -> str | None:
    """The function's source with `names = 1` made `names = value`; None when there is no such literal."""
    transformer = _Literal(names, value)
    changed = transformer.visit(parsed(ast.unparse(function)))
    return ast.unparse(ast.fix_missing_locations(changed)) if transformer.changed else None
