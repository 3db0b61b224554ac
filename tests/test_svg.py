"""A drawing is shown when a browser draws it quickly: plots are, whatever repeats itself without measure is not."""

import base64
import io
import time

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.figure import Figure

from reports.outputs import shown
from reports.svg import is_light

HEAD = '<svg xmlns="http://www.w3.org/2000/svg" xmlns:x="http://www.w3.org/1999/xlink" width="90" height="90">'
PNG = "data:image/png;base64," + base64.b64encode(b"\x89PNG\r\n\x1a\n" + bytes(40)).decode()


def drawing(inside: str) -> str:
    return f"{HEAD}{inside}</svg>"


def nested(levels: int, times: int, part: str, use: str) -> str:
    """Part `p0`, and parts that use the one before them so many times."""
    parts = [f'<g id="p0">{part}</g>']
    parts += [f'<g id="p{n + 1}">{use.format(f"p{n}") * times}</g>' for n in range(levels)]
    return drawing(f"<defs>{''.join(parts)}</defs>{use.format(f'p{levels}')}")


def plotted(points: int) -> str:
    figure = Figure()
    axes = figure.subplots(2, 2).flat
    axes[0].plot(np.sin(np.arange(points)), "o-", label="loss")
    axes[0].set_title("Entrenamiento y validación")
    axes[0].legend()
    axes[1].scatter(np.arange(points), np.arange(points), s=np.arange(points) % 40)
    axes[2].imshow(np.eye(5))
    axes[3].bar(range(5), range(5), hatch="/")
    file = io.StringIO()
    with mpl.rc_context({"svg.fonttype": "path"}):
        figure.savefig(file, format="svg")
    return file.getvalue()


@pytest.mark.parametrize("points", [50, 1000])
def test_a_plot_is_shown(points: int) -> None:
    svg = plotted(points)
    assert "<use" in svg and is_light(svg)
    assert [part.kind for part in shown({"output_type": "display_data", "data": {"image/svg+xml": svg}})] == ["image"]


@pytest.mark.parametrize(
    "inside",
    [
        '<rect width="9" height="9" style="fill: red"/><a x:href="https://example.org"><text>link</text></a>',
        f'<image width="5" height="5" x:href="{PNG}"/>',
        '<style>* {stroke-linejoin: round}</style><linearGradient id="g"/><path d="M0 0" fill="url(#g)"/>',
    ],
)
def test_a_drawing_by_hand_is_shown(inside: str) -> None:
    assert is_light(drawing(inside))


@pytest.mark.parametrize(
    "svg",
    [
        nested(8, 10, "<rect/>", '<use x:href="#{}"/>'),
        nested(25, 2, "<rect/>", '<use href=" #{} "/>'),
        nested(8, 10, "<rect/>", '<use href="#%7{}"/>').replace("%7p", "%70"),
        nested(3, 100, '<path d="' + "M0 0" * 300 + '"/>', '<use href="#{}"/>'),
        nested(8, 10, "<rect/>", '<rect fill="url(#{})"/>'),
        nested(8, 10, "<rect/>", "<rect style=\"fill: url( '#{}' )\"/>"),
        drawing('<g id="a"><use href="#b"/></g><g id="b"><use href="#a"/></g>'),
        drawing('<filter id="f"><feGaussianBlur stdDeviation="3"/></filter>'),
        drawing('<rect style="FILTER: blur(90px)"/>'),
        drawing(r'<rect style="f\69lter: blur(90px)"/>'),
        drawing("<style>rect {filter: blur(9px)}</style><rect/>"),
        drawing("<style>rect {fill: url(#p)}</style><rect/>"),
        drawing("<style>@keyframes a {from {x: 0}}</style><rect/>"),
        drawing('<rect><animate attributeName="x" dur="1s" repeatCount="indefinite"/></rect>'),
        drawing('<image x:href="data:image/svg+xml;base64,PHN2Zy8+"/>'),
        drawing('<use href="data:image/svg+xml,x#a"/>'),
        drawing("<g>" * 500 + "</g>" * 500),
        drawing(f'<g id="a"><path d="{"M0 0L9 9" * 100}" stroke-dasharray="0.01"/></g>' + '<use href="#a"/>' * 2000),
        drawing(f'<path id="a" d="{"M0 0L9 9" * 100}" stroke-dasharray="0.01"/>' + '<use href="#a"/>' * 2000),
        drawing('<clipPath id="a" clip-path="url(#b)"><circle r="9"/></clipPath><clipPath id="b"/>'),
        drawing(("<g opacity='.9'>" * 30 + "<rect/>" + "</g>" * 30) * 100),
        drawing("<text>a" + "\u0301" * 100_000 + "</text>"),
        '<!DOCTYPE svg [<!ENTITY a "aaaa">]>' + drawing("&a;"),
        drawing("<g>"),
        "<html><svg/></html>",
        "<svg" * 1000,
    ],
)
def test_what_takes_a_browser_long_is_named_and_not_shown(svg: str) -> None:
    begun = time.process_time()
    assert not is_light(svg)
    assert time.process_time() - begun < 1
    note, plain = shown({"output_type": "display_data", "data": {"image/svg+xml": svg, "text/plain": "<SVG object>"}})
    assert (note.kind, plain.text) == ("note", "<SVG object>")
