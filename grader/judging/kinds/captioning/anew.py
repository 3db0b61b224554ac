"""Lab 6: networks that stand at the top of a cell, made a second time from the statements that lead to them."""

import ast
from collections.abc import Collection, Iterator, Mapping, Sequence

from msgspec import Struct

from grader.judging.meeting.source import trees
from grader.model import Cell
from grader.sandbox.guest.wire import ClassInfo, Construction, ParameterInfo, Scalar

STATES = 3  # a decoder takes a word, features and a state at least
STEP = {"call": (ParameterInfo("inputs", required=True),)}  # all of them at once
# What the statements read of the notebook stays as it is, but for the sizes that are given.
ANEW = "(lambda **sizes: (lambda names: (exec({source!r}, names), names[{name!r}])[1])({{**globals(), **sizes}}))"


class Graph(Struct, frozen=True):
    name: str  # of the global
    cell: int
    inputs: int  # as many as are written; 1 where that is not seen
    keys: tuple[str, ...]  # that inputs have in a dictionary
    source: str  # all that leads to it
    sizes: Mapping[str, Scalar]  # whole numbers of the notebook that it reads

    @property
    def maker(self) -> str:
        return ANEW.format(source=self.source, name=self.name)

    @property
    def info(self) -> ClassInfo:
        sizes = tuple(ParameterInfo(name, required=False, default=value) for name, value in self.sizes.items())
        return ClassInfo(self.name, self.cell, {**STEP}, (), sizes)

    @property
    def construction(self) -> Construction:
        return Construction(self.name, (), dict(self.sizes), self.name)


def graphs_in(cells: Sequence[Cell], scalars: Mapping[str, Scalar]) -> dict[str, Graph]:
    """By name, the last of each; scalars are the notebook's, which nothing has to lead to."""
    written = [(index, node) for index, tree in trees(cells) for node in tree.body]
    found = {}
    settings = {node.name for _, node in written if isinstance(node, ast.ClassDef) and not node.bases}
    for place, (index, node) in enumerate(written):
        if not isinstance(node, ast.Assign) or not isinstance(node.value, ast.Call) or not is_network(node.value):
            continue
        before = [one for _, one in written[:place] if not holds_settings(one, settings)]
        lines = leading_to(before, node, scalars)
        read = {name for line in lines for name in names_in(line, ast.Load)}
        sizes = {name: value for name, value in scalars.items() if name in read and type(value) is int}
        source = "\n".join(map(ast.unparse, lines))
        for target in node.targets:
            if isinstance(target, ast.Name):
                found[target.id] = Graph(target.id, index, *inputs_of(node.value, lines), source, sizes)
    return found


def holds_settings(node: ast.stmt, classes: Collection[str]) -> bool:
    """Whether it makes an object of one of these, which are no layers, or a dictionary of plain values."""
    value = node.value if isinstance(node, ast.Assign) else None
    if isinstance(value, ast.Dict):
        return bool(value.values) and not any(isinstance(one, ast.Call) for one in ast.walk(value))
    return isinstance(value, ast.Call) and isinstance(value.func, ast.Name) and value.func.id in classes


def is_network(call: ast.Call) -> bool:
    """Whether Keras makes a network of inputs and outputs here, or of a list of layers."""
    is_model = ast.unparse(call.func).rpartition(".")[2] == "Model"
    return (is_model and len(call.args) + len(call.keywords) >= 2) or is_line(call)


def is_line(call: ast.Call) -> bool:
    return ast.unparse(call.func).rpartition(".")[2] == "Sequential"


def leading_to(before: Sequence[ast.stmt], last: ast.stmt, scalars: Mapping[str, Scalar]) -> list[ast.stmt]:
    """The statements among these that give `last` its names, as far as nothing in between gives them anew."""
    kept, wanted = [last], names_in(last, ast.Load) - scalars.keys()
    for node in reversed(before):
        made = (names_in(node, ast.Store) | filled(node)) & wanted
        if not made or isinstance(node, ast.FunctionDef | ast.ClassDef | ast.Import | ast.ImportFrom):
            continue
        kept.append(node)
        given_anew = made - filled(node) if isinstance(node, ast.Assign | ast.AnnAssign) else set()
        wanted = (wanted - given_anew) | (names_in(node, ast.Load) - scalars.keys())
    return kept[::-1]


def filled(node: ast.stmt) -> set[str]:
    """Names of what a line puts something into: by a method, such as append, or at an index."""
    parts: list[ast.expr] = []
    for one in ast.walk(node):
        parts += one.targets if isinstance(one, ast.Assign) else []
        parts += [one.value.func] if isinstance(one, ast.Expr) and isinstance(one.value, ast.Call) else []
    holders = [part.value for part in parts if isinstance(part, ast.Attribute | ast.Subscript)]
    return {holder.id for holder in holders if isinstance(holder, ast.Name)}


def names_in(node: ast.AST, use: type[ast.expr_context]) -> set[str]:
    return {one.id for one in ast.walk(node) if isinstance(one, ast.Name) and isinstance(one.ctx, use)}


def inputs_of(call: ast.Call, lines: Sequence[ast.stmt]) -> tuple[int, tuple[str, ...]]:
    """How many stand in its first argument, or in the list that has this name, and the keys they have there."""
    if is_line(call):
        return 1, ()
    first = next((k.value for k in call.keywords if k.arg == "inputs"), call.args[0] if call.args else None)
    if isinstance(first, ast.Name):
        first = next(lists_of(first.id, lines), first)
    if isinstance(first, ast.Dict):
        return len(first.keys), tuple(str(k.value) for k in first.keys if isinstance(k, ast.Constant))
    return (len(first.elts) if isinstance(first, ast.List | ast.Tuple) else 1), ()


def lists_of(name: str, lines: Sequence[ast.stmt]) -> Iterator[ast.expr]:
    for line in reversed(lines):
        if isinstance(line, ast.Assign) and any(isinstance(t, ast.Name) and t.id == name for t in line.targets):
            yield line.value
