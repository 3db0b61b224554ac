"""A mailbox on a server, read and left as it is: no message is marked, moved or deleted there."""

import imaplib
import netrc
import os
import re
import ssl
from collections.abc import Collection, Iterator
from contextlib import suppress
from urllib.parse import unquote, urlsplit

from grader.course.policies import PASSWORD, address_fault
from grader.errors import UsageError
from grader.inbox.sources import LIMIT

SECONDS = 60
_LOOPBACK = ("127.0.0.1", "::1", "localhost")


def is_address(source: str) -> bool:
    return re.match(r"imaps?://", source, re.IGNORECASE) is not None


def messages(address: str, variable: str = PASSWORD, known: Collection[str] = ()) -> Iterator[tuple[str, bytes]]:
    """Where each was found, and its bytes; those whose place is `known` are not fetched again."""
    if wrong := address_fault(address):
        raise UsageError(f"{wrong}.")
    parts = urlsplit(address)
    host, folder = parts.hostname or "", unquote(parts.path.strip("/")) or "INBOX"
    user = unquote(parts.username or "")
    secret = _password(host, variable)
    try:
        server = _connected(host, parts.port, parts.scheme)
    except (OSError, imaplib.IMAP4.error) as error:
        raise UsageError(f"{host} cannot be reached as a mail server ({error}). Check address and network.") from error
    try:
        yield from _fetched(server, user, secret, folder, f"{host}/{folder}", known)
    except imaplib.IMAP4.error as error:
        refused = f"{host} refused {user!r} or the folder {folder!r} ({_said(error)})"
        raise UsageError(f"{refused}. Check both, and the password in ${variable}.") from None
    except OSError as error:
        raise UsageError(f"{host} broke off ({error}). The same command goes on from there.") from error
    finally:
        with suppress(OSError, imaplib.IMAP4.error):
            server.logout()


def _connected(host: str, port: int | None, scheme: str) -> imaplib.IMAP4:
    """Never in the clear, unless the server is this very machine."""
    context = ssl.create_default_context()
    if scheme == "imaps":
        return imaplib.IMAP4_SSL(host, port or 993, ssl_context=context, timeout=SECONDS)
    server = imaplib.IMAP4(host, port or 143, timeout=SECONDS)
    if host not in _LOOPBACK:
        server.starttls(context)
    return server


def _password(host: str, variable: str) -> str:
    """From the environment, else from ~/.netrc, which is for this."""
    if secret := os.environ.get(variable):
        return secret
    with suppress(OSError, netrc.NetrcParseError):
        if entry := netrc.netrc().authenticators(host):
            return entry[2] or ""
    raise UsageError(f"There is no password for {host}. Put it into the variable {variable}, or into ~/.netrc.")


def _fetched(
    server: imaplib.IMAP4, user: str, secret: str, folder: str, place: str, known: Collection[str]
) -> Iterator[tuple[str, bytes]]:
    server.login(user, secret)
    status, _ = server.select(_quoted(folder), readonly=True)
    if status != "OK":
        raise imaplib.IMAP4.error("there is no such folder")
    numbered = _text((server.response("UIDVALIDITY")[1] or [b""])[0])
    _, found = server.uid("SEARCH", "ALL")
    for uid in _text(found[0] if found else b"").split():
        origin = f"{place} {numbered}.{uid}"
        if origin not in known:
            _, answer = server.uid("FETCH", uid, f"(BODY.PEEK[]<0.{LIMIT}>)")
            for part in answer:
                if isinstance(part, tuple):
                    yield origin, part[1]


def _quoted(folder: str) -> str:
    """In the encoding that IMAP has for names of folders."""
    encoded = re.sub(r"&|[^\x20-\x7e]+", _utf7, folder)
    return '"' + encoded.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _utf7(match: re.Match[str]) -> str:
    if match[0] == "&":
        return "&-"
    return match[0].encode("utf-7").decode("ascii").replace("+", "&", 1).replace("/", ",")


def _text(raw: object) -> str:
    return raw.decode("ascii", "replace") if isinstance(raw, bytes) else str(raw or "")


def _said(error: imaplib.IMAP4.error) -> str:
    said = error.args[0] if error.args else ""
    return " ".join(_text(said).split())[:120]
