"""A sentence that was written in English is found in a catalogue again, whatever filled its placeholders.

Results are kept in English, so a translation is made where a sentence is shown. It is looked up whole; then as one of
the catalogue's sentences with placeholders, the one of which most stands in it word by word, and what fills these is
translated in its turn; then sentence by sentence, where several were joined. Nothing here searches back and forth, so
that text by students costs no more time than other text of its length.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple

NUMBER = "number"  # a placeholder of this name stands for a figure only
BOUND = re.compile(r"(?<=[.!?])\s+(?=[A-ZÁÉÍÓÚÑ`“«¿¡(\[])")
SEMICOLON, COLON = re.compile("; "), re.compile(": ")
LIST = re.compile(r", and | and |, ")
_FIELD = re.compile(r"\{(\w*)\}")
_FIGURE = re.compile(r"-?\d[\d.,e+-]*(?:\u00a0%)?")
_PROSE = re.compile(r"(?<![\w`])[^\W\d_]{2,} [^\W\d_]{2,}(?![\w`])")
_WORD = re.compile(r"[^\W\d_]{2,}")
_LETTER = re.compile(r"[^\W\d_]")
LONGEST = 4000  # characters; nothing that is said is longer
PHRASE = 200  # characters
ENOUGH = 3  # words
LEAST = 5  # letters
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

    @property
    def letters(self) -> int:
        return len(_LETTER.findall("".join(self.literals)))

    @property
    def is_short(self) -> bool:
        """Too short to be known by its words alone: what fills it has to be known as well, unless it is an error."""
        return len(_WORD.findall(" ".join(self.literals))) < ENOUGH and "kind" not in self.fields

    @property
    def is_piece(self) -> bool:
        """A word by itself, as "is {value}", says nothing but in the place of another sentence's placeholder."""
        return self.letters < LEAST and NUMBER not in self.fields


class Sentences:
    """Of one language."""

    def __init__(self, catalogue: Mapping[str, str]) -> None:
        self._whole = {inner(english): inner(other) for english, other in catalogue.items() if other.strip()}
        self._between_parts = {english: other for english, other in catalogue.items() if LIST.fullmatch(english)}
        made = [template(*pair) for pair in (self._parts() | self._whole).items() if _FIELD.search(pair[0])]
        keys = sorted(((one.longest, one) for one in made if one.letters), key=lambda pair: -pair[1].known)
        self._keys = {False: [pair for pair in keys if not pair[1].is_piece], True: keys}  # by whether in a placeholder
        self._by_beginning: dict[str, list[Template]] = {}
        for _, one in keys:
            self._by_beginning.setdefault(one.literals[0].partition(" ")[0], []).append(one)
        self.said = lru_cache(4096)(self._said)

    def _parts(self) -> dict[str, str]:
        """Sentences that stand in a text of several, where a translation has as many, with the same placeholders."""
        found: dict[str, str] = {}
        for english, other in self._whole.items():
            ours, theirs = BOUND.split(english), BOUND.split(other)
            if 1 < len(ours) == len(theirs) and all(map(alike, ours, theirs)):
                found |= dict(zip(ours, theirs, strict=True))
        return found

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
        bare = inner(english)
        if bare in self._whole and not _FIELD.search(bare):
            return Said(english.replace(bare, self._whole[bare], 1), len(bare))
        if " " in bare:
            best = max(self._readings(english, depth), key=lambda said: said.known, default=Said(english, 0))
            if best.known:
                return best
        bare = bare.removesuffix(".")
        return Said(english, 0) if bare in ("", english) else self._between(english, bare, depth)

    def _between(self, english: str, bare: str, depth: int) -> Said:
        said = self.said(bare, depth)
        start = english.index(bare)
        return Said(english[:start] + said.text + english[start + len(bare) :], said.known)

    def _readings(self, english: str, depth: int) -> Iterator[Said]:
        yield from self._cuts((BOUND, SEMICOLON, COLON), english, depth)
        tried = 0
        for key, one in self._keys[depth > 0]:
            if key in english and (filled := matched(one, english)) is not None:
                if (said := self._filled(one, filled, depth)) is None:
                    continue
                yield said
                tried += 1
                if tried == TRIED:
                    break
        if depth or tried == 0:
            yield from self._cuts((LIST,), english, depth)
        if tried == 0 and depth < DEEPEST and len(english) <= PHRASE:
            yield from self._phrases(english)

    def _cuts(self, cuts: Sequence[re.Pattern[str]], english: str, depth: int) -> Iterator[Said]:
        for cut in cuts:
            if len(parts := joined(cut, english)) > 1:
                yield self._joined(parts, depth, is_whole=cut is BOUND)

    def _filled(self, one: Template, filled: Mapping[str, str], depth: int) -> Said | None:
        inside = {name: self._field(one, name, text, depth) for name, text in filled.items()}
        if one.is_short and any(is_english(filled[name]) and not said.known for name, said in inside.items()):
            return None
        text = _FIELD.sub(lambda field: inside[field[1]].text if field[1] in inside else field[0], one.translation)
        return Said(text, one.known + sum(said.known for said in inside.values()))

    def _field(self, one: Template, name: str, text: str, depth: int) -> Said:
        """What stands between backquotes is code."""
        return Said(text, 0) if f"`{{{name}}}`" in one.translation else self.said(text, depth + 1)

    def _joined(self, parts: list[str], depth: int, is_whole: bool = False) -> Said:
        """Every other part is what stands between. What are no sentences by themselves all have to be known."""
        said = [self.said(part, depth + 1) if n % 2 == 0 else self._word(part) for n, part in enumerate(parts)]
        known = sum(one.known for one in said)
        if not is_whole and any(not one.known and is_english(one.text) for one in said):
            return Said("".join(parts), 0)
        return Said("".join(one.text for one in said), known)

    def _word(self, between: str) -> Said:
        return Said(self._between_parts.get(between, between), 0)

    def _phrases(self, english: str) -> Iterator[Said]:
        """Two that were put one after the other, as a thing and what is said of it."""
        for blank in [place for place, letter in enumerate(english) if letter == " "]:
            first, rest = self._phrase(english[:blank]), self._phrase(english[blank + 1 :])
            if first and rest:
                yield Said(f"{with_first_of(english, first.text)} {rest.text}", first.known + rest.known)

    def _phrase(self, english: str) -> Said | None:
        """By itself, and nothing that is made of several."""
        lower = english[:1].lower() + english[1:]
        if lower in self._whole:
            return Said(self._whole[lower], len(english))
        for one in self._by_beginning.get(lower.partition(" ")[0], ()):
            if (filled := matched(one, lower)) is not None:
                return self._filled(one, filled, DEEPEST)
        return None


def inner(text: str) -> str:
    """Without blanks around it, and what ties it to something before it."""
    return text.strip().lstrip(",;: ")


def with_first_of(english: str, text: str) -> str:
    """With a capital where that has one."""
    first = text[:1].upper() if english[:1].isupper() else text[:1].lower()
    return first + text[1:]


def alike(english: str, other: str) -> bool:
    return sorted(_FIELD.findall(english)) == sorted(_FIELD.findall(other))


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
