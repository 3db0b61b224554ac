"""Which invisible characters in a code cell are an accident of pasting, and how they are put right.

Only characters that look like nothing or like a space, only outside of string literals and comments, and only when
the cell does not compile as it is and compiles without them. Everything else stays as the student wrote it.
"""

import ast
import re

from IPython.core.inputtransformer2 import TransformerManager

from grader.syntax import parsed

_SPACES = "\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000"
_NOTHING = "\u00ad\u200b-\u200f\u2060\ufeff"
_SUSPECT = re.compile(f"[{_SPACES}{_NOTHING}]")
# IPython rewrites a cell once for each magic: beyond what a person types, syntax is not looked into at all.
_TOO_LONG, _TOO_MANY = 20_000, 20
_MAGIC = re.compile(r"^[ \t]*[!%?]|=[ \t]*[!%]|\?[ \t]*$", re.MULTILINE)
_PIECES = re.compile(
    r'"""(?:\\.|[^\\])*?(?:"""|\Z)'
    r"|'''(?:\\.|[^\\])*?(?:'''|\Z)"
    r'|"(?:\\.|[^"\\\n])*"?'
    r"|'(?:\\.|[^'\\\n])*'?"
    r"|\#[^\n]*"
    f"|(?P<space>[{_SPACES}])|(?P<nothing>[{_NOTHING}])",
    re.DOTALL,
)


def compiles(source: str) -> bool:
    """Whether IPython could run the cell as far as syntax goes; magics and shell lines count as code."""
    return syntax_tree(source) is not None


def is_modest(source: str) -> bool:
    """Whether IPython can be asked about the cell without minutes of work."""
    return len(source) <= _TOO_LONG and len(_MAGIC.findall(source)) <= _TOO_MANY


def syntax_tree(source: str) -> ast.Module | None:
    """None where the cell has no valid syntax, or is not modest."""
    if not is_modest(source):
        return None
    try:
        code: str = TransformerManager().transform_cell(source)
        return parsed(code)
    except Exception:  # besides syntax errors, IPython's transformer gives up on odd text in many ways
        return None


def syntax_error(source: str) -> SyntaxError | None:
    """What IPython would say of a cell that is no Python."""
    try:
        parsed(TransformerManager().transform_cell(source))
    except SyntaxError as error:
        return error
    return None


def without_invisible_characters(source: str) -> str | None:
    """The cell put right, or None where nothing has to be or can be done."""
    if not _SUSPECT.search(source) or compiles(source):
        return None
    repaired = _PIECES.sub(_visible, source)
    return repaired if repaired != source and compiles(repaired) else None


def _visible(piece: re.Match[str]) -> str:
    if piece["space"]:
        return " "
    return "" if piece["nothing"] else piece[0]
