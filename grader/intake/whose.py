"""Whose each file is, told from the folders and files around it: the outermost folder that names a person wins.

A folder is a person's, or a group's of several persons; its neighbours decide, so that nobody can make a neighbour's
row out of a folder of their own.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from enum import IntEnum

from msgspec import Struct
from msgspec.structs import replace

from grader.intake.person import LAB_WORD, parts, person, same, tidy
from grader.intake.platforms import Collected, collected

_NUMBERED = re.compile(r"[\s_.-]*(?<![^\W_])([xyz]?\d{5,10}[a-z]?)(?![^\W_])", re.IGNORECASE)
_KEPT_APART = re.compile(r"(working|submitted) files$", re.IGNORECASE)  # of one student, by Teams
_PARTED = re.compile(r"-\d{8}T\d{6}Z(?:-\d+)*-\d{3}(?=$|\.zip$)")  # a large download comes in several zips
_COUNTED = re.compile(r"\(\d+\)|untitled ?\d|sin t[ií]tulo ?\d", re.IGNORECASE)  # by a browser or by Drive
_FULL_NAME = re.compile(r"[^\W\d_][^\W\d_]+(?: [^\W\d_]+)* [^\W\d_]{2,}")
_ACCOUNT = re.compile(r"[^\W\d_]{0,10}[-_]?\d{2,}[a-z]?")  # `st00`, `student-17`

Folders = tuple[str, ...]
Register = Mapping[Folders, Mapping[str, Collected]]  # a platform's list of whose the folders in a folder are


class By(IntEnum):
    """What names the owner; the first outranks the others where two hand-ins go by one name."""

    PATTERN = 0  # the instructor's own
    PATH = 1
    WORDS = 2  # the notebook's own
    FILE = 3  # nothing does: its row is called as its file


class Place(Struct, frozen=True):
    """Where something lay: folders from the outside in, the file's name without its ending; what it says itself."""

    folders: Folders
    stem: str
    lab: str | None = None
    own_words: str = ""
    outer: int = 0  # so many folders were named on the command line: they speak where nothing below does
    around: str = ""  # the folder of a file that was named itself
    is_notebook: bool = True
    ending: str = ""  # of the file's name


class Owner(Struct, frozen=True):
    name: str
    by: By
    home: str  # what is one person's for sure has one home
    id: str = ""
    passed: int = 0  # folders outside that name somebody, too
    file: str = ""  # what of the file's name is the student's own
    when: tuple[int, ...] = ()  # as the platform counts hand-ins
    by_file: bool = False  # the file's own name, or nothing around it, says so


class Class(Struct, frozen=True):
    places: tuple[Place, ...]
    register: Register


def owners(places: Sequence[Place], register: Register, pattern: re.Pattern[str] | None = None) -> tuple[Owner, ...]:
    """One for each place."""
    everybody = Class(tuple(places), register)
    known = {n: owner for n, place in enumerate(places) if (owner := _by_pattern(place, pattern))}
    rest = [n for n in range(len(places)) if n not in known]
    shared = _shared([places[n].folders for n in rest])
    if everything := dict(_in_platform_folder(everybody, rest, shared)):
        known |= everything
    else:
        below = dict(_below(everybody, rest, len(shared), 0))
        lone = not any(places[n].is_notebook for n in below)
        if lone and (owner := _one_students(everybody, [n for n in rest if places[n].is_notebook])):
            return tuple(known.get(n, replace(owner, file=places[n].stem)) for n in range(len(places)))
        loose = [n for n in rest if n not in below]
        known |= below | dict(_loose(everybody, loose, len(shared) if below else 0))
    return tuple(_with_number(known[n]) for n in range(len(places)))


def _by_pattern(place: Place, pattern: re.Pattern[str] | None) -> Owner | None:
    """In the name of a folder below what was given, the outermost first, of the file, or in all of the path."""
    below = (*place.folders[place.outer :], place.stem + place.ending)
    texts = (*below, "/".join(below), "/".join((*place.folders, below[-1]))) if pattern else ()
    for match in map(pattern.search, texts) if pattern else ():
        groups = {group: tidy(part or "") for group, part in match.groupdict().items()} if match else {}
        identity = groups.get("id", "")
        if name := groups.get("name") or identity:
            return Owner(name, By.PATTERN, f"{same(name)}|{identity}", identity, file=place.stem)
    return None


def _one_students(everybody: Class, notebooks: Sequence[int]) -> Owner | None:
    """The folder that was given is one student's: its notebooks have the labs' names, and nobody's."""
    told = dict(_loose(everybody, notebooks, 0))
    names = {person(everybody.places[n].stem) for n in notebooks}
    owner = next(iter(told.values()), None)
    one = owner is not None and owner.home.endswith("/") and len({each.home for each in told.values()}) == 1
    return owner if one and names == {""} else None


def _shared(folders: Sequence[Folders]) -> Folders:
    """The folders all lie in."""
    first, last = (min(folders), max(folders)) if folders else ((), ())
    different = (n for n, (one, other) in enumerate(zip(first, last, strict=False)) if one != other)
    return first[: next(different, min(len(first), len(last)))]


def _in_platform_folder(everybody: Class, numbers: Sequence[int], shared: Folders) -> Iterator[tuple[int, Owner]]:
    """All of it is one student's, as a platform packs it."""
    for depth in range(len(shared)):
        if who := _collected(everybody, numbers, depth):
            yield from ((n, _of_platform(who, everybody.places[n])) for n in numbers)
            return


def _below(everybody: Class, numbers: Sequence[int], depth: int, passed: int) -> Iterator[tuple[int, Owner]]:
    """Owners by the folders at this depth and below; files that lie in no person's folder are left out."""
    groups: dict[str, list[int]] = defaultdict(list)
    for n in numbers:
        if len(everybody.places[n].folders) > depth:
            groups[_unparted(everybody.places[n].folders[depth])].append(n)
    platform = {name: who for name, group in groups.items() if (who := _collected(everybody, group, depth))}
    named = {name: person(name) for name in groups if name not in platform and person(name)}
    crowded = {name for name in named if _is_crowded(everybody, groups[name], depth + 1, len(groups) == 1)}
    sections = bool(crowded) and 2 * len(crowded) >= len(named)
    for name, group in groups.items():
        if name in platform:
            yield from ((n, _of_platform(platform[name], everybody.places[n], passed)) for n in group)
        elif name not in named:
            yield from _below(everybody, group, depth + 1, passed)
        elif _holds_a_platforms(everybody, group, depth + 1) or (
            sections and (name in crowded or all(len(everybody.places[n].folders) > depth + 1 for n in group))
        ):
            yield from _below(everybody, group, depth + 1, passed + 1)
        else:
            for n in group:
                around = everybody.places[n].folders[: depth + 1]
                home = "/".join(_unparted(folder) for folder in around if not _KEPT_APART.match(folder))
                yield n, Owner(named[name], By.PATH, home, passed=passed, file=everybody.places[n].stem)


def _unparted(name: str) -> str:
    return _PARTED.sub("", name)


def _is_crowded(everybody: Class, numbers: Sequence[int], depth: int, alone: bool) -> bool:
    """Several persons below handed in the same piece of work; `basic` and `extra` are not persons yet."""
    people: dict[str | None, set[str]] = defaultdict(set)
    for place in (everybody.places[n] for n in numbers if everybody.places[n].is_notebook):
        names = map(person, (*place.folders[depth:], place.stem))
        people[place.lab].add(next(filter(None, names), ""))
    crowds = ({same(name) for name in names - {""}} for names in people.values())
    sure = any(_FULL_NAME.fullmatch(name) for names in people.values() for name in names)
    return max(map(len, crowds), default=0) > (1 if alone or sure else 2)


def _holds_a_platforms(everybody: Class, numbers: Sequence[int], depth: int) -> bool:
    """Downloads of several students, packed by a learning platform, lie below."""
    names = (name for n in numbers for name in (*everybody.places[n].folders[depth:], everybody.places[n].stem))
    people = {(who.name, who.id) for name in names if (who := collected(name))}
    listed = {folders for folders in everybody.register if len(folders) >= depth}
    return len(people) > 1 or any(everybody.places[n].folders[: len(f)] == f for f in listed for n in numbers)


def _collected(everybody: Class, numbers: Sequence[int], depth: int) -> Collected | None:
    folders = everybody.places[numbers[0]].folders
    inside = next(
        (everybody.places[n].folders[depth + 1] for n in numbers if len(everybody.places[n].folders) > depth + 1), ""
    )
    listed = everybody.register.get(folders[:depth], {}).get(folders[depth])
    return listed or collected(folders[depth], inside, _beside(everybody, folders[:depth]))


def _beside(everybody: Class, folders: Folders) -> list[str]:
    depth = len(folders)
    return [(*p.folders, p.stem)[depth] for p in everybody.places if p.folders[:depth] == folders]


def _of_platform(who: Collected, place: Place, passed: int = 0) -> Owner:
    home = f"{same(who.name)}|{who.id or '/'.join(place.folders[:-1])}"
    return Owner(who.name, By.PATH, home, who.id, passed, who.file or place.stem, who.when)


def _loose(everybody: Class, numbers: Sequence[int], outside: int) -> Iterator[tuple[int, Owner]]:
    """Files in no person's folder. The `outside` outermost folders are the class's and name nobody."""
    places = {n: everybody.places[n] for n in numbers}
    names = _in_stems(places)
    notebooks = {n: place for n, place in places.items() if place.is_notebook} or places
    homes: dict[str, set[str]] = defaultdict(set)
    beside: dict[Folders, list[Place]] = defaultdict(list)
    for n, place in notebooks.items():
        homes[names[n]].add(_in_folder(place, outside))
        beside[place.folders].append(place)
    told: dict[int, Owner] = {}
    for n, place in notebooks.items():
        if who := collected(place.stem, beside=_beside(everybody, place.folders)):
            told[n] = _of_platform(who, place)
        else:
            told[n] = _of_file(place, names[n], beside[place.folders], homes[names[n]], outside)
    yield from told.items()
    homes_told = {owner.home: owner for owner in told.values()}
    for n in places.keys() - told.keys():
        who, place = collected(places[n].stem, beside=_beside(everybody, places[n].folders)), places[n]
        if who:
            yield n, _of_platform(who, place)
        elif len(homes_told) == 1 and next(iter(homes_told)).endswith("/"):  # one student's folder, by itself
            yield n, next(iter(homes_told.values()))
        else:
            yield n, _of_file(place, names[n], (), {""}, outside)


def _of_file(place: Place, in_stem: str, beside: Sequence[Place], homes: set[str], outside: int) -> Owner:
    in_folder, here = _in_folder(place, outside), "/".join(map(_unparted, place.folders))
    if in_folder and (_folder_is_a_person(place, in_stem, beside, homes, in_folder)):
        return Owner(in_folder, By.PATH, f"{same(in_folder)}/", file=place.stem)
    if in_stem:
        return Owner(
            in_stem, By.PATH, f"{here}|{same(in_stem)}", passed=len(place.folders), file=place.stem, by_file=True
        )
    if words := person(place.own_words):
        return Owner(words, By.WORDS, f"{here}|{place.stem}", file=place.stem, by_file=True)
    if around := person(place.around):
        return Owner(around, By.PATH, f"{same(around)}/", file=place.stem)
    stem = tidy(place.stem) or (tidy(place.folders[-1]) if place.folders else "")
    return Owner(stem or "unnamed", By.FILE, f"{here}|{place.stem}", file=place.stem, by_file=True)


def _in_folder(place: Place, outside: int) -> str:
    return next((name for name in map(person, reversed(place.folders[outside:])) if name), "")


def _folder_is_a_person(place: Place, in_stem: str, beside: Sequence[Place], homes: set[str], in_folder: str) -> bool:
    if not in_stem:  # `lab1 (1)` beside `lab1`, in a folder of nobody's: two people sent files of one name
        rivals = [other for other in beside if other.lab == place.lab]
        counted = len(rivals) > 1 and any(_COUNTED.search(other.stem) for other in rivals)
        crowd = place.outer == len(place.folders) and (counted or _are_of_several(beside))
        return not crowd or bool(_ACCOUNT.fullmatch(in_folder))
    if len({other.lab for other in beside}) < len(beside):
        return False  # several notebooks of one lab: a class, not a person
    if len(homes) > 1:
        return True  # the same word in the folders of several people names the task
    if not person(place.folders[-1]):
        return False  # `lab1/NAME`, whatever stands around it
    if place.outer == len(place.folders) and not _is_somebody_for_sure(in_folder):
        several = len({person(other.stem) for other in beside}) > 1
        if several or _is_somebody_for_sure(in_stem):
            return False  # `inbox/ana`, `inbox/jon`
    return not LAB_WORD.search(place.stem)  # `lab1 - NAME` stands for itself


def _are_of_several(beside: Sequence[Place]) -> bool:
    """Others beside it have names of their own, or tell of several people."""
    words = {same(name) for other in beside if (name := person(other.own_words))}
    return any(person(other.stem) for other in beside) or len(words) > 1


def _is_somebody_for_sure(name: str) -> bool:
    """`st00`, `Ana Lopez`; not `gru2`."""
    return bool(_ACCOUNT.fullmatch(name) or _FULL_NAME.fullmatch(name))


def _in_stems(places: Mapping[int, Place]) -> dict[int, str]:
    """`Ana - Redes`, `Redes - Jon`: what most have in common is the task, the other part the name."""
    told = {n: parts(place.stem) for n, place in places.items()}
    pairs = [each for each in told.values() if len(each) == 2]
    counts = Counter(same(part) for pair in pairs for part in set(pair))
    if max(counts.values(), default=0) < 2:
        return {n: tidy(" - ".join(each)) for n, each in told.items()}
    first, second = ({same(pair[at]) for pair in pairs} for at in (0, 1))
    kept = 0 if len(first) >= len(second) else 1

    def name(each: list[str]) -> str:
        if len(each) != 2:
            return " - ".join(each)
        one, other = (counts[same(part)] for part in each)
        return each[kept if one == other else int(other < one)]

    return {n: tidy(name(each)) for n, each in told.items()}


def _with_number(owner: Owner) -> Owner:
    """`Ana Lopez_12345678`: a number beside a name is the student's id."""
    match = _NUMBERED.search(owner.name)
    if owner.id or not match or owner.by is By.PATTERN:
        return owner
    name = tidy(owner.name[: match.start()] + " " + owner.name[match.end() :])
    if re.search(r"[^\W\d_]{2}", name):
        return replace(owner, name=name, id=match[1])
    return replace(owner, id=match[1]) if match[1] == owner.name else owner
