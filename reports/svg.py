"""Whether a browser draws an SVG in no more time than its length lets one expect.

A few thousand bytes can ask for hours: parts that repeat parts that repeat parts, blurs, pictures within pictures.
Plots need repetition, of letters and markers; so what counts is the length with every part written out where it is
drawn, and what costs more than its length is not drawn at all.
"""

import math
import re
from collections.abc import Iterator
from urllib.parse import unquote
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

WRITTEN_OUT = 1_500_000  # characters; a plot of a thousand points has most of them
TEXT = 20_000  # characters of letters to be drawn, which may stand upon each other
BLENDED = 500  # characters that a part counts for which is laid over the others half transparent
DEPTH = 60  # of parts in parts, written there or repeated there
REFUSED = re.compile(r"filter|fe[A-Z]\w*|mask|marker|animate\w*|set|foreignObject|script|iframe|video|audio|embed")
PICTURE = re.compile(r"\s*data:image/(png|jpeg|gif);base64,", re.IGNORECASE)
STYLE_REFUSED = re.compile(r"[@\\]|filter|animation|transition|blend|mask|marker|element\(|image", re.IGNORECASE)
ATTRIBUTES_REFUSED = ("filter", "mask", "marker")
REFERENCE = re.compile(r"url\(\s*['\"]?\s*([^'\")]*)", re.IGNORECASE)


def is_light(svg: str) -> bool:
    if "<!ENTITY" in svg:
        return False
    try:
        root = ElementTree.fromstring(svg)  # without entities of its own there is nothing to expand
        text = sum(len((element.text or "").strip()) + len((element.tail or "").strip()) for element in root.iter())
        return tag(root) == "svg" and text <= TEXT and Drawing(root).weight(root) <= WRITTEN_OUT
    except (ElementTree.ParseError, ValueError):
        return False


class Drawing:
    def __init__(self, root: Element) -> None:
        self._named: dict[str, Element] = {}
        for element in root.iter():
            self._named.setdefault(element.get("id", ""), element)
        self._weights: dict[Element, float] = {}

    def weight(self, element: Element, depth: int = 0) -> float:
        """Characters, written out; infinite for what is not to be drawn, or is a part of itself."""
        if element not in self._weights:
            self._weights[element] = math.inf
            if depth <= DEPTH and may_be_drawn(element):
                own = len(tag(element)) + sum(len(n) + len(v) + blended(n, v) for n, v in element.items())
                parts = [*element, *(self._named[n] for n in references(element) if n in self._named)]
                self._weights[element] = own + sum(self.weight(part, depth + 1) for part in parts)
        return self._weights[element]


def may_be_drawn(element: Element) -> bool:
    name = tag(element)
    if REFUSED.fullmatch(name) or any(attribute.startswith(ATTRIBUTES_REFUSED) for attribute in element.keys()):
        return False
    if name == "style" and (STYLE_REFUSED.search(element.text or "") or "url" in (element.text or "").lower()):
        return False
    if STYLE_REFUSED.search(element.get("style", "")):
        return False
    if name == "clipPath" and any(
        "clip-path" in " ".join((*part.keys(), *part.attrib.values())) for part in element.iter()
    ):
        return False  # each cuts what the one before has left
    return all(PICTURE.match(link) if name == "image" else link.strip()[:1] == "#" for link in links(element))


def references(element: Element) -> Iterator[str]:
    """Names of the parts that are drawn with it."""
    if tag(element) not in ("a", "image"):
        yield from (unquote(link.strip()[1:]) for link in links(element))
    for value in element.attrib.values():
        yield from (unquote(link.strip()[1:]) for link in REFERENCE.findall(value))


def blended(attribute: str, value: str) -> int:
    return BLENDED if "opacity" in (attribute if attribute != "style" else value) else 0


def links(element: Element) -> list[str]:
    """Of a link to click on nothing is drawn."""
    return [] if tag(element) == "a" else [v for n, v in element.items() if n.rpartition("}")[2] == "href"]


def tag(element: Element) -> str:
    return str(element.tag).rpartition("}")[2]
