"""The four questions of assignment 3 and what a student wrote below each, however cells are cut and numbered."""

import ast
import re
from collections.abc import Iterator, Sequence

from msgspec import Struct

from grader.model import Cell
from grader.syntax import parsed_or_none

LONGEST = 1500

# What each question is about, in English, Spanish and Basque; the first paragraph that asks it counts.
TOPICS = (
    ("properties", r"propert|characteristic|propiedad|caracter[ií]stic|propietate|ezaugarri"),
    (
        "cost-of-zero",
        r"(cost|loss|coste|p[eé]rdida|galera|kostu).{0,80}(\b0\b|0\.0|zero|cero)"
        r"|(\b0\b|zero|cero).{0,60}(cost|loss|coste|kostu)",
    ),
    (
        "memory",
        r"(many|long|muchos|largo|asko|luze).{0,60}(step|word|distance|range|pasos|palabras|urrats|hitz)"
        r"|(simple|plain|vanilla|sencilla|sinple).{0,40}(rnn|recurrent|errepikari)"
        r"|hitz asko|gogora|recordar|memor",
    ),
    ("unknown-words", r"unk\b|unknown|desconocid|ezezagun"),
)
QUESTION, ANSWER = r"question|pregunta|galdera|q|p|g", r"answers?|ans|a|respuestas?|r|erantzunak?"
ASKS = re.compile(rf"\?|^\W*({QUESTION})?\W*\d\W|discuss|discut|give an example|pon un", re.IGNORECASE | re.MULTILINE)
MARKER = re.compile(rf"^\W*(?:(?:your|my|tu|mi|zure|nire)\s+)?(?:{ANSWER})\s*\d?\W*[:.]\W*", re.IGNORECASE)
NUMBERED = re.compile(rf"^\W*(?:{QUESTION})?\W*\d\W", re.IGNORECASE)
NUMBER = re.compile(rf"^\W*(?:{QUESTION}|{ANSWER})?\W*([1-4])\s*[.):\]-]", re.IGNORECASE)
EMPTY = re.compile(rf"^(?:\W|your|tu|zure|{ANSWER}|todo|write|here|escribe|aqu[ií]|idatzi|hemen)*$", re.IGNORECASE)
PARTS = re.compile(rf"\n\s*\n|\n(?=\s*(?:[-*]\s+)?\W{{0,4}}(?:{QUESTION})?\s*\d\s*[.):])", re.IGNORECASE)


class Answered(Struct, frozen=True):
    question: str  # one of TOPICS
    asked: bool  # whether the question was found
    text: str  # of the answer; empty when there is none
    cell: int | None = None


class Paragraph(Struct, frozen=True):
    text: str
    cell: int


def answers_in(cells: Sequence[Cell]) -> tuple[Answered, ...]:
    """What stands between each question and the next one; numbered answers below all four go to their numbers."""
    paragraphs = list(written(cells))
    work = next((cell.index for cell in cells if cell.kind == "code" and re.search(r"^class ", cell.source, re.M)), 0)
    places = questions_in(paragraphs, work)
    if len(places) < 2:
        places = questions_in(paragraphs, 0)
    found = []
    for name, _ in TOPICS:
        at = places.get(name)
        if at is None:
            found.append(Answered(name, False, ""))
            continue
        following = [place for place in places.values() if place > at]
        end = min(following, default=len(paragraphs))
        own = [tail(paragraphs[at].text), *(p.text for p in body(paragraphs[at + 1 : end]))]
        found.append(Answered(name, True, joined(own), paragraphs[min(at + 1, end - 1)].cell))
    return numbered(found, paragraphs, places)


def written(cells: Sequence[Cell]) -> Iterator[Paragraph]:
    """Paragraphs of markdown, of comments and of texts that a code cell holds and nothing else."""
    for cell in cells:
        text = cell.source if cell.kind != "code" else words_of_code(cell.source)
        for part in PARTS.split(text):
            if part.strip():
                yield Paragraph(part.strip(), cell.index)


def words_of_code(source: str) -> str:
    """Comments and string literals, where there is nothing else: an answer in a code cell."""
    tree = parsed_or_none(source)
    if tree is None:
        return source if re.match(r"\s*[A-ZÁÉÍÓÚÑ][\w,' ]+ [\w,' ]+", source) else ""
    told = []
    for node in tree.body:
        call = node.value if isinstance(node, ast.Expr | ast.Assign) else None
        if isinstance(call, ast.Call) and ast.unparse(call.func) == "print" and call.args:
            call = call.args[0]
        if not (isinstance(call, ast.Constant) and isinstance(call.value, str)):
            return ""
        told.append(call.value)
    comments = [line.lstrip("# ") for line in source.splitlines() if line.lstrip().startswith("#")]
    return "\n".join([*comments, *told])


def questions_in(paragraphs: Sequence[Paragraph], first: int) -> dict[str, int]:
    """Place of each question, from cell `first` on: what stands above the class explains the work.

    Numbered ones come before others: an answer may ask something too.
    """
    found: dict[str, int] = {}
    asking = [at for at, p in enumerate(paragraphs) if p.cell >= first and ASKS.search(p.text)]
    for at in sorted(asking, key=lambda at: not NUMBERED.match(paragraphs[at].text)):
        for name, topic in TOPICS:
            fits = re.search(topic, paragraphs[at].text, re.IGNORECASE | re.DOTALL)
            if fits and name not in found and not MARKER.match(paragraphs[at].text):
                found[name] = at
                break
    for (name, _), number in zip(TOPICS, "1234", strict=True):  # asked in words of their own, in the same order
        for at in asking if name not in found else ():
            match = NUMBER.match(paragraphs[at].text)
            if match and match.group(1) == number and "?" in paragraphs[at].text and at not in found.values():
                found.setdefault(name, at)
    return found


def tail(question: str) -> str:
    """An answer in the question's own paragraph, from a line on that says so."""
    lines = question.splitlines()
    for i, line in enumerate(lines[1:], 1):
        if MARKER.match(line):
            return "\n".join(lines[i:])
    return ""


def body(paragraphs: Sequence[Paragraph]) -> list[Paragraph]:
    """Up to the next heading."""
    found = []
    for paragraph in paragraphs:
        if re.match(r"#{1,6}\s", paragraph.text):
            break
        found.append(paragraph)
    return found


def joined(parts: Sequence[str]) -> str:
    said = [MARKER.sub("", part, count=1).strip() for part in parts]
    return "\n\n".join(part for part in said if part and not EMPTY.match(part))[:LONGEST]


def numbered(found: list[Answered], paragraphs: Sequence[Paragraph], places: dict[str, int]) -> tuple[Answered, ...]:
    """Where all questions stand in a row, the answers below them carry their numbers, or come in their order."""
    if len(places) < len(TOPICS) or any(answer.text for answer in found[:-1]):
        return tuple(found)
    order = sorted(places, key=lambda name: places[name])
    below = [p for p in paragraphs[max(places.values()) + 1 :] if not EMPTY.match(MARKER.sub("", p.text))]
    texts: dict[str, list[str]] = {}
    current: str | None = None
    for p in below:
        number = NUMBER.match(p.text)
        current = order[int(number.group(1)) - 1] if number else current
        if current is not None:
            texts.setdefault(current, []).append(p.text)
    if not texts and len(below) == len(TOPICS):
        texts = {name: [p.text] for name, p in zip(order, below, strict=True)}
    cell = below[0].cell if below else None
    if not texts:
        return tuple(found)
    return tuple(Answered(a.question, True, "\n\n".join(texts.get(a.question, []))[:LONGEST], cell) for a in found)
