"""Which files of one student become rows: every readable notebook, else what says why there is none.

What lies beside a notebook (pictures, data, modules, notes) belongs to it and is no row.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from itertools import chain

from msgspec import Struct
from msgspec.structs import replace

from grader.intake.kinds import is_beside, likelihood
from grader.intake.person import LAB_WORD
from grader.intake.pieces import Kind, Piece
from grader.intake.recognise import Guess
from grader.intake.submission import Notebook
from grader.intake.versions import Version, choices
from grader.intake.whose import Owner

_READ = 20  # files of a student without a notebook that are looked into
_LISTED = 5


class Item(Struct, frozen=True):
    piece: Piece
    guess: Guess
    notebook: Notebook | None = None  # None: not looked into
    owner: Owner | None = None

    @property
    def lab(self) -> str | None:
        return self.guess.lab

    @property
    def name(self) -> str:
        return self.piece.place.name


class Row(Struct, frozen=True):
    item: Item
    notes: tuple[str, ...] = ()  # a sentence each
    older: int = 0


Look = Callable[[Item], Item]  # the same with its notebook


def rows(items: Sequence[Item], look: Look) -> list[Row]:
    """Of one student's items; at least one unless there are none."""
    readable = [item for item in items if item.notebook and not item.notebook.fault]
    broken = [item for item in items if item.notebook and item.notebook.fault]
    others = [item for item in items if item.notebook is None]
    if not readable:
        looked = [look(item) for item in _likeliest(others)]
        readable = [item for item in looked if item.notebook and not item.notebook.fault]
        if not readable:
            return _without_a_notebook([*broken, *others], look)
        others = [item for item in others if item.piece not in {item.piece for item in looked}]
    else:
        looked = [look(item) for item in _other_work(others, readable)]
        readable += [item for item in looked if item.notebook and not item.notebook.fault]
    chosen = list(chain.from_iterable(_newest(group) for group in _by_lab(readable).values()))
    labs = {row.item.lab for row in chosen}
    alone = [item for item in broken if item.lab is not None and item.lab not in labs]
    alone += [item for item in _other_work(others, readable) if item.lab not in labs]
    also = [item for item in broken if item not in alone] + [i for i in others if i.piece.kind is Kind.BARRED]
    return [*_noted(chosen, also, look), *(_without_a_notebook(alone, look) if alone else ())]


def _likeliest(others: Sequence[Item]) -> list[Item]:
    readable = [item for item in others if item.piece.kind is Kind.OTHER]
    text = [item for item in readable if not is_beside(item.name) or item.name.lower().endswith(".py")]
    return sorted(text, key=lambda item: likelihood(item.name))[:_READ]


def _other_work(others: Sequence[Item], readable: Sequence[Item]) -> list[Item]:
    """Called after a lab that this student has no notebook of."""
    labs = {item.lab for item in readable}
    return [
        item
        for item in others
        if item.lab not in labs
        and item.lab is not None
        and item.piece.kind is not Kind.BARRED
        and LAB_WORD.search(str(item.piece.place))
        and (not is_beside(item.name) or item.name.lower().endswith(".py"))
    ]


def _newest(group: Sequence[Item]) -> Iterator[Row]:
    versions = [_version(item) for item in group]
    student = group[0].owner.name if group[0].owner else ""
    for choice in choices(versions, student):
        older = [group[n] for n in choice.older]
        yield Row(group[choice.newest], tuple(_superseded(group[choice.newest], older)), len(older))


def _superseded(newest: Item, older: Sequence[Item]) -> Iterator[str]:
    if older:
        names = ", ".join(f"'{item.piece.place}'" for item in older[:_LISTED])
        more = f" and {len(older) - _LISTED} more" if len(older) > _LISTED else ""
        yield f"'{newest.name}' is the newest of {len(older) + 1} versions handed in; not graded: {names}{more}."


def _version(item: Item) -> Version:
    owner, place = item.owner, item.piece.place
    file = owner.file if owner and owner.file else place.stem
    folders = place.parts[:-1] if owner and not owner.by_file else ()
    return Version(
        folders, file, owner.when if owner else (), item.piece.modified, item.notebook.content if item.notebook else ""
    )


def _by_lab(items: Sequence[Item]) -> dict[str | None, list[Item]]:
    groups: dict[str | None, list[Item]] = defaultdict(list)
    for item in items:
        groups[item.lab].append(item)
    return groups


def _noted(chosen: Sequence[Row], also: Sequence[Item], look: Look) -> list[Row]:
    """What was handed in as well and cannot be read is said where the same lab's notebook is, or at the first."""
    said: dict[int, list[str]] = defaultdict(list)
    for item in also:
        where = next((n for n, row in enumerate(chosen) if row.item.lab == item.lab), 0)
        fault = (look(item).notebook or Notebook()).fault
        said[where].append(f"'{item.piece.place}' was handed in as well and could not be read. {fault}")
    return [replace(row, notes=(*row.notes, *said[n][:_LISTED])) for n, row in enumerate(chosen)]


def _without_a_notebook(items: Sequence[Item], look: Look) -> list[Row]:
    """One row for each lab, by what is most likely the work itself; the rest is named with it."""
    groups = _by_lab(items)
    if len(groups) > 1 and not any(item.piece.kind is Kind.NOTEBOOK for item in groups.get(None, ())):
        unnamed = groups.pop(None, [])
        next(iter(groups.values())).extend(unnamed)
    found = []
    for group in groups.values():
        first, *rest = sorted(group, key=lambda item: (item.piece.kind, likelihood(item.name)))
        names = [f"'{item.piece.place}'" for item in rest if item.piece.kind is not Kind.EMPTY]
        more = f" and {len(names) - _LISTED} more" if len(names) > _LISTED else ""
        notes = (f"Handed in as well, and no notebook either: {', '.join(names[:_LISTED])}{more}.",) if names else ()
        found.append(Row(look(first), notes))
    return found
