"""What a course asks for a certificate, and where its mail lies."""

import re
from collections.abc import Iterator
from urllib.parse import urlsplit

from msgspec import Struct

from grader.course.pages import Complaint, meant

PASSWORD = "GRADER_MAIL_PASSWORD"
WORDED = ("en", "es", "eu")  # languages in which certificates and replies can be written


class Rule(Struct, frozen=True, forbid_unknown_fields=True):
    """Of one sort of certificate."""

    labs: int | None = None  # how many are enough; all when left out
    earned: float = 0.0  # percent of the points of each of them


class CertificateSheet(Struct, frozen=True, forbid_unknown_fields=True):
    issuer: str = ""  # who certifies
    attendance: Rule = Rule()
    progress: Rule = Rule()


class MailboxSheet(Struct, frozen=True, forbid_unknown_fields=True):
    address: str  # imaps://NAME@SERVER/FOLDER
    password: str = PASSWORD  # the environment variable that holds it
    server: str = ""  # which adds the header Received whose time counts; the last one of all when empty


def certificate_complaints(sheet: CertificateSheet, labs: int) -> Iterator[Complaint]:
    for name in ("attendance", "progress"):
        rule: Rule = getattr(sheet, name)
        if rule.labs is not None and not 1 <= rule.labs <= max(labs, 1):
            yield ("certificates", name, "labs"), f"labs is {rule.labs}, and the course has {labs}; write 1 to {labs}"
        if not 0 <= rule.earned <= 100:
            yield ("certificates", name, "earned"), f"earned is {rule.earned:g}; write a percentage, 0 to 100"


def mailbox_complaints(sheet: MailboxSheet | None) -> Iterator[Complaint]:
    if sheet is None:
        return
    if wrong := address_fault(sheet.address):
        yield ("mailbox", "address"), wrong
    if not re.fullmatch(r"[A-Z_][A-Z0-9_]*", sheet.password):
        yield (
            ("mailbox", "password"),
            f"this has to be the name of an environment variable, such as {PASSWORD}, never the password itself",
        )


def address_fault(address: str) -> str:
    """Empty where it names a mailbox; the address itself is not repeated where it holds a password."""
    try:
        parts = urlsplit(address)
        port, host = parts.port, parts.hostname
    except ValueError:
        port, host, parts = None, None, urlsplit("")
    if parts.password:
        return f"a password does not belong into an address; put it into the variable {PASSWORD}"
    if parts.scheme not in ("imap", "imaps") or not host or port == 0:
        near = meant(parts.scheme, ("imap", "imaps"), "")
        return f"{address!r} is no mailbox; write it as imaps://NAME@SERVER/INBOX{near}"
    return "" if parts.username else "the address names nobody; write it as imaps://NAME@SERVER/INBOX"


def language_complaints(languages: tuple[str, ...]) -> Iterator[Complaint]:
    if not languages:
        yield ("languages",), "languages is empty; write at least one, such as [en]"
