"""In whose voice a kernel's note is passed on: ours where our guest can say that, else the notebook's, in quotes.

Notes lie in a file that student code can write to. What the guest can say is read from its own source: the texts given
to `notes.change`, with room for a few words where names are filled in.
"""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from grader.syntax import parsed

GUEST = Path(__file__).with_name("guest")
FILLED = r"(?:\S{0,200}|(?:(?![.;:!?] )[^\n]){0,100})"  # a name, a path, an address; no sentences of their own
SAYS = re.compile(r"\b(?:notes\.change|Note)\(")  # a file without it need not be taken apart
LEAST = 12  # characters of a saying that are not filled in
LONGEST = 600  # characters of a note that are read


def voiced(note: str) -> str:
    note = note[:LONGEST]
    if any(saying.fullmatch(note) for saying in sayings()):
        return note
    words = " ".join(note.translate({ord(sign): "'" for sign in '“”"„«»'}).split())
    return f"Your notebook itself noted here: “{words[:200]}”"


@cache
def sayings() -> tuple[re.Pattern[str], ...]:
    patterns = (pattern(text, names) for text, names in texts())
    return tuple(re.compile(text) for text in patterns if len(text.replace(FILLED, "")) >= LEAST)


def texts() -> Iterator[tuple[ast.expr, dict[str, ast.expr]]]:
    """What is given to `notes.change` or to a Note, with the texts that the file gives names to."""
    for file in sorted(set(GUEST.rglob("*.py")) - {GUEST / "notes.py"}):
        source = file.read_text("utf-8")
        if not SAYS.search(source):
            continue
        tree = parsed(source)
        names = {
            target.id: node.value
            for node in tree.body
            if isinstance(node, ast.Assign)
            for target in node.targets
            if isinstance(target, ast.Name)
        }
        for node in (node for node in ast.walk(tree) if isinstance(node, ast.Call)):
            called = ast.unparse(node.func)
            if called == "notes.change":
                yield node.args[0], names
            if called in ("Note", "config.Note"):
                yield from ((word.value, names) for word in node.keywords if word.arg == "change")


def pattern(text: ast.expr, names: dict[str, ast.expr]) -> str:
    match text:
        case ast.Constant(value=str(words)):
            return re.escape(words)
        case ast.JoinedStr(values=parts):
            return "".join(pattern(part, names) for part in parts)
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            return pattern(left, names) + pattern(right, names)
        case ast.Call(func=ast.Attribute(value=value, attr="strip")):
            return pattern(value, names).replace(r"\ ", " ?")  # of what may be filled in with nothing
        case ast.Name(id=name) if isinstance(names.get(name), ast.Constant):
            return pattern(names[name], names)
        case _:
            return FILLED
