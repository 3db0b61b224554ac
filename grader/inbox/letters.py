"""A message as it came: who sent it and when it arrived, its subject, its links and the files attached to it.

Read by the lenient rules of the standard library: what is malformed in one header costs that header.
"""

import email
import email.policy
import hashlib
import re
import unicodedata
from collections.abc import Iterator
from datetime import UTC, datetime
from email.errors import HeaderParseError
from email.header import decode_header
from email.message import Message as Mail
from email.utils import parseaddr, parsedate_to_datetime

from msgspec import Struct

from grader.inbox.bodies import Links, links_in_html, links_in_text
from grader.intake.ledger import TimedBy

_HEADER = 2000  # characters of a header that are read
_DEEP = 40  # parts within parts
_BARE = re.compile(r"[^\s<>\"',;:]+@[^\s<>\"',;:]+")
_WORD = r"=\?[^?\s]{1,60}\?[BbQq]\?[^?]*\?="
_ENCODED = re.compile(rf"{_WORD}(?:\s+{_WORD})*")
_STABLE = ("Message-ID", "From", "Date", "Subject")  # mail programs write other headers into their mailboxes


class Attached(Struct, frozen=True):
    name: str
    data: bytes


class Letter(Struct, frozen=True):
    key: str
    sender: str
    sender_name: str
    subject: str
    time: datetime | None
    timed_by: TimedBy
    dated: datetime | None
    message_id: str
    links: tuple[str, ...]
    attached: tuple[Attached, ...]
    fault: str = ""
    is_quoting: bool = False  # its links are those of another message


def read_letter(data: bytes, server: str = "") -> Letter:
    """Never raises, whatever the bytes are. `server`: whose header Received counts; the last one added when empty."""
    try:
        return _letter(email.message_from_bytes(data, policy=email.policy.compat32), data, server)
    except (RecursionError, ValueError, LookupError, TypeError, AttributeError) as error:
        fault = f"The message is damaged and cannot be read ({type(error).__name__}). Look at it in the mail program."
        key = hashlib.sha256(data).hexdigest()
        return Letter(key, "", "", "", None, TimedBy.NOTHING, None, "", (), (), fault)


def _letter(mail: Mail, data: bytes, server: str) -> Letter:
    name, address = _sender(_raw(mail, "From"))
    received, dated = _received(mail, server), _date(_text(mail, "Date"))
    own, quoted, attached = Links(), Links(), []
    for part in _parts(mail):
        file, kind = _file_name(part), part.get_content_type()
        if file or part.get_content_disposition() == "attachment" or not kind.startswith("text/"):
            attached.append(Attached(file, _payload(part)))
        else:
            read = links_in_html if kind == "text/html" else links_in_text
            mine, theirs = read(_decoded(part))
            own, quoted = own + mine, quoted + theirs
    return Letter(
        key=_key(mail, data),
        sender=address.strip().casefold()[:200],
        sender_name=_one_line(name),
        subject=_text(mail, "Subject"),
        time=received or dated,
        timed_by=TimedBy.RECEIVED if received else TimedBy.DATE if dated else TimedBy.NOTHING,
        dated=dated,
        message_id=_text(mail, "Message-ID"),
        links=tuple(dict.fromkeys((own or quoted).addresses)),
        attached=tuple(attached),
        is_quoting=bool(quoted) and not own,
    )


def _parts(mail: Mail, depth: int = 0) -> Iterator[Mail]:
    """The leaves; a message that was forwarded as an attachment is opened."""
    payload = mail.get_payload()
    if isinstance(payload, list) and depth < _DEEP:
        for part in payload:
            if isinstance(part, Mail):
                yield from _parts(part, depth + 1)
    else:
        yield mail


def _payload(part: Mail) -> bytes:
    payload = part.get_payload(decode=True)
    return payload if isinstance(payload, bytes) else b""


def _decoded(part: Mail) -> str:
    payload, charset = _payload(part), part.get_content_charset("utf-8")
    for name in (charset, "utf-8", "cp1252"):
        try:
            return payload.decode(name)
        except (UnicodeError, LookupError):
            continue
    return payload.decode("latin-1")


def _file_name(part: Mail) -> str:
    """Without folders; some programs encode it as a header of old."""
    name = part.get_filename() or ""
    return _one_line(_words(name)).replace("\\", "/").rpartition("/")[2][:150]


def _sender(raw: str) -> tuple[str, str]:
    """Taken apart before it is decoded: a name may hold a comma."""
    name, address = parseaddr(raw)
    if "@" not in address and (found := _BARE.search(raw)):
        name, address = raw[: found.start()].strip(" <\"'"), found[0]
    return _words(name), address


def _text(mail: Mail, header: str) -> str:
    return _one_line(_words(_raw(mail, header)))


def _raw(mail: Mail, header: str) -> str:
    """The first of that name, on one line. Bytes that were sent bare are UTF-8, else in Windows' code page."""
    for name, value in mail.raw_items():
        if name.casefold() == header.casefold():
            unfolded = re.sub(r"\r?\n\s*", " ", str(value)[:_HEADER])
            return _in_charset(unfolded.encode("utf-8", "surrogateescape"), None)
    return ""


def _words(raw: str) -> str:
    """Encoded words decoded, whatever their charset says."""
    return _ENCODED.sub(lambda match: _decoded_words(match[0]), re.sub(r"\r?\n\s*", " ", raw))


def _decoded_words(run: str) -> str:
    try:
        pieces = decode_header(run)
    except (HeaderParseError, ValueError):
        return run
    return "".join(piece if isinstance(piece, str) else _in_charset(piece, charset) for piece, charset in pieces)


def _in_charset(piece: bytes, charset: str | None) -> str:
    for name in (charset or "utf-8", "utf-8", "cp1252"):
        try:
            return piece.decode(name)
        except (UnicodeError, LookupError):
            continue
    return piece.decode("latin-1")


def _one_line(text: str) -> str:
    bare = text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    plain = "".join(c if unicodedata.category(c) not in ("Cc", "Cf", "Cs", "Co") else " " for c in bare)
    return " ".join(unicodedata.normalize("NFC", plain).split())[:400]


def _received(mail: Mail, server: str) -> datetime | None:
    """The topmost was added last, by the mailbox's own server; those below anybody may have written."""
    for header in mail.get_all("Received", []):
        text = re.sub(r"\s+", " ", str(header)[:_HEADER])
        by = re.search(r"\bby ([\w.-]+)", text)
        if server and (by is None or by[1].casefold().rstrip(".") != server.casefold()):
            continue
        if moment := _date(text.rpartition(";")[2]):
            return moment
    return None


def _date(text: str) -> datetime | None:
    try:
        moment = parsedate_to_datetime(re.sub(r"\([^()]*\)", "", text).strip())
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None


def _key(mail: Mail, data: bytes) -> str:
    """Of what no mailbox changes, so that a message that is found twice is one."""
    body = re.split(rb"\r?\n\r?\n", data, maxsplit=1)[-1]
    headers = "\0".join(_raw(mail, name) for name in _STABLE)
    body = body.replace(b"\r\n", b"\n").rstrip()
    return hashlib.sha256(headers.encode("utf-8", "replace") + b"\0" + body).hexdigest()
