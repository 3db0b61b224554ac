"""Gets a notebook from the net: what came, or why nothing did. One small interface; tests have a server of theirs."""

import os
from enum import StrEnum
from typing import Protocol
from urllib.parse import urlsplit

import requests
from msgspec import Struct

from grader.inbox.links import DRIVE, GITHUB, Target
from grader.intake.refusals import asks_to_sign_in
from grader.intake.submission import SIZE_LIMIT, too_large

ELSEWHERE = "GRADER_DRIVE"  # an address that stands for Drive's and GitHub's, as of a proxy or of a test
SECONDS = 60
_AGAIN = "It is tried again by the next `grader intake`."


class Came(StrEnum):
    WHOLE = "whole"
    NO_PERMISSION = "no permission"
    NOTHING = "nothing"  # and never will
    NOT_YET = "not yet"  # a fault of the net, to be tried again


class Fetched(Struct, frozen=True):
    came: Came
    data: bytes = b""
    reason: str = ""


class Fetcher(Protocol):
    def fetch(self, target: Target) -> Fetched: ...


class Web:
    """Follows links as a browser would that is signed in nowhere."""

    def __init__(self, places: dict[str, str] | None = None) -> None:
        other = os.environ.get(ELSEWHERE, "").rstrip("/")
        self._places = places or ({DRIVE: other, GITHUB: other} if other else {})

    def fetch(self, target: Target) -> Fetched:
        address = self._places.get(target.host, target.host) + target.path
        try:
            with requests.get(address, stream=True, timeout=SECONDS) as answer:
                return _read(answer)
        except requests.RequestException as error:
            return Fetched(Came.NOT_YET, b"", f"The link could not be followed ({type(error).__name__}). {_AGAIN}")


def _read(answer: requests.Response) -> Fetched:
    if answer.status_code in (401, 403) or _is_sign_in(answer.url):
        return Fetched(Came.NO_PERMISSION, b"", "The link asks to sign in: the notebook is not shared.")
    if answer.status_code in (404, 410):
        said = "The link leads nowhere: the notebook was deleted, or the link is not whole."
        return Fetched(Came.NOTHING, b"", said)
    if answer.status_code != requests.codes.ok:
        return Fetched(Came.NOT_YET, b"", f"The server answered {answer.status_code}. {_AGAIN}")
    data = b""
    for chunk in answer.iter_content(1 << 20):
        data += chunk
        if len(data) > SIZE_LIMIT:
            return Fetched(Came.NOTHING, b"", too_large(len(data)))
    if asks_to_sign_in(data[:300_000].decode("utf-8", "replace")):
        return Fetched(Came.NO_PERMISSION, b"", "The link asks to sign in: the notebook is not shared.")
    return Fetched(Came.WHOLE, data)


def _is_sign_in(address: str) -> bool:
    host = urlsplit(address).hostname or ""
    return host.startswith(("accounts.google.", "login.")) or "/servicelogin" in address.casefold()
