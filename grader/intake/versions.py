"""Which of one student's notebooks of a lab counts: the newest by what the platform, folders and names say.

What differs in more than that (`part1`, `part2`) is no version of another; where nothing tells, both count.
"""

import re
from collections.abc import Sequence

from msgspec import Struct

from grader.intake.person import PART, person, same

_STAMP = re.compile(r"(?<!\d)(20\d\d)[-_.]?([01]\d)[-_.]?([0-3]\d)(?:[-_. T]*([0-2]\d)[-_.:h]?([0-5]\d))?")
_NUMBER = re.compile(
    r"(?:(?<![^\W_])(?:v|ver|versi[oó]n?|rev|intento|attempt|final|untitled)[ _.-]?|\(|-)(\d{1,3})(?=\)|[\s_.-]|$)",
    re.IGNORECASE,
)
_OLD = re.compile(
    r"(?<![^\W_])(?:old|draft|borrador|checkpoint|untitled\d*|backup|viejo|antigu[oa]|working files)(?![^\W_])",
    re.IGNORECASE,
)
_LAST = re.compile(
    r"(?<![^\W_])(?:final[^\W_]*|finished|definitiv[oa]|completed?|last|[uú]ltim[oa])(?![^\W_])", re.IGNORECASE
)
_COPIES = re.compile(r"c[oòó]p(?:y|ia|ie)|kopie|kopia|사본|コピー|副本", re.IGNORECASE)
_BRACKETS = re.compile(r"\([^()\d]+\)\s*$")  # `Ane (file)` beside `Ane`, by whoever kept both
_SAME_TIME = 2.0  # seconds; a zip knows no shorter ones


class Version(Struct, frozen=True):
    folders: tuple[str, ...]  # below the student's own
    file: str  # its name, as the student gave it
    when: tuple[int, ...] = ()  # as the platform counts
    modified: float = 0.0
    content: str = ""


class Choice(Struct, frozen=True):
    newest: int
    older: tuple[int, ...]


def choices(versions: Sequence[Version], student: str) -> tuple[Choice, ...]:
    """Places in `versions`: what counts, each with what it supersedes. Nothing is in two of them."""
    works: dict[str, list[int]] = {}
    for n, version in enumerate(versions):
        works.setdefault(_work(version, student), []).append(n)
    drafts = [n for n in works.get("", ()) if _OLD.search(versions[n].file)]
    if len(drafts) == len(works.get("", ())) and len(works) > 1:
        first = next(work for work in works if work)
        works[first] += works.pop("", [])
    return tuple(choice for group in works.values() for choice in _of_one_work([*group], versions))


def _of_one_work(group: list[int], versions: Sequence[Version]) -> list[Choice]:
    ordered = sorted(group, key=lambda n: (_age(versions[n]), versions[n].modified), reverse=True)
    newest = versions[ordered[0]]
    level = [
        n for n in ordered if _age(versions[n]) == _age(newest) and newest.modified - versions[n].modified < _SAME_TIME
    ]
    kept: dict[str, int] = {}
    for n in sorted(level):
        kept.setdefault(versions[n].content, n)
    first, *others = kept.values()
    older = tuple(n for n in ordered if n not in kept.values())
    return [Choice(first, older), *(Choice(n, ()) for n in others)]


def _work(version: Version, student: str) -> str:
    """What a name says beside lab, version and student: equal words are versions of one work."""
    own = set(re.findall(r"\w+", same(student)))
    words = re.findall(r"[^\W_]+", same(" ".join(map(person, (*version.folders, version.file)))))
    words += map(same, PART.findall(" ".join((*version.folders, version.file))))
    return " ".join(word for word in words if word not in own)


def _age(version: Version) -> tuple[object, ...]:
    """Larger: newer."""
    name = re.sub(r"\.\w{1,6}$", "", version.file)
    text = " ".join((*version.folders, name))
    stamp = tuple(int(part or 0) for part in max(_STAMP.findall(text), default=()))
    place = max((int(f) for f in version.folders if re.fullmatch(r"\d{1,6}", f)), default=0)
    outside = max((int(n) for folder in version.folders for n in _NUMBER.findall(folder)), default=0)
    numbers = [int(n) for n in _NUMBER.findall(_STAMP.sub(" ", name))]
    word = len(_LAST.findall(text)) - 10 * len(_OLD.findall(text))  # `old/lab2_final` is old
    return (
        version.when,
        max(place, outside),
        stamp,
        word,
        max(numbers, default=0),
        len(_COPIES.findall(name)) + len(_BRACKETS.findall(name)),
    )
