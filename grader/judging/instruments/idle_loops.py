"""Whether a loop over settings trains the same model again and again: what it runs over reaches no training."""

import ast
from collections.abc import Iterator, Sequence

from grader.judging.instruments.blindness import FUNCTIONS, meaning_of, names_in, written_names
from grader.judging.instruments.calls import attribute, calls_in
from grader.judging.meeting.source import trees
from grader.model import Cell


def idle_loops(cells: Sequence[Cell]) -> tuple[tuple[str, int], ...]:
    """(what the loop runs over, its cell) of each; functions and classes may read what is global."""
    parsed = list(trees(cells))
    modules = [tree for _, tree in parsed]
    trainers = meaning_of(modules).trainers
    read = {name for tree in modules for name in read_in_definitions(tree)}
    return tuple(
        (loop.target.id, index)
        for index, tree in parsed
        for loop in ast.walk(tree)
        if isinstance(loop, ast.For) and isinstance(loop.target, ast.Name) and loop.target.id not in read
        if is_idle(loop, loop.target.id, trainers)
    )


def read_in_definitions(tree: ast.Module) -> Iterator[str]:
    """Names that are neither given to the function that reads them nor made in it."""
    for node in ast.walk(tree):
        if isinstance(node, (*FUNCTIONS, ast.Lambda)):
            named = [part for part in ast.walk(node) if isinstance(part, ast.Name)]
            own = {part.arg for part in ast.walk(node.args) if isinstance(part, ast.arg)}
            own |= {part.id for part in named if isinstance(part.ctx, ast.Store)}
            yield from {part.id for part in named} - own


def is_idle(loop: ast.For, name: str, trainers: frozenset[str]) -> bool:
    """Nothing up to its last training is made of what it runs over; what is only shown does not count."""
    training = [any(attribute(call) in trainers for call in calls_in(part)) for part in loop.body]
    if not any(training) or any(isinstance(part, FUNCTIONS) for part in loop.body):
        return False
    last = len(training) - training[::-1].index(True)
    return not any(name in names_in(part) for part in loop.body[:last] if not is_shown(part)) and all(
        name not in written_names(target) for part in loop.body for target in targets(part)
    )


def targets(part: ast.stmt) -> list[ast.expr]:
    return part.targets if isinstance(part, ast.Assign) else []


def is_shown(part: ast.stmt) -> bool:
    return isinstance(part, ast.Expr) and isinstance(part.value, ast.Call) and attribute(part.value) == "print"
