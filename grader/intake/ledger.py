"""intake.json: what became of every message, and whose the notebooks are that lie beside it."""

from enum import StrEnum
from pathlib import Path
from typing import Any, Literal

import msgspec
from msgspec import Struct

from grader.errors import UsageError

FILE = "intake.json"


class Became(StrEnum):
    TAKEN = "taken"  # it counts: the last that came in time
    SUPERSEDED = "superseded"  # a later one counts
    LATE = "late"  # after the deadline; graded only where nothing came in time
    DOUBTFUL = "doubtful"  # whose it is or which lab has to be told by a person
    NO_PERMISSION = "no permission"  # the link is not shared
    UNREADABLE = "unreadable"
    NOTHING = "no hand-in"  # neither a lab in its subject nor a notebook in it


class TimedBy(StrEnum):
    RECEIVED = "received"  # a mail server, in a header Received
    DATE = "date"  # the sender's own clock: nothing else was there
    ROW = "row"  # of a table
    FILE = "file"  # as it lies there: a download may have been made later, so it makes nothing late
    NOTHING = ""


class Held(Struct, frozen=True):
    """A notebook in a message, or what should have been one."""

    what: Literal["attachment", "link", "file"]
    name: str  # of the file, or the address
    became: Became
    reason: str = ""  # a sentence, where it has to be said
    lab: str | None = None
    sha256: str = ""  # of the notebook, which is kept in .intake/kept/
    fetched: str = ""  # when the link was followed
    file: str = ""  # where it lies below the folder of intake.json, if it is to be graded


class Message(Struct, frozen=True):
    key: str  # of its content, so that the same message twice is one
    sender: str  # address
    sender_name: str
    subject: str
    time: str  # what counts: UTC, or empty where nothing tells
    timed_by: TimedBy
    dated: str  # by the sender's clock
    lab: str | None
    student: str
    student_id: str
    named_by: str  # address | subject | sender, or empty where it is doubtful
    candidates: tuple[str, ...]  # who it could be, where that is doubtful
    held: tuple[Held, ...]
    became: Became
    reason: str = ""
    origin: str = ""  # where it was found


class Intake(Struct, frozen=True):
    """The whole of intake.json."""

    schema: Literal[1]
    course: str
    messages: tuple[Message, ...]


def intake_json(intake: Intake) -> bytes:
    return msgspec.json.format(msgspec.json.encode(intake), indent=2) + b"\n"


def intake_schema() -> bytes:
    """The JSON Schema published as reports/intake.schema.json."""
    schema: dict[str, Any] = {"$schema": "https://json-schema.org/draft/2020-12/schema", **msgspec.json.schema(Intake)}
    return msgspec.json.format(msgspec.json.encode(schema), indent=2) + b"\n"


def read_intake(folder: Path) -> Intake | None:
    """None where there is none. Raises UsageError for one that is damaged, or of another version."""
    path = folder / FILE
    try:
        return msgspec.json.decode(path.read_bytes(), type=Intake)
    except FileNotFoundError:
        return None
    except (OSError, msgspec.MsgspecError) as error:
        raise UsageError(
            f"{path} cannot be read ({error}). Delete it and run `grader intake` again: nothing is lost by that."
        ) from None
