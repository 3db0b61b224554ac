"""Which lab a subject speaks of, and whose name is left in it."""

import re
import unicodedata
from collections.abc import Iterator, Mapping
from itertools import groupby

from msgspec import Struct

from grader.course.folder import Course
from grader.intake.clues import current_clues
from grader.intake.person import person

_ORDINAL = re.compile(  # `1. laborategia`, `2ª práctica`, `3rd lab`
    r"(?<![^\W_])(\d{1,2}) ?(?:[.ºª]|[.-]?(?:go|garren|er|ro|do|st|nd|rd|th))? ?"
    r"((?:laborategi|praktika|pr[aá]ctica|lab|laboratorio|ariketa|tarea)\w*)",
    re.IGNORECASE,
)
_NUMBER_SIGN = re.compile(
    r"(?<=[^\W\d_]) *(?:n[ºo°.]{1,2}|n[uú]m(?:ero)?\.?|number|zk\.?|zenb\.?) ?(?=\d)", re.IGNORECASE
)
_BETWEEN = r"[\s_.:#-]*"
_LAB_WORDS = "lab labs laboratory laboratorio laborategia laborategi practica práctica practice praktika".split()
_ASSIGNMENT_WORDS = "a assignment assign ass homework hw tarea ariketa".split()


class Subject(Struct, frozen=True):
    labs: tuple[str, ...]  # that its words name; two labs may share a word
    near: frozenset[str]  # and those that something in it speaks for
    name: str  # what is left; empty where nothing is
    words: str  # all of it but the lab


def read_subject(text: str, course: Course) -> Subject:
    text = _spelt(text)
    labs, rest = _named(text, course)
    near = {lab for lab, votes in _votes(text).items() if votes > 0}
    if not labs and near:
        votes = _votes(text)
        labs = tuple(lab for lab in course.labs if votes.get(lab, 0) == max(votes.values()))
        rest = text
    return Subject(labs, frozenset((*labs, *near)), _name(rest), rest)


def _name(rest: str) -> str:
    """Without remarks in brackets and the marks around it: `| Ane_Etxe (corrected)` is Ane Etxe."""
    bare = (
        re.sub(r"\([^()]*\)", " ", rest) if re.search(r"[^\W\d_]{2}", re.sub(r"\([^()]*\)|lab 1", "", rest)) else rest
    )
    return person(re.sub(r"[/|\\<>~*=]+", " - ", bare)).replace("_", " ")


def _spelt(text: str) -> str:
    """`Lab1Ane` has two words, `1. laborategia` is laborategia 1, a long dash is one like others."""
    text = unicodedata.normalize("NFC", text)
    text = re.sub(r"[‐‑‒–—―−]", " - ", text)
    text = re.sub(r"(?<=\d)(?=[^\W\d_][^\W\d_]*[a-záéíóúñü])(?=[A-ZÁÉÍÓÚÑÜ])", " ", text)
    return _NUMBER_SIGN.sub(" ", _ORDINAL.sub(r"\2 \1", text))


def _votes(text: str) -> dict[str, float]:
    votes: dict[str, float] = {}
    for clue in current_clues().names:
        if clue.pattern.search(text):
            for lab, weight in clue.weights.items():
                votes[lab] = votes.get(lab, 0.0) + weight
    return votes


def _named(text: str, course: Course) -> tuple[tuple[str, ...], str]:
    """The labs that are called by a word in it, the surest words first; and the text with `lab 1` in their place."""
    for names in _by_sureness(course):
        spans = [(match, labs) for name, labs in names.items() if (match := _pattern(name).search(text))]
        whole = [one for one in spans if not any(_is_inside(one[0], other) for other, _ in spans)]
        if whole:
            labs = dict.fromkeys(lab for _, those in whole for lab in those)
            for match, _ in sorted(whole, key=lambda one: -one[0].start()):
                text = f"{text[: match.start()]} lab 1 {text[match.end() :]}"
            return tuple(labs), text
    return (), text


def _by_sureness(course: Course) -> tuple[Mapping[str, tuple[str, ...]], ...]:
    """Names with a number first: `rnn` may stand in a subject about something else."""
    numbered: dict[str, tuple[str, ...]] = {}
    others: dict[str, tuple[str, ...]] = {}
    for lab, rubric in course.labs.items():
        for name in (lab, *rubric.head.aliases, *course.sheet.called.get(lab, ()), rubric.title):
            for spelling in _spellings(name):
                into = numbered if re.search(r"\d", spelling) else others
                into[spelling] = tuple(dict.fromkeys((*into.get(spelling, ()), lab)))
    return numbered, others


def _spellings(name: str) -> Iterator[str]:
    """`lab1` is práctica1 as well."""
    yield name.casefold()
    match = re.fullmatch(r"([a-z]+)(\d+[a-z]?)", name.casefold())
    for words in (_LAB_WORDS, _ASSIGNMENT_WORDS):
        if match and match[1] in words:
            yield from (f"{word}{match[2]}" for word in words if word != match[1])


def _pattern(name: str) -> re.Pattern[str]:
    """`lab1` as `Lab 1`, `LAB-01`, `lab_1`, `lab #1`; words in the order in which they stand."""
    runs = ["".join(run) for _, run in groupby(re.sub(r"[\W_]+", " ", name), key=_sort_of)]
    parts = [f"0*{int(run)}" if run.isdecimal() else re.escape(run) for run in runs if run.strip()]
    return re.compile(rf"(?<![^\W_]){_BETWEEN.join(parts)}(?![^\W_])", re.IGNORECASE)


def _sort_of(character: str) -> str:
    return "digit" if character.isdecimal() else "space" if character == " " else "letter"


def _is_inside(one: re.Match[str], other: re.Match[str]) -> bool:
    """`lab1` in `lab1 warmup`."""
    shorter = one.end() - one.start() < other.end() - other.start()
    return shorter and other.start() <= one.start() and one.end() <= other.end()
