"""Where a captioner looks: our own photo once for each word, bright where the attention is, told in words as well."""

import re
from xml.etree import ElementTree

import sample_reports as sample
from msgspec.structs import replace

from grader.data.toy.photos import Scene, Thing, jpeg
from grader.figures import AttentionMap
from reports.feedback import feedback_page

SVG = "{http://www.w3.org/2000/svg}"
PHOTO = jpeg(Scene("white", (Thing("red", "circle", "big", (2, 0)),)))
PLACES = tuple(f"row {row}, column {column}" for row in range(1, 9) for column in range(1, 9))
EVEN = (1 / 64,) * 64
CORNER = tuple(1.0 if k == 7 else 0.0 for k in range(64))
ONE = AttentionMap("COCO_1", ("a", "circle", "<end>"), PLACES, (EVEN, CORNER, EVEN), "a circle", PHOTO)


def shown(*maps: AttentionMap) -> str:
    return feedback_page(replace(sample.good(), attention=maps))


def drawing(page: str) -> ElementTree.Element:
    (svg,) = re.findall(r"<svg.*?</svg>", page, re.DOTALL)
    return ElementTree.fromstring(svg)


def test_the_photo_is_there_once_and_used_for_each_word() -> None:
    svg = drawing(shown(ONE))
    (image,) = svg.iter(f"{SVG}image")
    assert image.get("href", "").startswith("data:image/jpeg;base64,")
    assert [use.get("href") for use in svg.iter(f"{SVG}use")] == [f"#{image.get('id')}"] * 3


def test_the_place_looked_at_stays_bright_and_the_others_are_dark() -> None:
    groups = list(drawing(shown(ONE)).iter(f"{SVG}g"))
    shades = [[rect for rect in group.iter(f"{SVG}rect") if rect.get("class") == "unlit"] for group in groups]
    assert [len(rects) for rects in shades] == [0, 63, 0]
    assert (73.5, 0.0) not in {(float(r.get("x", "nan")), float(r.get("y", "nan"))) for r in shades[1]}


def test_it_is_told_in_words_and_words_of_a_notebook_are_only_words() -> None:
    page = shown(ONE)
    assert "circle looks most at row 1, column 8 (100.0" in (drawing(page).findtext(f"{SVG}desc") or "")
    assert "<end>" not in page.replace("&lt;end&gt;", "")


def test_words_beyond_the_panels_are_in_the_table_and_what_is_no_map_is_not_drawn() -> None:
    long = replace(ONE, rows=("word",) * 17, weights=(EVEN,) * 17)
    assert "The last 5 words are only in the table." in shown(long)
    assert "<svg" not in shown(replace(ONE, weights=((3.0,) * 64,) * 3), replace(ONE, columns=PLACES[:9]))


def test_captions_of_a_training_that_was_cut_are_said_to_be_so() -> None:
    assert "Training was cut to a few steps for this grading" in shown(replace(ONE, untrained=True))
    assert "Training was cut to a few steps for this grading" not in shown(ONE)
