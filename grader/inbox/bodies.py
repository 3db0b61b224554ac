"""Addresses in the text of a message: those its sender wrote, and apart from them those in what is quoted."""

import re
from collections.abc import Iterable
from html.parser import HTMLParser

from msgspec import Struct

_BODY = 2_000_000  # characters that are read
_ADDRESS = re.compile(
    r"https?://[^\s<>\"'`\\^{|}\x00-\x20]+"
    r"|(?<![\w./@-])(?:colab\.research\.google\.com|drive\.google\.com|docs\.google\.com)/[^\s<>\"'`]+",
    re.IGNORECASE,
)
_BEGINS_QUOTE = re.compile(
    r"^\s*(?:-{2,} ?(?:original|mensaje|forwarded|reenviado|jatorrizko|birbidalitako|weitergeleitet).*"
    r"|(?:on|el|le|am|em|il) .{5,200}(?:wrote|escribi[oó]|a écrit|schrieb|escreveu|ha scritto):"
    r"|.{5,200}(?:idatzi du|igorleak idatzi zuen):|_{10,})\s*$",
    re.IGNORECASE,
)


class Links(Struct, frozen=True):
    addresses: tuple[str, ...] = ()

    def __add__(self, other: "Links") -> "Links":
        return Links((*self.addresses, *other.addresses))

    def __bool__(self) -> bool:
        return bool(self.addresses)


def links_in_text(text: str) -> tuple[Links, Links]:
    """The sender's own, and quoted ones."""
    own: list[str] = []
    quoted: list[str] = []
    is_quote = False
    for line in text[:_BODY].splitlines():
        is_quote = is_quote or bool(_BEGINS_QUOTE.match(line))
        (quoted if is_quote or line.lstrip().startswith(">") else own).append(line)
    return addresses_in("\n".join(own)), addresses_in("\n".join(quoted))


def addresses_in(text: str) -> Links:
    return Links(tuple(map(_trimmed, _ADDRESS.findall(text))))


def links_in_html(text: str) -> tuple[Links, Links]:
    reader = _Reader()
    reader.feed(text[:_BODY])
    reader.close()
    own, quoted = (_with_text(reader.hrefs[n], reader.texts[n]) for n in (False, True))
    return own, quoted


def _with_text(hrefs: Iterable[str], texts: Iterable[str]) -> Links:
    return Links(tuple(hrefs)) + addresses_in("".join(texts))


def _trimmed(address: str) -> str:
    """Without the marks of the sentence around it."""
    address = address.rstrip(".,;:!?*_~'’”»]")
    while address.endswith(")") and address.count(")") > address.count("("):
        address = address[:-1].rstrip(".,;:")
    return address


class _Reader(HTMLParser):
    """Nothing of it is shown or carried out: only addresses are kept."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.hrefs: dict[bool, list[str]] = {False: [], True: []}
        self.texts: dict[bool, list[str]] = {False: [], True: []}
        self._open: list[tuple[str, bool]] = []  # tags, and whether a quote begins with each

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        own = dict(attrs)
        words = f"{own.get('class') or ''} {own.get('id') or ''}".casefold()
        quotes = tag == "blockquote" or any(mark in words for mark in ("gmail_quote", "yahoo_quoted", "divrplyfwdmsg"))
        if tag in ("blockquote", "div", "span", "p", "table"):
            self._open.append((tag, quotes))
        if tag == "a" and (address := (own.get("href") or "").strip()):
            self.hrefs[self._is_quote()].append(address)
        if tag in ("br", "p", "div", "tr", "td", "li"):
            self.texts[self._is_quote()].append("\n")

    def handle_endtag(self, tag: str) -> None:
        at = next((n for n in reversed(range(len(self._open))) if self._open[n][0] == tag), None)
        if at is not None:
            del self._open[at:]
        if tag in ("p", "div", "tr", "td", "li"):
            self.texts[self._is_quote()].append("\n")

    def handle_data(self, data: str) -> None:
        self.texts[self._is_quote()].append(data)

    def _is_quote(self) -> bool:
        return any(quotes for _, quotes in self._open)
