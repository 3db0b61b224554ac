"""A sentence that was written in English is found in a catalogue again, whatever filled its placeholders.

Results are kept in English, so a translation is made where a sentence is shown. It is looked up whole; then as one of
the catalogue's sentences with placeholders, the one of which most stands in it word by word, and what fills these is
translated in its turn; then sentence by sentence, where several were joined. Nothing here searches back and forth, so
that text by students costs no more time than other text of its length.
"""

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import NamedTuple

NUMBER = "number"  # a placeholder of this name stands for a figure only
BOUND = re.compile(r"(?<=[.!?])\s+(?=[A-Z`“(\[])")
LIST = re.compile(r", and | and |; |, |: ")
_FIELD = re.compile(r"\{(\w*)\}")
_FIGURE = re.compile(r"-?\d[\d.,]*")
_PROSE = re.compile(r"(?<![\w`])[^\W\d_]{2,} [^\W\d_]{2,}(?![\w`])")
LONGEST = 4000  # characters; nothing that is said is longer
PHRASE = 200  # characters
DEEPEST = 5  # placeholders in placeholders
TRIED = 6  # sentences with placeholders, those with the longest words first


class Said(NamedTuple):
    text: str
    known: int  # characters of the English text that stand in the catalogue


class Template(NamedTuple):
    """English with placeholders: a literal, a field, a literal, a field … a literal."""

    literals: tuple[str, ...]
    fields: tuple[str, ...]
    translation: str

    @property
    def longest(self) -> str:
        return max(self.literals, key=len)

    @property
    def known(self) -> int:
        return sum(map(len, self.literals))


class Sentences:
    """Of one language."""

    def __init__(self, catalogue: Mapping[str, str]) -> None:
        self._whole = {english.strip(): other.strip() for english, other in catalogue.items() if other.strip()}
        self._between_parts = {english: other for english, other in catalogue.items() if LIST.fullmatch(english)}
        made = (template(english, other) for english, other in self._whole.items() if _FIELD.search(english))
        self._templates = sorted((one for one in made if one.known), key=lambda one: -one.known)
        self._keys = [(one.longest, one) for one in self._templates]
        self.said = lru_cache(4096)(self._said)

    def _said(self, english: str, depth: int = 0) -> Said:
        if len(english) > LONGEST or depth > DEEPEST or not any(map(str.isalpha, english)):
            return Said(english, 0)
        found = self._as_written(english, depth)
        if found.known or not english[:1].isalpha():
            return found
        other = english[0].swapcase() + english[1:]  # at the beginning of a sentence, or moved from there
        moved = self._as_written(other, depth)
        if not moved.known:
            return found
        return Said(with_first_of(english, moved.text), moved.known)

    def _as_written(self, english: str, depth: int) -> Said:
        if english in self._whole and not _FIELD.search(english):
            return Said(self._whole[english], len(english))
        bare = english.strip()
        if " " in bare:
            best = max(self._readings(english, depth), key=lambda said: said.known, default=Said(english, 0))
            if best.known:
                return best
        bare = bare.removesuffix(".")
        return Said(english, 0) if bare == english else self._between(english, bare, depth)

    def _between(self, english: str, bare: str, depth: int) -> Said:
        said = self.said(bare, depth)
        start = english.index(bare)
        return Said(english[:start] + said.text + english[start + len(bare) :], said.known)

    def _readings(self, english: str, depth: int) -> Iterator[Said]:
        tried = 0
        for key, one in self._keys:
            if key in english and (filled := matched(one, english)) is not None:
                yield self._filled(one, filled, depth)
                tried += 1
                if tried == TRIED:
                    break
        for cut in (BOUND, LIST) if depth or tried == 0 else (BOUND,):
            parts = joined(cut, english)
            if len(parts) > 1:
                yield self._joined(parts, depth)
        if tried == 0 and depth < DEEPEST and len(english) <= PHRASE:
            yield from self._phrases(english)

    def _filled(self, one: Template, filled: Mapping[str, str], depth: int) -> Said:
        inside = {name: self.said(text, depth + 1) for name, text in filled.items()}
        text = _FIELD.sub(lambda field: inside[field[1]].text if field[1] in inside else field[0], one.translation)
        return Said(text, one.known + sum(said.known for said in inside.values()))

    def _joined(self, parts: list[str], depth: int) -> Said:
        """Every other part is what stands between."""
        said = [self.said(part, depth + 1) if n % 2 == 0 else self._word(part) for n, part in enumerate(parts)]
        known = sum(one.known for one in said)
        return Said("".join(one.text for one in said), known)

    def _word(self, between: str) -> Said:
        return Said(self._between_parts.get(between, between), 0)

    def _phrases(self, english: str) -> Iterator[Said]:
        """Two that were put one after the other, as a thing and what is said of it."""
        for blank in [place for place, letter in enumerate(english) if letter == " "]:
            first, rest = self.said(english[:blank], DEEPEST), self.said(english[blank + 1 :], DEEPEST)
            if first.known and rest.known:
                yield Said(f"{first.text} {rest.text}", first.known + rest.known)


def with_first_of(english: str, text: str) -> str:
    """With a capital where that has one."""
    return (text[0].upper() if english[0].isupper() else text[0].lower()) + text[1:]


def joined(cut: re.Pattern[str], text: str) -> list[str]:
    """What is joined, and between each two of these what joins them."""
    parts, last = [], 0
    for between in cut.finditer(text):
        parts += [text[last : between.start()], between[0]]
        last = between.end()
    return [*parts, text[last:]]


def template(english: str, translation: str) -> Template:
    """Fields without a name, as of `str.format`, are told apart by their place."""
    pieces = _FIELD.split(_named(english))
    return Template(tuple(pieces[::2]), tuple(pieces[1::2]), _named(translation))


def _named(text: str) -> str:
    places = iter(range(1, text.count("{}") + 1))
    return re.sub(r"\{\}", lambda _: f"{{place{next(places)}}}", text)


def matched(one: Template, text: str) -> dict[str, str] | None:
    """What fills the placeholders, each reaching to where the words that follow it stand first."""
    first, *rest = one.literals
    if not text.startswith(first) or not text.endswith(rest[-1]):
        return None
    place = len(first)
    filled: dict[str, str] = {}
    for n, (name, literal) in enumerate(zip(one.fields, rest, strict=True)):
        last = n == len(rest) - 1
        end = len(text) - len(literal) if last else text.find(literal, place)
        if end < place or not fits(name, text[place:end], filled):
            return None
        filled[name] = text[place:end]
        place = end + len(literal)
    return filled


def fits(name: str, value: str, filled: Mapping[str, str]) -> bool:
    if name == NUMBER and not _FIGURE.fullmatch(value):
        return False
    return filled.get(name, value) == value


def is_english(text: str) -> bool:
    """Whether it reads as prose, beside names and figures."""
    return bool(_PROSE.search(text))
