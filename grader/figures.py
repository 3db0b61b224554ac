"""What pages draw of a run, and nobody judges."""

from msgspec import Struct


class CurvePoint(Struct, frozen=True):
    epoch: int  # or step, where several figures stand for one epoch
    cost: float | None = None  # may be NaN or infinite
    dev: float | None = None  # accuracies between 0 and 1
    train: float | None = None


class Curve(Struct, frozen=True):
    """A training by epoch, as a notebook printed it: a claim, nobody measured it."""

    title: str
    points: tuple[CurvePoint, ...]  # epochs rise
    source: str  # where it was read, in words
    unit: str = "epoch"  # or step


class Band(Struct, frozen=True):
    """What the dev accuracy of right solutions looks like by epoch, calibrated over many seeds."""

    epochs: tuple[int, ...]
    low: tuple[float, ...]
    mean: tuple[float, ...]
    what: str  # in words


class AttentionMap(Struct, frozen=True):
    """Where a notebook's model looks, as its own weights say: shown, never judged."""

    title: str  # which example, in words
    rows: tuple[str, ...]  # what looks: words, or a whole sentence
    columns: tuple[str, ...]  # what is looked at
    weights: tuple[tuple[float, ...], ...]  # by row; may be anything
    note: str = ""  # what the model made of it
    photo: bytes = b""  # a JPEG of ours; the columns are then its places, 8×8 row by row
    untrained: bool = False  # the notebook's training was cut to a few steps


class GradientRow(Struct, frozen=True):
    """A variable in the first step of a training that was watched, from the notebook's own start values."""

    variable: str  # as the student writes it
    shape: tuple[int, ...]
    norm: float | None  # of its gradient; None where the cost does not depend on it
    moved: bool  # the step changed it
    asked: bool = True  # its gradient was asked for
    error: float | None = None  # relative to the gradient of the lab's cost, where that is known for this variable
