"""Takes in what is new in a mailbox, a table or a download, and lays out what is to be graded."""

from collections.abc import Callable, Iterator
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
from grader.inbox.shelf import Shelf
from grader.inbox.sources import Sort, sort_of
from grader.intake.ledger import FILE, Intake, Message, intake_json, read_intake
from grader.intake.whole_files import write_whole


class Done(Struct, frozen=True):
    messages: tuple[Message, ...]
    new: int
    replies: int


def take_in(
    source: str | None, shelf: Shelf, course: Course, fetcher: Fetcher, told: Callable[[str], None] = lambda _: None
) -> Done:
    """Every message is kept as soon as it was read; a kill loses the one at hand, which the next run reads again."""
    roster, known = course.roster(), shelf.facts()
    read_intake(shelf.folder)
    for facts in [*known.values()]:
        if any(fact.again for fact in facts.held):
            told(f"Trying again: {facts.subject}")
            known[facts.key] = _tried_again(facts, shelf, fetcher)
            shelf.keep(known[facts.key])
    before = len(known)
    for facts in _new(source, shelf, course, fetcher, known):
        told(facts.subject)
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
        write_whole(shelf.folder / file, shelf.notebook(name))
    write_whole(shelf.folder / FILE, intake_json(Intake(1, course.title, messages)))
    for message in earlier.messages if earlier else ():
        for held in message.held:
            if held.file and held.file not in wanted and _is_below(shelf.folder / held.file, shelf.folder):
                (shelf.folder / held.file).unlink(missing_ok=True)
    return messages


def _is_below(path: Path, folder: Path) -> bool:
    """A ledger that somebody wrote into takes nothing away elsewhere."""
    return ".." not in path.parts and path.suffix == ".ipynb" and path.resolve().is_relative_to(folder.resolve())


def _new(
    source: str | None, shelf: Shelf, course: Course, fetcher: Fetcher, known: dict[str, Facts]
) -> Iterator[Facts]:
    mailbox = course.sheet.mailbox
    if source is None and mailbox is None:
        raise UsageError("Say where the mail lies: give a SOURCE, or write a mailbox into course.yaml.")
    zone = ZoneInfo(course.sheet.timezone or "UTC")
    where = source or (mailbox.address if mailbox else "")
    if imap.is_address(where):
        places = {facts.origin for facts in known.values()}
        letters = imap.messages(where, mailbox.password, places) if mailbox else imap.messages(where, known=places)
        yield from _letters(letters, shelf, course, fetcher, known)
        return
    path = Path(where).expanduser()
    sort = sort_of(path)
    if sort in (Sort.TABLE, Sort.DOWNLOAD):
        rows = tables.rows(path, zone) if sort is Sort.TABLE else downloads.rows(path, shelf)
        for facts in rows:
            if facts.key not in known:
                links = tuple(linked_ones(facts.links, fetcher, shelf, datetime.now(UTC)))
                yield replace(facts, held=(*facts.held, *links))
    else:
        yield from _letters(sources.messages(path, sort), shelf, course, fetcher, known)


def _letters(
    found: Iterator[tuple[str, bytes]], shelf: Shelf, course: Course, fetcher: Fetcher, known: dict[str, Facts]
) -> Iterator[Facts]:
    server = course.sheet.mailbox.server if course.sheet.mailbox else ""
    for origin, data in found:
        letter = read_letter(data, server)
        if letter.key in known:
            yield from _earlier(known[letter.key], of_letter(letter, (), origin))
        else:
            links = linked_ones(letter.links, fetcher, shelf, datetime.now(UTC))
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
