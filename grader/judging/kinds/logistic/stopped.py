"""Assignment1: cells that should have trained and ended with an error."""

import ast

from msgspec import Struct

from grader.judging.examiner import Examiner
from grader.judging.instruments.blindness import names_in
from grader.judging.meeting.contact import Contact
from grader.judging.meeting.source import trees
from grader.model import CellStatus


class Stop(Struct, frozen=True):
    cell: int
    said: str
    names: frozenset[str]  # that its text uses, arguments included, but for the class and its trainer


def stops(x: Examiner, contact: Contact) -> tuple[Stop, ...]:
    """Those that name the class or train it; not where the fault was none of their own."""
    said = {
        run.index: f"{run.trouble.kind}: {run.trouble.message[:200]}"
        for run in x.run.cells
        if run.status is CellStatus.ERROR and run.trouble is not None and not run.excuse
    }
    named = [(index, frozenset(written(tree))) for index, tree in trees(x.cells) if index in said]
    wanted = {contact.info.name, contact.trainer}
    return tuple(Stop(index, said[index], names - wanted) for index, names in named if names & wanted)


def written(tree: ast.Module) -> set[str]:
    keywords = {node.arg for node in ast.walk(tree) if isinstance(node, ast.keyword) and node.arg}
    return names_in(tree) | keywords | {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
