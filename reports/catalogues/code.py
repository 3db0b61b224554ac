"""Which strings in the code are sentences for people.

A string is one when two words of prose stand in it next to each other, beside its placeholders and the code it quotes,
or when it is a short sentence with its full stop. Not said to people are docstrings, patterns and code, what goes to a
log or is raised for a programmer, and what is only looked for in a text. Where a word is shown by itself,
calls such as `gettext` and `translated` mark it, and in a file of words every text counts.
"""

import ast
import re
from collections.abc import Iterator, Sequence
from itertools import chain, product

from reports.sentences import NUMBER

MARKED = frozenset({"gettext", "translated", "_translated", "said"})
# Calls whose arguments nobody reads, by the last name of what is called.
UNSAID = frozenset({
    *("compile", "findall", "search", "match", "fullmatch", "sub", "split", "draws", "random", "TypeVar", "cast"),
    *("getLogger", "debug", "info", "warning", "exception", "execute"),
    *("LookupError", "RuntimeError", "ValueError", "TypeError", "KeyError", "AttributeError"),
    *("OurFault", "RubricError"),
})  # fmt: skip
UNREAD = frozenset({"style", "link_rel"})  # the same of keywords
_WORD, _WORDS = r"[^\W\d_]+", r"[^\W\d_]{2,}"
_PROSE = re.compile(
    rf"(?<![\w`']){_WORDS}(?:'[a-z]+)?[,:;]?[ \n]+[(“\"]?{_WORD}(?![\w`'])"  # two words
    rf"|{_WORDS} \{{\w+\}},? {_WORDS}"  # one before a placeholder, one after it
    r"|^[A-Z][a-z]+\b.*\S.*\.$|^`[^`]*` [a-z]+\b.*\.$"  # a sentence
    r"|^[,;] [a-z]{2}.*|^ [a-z]{2,} \{"  # the end of one
)
_CODE = re.compile(
    "|".join((
        *(r"lambda|__|\0|globals\(|\blen\(|\bfor \w+ in |=\w+\[", r"\w\(\w*\)\.\w|^\[?\(\w+, \w+\)\]?$|^\[\w+, "),
        *(r"SELECT |INSERT |DELETE |PRAGMA |CREATE ", r"[\^$]\(|\\[wsdWSDAb]|\(\?|\w\|\w", r"</|^<|\"\$@|^[#%]"),
        *(r"^has-|^expected \w+=",),
    ))
)  # fmt: skip
_QUOTED = re.compile(r"`[^`]*`")
_FIELD = re.compile(r"\{\w*\}")
_MARK = "\0"

Part = str | ast.expr  # a text as it stands, or what fills a placeholder


def sentences(source: str, every_word: bool = False) -> Iterator[tuple[int, str]]:
    """Lines and msgids, with placeholders in braces: plain names are kept, others are counted."""
    tree = ast.parse(source)
    unsaid = {id(node) for node in chain.from_iterable(map(_unsaid, ast.walk(tree)))}
    for node, text in _texts(tree, unsaid):
        marked = text.startswith(_MARK) or every_word
        plain = text.removeprefix(_MARK)
        if is_prose(plain) or (marked and _is_word(plain)):
            yield node.lineno, plain


def is_prose(text: str) -> bool:
    bare = _QUOTED.sub("0", text)
    is_seed = text.endswith(" ") and text[0].islower()  # of random numbers: "role {role} "
    return bool(_PROSE.search(bare)) and not _CODE.search(bare) and not is_seed


def _is_word(text: str) -> bool:
    return bool(re.search(_WORDS, _FIELD.sub("", text))) and not _CODE.search(text)


def _unsaid(node: ast.AST) -> Iterator[ast.AST]:
    """What belongs to this node and is not said."""
    match node:
        case ast.Module(body=[first, *_]) | ast.ClassDef(body=[first, *_]):
            yield from _docstring(first)
        case ast.FunctionDef(body=[first, *_]) | ast.AsyncFunctionDef(body=[first, *_]):
            yield from _docstring(first)
            yield from filter(None, [node.returns])
        case ast.Call(func=ast.Attribute(value=owner, attr="split")):
            yield owner
        case ast.Call() if called(node) in UNSAID:
            yield from (*node.args, *node.keywords)
        case ast.Compare(left=left, ops=[ast.In(), *_]):
            yield left
        case ast.keyword(arg=name, value=value) if name in UNREAD:
            yield value
        case ast.AnnAssign(annotation=annotation) | ast.arg(annotation=ast.expr() as annotation):
            yield annotation


def _docstring(first: ast.stmt) -> Iterator[ast.AST]:
    if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant):
        yield first.value


def called(call: ast.Call) -> str:
    return ast.unparse(call.func).rsplit(".", 1)[-1]


def _texts(node: ast.AST, unsaid: set[int]) -> Iterator[tuple[ast.expr, str]]:
    if id(node) in unsaid:
        return
    inside: Sequence[ast.AST] = tuple(ast.iter_child_nodes(node))
    if isinstance(node, ast.expr) and (templates := tuple(_templates(node))):
        yield from ((node, template) for template in templates)
        inside = [part.value for part in ast.walk(node) if isinstance(part, ast.FormattedValue)]
    elif isinstance(node, ast.Call) and called(node) in MARKED:
        yield from ((node, _MARK + text) for argument in node.args for text in _templates(argument))
    elif isinstance(node, ast.Call) and called(node) == "quantity":
        yield from ((node, text) for text in _counted(node))
        inside = node.args[:1]
    for part in inside:
        yield from _texts(part, unsaid)


def _constants(nodes: Sequence[ast.expr]) -> list[str]:
    return [node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)]


def _counted(call: ast.Call) -> Iterator[str]:
    if names := _constants(call.args[1:]):
        yield f"{_MARK}{{{NUMBER}}} {names[0]}"
        yield f"{_MARK}{{{NUMBER}}} {names[1] if len(names) > 1 else names[0] + 's'}"


def _templates(node: ast.expr) -> Iterator[str]:
    """The texts an expression may be, where it is one: each choice between two constants in it gives one more."""
    parts = _parts(node)
    if parts is not None:
        yield from map(_numbered, product(*parts))


def _parts(node: ast.expr) -> list[list[Part]] | None:
    match node:
        case ast.Constant(value=str(value)):
            return [[value]]
        case ast.JoinedStr(values=values):
            return [_piece(value) for value in values]
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            first, second = _parts(left), _parts(right)
            return None if first is None and second is None else [*(first or [[left]]), *(second or [[right]])]
    return None


def _piece(node: ast.expr) -> list[Part]:
    value = node.value if isinstance(node, ast.FormattedValue) else node
    if isinstance(value, ast.IfExp) and len(choices := _constants([value.body, value.orelse])) == 2:
        return [*choices]
    return [str(value.value) if isinstance(value, ast.Constant) else value]


def _numbered(parts: tuple[Part, ...]) -> str:
    """The same things have the same placeholder, different ones different ones."""
    names: dict[str, str] = {}
    text = ""
    for part in parts:
        if isinstance(part, str):
            text += part
            continue
        name = _name(part)
        other = str(len(names) + 1)
        text += f"{{{names.setdefault(ast.unparse(part), name if name and name not in names.values() else other)}}}"
    return text


def _name(node: ast.expr) -> str:
    name = node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else ""
    return name.lower().strip("_")
