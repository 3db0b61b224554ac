"""Whether an assertion fails only because it compares numbers with decimals by ==, as one handout's own check does."""

import ast
import linecache
import types
from typing import Any

import numpy as np

TOLERANCE = 1e-3
EXACT = ("array_equal", "equal")  # of NumPy and TensorFlow


def holds_roughly(trace: types.TracebackType | None) -> bool:
    """The assertion in which this traceback ends, tried again where it stood, with room for rounding."""
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    statement = trace and assertion_at(trace.tb_frame.f_code.co_filename, trace.tb_lineno)
    if trace is None or statement is None:
        return False
    test = ast.fix_missing_locations(ast.Expression(Rounding().visit(statement.test)))
    names = {**trace.tb_frame.f_globals, **trace.tb_frame.f_locals, Rounding.NAME: roughly_equal}
    try:
        return bool(eval(compile(test, "<assertion>", "eval"), names))  # noqa: S307 - the notebook's own expression
    except Exception:
        return False


def assertion_at(file: str, line: int) -> ast.Assert | None:
    try:
        tree = ast.parse("".join(linecache.getlines(file)))
    except SyntaxError:
        return None
    asserts = [node for node in ast.walk(tree) if isinstance(node, ast.Assert)]
    return next((node for node in asserts if node.lineno <= line <= (node.end_lineno or node.lineno)), None)


class Rounding(ast.NodeTransformer):
    """`a == b` and `np.array_equal(a, b)` become one call of ours."""

    NAME = "_grader_roughly_equal"

    def visit_Compare(self, node: ast.Compare) -> ast.AST:
        self.generic_visit(node)
        if len(node.ops) != 1 or not isinstance(node.ops[0], ast.Eq):
            return node
        return ast.Call(ast.Name(self.NAME, ast.Load()), [node.left, *node.comparators], [])

    def visit_Call(self, node: ast.Call) -> ast.AST:
        self.generic_visit(node)
        if not isinstance(node.func, ast.Attribute) or node.func.attr not in EXACT or len(node.args) != 2:
            return node
        by_place = ast.Call(ast.Name(self.NAME, ast.Load()), node.args, [])
        return by_place if node.func.attr == "equal" else ast.Call(ast.Attribute(by_place, "all", ast.Load()), [], [])


def roughly_equal(one: Any, other: Any) -> Any:
    """By place, as == does it for arrays; anything but numbers with decimals is compared as it is."""
    numbers = np.asarray(one), np.asarray(other)
    if all(array.dtype.kind in "fiub" for array in numbers) and "f" in (array.dtype.kind for array in numbers):
        return np.isclose(*numbers, rtol=0, atol=TOLERANCE)
    return np.equal(*numbers) if isinstance(one, np.ndarray) else one == other
