"""What a notebook's outputs claim: learning curves and accuracies, as printed. Nothing here was measured."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise

from msgspec import Struct

from grader.figures import Curve, CurvePoint
from grader.judging.claims.figures import Figures, accuracy_of, columns, figures
from grader.judging.claims.printed import Number, lines, row_of, text_of
from grader.model import Cell, CellRun, Run, Submission
from grader.wording.cell_names import cell_names

MOST_CURVES = 4
MOST_POINTS = 10_000
LARGEST_TEXT = 1_000_000  # characters of a notebook that are read


class Claims(Struct, frozen=True):
    """Accuracies between 0 and 1, the last of each that is no part of a curve; the longest curves, in their order."""

    dev: float | None = None
    test: float | None = None
    train: float | None = None
    curves: tuple[Curve, ...] = ()


class Row(Struct):
    """A point of a curve; further lines may still add to it."""

    epoch: int
    step: int | None
    values: dict[str, float]
    told_below: bool = False  # the epoch stood alone on a line above


def claimed(cells: Sequence[Cell | CellRun], names: Mapping[int, str] | None = None) -> Claims:
    """Of a notebook as it was handed in, or of its run. Never raises, whatever the outputs are."""
    names = names or {}
    found: dict[str, float] = {}
    curves: list[Curve] = []
    room = LARGEST_TEXT
    for cell in cells:
        text = text_of(cell.outputs)[:room]
        room -= len(text)
        trainings, others = _read(text)
        found |= others
        drawn = [(unit, points) for unit, points in map(_points, trainings) if len(points) > 1]
        source = "as you handed it in" if isinstance(cell, Cell) else "as it ran here"
        for place, (unit, points) in enumerate(drawn, 1):
            where = names.get(cell.index, "a cell")
            title = f"Training {place} in {where}" if len(drawn) > 1 else f"Training in {where}"
            curves.append(Curve(title, points, source, unit))
    return Claims(found.get("dev"), found.get("test"), found.get("train"), _longest(curves, MOST_CURVES))


def learning_curves(submission: Submission, run: Run) -> tuple[Curve, ...]:
    """Those handed in and those of the run, without what is the same in both."""
    names = cell_names(submission.cells)
    handed = claimed(submission.cells, names).curves
    again = claimed(run.cells, names).curves
    here = [curve for curve in again if all(curve.points != other.points for other in handed)]
    shown = _longest(handed, MOST_CURVES - min(len(here), MOST_CURVES // 2))
    return (*shown, *_longest(here, MOST_CURVES - len(shown)))


def _longest(curves: Sequence[Curve], most: int) -> tuple[Curve, ...]:
    """Of equally long ones the later: settings are tried before one is chosen."""
    ranked = sorted(range(len(curves)), key=lambda place: (len(curves[place].points), place), reverse=True)
    return tuple(curves[place] for place in sorted(ranked[:most]))


def _read(text: str) -> tuple[list[list[Row]], dict[str, float]]:
    """Each training's rows, and the last of each figure that is in none of them."""
    trainings: list[list[Row]] = []
    others: dict[str, float] = {}
    alone: int | None = None  # an epoch whose figures come on the lines below
    for seen in _named_lines(text):
        others |= seen.best
        if "test" in seen.values:
            others["test"] = seen.values["test"]
        values = {name: value for name, value in seen.values.items() if name != "test"}
        counted = seen.epoch is not None or seen.step is not None
        if counted and not values:
            alone = seen.epoch if seen.epoch is not None and not seen.best else alone
        elif counted or (values and alone is not None):
            before = alone if alone is not None else trainings[-1][-1].epoch if trainings else 0
            row = Row(before if seen.epoch is None else seen.epoch, seen.step, values, not counted)
            others |= _placed(row, trainings)
            alone = alone if counted and seen.epoch is None else None
        elif values:
            others |= _added(values, trainings[-1][-1]) if trainings else values
    for rows in trainings:
        others |= _only_at_the_end(rows)
    return trainings, others


def _placed(row: Row, trainings: list[list[Row]]) -> dict[str, float]:
    """Put a row where it belongs: epochs that start anew are a new training. Returns what found no place."""
    rows = trainings[-1] if trainings else []
    last = rows[-1] if rows else None
    if last is None or row.epoch < last.epoch:
        trainings.append([row])
    elif row.epoch == last.epoch and row.step == last.step is None:
        taken = _added(row.values, last)
        return taken if row.told_below else {}
    elif row.epoch == last.epoch and row.step is not None and last.step is not None and row.step <= last.step:
        trainings.append([row])
    elif len(rows) < MOST_POINTS:
        rows.append(row)
    return {}


def _added(values: dict[str, float], row: Row) -> dict[str, float]:
    """What the row already had otherwise."""
    taken = {name: value for name, value in values.items() if name in row.values}
    row.values = {**values, **row.values}
    return taken


def _only_at_the_end(rows: list[Row]) -> dict[str, float]:
    """Take out what only the last row has: it was printed after the training."""
    last = rows[-1]
    if len(rows) == 1:
        return last.values if last.told_below else {}
    earlier = {name for row in rows[:-1] for name in row.values}
    after = {name: value for name, value in last.values.items() if name not in earlier}
    last.values = {name: value for name, value in last.values.items() if name in earlier}
    return after


def _points(rows: list[Row]) -> tuple[str, tuple[CurvePoint, ...]]:
    """Unit and points: by epoch, or by step counted through all epochs where only steps are told."""
    by_epoch = [row for row in rows if row.step is None]
    if len(by_epoch) > 1 or len(by_epoch) == len(rows):
        return "epoch", tuple(_point(row.epoch, row.values) for row in by_epoch if row.values)
    by_step = [(row.epoch, row.step, row.values) for row in rows if row.step is not None]
    starts_anew = any(now[1] <= before[1] for before, now in pairwise(by_step))
    length = max(step for _, step, _ in by_step) + 1 if starts_anew else 0
    first = by_step[0][0]
    return "step", tuple(_point((epoch - first) * length + step, values) for epoch, step, values in by_step)


def _point(place: int, values: dict[str, float]) -> CurvePoint:
    return CurvePoint(place, values.get("cost"), values.get("dev"), values.get("train"))


def _named_lines(text: str) -> Iterator[Figures]:
    """Lines with their own words, and rows of a table named by its header."""
    above, names = "", None
    for line in lines(text):
        row = row_of(line)
        if row is None:
            above, names = line, None
            yield figures(line)
        elif len(row) > 1:
            names = names if names and len(names) == len(row) else columns(above, len(row))
            if names:
                yield _table_row(dict(zip(names, row, strict=True)))


def _table_row(row: dict[str, Number]) -> Figures:
    counts = [row[name].value if name in row and row[name].whole else None for name in ("epoch", "step")]
    values: dict[str, float | None] = {
        name: accuracy_of(row[name], likely=True) for name in ("dev", "train", "test") if name in row
    }
    if "cost" in row:
        values["cost"] = row["cost"].value
    epoch, step = (None if count is None or count > 10**9 else int(count) for count in counts)
    return Figures(epoch, step, {name: value for name, value in values.items() if value is not None})
