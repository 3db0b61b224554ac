"""Lab 6: networks that are built from inputs to outputs, as Keras puts it, seen as instances of a class."""

import ast
import re
from collections.abc import Iterator, Mapping, Sequence

from msgspec.structs import replace

from grader.judging.kinds.captioning.anew import STATES, STEP, Graph, graphs_in
from grader.judging.kinds.captioning.contact import DECODER, ENCODER
from grader.judging.meeting.source import trees
from grader.model import Cell
from grader.sandbox.guest.wire import (
    ClassInfo,
    Construction,
    FunctionInfo,
    Inventory,
    Opaque,
    Scalar,
    Value,
)

MODEL = re.compile(r"(^|\.)Model$")


def with_graphs(inventory: Inventory, cells: Sequence[Cell]) -> Inventory:
    """Those that functions build, and those that stand at the top of a cell.

    The last network of each function counts, as the last instance of a class does.
    """
    written = [node for _, tree in trees(cells) for node in tree.body]
    builders = {node.name for node in written if isinstance(node, ast.FunctionDef) and builds(node)}
    functions = {f.name: f for f in inventory.functions if f.name in builders}
    classes = tuple(ClassInfo(f.name, f.cell, {**STEP}, (), f.parameters) for f in functions.values())
    made = (
        one for node in written if isinstance(node, ast.Assign) for one in constructions(node, functions, inventory)
    )
    alone = at_the_top(inventory, cells, classes)
    return replace(
        inventory,
        classes=(*inventory.classes, *classes, *(graph.info for graph in alone)),
        constructions=(*inventory.constructions, *made, *(graph.construction for graph in alone)),
    )


def at_the_top(inventory: Inventory, cells: Sequence[Cell], built: Sequence[ClassInfo]) -> list[Graph]:
    """What may be a decoder by its inputs; what is called an encoder where no class or function is."""
    encoders = any(encodes(c.name) for c in (*inventory.classes, *built))
    return [
        graph for graph in graphs_in(cells, inventory.scalars).values()
        if (not encoders if encodes(graph.name) else graph.inputs >= STATES)
    ]  # fmt: skip


def encodes(name: str) -> bool:
    return bool(ENCODER.search(name)) and not DECODER.search(name)


def builds(function: ast.FunctionDef) -> bool:
    """Whether it returns a network made of inputs and outputs, at once or by a name."""
    models = [node for node in ast.walk(function) if isinstance(node, ast.Call) and is_model(node)]
    named = {
        target.id for node in ast.walk(function) if isinstance(node, ast.Assign) and node.value in models
        for target in node.targets if isinstance(target, ast.Name)
    }  # fmt: skip
    returned = [node.value for node in ast.walk(function) if isinstance(node, ast.Return)]
    return any(value in models or (isinstance(value, ast.Name) and value.id in named) for value in returned)


def is_model(call: ast.Call) -> bool:
    return bool(MODEL.search(ast.unparse(call.func))) and len(call.args) + len(call.keywords) >= 2


def constructions(node: ast.Assign, functions: dict[str, FunctionInfo], inventory: Inventory) -> Iterator[Construction]:
    for target, value in pairs(node):
        if isinstance(target, ast.Name) and isinstance(value, ast.Call) and ast.unparse(value.func) in functions:
            args = tuple(handed(argument, inventory.scalars) for argument in value.args)
            kwargs = {k.arg: handed(k.value, inventory.scalars) for k in value.keywords if k.arg}
            yield Construction(ast.unparse(value.func), args, kwargs, target.id)


def pairs(node: ast.Assign) -> Iterator[tuple[ast.expr, ast.expr]]:
    target, value = node.targets[-1], node.value
    if isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple) and len(target.elts) == len(value.elts):
        yield from zip(target.elts, value.elts, strict=True)
    else:
        yield target, value


def handed(argument: ast.expr, scalars: Mapping[str, Scalar]) -> Value:
    """A number as it stands, or that of a global."""
    if isinstance(argument, ast.Name) and argument.id in scalars:
        return scalars[argument.id]
    constant = argument.value if isinstance(argument, ast.Constant) else None
    return constant if type(constant) in (bool, int, float, str) else Opaque("expression")  # type: ignore[return-value]
