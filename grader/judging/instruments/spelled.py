"""Which global a piece of code reaches by a name that it spells out: globals()['test' + '_set'], eval('test_set')."""

import ast

SPACES = {"globals", "locals", "vars"}


def spelled_name(node: ast.expr) -> str | None:
    """The name; None where there is none, or where it is not made of constants alone."""
    if isinstance(node, ast.Subscript) and isinstance(node.value, ast.Call) and called(node.value) in SPACES:
        return text_of(node.slice)
    if isinstance(node, ast.Call) and called(node) == "eval" and node.args:
        return text_of(node.args[0])
    if isinstance(node, ast.Call) and called(node) == "getattr" and len(node.args) > 1:
        return text_of(node.args[1])
    if isinstance(node, ast.Call) and called(node) == "get" and isinstance(node.func, ast.Attribute) and node.args:
        owner = node.func.value
        return text_of(node.args[0]) if isinstance(owner, ast.Call) and called(owner) in SPACES else None
    return None


def called(call: ast.Call) -> str:
    return str(getattr(call.func, "attr", getattr(call.func, "id", "")))


def text_of(node: ast.expr) -> str | None:
    """Of constants that are put together: 'te' + 'st', f'{"te"}st', ''.join(['te', 'st']), 'tset'[::-1]."""
    if isinstance(node, ast.Constant):
        return node.value if isinstance(node.value, str) else None
    parts: list[str | None] = []
    between = ""
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        parts = [text_of(node.left), text_of(node.right)]
    elif isinstance(node, ast.JoinedStr):
        parts = [text_of(p.value if isinstance(p, ast.FormattedValue) else p) for p in node.values]
    elif isinstance(node, ast.Subscript) and ast.unparse(node.slice) == "::-1":
        whole = text_of(node.value)
        return whole[::-1] if whole is not None else None
    elif isinstance(node, ast.Call) and called(node) == "join" and isinstance(node.func, ast.Attribute) and node.args:
        between = text_of(node.func.value) or ""
        parts = [text_of(e) for e in node.args[0].elts] if isinstance(node.args[0], (ast.List, ast.Tuple)) else [None]
    texts = [part for part in parts if part is not None]
    return between.join(texts) if parts and len(texts) == len(parts) else None
