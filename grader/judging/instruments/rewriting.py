"""Rewrites the text of a notebook into forms that are easier to follow; what it does stays the same.

`score = lambda c: …` becomes a function, `map(f, items)` a comprehension, and a comprehension over a few texts written
out, `train, dev = (load(n) for n in ('train.txt', 'dev.txt'))`, the tuple or dictionary it makes.
"""

import ast
import copy
from collections.abc import Iterator

PASSED = "each"  # the variable of a comprehension made from map


def plainer(tree: ast.Module) -> ast.Module:
    try:
        made = Rewriter().visit(copy.deepcopy(tree))
    except RecursionError:  # nested as deep as nobody writes by hand
        return tree
    assert isinstance(made, ast.Module)
    return ast.fix_missing_locations(made)


class Rewriter(ast.NodeTransformer):
    def visit_Assign(self, node: ast.Assign) -> ast.AST:
        self.generic_visit(node)
        if isinstance(node.value, ast.Lambda) and isinstance(node.targets[0], ast.Name):
            body: list[ast.stmt] = [ast.copy_location(ast.Return(node.value.body), node)]
            function = ast.FunctionDef(node.targets[0].id, node.value.args, body, [])
            return ast.copy_location(function, node)
        if isinstance(node.targets[0], ast.Tuple) and isinstance(node.value, (ast.ListComp, ast.GeneratorExp)):
            elements = [written_out(node.value.elt, name, text) for name, text in texts(node.value.generators)]
            if len(elements) == len(node.targets[0].elts):
                node.value = ast.copy_location(ast.Tuple(elements, ast.Load()), node.value)
        return node

    def visit_DictComp(self, node: ast.DictComp) -> ast.AST:
        self.generic_visit(node)
        pairs = list(texts(node.generators))
        if not pairs:
            return node
        keys: list[ast.expr | None] = [written_out(node.key, name, text) for name, text in pairs]
        return ast.copy_location(ast.Dict(keys, [written_out(node.value, name, text) for name, text in pairs]), node)

    def visit_Call(self, node: ast.Call) -> ast.AST:
        self.generic_visit(node)
        if not isinstance(node.func, ast.Name) or node.func.id != "map" or len(node.args) != 2:
            return node
        function, items = node.args
        call = ast.Call(function, [ast.Name(PASSED, ast.Load())], [])
        loop = ast.comprehension(ast.Name(PASSED, ast.Store()), items, [], 0)
        return ast.copy_location(ast.GeneratorExp(call, [loop]), node)


def texts(generators: list[ast.comprehension]) -> Iterator[tuple[str, ast.Constant]]:
    """The variable and each of the texts that a single loop over written texts goes through."""
    loop = generators[0]
    if len(generators) > 1 or not isinstance(loop.target, ast.Name) or not isinstance(loop.iter, (ast.Tuple, ast.List)):
        return
    constants = [item for item in loop.iter.elts if isinstance(item, ast.Constant) and isinstance(item.value, str)]
    if len(constants) == len(loop.iter.elts):
        yield from ((loop.target.id, item) for item in constants)


def written_out(node: ast.expr, name: str, text: ast.Constant) -> ast.expr:
    """The expression with the text in place of the variable."""

    class Exchange(ast.NodeTransformer):
        def visit_Name(self, found: ast.Name) -> ast.expr:
            return copy.copy(text) if found.id == name else found

    made = Exchange().visit(copy.deepcopy(node))
    assert isinstance(made, ast.expr)
    return made
