"""What a notebook's outputs show as text, line by line, and the numbers on a line with the words before each.

Outputs are hostile: all is cut to a size, and a line is read once from left to right.
"""

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from msgspec import Struct

LONGEST_LINE = 1_000
LONGEST_OUTPUT = 300_000  # characters of one cell

_ANSI = re.compile(r"\x1b\[[0-9;?]{0,20}[A-Za-z]")
_OVERWRITE = re.compile(r"[\r\b]+")
_ACCENT = re.compile(r"[\u0300-\u036f]")
_TOKEN = re.compile(
    r"(?P<word>[^\W\d_]{1,40})"
    r"|(?P<number>(?:(?<![\w.])-)?(?:\d+(?:\.\d+)?|\.\d+)(?:e[-+]?\d+)?)"
    r"(?:\s?/\s?(?P<of>\d{1,9})(?![\d.]))?(?P<percent>\s?%)?"
)
_UNIT = re.compile(r"\s?(epo[ck]\w{0,8})(?![\s:=#]{0,4}\d)|[.ªº]\s?(epo[ck]\w{0,8})")  # "5 epochs", "5. epoka"
_NOT_FINITE = ("nan", "inf")
_UNREAD_AFTER = ("shape", "id")  # tensors tell these before their value


class Number(Struct, frozen=True):
    label: tuple[str, ...]  # the words since the last number, lower case, without accents
    value: float
    whole: bool  # written without a point
    percent: bool = False
    of: int | None = None  # 5/100
    counts_epochs: bool = False  # "5 epochs"


def text_of(outputs: Sequence[Mapping[str, Any]]) -> str:
    """Streams and plain texts in their order, as nbformat keeps them or any other way."""
    parts, size, before = [], 0, None
    for output in outputs:
        data = output.get("data")
        text = _joined(output.get("text") if data is None else data.get("text/plain") if isinstance(data, dict) else "")
        name = output.get("name")
        parts.append(text if name and name == before else f"\n{text}")
        before, size = name, size + len(text)
        if size > LONGEST_OUTPUT:
            break
    return "".join(parts)[:LONGEST_OUTPUT]


def lines(text: str) -> Iterator[str]:
    """Lower case, without accents, colours and empty lines; of a line that was written over, its last state."""
    for line in _ANSI.sub("", text).split("\n"):
        states = _OVERWRITE.split(line) if "\r" in line or "\b" in line else [line]
        last = next((state for state in reversed(states) if state.strip()), None)
        if last is not None:
            yield _ACCENT.sub("", unicodedata.normalize("NFKD", last[:LONGEST_LINE])).casefold()[:LONGEST_LINE]


def numbers(line: str) -> Iterator[Number]:
    label: list[str] = []
    unit = -1  # where the word after "5" of "5 epochs" begins: not part of the next label
    for token in _TOKEN.finditer(line):
        word, start = token["word"], token.start()
        if word and not (word in _NOT_FINITE and label):
            if start != unit:
                label.append(word)
            continue
        if not word and _belongs_to_a_word(line, token, label):
            continue
        follows = _UNIT.match(line, token.end()) if not word else None
        if follows:
            unit = follows.start(follows.lastindex or 1)
        yield Number(
            tuple(label),
            float(word or token["number"]),
            whole=not word and token["number"].isdigit(),
            percent=bool(token["percent"]),
            of=int(token["of"]) if token["of"] else None,
            counts_epochs=follows is not None,
        )
        label = label if follows else []


def row_of(line: str) -> tuple[Number, ...] | None:
    """The numbers of a line without words; None when there are words."""
    tokens = list(_TOKEN.finditer(line))
    if any(token["word"] and token["word"] not in _NOT_FINITE for token in tokens):
        return None
    return tuple(
        Number((), float(token["number"] or token["word"]), bool(token["number"]) and token["number"].isdigit())
        for token in tokens
    )


def _belongs_to_a_word(line: str, token: re.Match[str], label: Sequence[str]) -> bool:
    """The 1 of W_1, the 64 of float64, the 23 of 23s, the 3 of shape=(3,); not the 5 of epoch5."""
    before, after = line[token.start() - 1 : token.start()], line[token.end() : token.end() + 1]
    attached = (before.isalpha() or before == "_") and not (label and label[-1].startswith(("ep", "step")))
    measured = after.isalpha() and not _UNIT.match(line, token.end())
    return attached or measured or bool(label and label[-1] in _UNREAD_AFTER)


def _joined(value: Any) -> str:
    """nbformat's multiline strings are lists of lines."""
    if isinstance(value, list):
        return "".join(part for part in value if isinstance(part, str))
    return value if isinstance(value, str) else ""
