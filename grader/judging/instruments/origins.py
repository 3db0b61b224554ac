"""What data sets of a notebook are made of, by its text: other sets put together, or a file of the course."""

import ast
import re
from collections.abc import Iterator, Sequence

from grader.judging.instruments.calls import EACH, arguments, attribute, calls_in

TEST_FILE = re.compile(r"(^|[/\\_.-])test(\.\w+)*$", re.IGNORECASE)
COLLECTING = {"dict", "list", "tuple", "set", "zip", "chain", "concatenate", "OrderedDict"} | {
    "array", "asarray", "stack", "vstack", "constant", "convert_to_tensor"
}  # fmt: skip
GROWING = {"extend", "update"}
LOADS = re.compile(r"load|read|open|carg|lee|irakurri|kargatu|parse|data", re.IGNORECASE)


def members(node: ast.expr) -> Sequence[ast.expr]:
    """What a list or dictionary is put together from."""
    if isinstance(node, (ast.List, ast.Tuple, ast.Set)):
        return [e.value if isinstance(e, ast.Starred) else e for e in node.elts]
    if isinstance(node, ast.Dict):
        return node.values
    if isinstance(node, EACH):
        return [generator.iter for generator in node.generators]
    return arguments(node) if isinstance(node, ast.Call) and attribute(node) in COLLECTING else []


def summands(node: ast.expr) -> Sequence[ast.expr]:
    """dev_set + test_set, [*dev_set, *test_set]"""
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        return [node.left, node.right]
    return [e.value for e in node.elts if isinstance(e, ast.Starred)] if isinstance(node, ast.List) else []


def assigned(node: ast.AST) -> Iterator[tuple[str, ast.expr]]:
    """Names and what they are given by an assignment."""
    if not isinstance(node, ast.Assign):
        return
    for target in node.targets:
        if isinstance(target, ast.Name):
            yield target.id, node.value
        elif isinstance(target, ast.Tuple) and isinstance(node.value, ast.Tuple):
            pairs = zip(target.elts, node.value.elts, strict=False)
            yield from ((name.id, value) for name, value in pairs if isinstance(name, ast.Name))


def grown(node: ast.AST) -> Iterator[tuple[str, ast.expr]]:
    """Names and what is added to them: dev_set += test_set, dev_set.extend(test_set)."""
    if isinstance(node, ast.AugAssign) and isinstance(node.target, ast.Name) and isinstance(node.op, ast.Add):
        yield node.target.id, node.value
    elif isinstance(node, ast.Call) and attribute(node) in GROWING and isinstance(node.func, ast.Attribute):
        owner = node.func.value
        yield from ((owner.id, value) for value in node.args if isinstance(owner, ast.Name))


def read_from_test_file(node: ast.expr) -> bool:
    """load_sst_data(home + 'test.txt')"""
    return any(LOADS.search(attribute(call)) and any(map(names_file, arguments(call))) for call in calls_in(node))


def names_file(argument: ast.expr) -> bool:
    texts = [path for part in ast.walk(argument) if isinstance(part, ast.expr) and "." in (path := path_of(part))]
    return any(TEST_FILE.search(text) for text in texts)


def path_of(node: ast.expr) -> str:
    """The constants of a path put together: home + 'test.txt', f'{home}/{"test"}.txt', home / 'test.txt'."""
    if isinstance(node, ast.Constant):
        return node.value if isinstance(node.value, str) else ""
    if isinstance(node, ast.BinOp) and isinstance(node.op, (ast.Add, ast.Div)):
        return f"{path_of(node.left)}{'/' if isinstance(node.op, ast.Div) else ''}{path_of(node.right)}"
    if isinstance(node, ast.JoinedStr):
        return "".join(path_of(p.value if isinstance(p, ast.FormattedValue) else p) for p in node.values)
    return ""
