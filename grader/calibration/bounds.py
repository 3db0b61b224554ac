"""What right answers reach after so many epochs, as `grader calibrate` measured it, and what that says of an accuracy.

One file for a lab and the data it was made on: rubrics/calibration/<lab>.<data>.json.
"""

import math
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from typing import Literal

import msgspec
from msgspec import Struct

from grader.calibration.starts import Starts
from grader.course.folder import current_course
from grader.errors import RubricError
from grader.figures import Band
from grader.wording.counting import quantity

SplitName = Literal["dev", "test"]


class Zone(StrEnum):
    PASS = "pass"
    GREY = "grey"  # another seed may tell
    FAIL = "fail"


class Bounds(Struct, frozen=True, forbid_unknown_fields=True):
    """Accuracies of one split over the seeds."""

    mean: float
    spread: float  # standard deviation
    smallest: float
    bound: float  # at least 95 % of right runs reach it, with 95 % confidence
    floor: float  # 99.9 % do, and all runs of the calibration about then and later, by a standard error of the split


class Row(Struct, frozen=True, forbid_unknown_fields=True):
    epochs: int
    dev: Bounds
    test: Bounds


class Split(Struct, frozen=True, forbid_unknown_fields=True):
    examples: int
    majority: float  # what constant prediction reaches


class Environment(Struct, frozen=True, forbid_unknown_fields=True):
    python: str
    tensorflow: str
    numpy: str
    platform: str


class Calibration(Struct, frozen=True, forbid_unknown_fields=True):
    lab: str
    data: str  # toy, treebank, …
    digest: str  # of the files it was made on
    seeds: int
    settings: dict[str, int | float]  # what the reference was trained with
    dev: Split
    test: Split
    environment: Environment
    date: str
    rows: tuple[Row, ...]  # by epochs, ascending
    starts: Starts | None = None  # what many starts reach by the best epoch on dev

    def at(self, epochs: float, split: SplitName) -> Bounds | None:
        """After so many epochs; None while right answers cannot be told from constant prediction."""
        reached = [row for row in self.rows if row.epochs <= epochs]
        if not reached:
            return None
        facts: Split = getattr(self, split)
        bounds: Bounds = getattr(reached[-1], split)
        return bounds if bounds.bound > facts.majority + 2 * standard_error(facts.majority, facts.examples) else None

    def band(self) -> Band:
        rows = self.rows
        return Band(
            tuple(r.epochs for r in rows),
            tuple(r.dev.bound for r in rows),
            tuple(r.dev.mean for r in rows),
            "what right solutions with the given settings reach on the whole dev set, from the bound that 95 % of "
            f"them pass up to their mean, measured with {self.seeds} seeds on these data.",
        )


def zone(accuracy: float, bounds: Bounds) -> Zone:
    """An accuracy that is no number fails."""
    if accuracy >= bounds.bound:
        return Zone.PASS
    return Zone.GREY if accuracy >= bounds.floor else Zone.FAIL


def standard_error(share: float, examples: int) -> float:
    return math.sqrt(share * (1 - share) / examples)


def load_calibration(lab: str, digest: str, folder: Path | None = None) -> Calibration | None:
    """Out of the course's unless another folder is given; None when none was made on exactly these data.

    Raises RubricError when a file does not hold what it should.
    """
    folder = folder or current_course().calibrations
    found = (read_calibration(path) for path in sorted(folder.glob(f"{lab}.*.json")))
    return next((calibration for calibration in found if calibration.digest == digest), None)


def read_calibration(path: Path) -> Calibration:
    try:
        calibration = msgspec.json.decode(path.read_bytes(), type=Calibration)
        wrong = next(_complaints(calibration, path), None)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        wrong = str(error)
    if wrong is None:
        return calibration
    lab = path.name.partition(".")[0]
    raise RubricError(
        f"{path.parent.name}/{path.name}: {wrong}. Its numbers are measured, not written: "
        f"bring the file back as it was, or make it again with `grader calibrate {lab}`."
    )


def _complaints(calibration: Calibration, path: Path) -> Iterator[str]:
    if path.name != f"{calibration.lab}.{calibration.data}.json":
        yield f"it says lab {calibration.lab!r} on data {calibration.data!r}, which its name does not"
    epochs = [row.epochs for row in calibration.rows]
    if not epochs or epochs != sorted(set(epochs)) or epochs[0] < 1:
        yield "the epochs of its rows do not rise from 1 or more"
    if calibration.seeds < 2 or min(calibration.dev.examples, calibration.test.examples) < 1:
        yield "a calibration has two seeds and one example at least"
    for row in calibration.rows:
        for split in (row.dev, row.test):
            if not 0 <= split.floor <= min(split.bound, split.smallest) <= split.mean <= 1 or split.spread < 0:
                after = quantity(row.epochs, "epoch")
                yield f"after {after}: floor, bound and mean do not rise in this order from 0 to 1"


def written(calibration: Calibration) -> bytes:
    """JSON with a line for each field and for each row, so that two calibrations can be compared line by line."""
    fields = {
        name: getattr(calibration, name) for name in calibration.__struct_fields__ if name not in ("rows", "starts")
    }
    head = "".join(f' "{name}": {_line(value)},\n' for name, value in fields.items())
    rows = ",\n".join(f"  {_line(row)}" for row in calibration.rows)
    starts = f' "starts": {_line(calibration.starts)},\n' if calibration.starts else ""
    return f'{{\n{head}{starts} "rows": [\n{rows}\n ]\n}}\n'.encode()


def _line(value: object) -> str:
    return msgspec.json.format(msgspec.json.encode(value), indent=0).decode().replace("\n", " ")
