"""Which known mistake a recurrent classifier that cannot take a step most likely holds, by its error and its text."""

import ast
from collections.abc import Iterator

from grader.judging.meeting.contact import Contact
from grader.judging.meeting.source import trees
from grader.model import Cell

READY_MADE = {"GRU", "GRUCell", "LSTM", "LSTMCell", "SimpleRNN", "SimpleRNNCell", "RNN", "Bidirectional"}

MIXED_SIZES = ("concat", "incompatible", "must be equal", "should match")


def crash_mistake(contact: Contact, cells: tuple[Cell, ...]) -> str | None:
    """A slug when the sizes do not fit and the class's text shows why; None when it does not."""
    if contact.trouble is None or not any(word in contact.trouble.message.lower() for word in MIXED_SIZES):
        return None
    for call in calls_of(contact, cells):
        name = call.func.attr if isinstance(call.func, ast.Attribute) else ""
        if name in ("split", "unstack") and axis_of(call, 2 if name == "split" else 1) == 0:
            return "loops-over-batch"
        if name in ("concat", "concatenate") and axis_of(call, 1) == 0:
            return "wrong-concat-axis"
    return None


def calls_of(contact: Contact, cells: tuple[Cell, ...]) -> Iterator[ast.Call]:
    """Calls inside the class, of the axis that matters first: what is cut, before what is joined."""
    found = [
        node
        for index, tree in trees(cells)
        if index == contact.info.cell
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
    ]
    yield from sorted(
        found, key=lambda call: isinstance(call.func, ast.Attribute) and call.func.attr.startswith("concat")
    )


def axis_of(call: ast.Call, place: int) -> int | None:
    given = next((k.value for k in call.keywords if k.arg == "axis"), None)
    if given is None and len(call.args) > place:
        given = call.args[place]
    if given is None:
        return 0  # TensorFlow's default for split and unstack
    return given.value if isinstance(given, ast.Constant) and isinstance(given.value, int) else None


def uses_ready_made(contact: Contact, cells: tuple[Cell, ...]) -> bool:
    """Whether the class's cell calls a recurrent layer by a name that no class or function of the notebook bears."""
    own = own_names(cells)
    return any(name_of(call.func) in READY_MADE and not is_own(call.func, own) for call in calls_of(contact, cells))


def name_of(node: ast.AST) -> str:
    return str(getattr(node, "attr", getattr(node, "id", "")))


def own_names(cells: tuple[Cell, ...]) -> set[str]:
    """Of functions and classes written here; a class that extends a ready-made layer is not one."""
    return {
        node.name
        for _, tree in trees(cells)
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef)
        or (isinstance(node, ast.ClassDef) and not any(name_of(base) in READY_MADE for base in node.bases))
    }


def is_own(called: ast.expr, own: set[str]) -> bool:
    """`LSTMCell(…)` and `self.LSTMCell(…)`, not `layers.LSTMCell(…)`."""
    plain = isinstance(called, ast.Name) or (isinstance(called, ast.Attribute) and name_of(called.value) == "self")
    return plain and name_of(called) in own
