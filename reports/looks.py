"""Where a captioner looks: its photo once for each word, darker where the word pays no attention."""

import base64
import io

from msgspec import Struct
from PIL import Image

from grader.figures import AttentionMap
from grader.model import Report
from reports.heat import is_drawable, share, short

MOST = 4  # photos on a page
MOST_WORDS = 12  # of a caption
IN_A_ROW, GAP, LINE = 4, 6, 16  # panels, and units of the viewBox
WIDTH = 84  # of a panel
DARKEST = 0.65
SIDE = 8  # places along each side of the photo


class Shade(Struct, frozen=True):
    x: float
    y: float
    opacity: float


class Panel(Struct, frozen=True):
    word: str
    x: float
    y: float
    shades: tuple[Shade, ...]


class Look(Struct, frozen=True):
    id: str
    map: AttentionMap
    photo: str  # data URI
    width: float
    height: float
    across: float  # size of one place
    down: float
    panels: tuple[Panel, ...]
    left_out: int  # words beyond the last panel
    rows: tuple[tuple[str, str, str], ...]  # word, the place it looks at most, the share of it

    @property
    def panel_width(self) -> float:
        return WIDTH

    @property
    def panel_height(self) -> float:
        return self.down * SIDE


def looks(report: Report) -> tuple[Look, ...]:
    drawable = [one for one in report.attention if one.photo and is_drawable(one) and len(one.columns) == SIDE * SIDE]
    return tuple(look(one, f"look-{number}") for number, one in enumerate(drawable[:MOST], 1))


def look(one: AttentionMap, identity: str) -> Look:
    across, down = WIDTH / SIDE, height(one.photo) / SIDE
    shown = one.rows[:MOST_WORDS]
    panels = tuple(
        Panel(
            short(word),
            i % IN_A_ROW * (WIDTH + GAP),
            LINE + i // IN_A_ROW * round(down * SIDE + GAP + LINE, 1),
            shades(one.weights[i], across, down),
        )
        for i, word in enumerate(shown)
    )
    lines = -(-len(shown) // IN_A_ROW)
    return Look(
        identity,
        one,
        "data:image/jpeg;base64," + base64.b64encode(one.photo).decode(),
        IN_A_ROW * (WIDTH + GAP) - GAP,
        round(lines * (down * SIDE + GAP + LINE), 1),
        across,
        round(down, 2),
        panels,
        len(one.rows) - len(shown),
        tuple(told(word, one.columns, row) for word, row in zip(one.rows, one.weights, strict=True)),
    )


def height(photo: bytes) -> float:
    """Of a panel, so that the photo keeps its form."""
    with Image.open(io.BytesIO(photo)) as picture:
        return round(WIDTH * min(2.0, max(0.5, picture.height / picture.width)), 1)


def shades(row: tuple[float, ...], across: float, down: float) -> tuple[Shade, ...]:
    """The place looked at most stays bright, the others are the darker the less they count beside it."""
    most = max(*row, 1e-9)
    found = (
        Shade(round(k % SIDE * across, 2), round(k // SIDE * down, 2), round(DARKEST * (1 - max(weight, 0) / most), 2))
        for k, weight in enumerate(row)
    )
    return tuple(shade for shade in found if shade.opacity >= 0.02)


def told(word: str, places: tuple[str, ...], row: tuple[float, ...]) -> tuple[str, str, str]:
    most = max(range(len(row)), key=lambda k: row[k])
    return word, places[most], share(row[most])
