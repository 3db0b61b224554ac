"""Attention maps on a page: every weight in its square and in words, drawn inside the frame, no map that is none."""

import re
from xml.etree import ElementTree

import pytest
import sample_reports as sample
from msgspec.structs import replace

from grader.figures import AttentionMap
from reports.feedback import feedback_page

SVG = "{http://www.w3.org/2000/svg}"
WORDS = ("A", "tired", "girl", "is", "washing", "a", "car", ".")
ONE = AttentionMap("A girl is washing a car.", ("A girl works",), WORDS, ((0.02, 0.1, 0.5, 0.0, 0.3, 0.0, 0.08, 0.0),))
MANY = AttentionMap("word by word", WORDS, WORDS, tuple(tuple(0.125 for _ in WORDS) for _ in WORDS), "says neutral")


def shown(*maps: AttentionMap) -> str:
    return feedback_page(replace(sample.good(), attention=maps))


def drawings(page: str) -> list[ElementTree.Element]:
    return [ElementTree.fromstring(svg) for svg in re.findall(r"<svg.*?</svg>", page, re.DOTALL)]


def test_each_weight_is_a_square_as_dark_as_it_is_large_and_is_told_in_words() -> None:
    (drawing,) = drawings(shown(ONE))
    dark = [rect.get("fill-opacity") for rect in drawing.iter(f"{SVG}rect") if rect.get("class") == "weight"]
    assert dark == ["0.02", "0.1", "0.5", "0.0", "0.3", "0.0", "0.08", "0.0"]
    assert "looks most at girl (50.0" in (drawing.findtext(f"{SVG}desc") or "")
    assert "washing: 30.0" in " ".join(title.text or "" for title in drawing.iter(f"{SVG}title"))


def test_even_weights_are_told_as_such() -> None:
    assert "girl looks everywhere alike." in shown(MANY) and "says neutral" in shown(MANY)


@pytest.mark.parametrize("words", [WORDS, ("extraordinarily-long-word" * 3,) * 30, ("``", "<b>", "&"), ("x",) * 64])
def test_squares_and_words_stay_inside_the_frame(words: tuple[str, ...]) -> None:
    even = tuple(tuple(1 / len(words) for _ in words) for _ in words)
    (drawing,) = drawings(shown(AttentionMap("t", words, words, even)))
    _, _, width, height = map(float, (drawing.get("viewBox") or "").split())
    for rect in drawing.iter(f"{SVG}rect"):
        x, y, side = (float(rect.get(name, "nan")) for name in ("x", "y", "width"))
        assert 0 <= x and x + side <= width and 0 <= y and y + side <= height
    for text in drawing.iter(f"{SVG}text"):
        x, y = (float(text.get(name, "nan")) for name in ("x", "y"))
        reach = 6.3 * len(text.text or "") * (0.72 if "rotate" in text.get("transform", "") else 1)
        turned = "rotate" in text.get("transform", "")
        assert (0 <= y - reach and x + reach <= width) if turned else x - reach >= 0 or text.get("class") != "tick"


@pytest.mark.parametrize(
    "weights", [(), ((0.5,),), ((float("nan"),) * 8,), ((3.0,) * 8,), ((0.1,) * 8, (0.1,) * 8)], ids=str
)
def test_what_is_no_map_of_its_words_is_not_drawn(weights: tuple[tuple[float, ...], ...]) -> None:
    assert "<svg" not in shown(replace(ONE, weights=weights))


def test_without_maps_there_is_no_heading() -> None:
    assert "Where your model looks" not in shown()
    assert "Where your model looks" in shown(ONE)
