"""What a learning curve says, in words and as a table: the best epoch on dev, and where patience would have ended."""

import math
from collections.abc import Sequence

from msgspec import Struct

from grader.figures import Band, Curve, CurvePoint

PATIENCE = 10  # looks at the dev set without a new best
MOST_LISTED = 40
LARGEST_COST = 1e30  # beyond is as good as infinite

Series = tuple[tuple[int, float], ...]  # (epoch, value)


class Reading(Struct, frozen=True):
    """Each as (epoch, accuracy on dev)."""

    best: tuple[int, float] | None = None
    stop: tuple[int, float] | None = None  # where patience ends
    kept: tuple[int, float] | None = None  # the best until then


def series(points: Sequence[CurvePoint], name: str) -> Series:
    """The drawable values of cost, dev or train."""
    bound = LARGEST_COST if name == "cost" else 1.0
    least = -LARGEST_COST if name == "cost" else 0.0
    values = ((point.epoch, getattr(point, name)) for point in points)
    return tuple((epoch, value) for epoch, value in values if value is not None and least <= value <= bound)


def read(dev: Series) -> Reading:
    if not dev:
        return Reading()
    best = max(dev, key=lambda point: point[1])
    leader = 0
    for place, (_, value) in enumerate(dev):
        if value > dev[leader][1]:
            leader = place
        elif place - leader >= PATIENCE:
            return Reading(best, dev[place], dev[leader])
    return Reading(best)


def percent(share: float) -> str:
    return f"{100 * share:.1f}\u00a0%"


def sentences(curve: Curve, band: Band | None) -> tuple[str, ...]:
    dev, train = series(curve.points, "dev"), dict(series(curve.points, "train"))
    reading = read(dev)
    said: list[str] = []
    if reading.best:
        epoch, value = reading.best
        there, unit = percent(value), curve.unit
        if epoch in train:
            said.append(f"Best on dev: {there} at {unit} {epoch}; train is at {percent(train[epoch])} there.")
        else:
            said.append(f"Best on dev: {there} at {unit} {epoch}.")
    if len(dev) > PATIENCE:
        said.append(_stopping(curve.unit, reading))
    odd = next(
        (point for point in curve.points if point.cost is not None and not abs(point.cost) <= LARGEST_COST), None
    )
    if odd:
        kind = "is not a number (NaN)" if odd.cost is None or math.isnan(odd.cost) else "is infinite"
        said.append(f"The cost {kind} at {curve.unit} {odd.epoch}: the training came apart there.")
    if band:
        said.append(f"Shaded: {band.what}")
    return tuple(said)


def _stopping(unit: str, reading: Reading) -> str:
    early = f"Early stopping with a patience of {PATIENCE} looks at dev"
    if reading.stop is None or reading.kept is None or reading.best is None:
        return f"{early} would not have ended this training before its end."
    end, (kept, share) = reading.stop[0], reading.kept
    if share < reading.best[1]:
        return (
            f"{early} would have ended this training at {unit} {end} and kept {unit} {kept} ({percent(share)}), "
            "before the best one came."
        )
    return f"{early} would have ended this training at {unit} {end} and kept {unit} {kept}, the best one."


def description(curve: Curve) -> str:
    """The figure for those who do not see it."""
    parts = []
    for name in ("dev", "train", "cost"):
        values = series(curve.points, name)
        if values:
            first, last = (f"{value:.3g}" if name == "cost" else percent(value) for _, value in (values[0], values[-1]))
            label = name if name == "cost" else f"accuracy on {name}"
            parts.append(f"{label} goes from {first} at {curve.unit} {values[0][0]} to {last} at {values[-1][0]}")
    return "; ".join(parts).capitalize() + "."


def table(curve: Curve) -> tuple[tuple[str, ...], ...]:
    """Epoch, dev, train and cost of the points, or of some that tell the whole story."""
    named = read(series(curve.points, "dev"))
    told = {point[0] for point in (named.best, named.stop, named.kept) if point}
    stride = -(-len(curve.points) // MOST_LISTED)
    last = len(curve.points) - 1
    kept = [p for n, p in enumerate(curve.points) if n % stride == 0 or n == last or p.epoch in told]
    return tuple(
        (str(p.epoch), _share(p.dev), _share(p.train), "–" if p.cost is None else f"{p.cost:.4g}") for p in kept
    )


def _share(value: float | None) -> str:
    return "–" if value is None else percent(value)
