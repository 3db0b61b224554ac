"""Whose fault a failed cell is: its own code's, the handout's, or that of what is not here and cannot be."""

import ast
import re
from collections.abc import Sequence

from grader.intake.repair import syntax_tree
from grader.model import Cell
from grader.sandbox.guest.config import Note

EXCUSES = {
    "network": "it asks for something on the internet, and there is no network here",
    "package": "it asks for a package or a file of Python code that is not here",
    "upload": "it asks for a file to be uploaded, or for a secret, and nobody is there to give it",
    "data": "it asks for data of a package, which would have to be downloaded",
    "exact": "it compares decimal numbers by ==, which rounding breaks; apart from rounding they are equal",
    "cut": "a training in it took longer than is allowed here, was stopped, and returned less than it would elsewhere",
    "left": "it ends itself on purpose, by sys.exit() or the like",
    "file": "it asks for a file that lies on somebody's Drive, or that a line above would have fetched",
}
CONSEQUENCE = "it needs what an earlier cell could not get here"
TENSORFLOW_1 = "it is written for TensorFlow 1 (sessions, placeholders), and TensorFlow 2 runs here, as in the course"
GONE = (
    "Session", "InteractiveSession", "placeholder", "placeholder_with_default", "get_variable", "variable_scope",
    "layers", "contrib", "global_variables_initializer", "initialize_all_variables", "reset_default_graph",
    "ConfigProto", "get_default_graph", "set_random_seed", "random_normal", "random_uniform", "truncated_normal",
)  # fmt: skip
OF_TENSORFLOW_1 = re.compile(
    rf"module 'tensorflow\S*' has no attribute '({'|'.join(GONE)})'|No module named 'tensorflow\.contrib"
    r"|placeholder\(\) is not compatible with eager|Session graph is empty|not supported when eager execution is"
)  # fmt: skip
MODULE = re.compile(r"No module named '([\w.]{1,60})'")
UNDEFINED = re.compile(r"name '(\w+)' is not defined")


class Lack:
    """What a notebook could not get so far, by the names that would hold it."""

    def __init__(self) -> None:
        self._names: set[str] = set()

    def excuse(self, cell: Cell, notes: Sequence[Note]) -> str:
        """Why none of the errors of a cell is its own, in a sentence; empty where one is, or where there is none."""
        excused = [note for note in notes if note.excuse in EXCUSES and not raised(cell, note)]
        if excused:
            self._names |= names_bound(cell.source)
        own = [note for note in notes if note not in excused and not self.follows(note)]
        if own or not notes:
            return ""
        return worded(excused[0]) if excused else CONSEQUENCE

    def follows(self, note: Note) -> bool:
        match = UNDEFINED.search(note.message) if note.kind == "NameError" else None
        return match is not None and match[1] in self._names


def is_tensorflow_1(message: str) -> bool:
    return bool(OF_TENSORFLOW_1.search(message))


def worded(note: Note) -> str:
    if note.excuse == "package" and (match := MODULE.search(note.message)):
        return f"it asks for {match[1]}, which is neither a package that is installed here nor a file of yours"
    return EXCUSES[note.excuse]


def raised(cell: Cell, note: Note) -> bool:
    """Whether the cell raises by itself what elsewhere a network or a package raises."""
    return note.excuse in ("network", "package") and bool(
        re.search(rf"\braise\s+[\w.]*{re.escape(note.kind)}\b", cell.source)
    )


def names_bound(source: str) -> set[str]:
    tree = syntax_tree(source)
    nodes = list(ast.walk(tree)) if tree else []
    names = {node.id for node in nodes if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
    names |= {node.name for node in nodes if isinstance(node, ast.FunctionDef | ast.ClassDef)}
    aliases = [alias for node in nodes if isinstance(node, ast.Import | ast.ImportFrom) for alias in node.names]
    return names | {(alias.asname or alias.name).split(".")[0] for alias in aliases}
