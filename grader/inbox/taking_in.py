"""Takes in what is new in a mailbox, a table or a download, and lays out what is to be graded."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from msgspec import Struct
from msgspec.structs import replace

from grader.course.folder import Course
from grader.course.roster import Student
from grader.errors import UsageError
from grader.inbox import downloads, imap, sources, tables
from grader.inbox.deciding import decided
from grader.inbox.facts import Fact, Facts, of_letter
from grader.inbox.fetching import Fetcher
from grader.inbox.holding import attached_ones, linked_ones
from grader.inbox.letters import read_letter
from grader.inbox.replies import write_replies
from grader.inbox.settling import ONCE, Look
from grader.inbox.shelf import Shelf
from grader.inbox.sources import Sort, sort_of
from grader.intake.ledger import FILE, Intake, Message, intake_json, read_intake
from grader.intake.whole_files import write_whole


class _Taking(Struct, frozen=True):
    shelf: Shelf
    course: Course
    fetcher: Fetcher
    look: Look
    known: dict[str, Facts]  # by key; what is taken in is added meanwhile


class Done(Struct, frozen=True):
    messages: tuple[Message, ...]
    new: int
    replies: int


def take_in(source: str | None, shelf: Shelf, course: Course, fetcher: Fetcher, look: Look = ONCE) -> Done:
    """Every message is kept as soon as it was read; a kill loses the one at hand, which the next run reads again."""
    roster, known = course.roster(), shelf.facts()
    read_intake(shelf.folder)
    for facts in [*known.values()]:
        if look.again and any(fact.again for fact in facts.held):
            known[facts.key] = _tried_again(facts, shelf, fetcher)
            shelf.keep(known[facts.key])
    before = len(known)
    for facts in _new(source, _Taking(shelf, course, fetcher, look, known)):
        shelf.keep(facts)
        known[facts.key] = facts
    messages = lay_out(known, course, roster, shelf)
    return Done(
        messages, len(known) - before, write_replies(messages, known, roster, course.sheet.languages[0], shelf.folder)
    )


def lay_out(known: dict[str, Facts], course: Course, roster: tuple[Student, ...], shelf: Shelf) -> tuple[Message, ...]:
    """The notebooks first and intake.json last; what counts no more is taken away."""
    earlier = read_intake(shelf.folder)
    messages = decided(known.values(), course, roster)
    wanted = {held.file: held.sha256 for message in messages for held in message.held if held.file}
    for file, name in wanted.items():
        _write_new(shelf.folder / file, shelf.notebook(name))
    _write_new(shelf.folder / FILE, intake_json(Intake(1, course.title, messages)))
    for message in earlier.messages if earlier else ():
        for held in message.held:
            if held.file and held.file not in wanted and _is_below(shelf.folder / held.file, shelf.folder):
                (shelf.folder / held.file).unlink(missing_ok=True)
    return messages


def _write_new(path: Path, content: bytes) -> None:
    """What is there as it should be stays untouched, time and all: it may be looked at every few seconds."""
    if not path.is_file() or path.read_bytes() != content:
        write_whole(path, content)


def _is_below(path: Path, folder: Path) -> bool:
    """A ledger that somebody wrote into takes nothing away elsewhere."""
    return ".." not in path.parts and path.suffix == ".ipynb" and path.resolve().is_relative_to(folder.resolve())


def _new(source: str | None, taking: _Taking) -> Iterator[Facts]:
    mailbox = taking.course.sheet.mailbox
    if source is None and mailbox is None:
        raise UsageError("Say where the mail lies: give a SOURCE, or write a mailbox into course.yaml.")
    where = source or (mailbox.address if mailbox else "")
    if imap.is_address(where):
        places = {facts.origin for facts in taking.known.values()}
        letters = imap.messages(where, mailbox.password, places) if mailbox else imap.messages(where, known=places)
        yield from _letters(letters, taking)
        return
    path = Path(where).expanduser()
    sort = sort_of(path)
    if sort in (Sort.TABLE, Sort.DOWNLOAD):
        yield from _rows(path, sort, taking)
    else:
        yield from _letters(sources.messages(path, sort, taking.look.is_whole), taking)


def _rows(path: Path, sort: Sort, taking: _Taking) -> Iterator[Facts]:
    if sort is Sort.DOWNLOAD:
        rows = downloads.rows(path, taking.shelf, taking.look.is_whole)
    else:
        zone = ZoneInfo(taking.course.sheet.timezone or "UTC")
        rows = tables.rows(path, zone) if taking.look.is_whole(path) else iter(())
    for facts in rows:
        if facts.key not in taking.known:
            links = tuple(linked_ones(facts.links, taking.fetcher, taking.shelf, datetime.now(UTC)))
            yield replace(facts, held=(*facts.held, *links))


def _letters(found: Iterator[tuple[str, bytes]], taking: _Taking) -> Iterator[Facts]:
    mailbox, shelf = taking.course.sheet.mailbox, taking.shelf
    for origin, data in found:
        letter = read_letter(data, mailbox.server if mailbox else "")
        if letter.key in taking.known:
            yield from _earlier(taking.known[letter.key], of_letter(letter, (), origin))
        else:
            links = linked_ones(letter.links, taking.fetcher, shelf, datetime.now(UTC))
            yield of_letter(letter, (*attached_ones(letter.attached, shelf), *links), origin)


def _earlier(known: Facts, again: Facts) -> Iterator[Facts]:
    """Delivered twice, the first time counts."""
    if again.time and known.time and again.time < known.time and again.timed_by is known.timed_by:
        yield replace(known, time=again.time)


def _tried_again(facts: Facts, shelf: Shelf, fetcher: Fetcher) -> Facts:
    held: list[Fact] = []
    for fact in facts.held:
        held += linked_ones([fact.name], fetcher, shelf, datetime.now(UTC)) if fact.again else [fact]
    return replace(facts, held=tuple(held))
