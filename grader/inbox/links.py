"""Which notebook an address means: gateways taken off, Colab's and Drive's many forms brought to the id of a file.

Only ids and paths are taken over from an address; the one that is fetched is made here.
"""

import base64
import re
from urllib.parse import SplitResult, parse_qs, quote, unquote, urlsplit

from msgspec import Struct

DRIVE = "https://drive.google.com"
GITHUB = "https://raw.githubusercontent.com"
_GATEWAYS = 6  # one around another
_ID = re.compile(r"[A-Za-z0-9_-]{6,120}")
_V3 = re.compile(r"https?://urldefense\.(?:com|us)/v3/__(?P<inner>.+?)__;(?P<cut>[^!]*)!", re.IGNORECASE)
_V2 = re.compile(r"https?://urldefense\.(?:proofpoint\.)?(?:com|us)/v[12]/url\?", re.IGNORECASE)
_PART = r"[\w.@%+~ -]+"
_GITHUB_PATH = re.compile(rf"/(?:github/)?({_PART})/({_PART})/blob/((?:{_PART}/)*{_PART}\.ipynb)")
_COLAB = ("colab.research.google.com", "colab.google.com", "colab.google", "research.google.com")
_RUNS = {c: n + 2 for n, c in enumerate("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")}


class Target(Struct, frozen=True):
    """A notebook on the net, or why the address means none."""

    host: str = ""  # which of the places above
    path: str = ""  # there
    fault: str = ""

    @property
    def name(self) -> str:
        return self.host + self.path


def target(address: str) -> Target | None:
    """None for an address that has nothing to do with notebooks."""
    inner = unwrapped(address)
    parts = _split(inner)
    host = (parts.hostname or "").removeprefix("www.")
    if host in ("drive.google.com", "docs.google.com", "drive.usercontent.google.com"):
        return _on_drive(parts)
    if host in _COLAB:
        return _in_colab(parts)
    return _on_github(parts) if host == "github.com" else None


def unwrapped(address: str) -> str:
    for _ in range(_GATEWAYS):
        inner = _inside(address)
        if not inner or inner == address:
            break
        address = inner
    return address if "://" in address else f"https://{address}"


def _inside(address: str) -> str:
    """What a gateway was put around: Safe Links, URL Defense, google.com/url, a page that asks to sign in …"""
    if match := _V3.match(address):
        return _put_back(match["inner"], match["cut"])
    parts = _split(address)
    query = parse_qs(parts.query)
    if _V2.match(address) and query.get("u"):
        return unquote(query["u"][0].replace("-", "%").replace("_", "/"))
    for values in query.values():
        if re.match(r"https?(?:://|%3a)", values[0], re.IGNORECASE):
            return unquote(values[0]) if "%3a" in values[0][:9].casefold() else values[0]
    packed = re.search(r"/(https?%3A%2F%2F[^/?#]+)", parts.path, re.IGNORECASE)
    return unquote(packed[1]) if packed else ""


def _put_back(inner: str, cut: str) -> str:
    """URL Defense writes `*` for each character it cut out, `**X` for several in a row."""
    from_base64 = _unpacked(cut)
    at = 0

    def next_ones(match: re.Match[str]) -> str:
        nonlocal at
        count = _RUNS.get(match[1], 1) if match[1] else 1
        at += count
        return from_base64[at - count : at]

    return re.sub(r"\*(?:\*(.))?", next_ones, re.sub(r"^(https?):/(?!/)", r"\1://", inner))


def _unpacked(cut: str) -> str:
    try:
        return base64.urlsafe_b64decode(cut + "=" * (-len(cut) % 4)).decode("utf-8", "replace")
    except ValueError:
        return ""


def _split(address: str) -> SplitResult:
    try:
        parts = urlsplit(address if "://" in address else f"https://{address}")
        _ = parts.hostname, parts.port
    except ValueError:
        return urlsplit("")
    return parts


def _on_drive(parts: SplitResult) -> Target:
    query = parse_qs(parts.query)
    if re.search(r"/(?:drive/(?:u/\d+/)?)?folders/", parts.path):
        return Target(fault="The link leads to a folder of Drive. Share the notebook itself.")
    match = re.search(r"/d/([^/]+)", parts.path)
    found = match[1] if match else query.get("id", [""])[0]
    if not _ID.fullmatch(found):
        return Target(fault="The link leads to Google Drive, but to no file in it. Copy it from Share, Copy link.")
    return _exported(found, query.get("resourcekey", [""])[0])


def _in_colab(parts: SplitResult) -> Target:
    if parts.path.startswith("/github/"):
        return _on_github(parts) or Target(fault="The link leads to GitHub, but to no notebook there.")
    match = re.search(r"/(?:drive|colab/drive)/(?:u/\d+/)?([A-Za-z0-9_-]{6,120})(?:/|$)", parts.path)
    found = match[1] if match else parse_qs(parts.fragment).get("fileId", [""])[0]
    if not _ID.fullmatch(found):
        return Target(fault="The link leads to Colab, but to no notebook in it. Copy it from Share, Copy link.")
    return _exported(found, parse_qs(parts.query).get("resourcekey", [""])[0])


def _exported(file: str, key: str) -> Target:
    more = f"&resourcekey={key}" if _ID.fullmatch(key) else ""
    return Target(DRIVE, f"/uc?export=download&confirm=t&id={file}{more}")


def _on_github(parts: SplitResult) -> Target | None:
    match = _GITHUB_PATH.fullmatch(unquote(parts.path))
    if match is None or ".." in match[0].split("/"):
        return None
    return Target(GITHUB, quote(f"/{match[1]}/{match[2]}/{match[3]}"))
