"""How one output of an executed cell is shown: which form of it, how much of it, and nothing that could act."""

import base64
import binascii
import re
from collections.abc import Mapping, Sequence
from typing import Any

import nh3
from markupsafe import Markup
from msgspec import Struct

from reports.maths import ATTRIBUTES as MATHS_ATTRIBUTES
from reports.maths import TAGS as MATHS
from reports.scrub import printed, same_everywhere, visible
from reports.svg import is_light

_IMAGES = {"image/png": b"\x89PNG\r\n\x1a\n", "image/jpeg": b"\xff\xd8\xff", "image/gif": b"GIF8"}
_IMAGE_LIMIT = 2 * 1024 * 1024
_HTML_LIMIT = 200_000
_TAG_LIMIT = 10_000  # the sanitiser takes quadratic time for tags within tags
_LINE_LIMIT = 2_000
_HEAD, _TAIL = 120, 40
_FOLD_FROM = 24

_TABLE = frozenset({"table", "caption", "colgroup", "col", "thead", "tbody", "tfoot", "tr", "th", "td"})
_PROSE = frozenset(
    "p br hr div span b strong i em u s sub sup small code pre kbd samp q blockquote center ul ol li dl dt dd a".split()
)
_HEADINGS = frozenset({"h3", "h4", "h5", "h6"})
_DROPPED_WHOLE = set("script style title template noscript iframe object svg math textarea select".split())
_ATTRIBUTES = {
    "a": {"href", "title"},
    "td": {"colspan", "rowspan"},
    "th": {"colspan", "rowspan", "scope"},
    "img": {"src", "alt"},
}
_EMPTY_IMAGE = re.compile(r'<img(?: alt="([^"<>]*)")?>')  # what the sanitiser leaves of a picture from elsewhere
_EMPTY_HEADING = re.compile(r"<th>\s*</th>")  # pandas' corner, which heads nothing
_DATA_IMAGE = re.compile(r"data:(image/(?:png|jpeg|gif));base64,([A-Za-z0-9+/=\s]+)")


class Shown(Struct, frozen=True):
    """One output, ready for the page."""

    kind: str  # text | html | image | note
    text: str = ""  # text, note: what it says; image: its alternative text
    html: Markup = Markup()
    source: str = ""  # image: a data URI
    cut: int = 0  # lines left out in the middle, before `tail`
    tail: str = ""
    lines: int = 0
    error: bool = False

    @property
    def folded(self) -> bool:
        return self.lines > _FOLD_FROM


def shown(output: Mapping[str, Any]) -> tuple[Shown, ...]:
    """An nbformat output of whatever soundness; what cannot be shown is named in a line."""
    kind = output.get("output_type")
    if kind == "stream":
        return _text(_joined(output.get("text")))
    if kind == "error":
        return _error(output)
    data = output.get("data")
    return _best(data) if isinstance(data, Mapping) else ()


def clean_html(html: str, *, prose: bool = False) -> Markup:
    """HTML without scripts, styles, forms, classes, ids or anything fetched.

    `prose` also keeps small headings, pictures that were pasted into the text, and formulas.
    """
    tags = set(_TABLE | _PROSE | (_HEADINGS | {"img"} | MATHS if prose else frozenset()))
    cleaned = nh3.clean(
        visible(html),
        tags=tags,
        clean_content_tags=_DROPPED_WHOLE - tags,
        attributes=_ATTRIBUTES | MATHS_ATTRIBUTES if prose else _ATTRIBUTES,
        attribute_filter=_kept_attribute,
        url_schemes={"http", "https", "data"},
        link_rel="noopener noreferrer nofollow",
    )
    cleaned = _EMPTY_HEADING.sub("<td></td>", cleaned)
    return Markup(_EMPTY_IMAGE.sub(r"<em>(picture not shown: \1)</em>", cleaned))


def data_image(mime: str, encoded: str) -> str | None:
    """A data URI for what really is an image of this type, else None."""
    if mime not in _IMAGES or len(encoded) > _IMAGE_LIMIT:
        return None
    try:
        raw = base64.b64decode("".join(encoded.split()), validate=True)
    except (binascii.Error, ValueError):
        return None
    if not raw.startswith(_IMAGES[mime]):
        return None
    return f"data:{mime};base64,{base64.b64encode(raw).decode('ascii')}"


def _kept_attribute(tag: str, attribute: str, value: str) -> str | None:
    if tag == "img" and attribute == "src":
        match = _DATA_IMAGE.fullmatch(value.strip())
        return data_image(match[1], match[2]) if match else None
    if attribute == "href":
        return value if value.strip().lower().startswith(("http://", "https://")) else None
    return value


def _best(data: Mapping[str, Any]) -> tuple[Shown, ...]:
    """The richest form that can be shown safely; plain text when there is none."""
    plain = _joined(data.get("text/plain"))
    for mime in _IMAGES:
        if mime in data:
            source = data_image(mime, _joined(data[mime]))
            return (Shown("image", text=_alternative(plain), source=source),) if source else _refused(mime, plain)
    if "image/svg+xml" in data:
        return _drawing(_joined(data["image/svg+xml"]), plain)
    if "text/html" in data:
        return _html(_joined(data["text/html"]), plain)
    if plain:
        return _text(plain)
    unknown = ", ".join(sorted(visible(str(mime))[:60] for mime in data)[:3])
    return (Shown("note", text=f"An output of type {unknown} is not shown here."),) if unknown else ()


def _drawing(svg: str, plain: str) -> tuple[Shown, ...]:
    """An SVG as an image: a browser runs and fetches nothing inside one."""
    svg = visible(svg)
    raw = svg.encode()
    if len(raw) > _IMAGE_LIMIT or not is_light(svg):
        return _refused("image/svg+xml", plain)
    source = f"data:image/svg+xml;base64,{base64.b64encode(raw).decode('ascii')}"
    return (Shown("image", text=_alternative(plain), source=source),)


def _html(html: str, plain: str) -> tuple[Shown, ...]:
    if len(html) > _HTML_LIMIT or html.count("<") > _TAG_LIMIT:
        return (Shown("note", text="An HTML output is too large to be shown here."), *_text(plain))
    cleaned = clean_html(same_everywhere(html))  # in this order: the sanitiser has the last word
    if cleaned.striptags().strip():
        return (Shown("html", html=cleaned),)
    return (Shown("note", text="An interactive output is not shown here."), *_text(plain))


def _refused(mime: str, plain: str) -> tuple[Shown, ...]:
    note = f"An output of type {mime} is not a sound picture, or too much to be shown here."
    return (Shown("note", text=note), *_text(plain))


def _error(output: Mapping[str, Any]) -> tuple[Shown, ...]:
    trace = output.get("traceback")
    text = "\n".join(map(str, trace)) if isinstance(trace, Sequence) and not isinstance(trace, str) and trace else ""
    text = text or f"{output.get('ename', 'Error')}: {output.get('evalue', '')}"
    return _text(text, error=True)


def _text(text: str, *, error: bool = False) -> tuple[Shown, ...]:
    """Text as a terminal shows it; of a long one the beginning and the end."""
    lines = [_shortened(line) for line in printed(text).rstrip().split("\n")]
    if lines == [""]:
        return ()
    if len(lines) <= _HEAD + _TAIL:
        return (Shown("text", text="\n".join(lines), lines=len(lines), error=error),)
    return (
        Shown(
            "text",
            text="\n".join(lines[:_HEAD]),
            cut=len(lines) - _HEAD - _TAIL,
            tail="\n".join(lines[-_TAIL:]),
            lines=len(lines),
            error=error,
        ),
    )


def _shortened(line: str) -> str:
    return line if len(line) <= _LINE_LIMIT else f"{line[:_LINE_LIMIT]}…"


def _alternative(plain: str) -> str:
    text = " ".join(printed(plain).split())[:120]
    return f"Picture made by your notebook{': ' + text.strip('<>') if text else ''}"


def _joined(value: Any) -> str:
    """nbformat's multiline strings are lists of lines."""
    if isinstance(value, Sequence) and not isinstance(value, str | bytes):
        return "".join(str(part) for part in value)
    return "" if value is None else str(value)
