"""When each notebook of the latest batch was graded: bars on as many lines as ran beside one another."""

from collections.abc import Sequence
from datetime import UTC, datetime

from msgspec import Struct

from grader.model import Report
from grader.wording.counting import quantity
from reports import words

PAUSE = 600.0  # seconds in which nothing ran: what comes after is another batch
WIDTH, LINE, GAP, FOOT = 900.0, 14.0, 3.0, 20.0  # units of the viewBox
LEAST_WIDTH = 1.5
STEPS = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 43200)  # seconds between marks
MOST_MARKS = 9


class Bar(Struct, frozen=True):
    x: float
    y: float
    width: float
    kind: str  # the outcome
    title: str
    href: str


class Mark(Struct, frozen=True):
    x: float
    text: str


class Timeline(Struct, frozen=True):
    width: float
    height: float
    bars: tuple[Bar, ...]
    marks: tuple[Mark, ...]
    sentence: str
    begun: str  # UTC


def timeline(reports: Sequence[Report], links: Sequence[str]) -> Timeline | None:
    """None where fewer than two notebooks have a time: rows of an older grader have none."""
    timed = sorted(
        ((r, href) for r, href in zip(reports, links, strict=True) if r.begun > 0 and r.seconds >= 0),
        key=lambda one: one[0].begun,
    )
    batch = latest(timed)
    if len(batch) < 2:
        return None
    first = batch[0][0].begun
    last = max(report.begun + report.seconds for report, _ in batch)
    scale = WIDTH / max(last - first, 1e-3)
    places, lanes = side_by_side([report for report, _ in batch])
    bars = tuple(
        Bar(
            round((report.begun - first) * scale, 1),
            lane * (LINE + GAP),
            round(max(report.seconds * scale, LEAST_WIDTH), 1),
            report.outcome.value,
            f"{report.submission.student}, {words.short_name(report)}: {duration(report.seconds)}",
            href,
        )
        for (report, href), lane in zip(batch, places, strict=True)
    )
    return Timeline(
        WIDTH,
        lanes * (LINE + GAP) + FOOT,
        bars,
        marks(last - first, scale),
        sentence([report for report, _ in batch], last - first, lanes),
        f"{datetime.fromtimestamp(first, UTC):%Y-%m-%d %H:%M} UTC",
    )


def latest(timed: Sequence[tuple[Report, str]]) -> list[tuple[Report, str]]:
    """Those after the last long pause."""
    batch: list[tuple[Report, str]] = []
    end = 0.0
    for report, href in timed:
        if batch and report.begun - end > PAUSE:
            batch = []
        batch.append((report, href))
        end = max(end, report.begun + report.seconds)
    return batch


def side_by_side(reports: Sequence[Report]) -> tuple[list[int], int]:
    """For each, in order of beginning, the first line that is free; and how many lines that makes."""
    free: list[float] = []
    places = []
    for report in reports:
        lane = next((n for n, since in enumerate(free) if since <= report.begun + 1e-6), len(free))
        if lane == len(free):
            free.append(0.0)
        free[lane] = report.begun + report.seconds
        places.append(lane)
    return places, len(free)


def marks(seconds: float, scale: float) -> tuple[Mark, ...]:
    step = next((step for step in STEPS if seconds / step <= MOST_MARKS), STEPS[-1])
    return tuple(Mark(round(n * step * scale, 1), duration(n * step)) for n in range(int(seconds / step) + 1))


def duration(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


def sentence(reports: Sequence[Report], seconds: float, lanes: int) -> str:
    slowest = max(reports, key=lambda report: report.seconds)
    return (
        f"{quantity(len(reports), 'notebook')} in {duration(seconds)}, at most {lanes} at a time. "
        f"The longest took {duration(slowest.seconds)}: {slowest.submission.student}, {words.short_name(slowest)}."
    )
