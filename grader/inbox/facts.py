"""What is known of a message for ever: what it said, and which notebooks it held. What became of it is decided anew."""

from datetime import UTC, datetime
from typing import Literal

from msgspec import Struct

from grader.inbox.letters import Letter
from grader.intake.ledger import TimedBy


class Fact(Struct, frozen=True):
    """A notebook, kept by its hash, or why there is none."""

    what: Literal["attachment", "link", "file"]
    name: str
    sha256: str = ""
    fault: str = ""
    no_permission: bool = False
    again: bool = False  # whether the next run tries to get it
    recognised: tuple[str, ...] = ()  # the labs that its content speaks for, no one more than another
    named: str | None = None  # the lab that its name speaks for
    fetched: str = ""


class Facts(Struct, frozen=True):
    key: str
    sender: str
    sender_name: str
    subject: str
    time: str
    timed_by: TimedBy
    dated: str
    message_id: str
    held: tuple[Fact, ...]
    links: tuple[str, ...] = ()  # that were not followed yet, or only while a link may still open
    origin: str = ""
    fault: str = ""
    student: str = ""  # where a table or a platform says so
    student_id: str = ""
    lab: str | None = None
    is_quoting: bool = False


def stamp(moment: datetime | None) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if moment else ""


def moment(text: str) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def of_letter(letter: Letter, held: tuple[Fact, ...], origin: str) -> Facts:
    return Facts(
        key=letter.key,
        sender=letter.sender,
        sender_name=letter.sender_name,
        subject=letter.subject,
        time=stamp(letter.time),
        timed_by=letter.timed_by,
        dated=stamp(letter.dated),
        message_id=letter.message_id,
        held=held,
        links=letter.links,
        origin=origin,
        fault=letter.fault,
        is_quoting=letter.is_quoting,
    )
