"""Takes in a mailbox and says what became of it."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from grader.course.folder import current_course
from grader.inbox.fetching import Web
from grader.inbox.replies import FOLDER as REPLIES
from grader.inbox.shelf import shelf
from grader.inbox.taking_in import Done, take_in
from grader.intake.ledger import FILE, Became, Message
from grader.wording.counting import quantity
from reports.scrub import name, said

_TOLD = (Became.DOUBTFUL, Became.NO_PERMISSION, Became.UNREADABLE, Became.LATE)  # those that a person looks at


def told_of_intake(source: str | None, out: Path) -> Iterator[str]:
    course = current_course()
    course.roster()
    with shelf(out) as opened:
        done = take_in(source, opened, course, Web())
    yield from told_of(done, out)


def told_of(done: Done, out: Path) -> Iterator[str]:
    counts = Counter(message.became for message in done.messages)
    told = ", ".join(f"{counts[became]} {became}" for became in Became if counts[became]) or "none"
    yield f"{quantity(len(done.messages), 'message')}, {done.new} of them new: {told}."
    for became in _TOLD:
        yield from (sentence_of(message) for message in done.messages if message.became is became)
    if done.replies:
        where = (out / REPLIES).resolve()
        yield f"{quantity(done.replies, 'reply', 'replies')} to look at and send: {where}. Nothing was sent."
    files = sum(bool(held.file) for message in done.messages for held in message.held)
    yield f"{quantity(files, 'notebook')} to grade, and {FILE}: {out.resolve()}"


def sentence_of(message: Message) -> str:
    who = message.student or " ".join(filter(None, (message.sender_name, message.sender and f"<{message.sender}>")))
    maybe = f" Perhaps {' or '.join(message.candidates)}." if message.candidates else ""
    return f"  {message.became}: {name(who)}, “{name(message.subject)}”. {said(message.reason)}{maybe}"
