"""Where the lines, marks and ticks of a learning curve stand on its figure."""

import math
from collections.abc import Mapping, Sequence

import numpy as np
from msgspec import Struct

from grader.figures import Band, Curve, CurvePoint
from grader.model import Report
from reports.curves import Reading, Series, description, read, sentences, series, table

MOST_DRAWN = 200

# Units of the viewBox; on a phone one of them is nearly a pixel.
WIDTH, LEFT, RIGHT = 360, 48.0, 280.0
ACCURACY_HEIGHT, COST_HEIGHT, GAP, FOOT = 170.0, 60.0, 34.0, 36.0
NOTE_HEIGHT, LABEL_HEIGHT = 16.0, 14.0


class Axis(Struct, frozen=True):
    low: float
    high: float
    start: float  # coordinate of `low`
    end: float
    ticks: tuple[float, ...]

    def at(self, value: float) -> float:
        return round(self.start + (value - self.low) / (self.high - self.low) * (self.end - self.start), 1)


class Tick(Struct, frozen=True):
    at: float
    text: str


class Drawn(Struct, frozen=True):
    """One series: its line, its last point, and what is written beside that."""

    name: str  # dev | train | cost
    path: str
    x: float
    y: float
    label: str
    label_y: float


class Panel(Struct, frozen=True):
    name: str
    top: float
    bottom: float
    ticks: tuple[Tick, ...]
    lines: tuple[Drawn, ...]


class Note(Struct, frozen=True):
    """A line down through the accuracies, with words above it."""

    name: str  # best | stop
    x: float
    y: float  # of the point itself
    text: str
    text_y: float
    anchor: str


class Figure(Struct, frozen=True):
    id: str
    curve: Curve
    height: float
    panels: tuple[Panel, ...]
    epochs: tuple[Tick, ...]
    notes: tuple[Note, ...]
    band: str  # path around the shaded area
    band_mean: str
    description: str
    sentences: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    width: int = WIDTH
    left: float = LEFT
    right: float = RIGHT


def figures(report: Report) -> tuple[Figure, ...]:
    drawable = [curve for curve in report.curves if any(series(curve.points, n) for n in ("dev", "train", "cost"))]
    return tuple(figure(curve, report.band, f"curve-{number}") for number, curve in enumerate(drawable, 1))


def figure(curve: Curve, band: Band | None, identity: str) -> Figure:
    dev, train, cost = (series(curve.points, name) for name in ("dev", "train", "cost"))
    x = across([point.epoch for point in curve.points])
    low, mean = _calibrated(band, curve.points) if dev and curve.unit == "epoch" else ((), ())
    reading = read(dev)
    top = 22 if not (dev or train) else 10 + NOTE_HEIGHT * ((reading.best is not None) + (reading.stop is not None))
    panels: list[Panel] = []
    notes: tuple[Note, ...] = ()
    shade, middle = "", ""
    if dev or train:
        y = upwards([value for _, value in (*dev, *train, *low, *mean)], top, ACCURACY_HEIGHT, most=5)
        ticks = tuple(Tick(y.at(tick), f"{round(100 * tick, 6):g}\u00a0%") for tick in y.ticks)
        panels.append(Panel("accuracy", top, top + ACCURACY_HEIGHT, ticks, _lines({"dev": dev, "train": train}, x, y)))
        notes = _notes(reading, curve.unit, x, y)
        shade, middle = _path((*mean, *reversed(low)), x, y), _path(mean, x, y)
        top += ACCURACY_HEIGHT + GAP
    if cost:
        y = upwards([value for _, value in cost], top, COST_HEIGHT, most=2)
        ticks = tuple(Tick(y.at(tick), _short(tick, 6)) for tick in y.ticks)
        panels.append(Panel("cost", top, top + COST_HEIGHT, ticks, _lines({"cost": cost}, x, y)))
    return Figure(
        identity,
        curve,
        panels[-1].bottom + FOOT,
        tuple(panels),
        tuple(Tick(x.at(tick), f"{tick:.6g}") for tick in x.ticks),
        notes,
        shade,
        middle,
        description(curve),
        sentences(curve, band if mean else None),
        table(curve),
    )


def across(epochs: Sequence[int]) -> Axis:
    first, last = min(epochs), max(epochs)
    if first == last:
        return Axis(first - 1, last + 1, LEFT, RIGHT, (first,))
    step = max(1.0, _step((last - first) / 5))
    ticks = [step * n for n in range(math.ceil(first / step), math.floor(last / step) + 1)]
    return Axis(first, last, LEFT, RIGHT, tuple(ticks))


def upwards(values: Sequence[float], top: float, height: float, most: int) -> Axis:
    """From one round number to another, at most `most` + 2 of them."""
    low, high = min(values), max(values)
    flat = high - low <= 1e-9 * max(abs(high), abs(low), 1e-9)
    step = _step((max(abs(high), 1e-3) if flat else high - low) / most)
    first, last = math.floor(low / step), math.ceil(high / step)
    if first == last:
        first, last = (first - 1, last) if high > 0 else (first, last + 1)
    return Axis(first * step, last * step, top + height, top, tuple(n * step for n in range(first, last + 1)))


def _step(least: float) -> float:
    """The next of … 0.1, 0.2, 0.5, 1, 2, 5, 10 …"""
    power = 10.0 ** math.floor(math.log10(least))
    return next(power * n for n in (1, 2, 5, 10) if power * n >= least * (1 - 1e-9))


def _lines(named: Mapping[str, Series], x: Axis, y: Axis) -> tuple[Drawn, ...]:
    ends = sorted((y.at(values[-1][1]), name) for name, values in named.items() if values)
    if len(ends) == 2 and ends[1][0] - ends[0][0] < LABEL_HEIGHT:  # two labels never cover one another
        middle = (ends[0][0] + ends[1][0]) / 2
        middle = min(max(middle, y.end + LABEL_HEIGHT / 2), y.start - LABEL_HEIGHT / 2)
        ends = [(middle - LABEL_HEIGHT / 2, ends[0][1]), (middle + LABEL_HEIGHT / 2, ends[1][1])]
    drawn = []
    for label_y, name in ends:
        epoch, value = named[name][-1]
        label = f"{name} {_short(value, 3)}" if name == "cost" else f"{name} {100 * value:.0f}\u00a0%"
        path = _path(_thinned(named[name]), x, y)
        drawn.append(Drawn(name, path, x.at(epoch), y.at(value), label, round(label_y + 4, 1)))
    return tuple(drawn)


def _short(value: float, digits: int) -> str:
    """At most six characters, which is what a margin holds."""
    return exact if len(exact := f"{value:.{digits}g}") <= 6 else f"{value:.0e}"


def _thinned(values: Series) -> Series:
    """Highest and lowest of each stretch, so that no peak is lost."""
    if len(values) <= MOST_DRAWN:
        return values
    length = -(-len(values) // (MOST_DRAWN // 2))
    kept = {values[0], values[-1]}
    for start in range(0, len(values), length):
        stretch = values[start : start + length]
        kept |= {min(stretch, key=lambda point: point[1]), max(stretch, key=lambda point: point[1])}
    return tuple(sorted(kept))


def _path(values: Series, x: Axis, y: Axis) -> str:
    return " ".join(f"{'L' if n else 'M'}{x.at(epoch)} {y.at(value)}" for n, (epoch, value) in enumerate(values))


def _notes(reading: Reading, unit: str, x: Axis, y: Axis) -> tuple[Note, ...]:
    notes: list[Note] = []
    for name, point in (("stop", reading.stop), ("best", reading.best)):
        if point:
            place, height = x.at(point[0]), y.end - 6 - NOTE_HEIGHT * len(notes)
            side = (place - LEFT) / (RIGHT - LEFT)
            anchor = "start" if side < 0.3 else "end" if side > 0.7 else "middle"
            at = point[0]
            text = f"best on dev: {unit} {at}" if name == "best" else f"early stopping: {unit} {at}"
            notes.append(Note(name, place, y.at(point[1]), text, height, anchor))
    return tuple(notes)


def _calibrated(band: Band | None, points: Sequence[CurvePoint]) -> tuple[Series, Series]:
    """Lower edge and mean at the curve's own epochs, as far as the band reaches."""
    if band is None or not band.epochs:
        return (), ()
    epochs = [point.epoch for point in points if band.epochs[0] <= point.epoch <= band.epochs[-1]]
    low, mean = (np.interp(epochs, band.epochs, edge) for edge in (band.low, band.mean))
    return _thinned(tuple(zip(epochs, low.tolist(), strict=True))), _thinned(
        tuple(zip(epochs, mean.tolist(), strict=True))
    )
