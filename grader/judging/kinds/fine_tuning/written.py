"""The two exercises in words of the lab on transformers, and what a student wrote below each."""

import re
from collections.abc import Sequence

from msgspec import Struct

from grader.judging.instruments.written_answers import Paragraph, body, joined, tail, written
from grader.model import Cell

# What each is about, in English, Spanish and Basque; the first paragraph that asks it counts.
TOPICS = (
    ("word-pieces", re.compile(r"ruminat|rumiaci|hausnar|(word\s*pieces?|piezas|zatiak?).{0,80}\?", re.I | re.S)),
    ("second-sentence", re.compile(
        r"(second|2nd|segunda|bigarren)\W+(\w+\W+){0,2}(sentence|frase|oraci|esaldi|hypothes|hip[oó]tes)|"
        r"(ids?|identific).{0,80}(second|segunda|bigarren|hypothes)", re.I | re.S)),
)  # fmt: skip
ASKS = re.compile(r"\?|exercise|ejercicio|ariketa|question|pregunta|galdera|todo", re.IGNORECASE)


class Answered(Struct, frozen=True):
    question: str  # one of TOPICS
    asked: bool  # whether the question was found
    text: str  # of the answer; empty when there is none


def answers_in(cells: Sequence[Cell]) -> tuple[Answered, ...]:
    """What stands between each question and the next question or heading."""
    paragraphs: list[Paragraph] = list(written(cells))
    places: dict[str, int] = {}
    for at, paragraph in enumerate(paragraphs):
        for name, topic in TOPICS:
            if name not in places and ASKS.search(paragraph.text) and topic.search(paragraph.text):
                places[name] = at
                break
    found = []
    for name, _ in TOPICS:
        at = places.get(name, -1)
        end = min((place for place in places.values() if place > at), default=len(paragraphs))
        below = body(paragraphs[at + 1 : end])[:4] if at >= 0 else []
        own = [tail(paragraphs[at].text), *(p.text for p in below)] if at >= 0 else []
        found.append(Answered(name, at >= 0, joined(own)))
    return tuple(found)
