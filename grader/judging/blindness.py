"""Whether the notebook's text lets the test set choose.

It does when it is looked at for every setting, inside training, or instead of the dev set.
"""

import ast
import re
from collections.abc import Iterator, Sequence

from grader.judging.source import trees
from grader.model import Cell

TEST = re.compile(r"test(ing)?(_?(set|data|examples))?$", re.IGNORECASE)
MANY = 3
LOOPS = (ast.For, ast.While, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)


def test_misuse(cells: Sequence[Cell]) -> tuple[str, int] | None:
    """(sentence, cell) of the first misuse; None when the test set stays blind."""
    parsed = list(trees(cells))
    testers = trained_and_tested(parsed)
    for index, tree in parsed:
        for node in ast.walk(tree):
            if (
                isinstance(node, ast.Call)
                and attribute(node) == "train"
                and any(is_test(a) for a in arguments(node)[1:])
            ):
                return "The test set is handed to `train` in place of the dev set.", index
            if isinstance(node, ast.ClassDef) and any(evaluates_test(part) for part in ast.walk(node)):
                return "The class looks at the test set while it trains.", index
            if isinstance(node, LOOPS) and loop_tests(node, testers):
                return (
                    "The test accuracy is computed for every setting of a sweep, so that the choice can follow it.",
                    index,
                )
    return tested_often(parsed, testers)


def loop_tests(loop: ast.AST, testers: set[str]) -> bool:
    parts = loop.body if isinstance(loop, (ast.For, ast.While)) else [loop]
    calls = [node for part in parts for node in ast.walk(part) if isinstance(node, ast.Call)]
    trains = any(attribute(call) == "train" or attribute(call) == "fit" for call in calls)
    return any(attribute(call) in testers for call in calls) or (trains and any(evaluates_test(call) for call in calls))


def trained_and_tested(parsed: Sequence[tuple[int, ast.Module]]) -> set[str]:
    """Functions that train a classifier and look at the test set."""
    functions = [node for _, tree in parsed for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
    return {
        f.name
        for f in functions
        if looks_at_test(f)
        and any(isinstance(node, ast.Call) and attribute(node) in ("train", "fit") for node in ast.walk(f))
    }


def looks_at_test(function: ast.FunctionDef) -> bool:
    """In its body, or through a parameter whose default is the test set."""
    defaults = [*function.args.defaults, *(d for d in function.args.kw_defaults if d is not None)]
    return any(evaluates_test(node) for node in ast.walk(function)) or any(is_test(d) for d in defaults)


def tested_often(parsed: Sequence[tuple[int, ast.Module]], testers: set[str]) -> tuple[str, int] | None:
    """Training and testing written out again and again for several settings."""
    outside = [
        (index, node)
        for index, tree in parsed
        for statement in tree.body
        if not isinstance(statement, (ast.FunctionDef, ast.ClassDef))
        for node in calls_in(statement)
    ]
    tested = [(index, node) for index, node in outside if evaluates_test(node) or attribute(node) in testers]
    trained = [node for _, node in outside if attribute(node) in ("train", "fit", *testers)]
    if len(tested) >= MANY and len(trained) >= MANY:
        return "The test accuracy is printed for one setting after another, so that the choice can follow it.", tested[
            0
        ][0]
    return None


def calls_in(statement: ast.stmt) -> Iterator[ast.Call]:
    yield from (node for node in ast.walk(statement) if isinstance(node, ast.Call))


def evaluates_test(node: ast.AST) -> bool:
    """A call that gets the test set, other than for preparing its features."""
    if not isinstance(node, ast.Call) or not any(is_test(a) for a in arguments(node)):
        return False
    return bool(re.search(r"eval|acc|classif|predict|score|test", attribute(node), re.IGNORECASE))


def arguments(call: ast.Call) -> list[ast.expr]:
    return [*call.args, *(keyword.value for keyword in call.keywords)]


def is_test(node: ast.expr) -> bool:
    if isinstance(node, ast.Subscript):
        return is_test(node.value)
    return isinstance(node, ast.Name) and bool(TEST.match(node.id))


def attribute(call: ast.Call) -> str:
    return (
        call.func.attr
        if isinstance(call.func, ast.Attribute)
        else call.func.id
        if isinstance(call.func, ast.Name)
        else ""
    )
