"""How a notebook makes its objects and trains them, by the text of its cells, where nobody watched it run.

An argument stands for what the notebook's globals hold under its name; what is called inside functions is passed over,
since their own names are gone.
"""

import ast
from collections.abc import Iterator, Sequence

from msgspec.structs import replace

from grader.judging.comparing.arrays import entry
from grader.judging.meeting.source import trees
from grader.model import Cell
from grader.sandbox.guest.wire import Construction, Inventory, Opaque, Ref, Training, Value

LATER = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)


def with_written(inventory: Inventory, cells: Sequence[Cell]) -> Inventory:
    """With calls as they are written, of the classes of which none was seen."""
    calls = [call for _, tree in trees(cells) for call in calls_in(tree)]
    made, trained = {c.cls for c in inventory.constructions}, {t.cls for t in inventory.trainings}
    constructions = list(inventory.constructions)
    trainings = list(inventory.trainings)
    for info in inventory.classes:
        for call in calls:
            if isinstance(call.func, ast.Name) and call.func.id == info.name and info.name not in made:
                constructions.append(Construction(info.name, *arguments(inventory, call), ""))
            if isinstance(call.func, ast.Attribute) and call.func.attr in info.trains and info.name not in trained:
                given = arguments(inventory, call, data=True)
                trainings.append(Training(info.name, call.func.attr, *given, {}, None, 0, cut=False))
    return replace(inventory, constructions=tuple(constructions), trainings=tuple(trainings))


def calls_in(tree: ast.AST) -> Iterator[ast.Call]:
    """In the order in which they stand; with arguments one by one."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, LATER):
            continue
        if isinstance(node, ast.Call) and not any(isinstance(one, ast.Starred) for one in node.args):
            yield node
        yield from calls_in(node)


def arguments(inventory: Inventory, call: ast.Call, data: bool = False) -> tuple[tuple[Value, ...], dict[str, Value]]:
    """`data`: examples are only told of, since others are given in their place."""
    args = tuple(value_of(inventory, one, data) for one in call.args)
    return args, {one.arg: value_of(inventory, one.value, data) for one in call.keywords if one.arg}


def value_of(inventory: Inventory, node: ast.expr, data: bool) -> Value:
    name = ast.unparse(node)
    if name in inventory.scalars:
        return inventory.scalars[name]
    if data and name in inventory.data_sets:
        return Opaque("list")
    if data and name in inventory.arrays:
        return Opaque("ndarray", inventory.arrays[name])
    try:
        found = ast.literal_eval(node)
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        return Ref(name)
    return entry(found) if isinstance(found, int | float | str | bool | None) else Ref(name)
