"""Calls in the text of a notebook: what they call, what they are given, and by what they pick."""

import ast
from collections.abc import Iterator

PICKING = {"max", "min", "sorted", "sort", "nlargest", "nsmallest", "argmax", "argmin", "argsort"}
EACH = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)


def calls_in(node: ast.AST) -> Iterator[ast.Call]:
    yield from (part for part in ast.walk(node) if isinstance(part, ast.Call))


def arguments(call: ast.Call) -> list[ast.expr]:
    return [*call.args, *(keyword.value for keyword in call.keywords)]


def attribute(call: ast.Call) -> str:
    name = getattr(call.func, "attr", getattr(call.func, "id", ""))
    return str(name)


def picked_by(node: ast.AST) -> Iterator[ast.expr]:
    """Of a call that puts things in order or takes the best of them: its key, or what is worked out for each."""
    if isinstance(node, ast.Call) and attribute(node) in PICKING:
        yield from (keyword.value for keyword in node.keywords if keyword.arg == "key")
        yield from (argument for argument in node.args if isinstance(argument, EACH))
