"""Learning curves on a page: drawn inside their frame, with the right epoch named, whatever the figures are."""

import math
import re
from itertools import pairwise
from typing import Any
from xml.etree import ElementTree

import pytest
import sample_curves
import sample_reports as sample
from msgspec.structs import replace

from grader.figures import Band, Curve, CurvePoint
from reports.curves import PATIENCE, read, series, table
from reports.drawing import figure, figures
from reports.feedback import feedback_page

SVG = "{http://www.w3.org/2000/svg}"


def curve(*points: tuple[float | None, float | None, float | None], unit: str = "epoch") -> Curve:
    """(cost, dev, train) of epochs 1, 2, …"""
    return Curve(
        'Training in the cell that begins "train()"',
        tuple(CurvePoint(n, *p) for n, p in enumerate(points, 1)),
        "as it ran here",
        unit,
    )


def drawings(*curves: Curve, band: Band | None = None) -> list[ElementTree.Element]:
    page = feedback_page(replace(sample.good(), curves=curves, band=band))
    return [ElementTree.fromstring(svg) for svg in re.findall(r"<svg.*?</svg>", page, re.DOTALL)]


def words(drawing: ElementTree.Element) -> list[str]:
    return [text.text or "" for text in drawing.iter(f"{SVG}text")]


def coordinates(drawing: ElementTree.Element) -> list[tuple[float, float]]:
    """Of every point of a line that is drawn."""
    paths = [path.get("d", "") for path in drawing.iter(f"{SVG}path") if "line-of" in path.get("class", "")]
    return [(float(x), float(y)) for path in paths for x, y in re.findall(r"[ML](\S+) (\S+)", path)]


def outside(drawing: ElementTree.Element) -> list[Any]:
    """Points and texts beyond the viewBox, a character taken to be 6.6 units wide."""
    _, _, width, height = map(float, drawing.get("viewBox", "").split())
    spots = [*coordinates(drawing)]
    spots += [(float(c.get("cx", "nan")), float(c.get("cy", "nan"))) for c in drawing.iter(f"{SVG}circle")]
    for text in drawing.iter(f"{SVG}text"):
        x, y, long = float(text.get("x", "nan")), float(text.get("y", "nan")), 6.6 * len(text.text or "")
        left = x - {"middle": long / 2, "end": long}.get(text.get("text-anchor", ""), 0)
        spots += [(left, y - 10), (left + long, y)]
    return [(x, y) for x, y in spots if not (0 <= x <= width and 0 <= y <= height)]


STRANGE = {
    "as usual": sample_curves.training(100),
    "rarely shown": sample_curves.training(50, by=10, best=250),
    "one point": curve((0.69, 0.5, 0.5)),
    "one cost": curve((0.69, None, None)),
    "all the same": curve(*[(0.69, 0.5, 0.5)] * 30),
    "all right": curve(*[(0.0, 1.0, 1.0)] * 30),
    "all wrong": curve(*[(0.0, 0.0, 0.0)] * 30),
    "ending together": curve((1.0, 0.1, 0.2), (0.5, 0.999, 1.0)),
    "ending together below": curve((1.0, 0.9, 0.8), (0.5, 0.0, 0.0)),
    "not a number": curve(*[(0.69, 0.5, 0.6)] * 5, *[(math.nan, 0.5, 0.5)] * 5),
    "infinite": curve((0.69, 0.5, 0.6), (math.inf, 0.5, 0.5), (-math.inf, 0.5, 0.5), (1e300, 0.5, 0.5)),
    "huge and tiny": curve((1e29, 0.5, 0.6), (-1e29, 0.5, 0.5), (5e-324, 1e-300, 0.5)),
    "tiny": curve((5e-324, None, None), (0.0, None, None)),
    "in tens of thousands": curve((123456.0, None, None), (98765.0, None, None)),
    "accuracies that are none": curve((0.69, math.nan, 7.0), (0.6, 0.5, -1.0)),
    "only train": curve((None, None, 0.5), (None, None, 0.6)),
    "by step": curve((1.1, 0.33, None), (1.0, 0.4, None), unit="step"),
    "thousands": sample_curves.training(5000, best=3000),
    "late": Curve("T", tuple(CurvePoint(10**13 + n, 0.5, 0.5, 0.5) for n in range(5)), "s", "step"),
}


@pytest.mark.parametrize("strange", STRANGE.values(), ids=STRANGE)
def test_every_drawing_is_sound_xml_and_stays_inside_its_frame(strange: Curve) -> None:
    (drawing,) = drawings(strange, band=sample_curves.with_curves().band)
    assert outside(drawing) == []
    assert not re.search(r"nan|inf", " ".join([*words(drawing), *(path.get("d", "") for path in drawing)]))
    assert drawing.get("role") == "img"
    named = {element.get("id") for element in drawing}
    assert set((drawing.get("aria-labelledby") or "").split()) <= named


def test_a_page_without_curves_says_nothing_about_them() -> None:
    page = feedback_page(sample.good())
    assert "Learning curves" not in page
    assert "<figure" not in page


def test_a_curve_without_a_single_figure_is_not_drawn() -> None:
    assert figures(replace(sample.good(), curves=(curve(), curve((math.nan, None, None))))) == ()


def test_the_best_epoch_on_dev_is_marked_and_named() -> None:
    (drawing,) = drawings(sample_curves.training(60, best=40))
    assert "best on dev: epoch 40" in words(drawing)
    made = figure(sample_curves.training(60, best=40), None, "c")
    mark = next(note for note in made.notes if note.name == "best")
    path = next(line.path for line in made.panels[0].lines if line.name == "dev")
    heights = {x: float(y) for x, y in re.findall(r"[ML](\S+) (\S+)", path)}
    assert heights[str(mark.x)] == mark.y == min(heights.values())
    assert made.sentences[0] == "Best on dev: 75.0\u00a0% at epoch 40; train is at 81.6\u00a0% there."


def test_of_equally_good_epochs_the_first_is_the_best() -> None:
    assert read(((1, 0.5), (2, 0.7), (3, 0.7))).best == (2, 0.7)


def test_early_stopping_ends_after_as_many_looks_as_its_patience() -> None:
    dev = tuple((10 * n, 0.7 if n == 3 else 0.6) for n in range(1, 40))
    assert read(dev).stop == (10 * (3 + PATIENCE), 0.6)
    assert read(dev[: 2 + PATIENCE]).stop is None
    said = figure(sample_curves.training(60, best=40), None, "c").sentences[1]
    assert said.endswith("would have ended this training at epoch 50 and kept epoch 40, the best one.")


def test_early_stopping_that_misses_the_best_epoch_says_so() -> None:
    dev = [0.6] * 5 + [0.7] + [0.65] * 30 + [0.8]
    said = figure(curve(*[(None, value, None) for value in dev]), None, "c").sentences[1]
    assert said.endswith(
        "would have ended this training at epoch 16 and kept epoch 6 (70.0\u00a0%), before the best one came."
    )


def test_a_training_that_patience_would_not_end_says_so_and_a_short_one_nothing() -> None:
    rising = [(None, n / 40, None) for n in range(30)]
    assert "would not have ended" in figure(curve(*rising), None, "c").sentences[1]
    assert len(figure(curve(*rising[:PATIENCE]), None, "c").sentences) == 1


def test_a_cost_that_is_no_number_is_said_with_its_epoch() -> None:
    made = figure(curve((0.69, None, None), (math.nan, None, None), (math.inf, None, None)), None, "c")
    assert made.sentences == ("The cost is not a number (NaN) at epoch 2: the training came apart there.",)
    assert [row[3] for row in made.rows] == ["0.69", "nan", "inf"]


def test_thousands_of_epochs_are_thinned_and_no_peak_is_lost() -> None:
    points = [(None, 0.9 if n == 3333 else 0.5 + (n % 7) / 100, None) for n in range(1, 9000)]
    long = curve(*points)
    (drawing,) = drawings(long)
    assert len(coordinates(drawing)) < 500
    assert "best on dev: epoch 3333" in words(drawing)
    rows = table(long)
    assert len(rows) < 60
    assert "3333" in [row[0] for row in rows]
    assert all(int(a[0]) < int(b[0]) for a, b in pairwise(rows))


def test_lines_differ_without_colour_and_carry_their_names_at_their_ends() -> None:
    (drawing,) = drawings(sample_curves.training(30))
    assert {"dev 67\u00a0%", "train 77\u00a0%", "cost 0.159"} <= set(words(drawing))
    assert (
        "stroke-dasharray"
        in re.findall(r"\.curve \.line-of\.train \{(.*?)\}", feedback_page(sample_curves.with_curves()))[0]
    )


def test_labels_at_the_ends_never_cover_one_another() -> None:
    one, other = figure(STRANGE["ending together"], None, "c").panels[0].lines
    assert abs(one.label_y - other.label_y) >= 14


def test_a_calibrated_band_is_shaded_as_far_as_it_reaches_and_said_in_words() -> None:
    band = Band((10, 50), (0.5, 0.6), (0.6, 0.7), "what 20 right solutions reach on dev.")
    made = figure(sample_curves.training(100), band, "c")
    assert made.sentences[-1] == "Shaded: what 20 right solutions reach on dev."
    reach = [float(x) for x in re.findall(r"[ML](\S+) ", made.band)]
    first, last = (made.left + (made.right - made.left) * (epoch - 1) / 99 for epoch in (10, 50))
    assert (min(reach), max(reach)) == pytest.approx((first, last), abs=0.1)
    assert figure(sample_curves.training(9), band, "c").band == ""
    assert figure(replace(sample_curves.training(100), unit="step"), band, "c").band == ""


def test_the_same_figures_stand_in_a_table() -> None:
    page = feedback_page(sample_curves.with_curves())
    assert "The figures as a table" in page
    assert '<tr><th scope="row">40</th><td>75.0\u00a0%</td><td>81.6\u00a0%</td><td>0.1267</td></tr>' in page


def test_words_in_a_curve_are_escaped() -> None:
    hostile = replace(sample_curves.training(12), title="</svg><script>x</script>\x1b[31m", source="<b>&", unit="epoch")
    page = feedback_page(replace(sample.good(), curves=(hostile,)))
    assert "<script>" not in page
    assert "<b>&" not in page
    assert len(drawings(hostile)) == 1


def test_what_is_no_accuracy_is_left_out() -> None:
    assert series(STRANGE["accuracies that are none"].points, "dev") == ((2, 0.5),)
    assert series(STRANGE["accuracies that are none"].points, "train") == ()
