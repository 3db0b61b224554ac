"""Which name each row gets where two hand-ins go by one: a path outranks what a notebook says of itself, an outer
folder an inner one, and whoever does not come first is told apart by id, folder or file. Both rows say so."""

from collections import defaultdict
from collections.abc import Sequence
from itertools import count

from msgspec import Struct

from grader.intake.page_names import told_apart, with_suffix
from grader.intake.person import person, same, tidy
from grader.intake.whose import By, Owner


class Claim(Struct, frozen=True):
    owner: Owner
    lab: str | None
    folders: tuple[str, ...]
    stem: str


class Named(Struct, frozen=True):
    name: str
    notes: tuple[str, ...] = ()  # a sentence each


def named(claims: Sequence[Claim]) -> tuple[Named, ...]:
    names = [claim.owner.name for claim in claims]
    notes: dict[int, str] = {}
    for group in _by_name(claims, range(len(claims))):
        if _several_ids(claims, group):
            for n in group:
                names[n] = _with(names[n], claims[n].owner.id)
    for group in _by_name(claims, range(len(claims)), names):
        works: dict[str | None, list[int]] = defaultdict(list)
        for n in group:
            works[claims[n].lab].append(n)
        for rivals in works.values():
            if len(rivals) > 1:
                _settle(claims, rivals, names, notes)
    unique = told_apart([(name, claim.lab) for name, claim in zip(names, claims, strict=True)])
    return tuple(Named(name, tuple(filter(None, [notes.get(n)]))) for n, name in zip(count(), unique))


def _by_name(claims: Sequence[Claim], numbers: Sequence[int], names: Sequence[str] = ()) -> list[list[int]]:
    groups: dict[str, list[int]] = defaultdict(list)
    for n in numbers:
        groups[same(names[n] if names else claims[n].owner.name)].append(n)
    return list(groups.values())


def _several_ids(claims: Sequence[Claim], group: Sequence[int]) -> bool:
    """In one lab: a platform may count anew for each."""
    ids: dict[str | None, set[str]] = defaultdict(set)
    for n in group:
        ids[claims[n].lab].add(claims[n].owner.id)
    return any(len(each - {""}) > 1 for each in ids.values())


def _settle(claims: Sequence[Claim], rivals: Sequence[int], names: list[str], notes: dict[int, str]) -> None:
    ranked = sorted(rivals, key=lambda n: (claims[n].owner.by, claims[n].owner.passed))
    first = claims[ranked[0]].owner
    shared = len(_common([claims[n].folders for n in rivals]))
    for n in ranked[1:]:
        claim = claims[n]
        if claim.owner.home == first.home:
            names[n] = _with(names[n], tidy(claim.stem))
            notes[n] = notes[ranked[0]] = (
                "It is not clear which of these notebooks of one student is the newest, so each has its own row."
            )
            continue
        theirs = next((folder for folder in map(person, claim.folders[shared:]) if folder), "")
        if claim.owner.by > By.PATH:
            names[n] = tidy(claim.stem) or "unnamed"
        elif theirs and same(theirs) != same(names[n]):
            names[n] = _with(names[n], theirs)
        notes[n] = notes[ranked[0]] = (
            f"More than one hand-in goes by the name {first.name}. Each has its own row; check whose is whose."
        )


def _common(folders: Sequence[tuple[str, ...]]) -> tuple[str, ...]:
    first, last = min(folders), max(folders)
    different = (n for n, pair in enumerate(zip(first, last, strict=False)) if pair[0] != pair[1])
    return first[: next(different, min(len(first), len(last)))]


def _with(name: str, more: str) -> str:
    return with_suffix(name, f" ({more})") if more and same(more) != same(name) else name
