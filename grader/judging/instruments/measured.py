"""The figures of a trained classifier beside what it was trained with, as its own objects tell: for a leaderboard."""

import base64
import math
import re
from collections.abc import Sequence

import numpy as np

from grader.course.head import Head
from grader.data.sentences import key_of
from grader.judging.claims.claims import claimed
from grader.judging.examiner import Examiner
from grader.judging.instruments.predicted import Predicted, Reading
from grader.judging.instruments.retraining import Trained
from grader.model import Measured
from grader.sandbox.guest.wire import ListVariables, Training, VariableList

DIGITS = 16  # of the hash of the data
MOST = 40  # variables whose shapes are told
RATES = r"learning_?rate$|^lr$|^eta$|^alpha$|tasa|abiadura"
_SETTINGS = {
    "learning_rate": RATES,
    "batch": r"batch",
    "l2": r"l2|lam|reg|penal|decay",
    "dropout": r"drop|^rate$|^dr$",
    "clip": r"clip",
}
_OPTIMIZERS = "SGD RMSprop Adam AdamW Adadelta Adagrad Adamax Nadam Ftrl Adafactor Lion".split()


def measured(x: Examiner, best: Trained, reading: Reading, right: str) -> Measured:
    claims = claimed(x.cells)
    return Measured(
        dev=reading.dev.accuracy,
        dev_examples=reading.dev.examples,
        test=reading.test.accuracy,
        test_examples=reading.test.examples,
        test_set=x.truth.digest[:DIGITS] if x.truth else "",
        epochs=max(best.training.epochs or 0.0, best.epochs) or None,
        settings=settings_of(best),
        sizes=sizes_of(x, best),
        right=right,
        claimed_dev=claims.dev,
        claimed_test=claims.test,
    )


def settings_of(best: Trained) -> dict[str, float | str]:
    """Under our names. What several attributes say differently is left out, and names that a student made up."""
    found: dict[str, float | str] = {}
    given = {n: float(v) for n, v in best.training.scalars.items() if type(v) in (int, float) and v is not None}
    for name, pattern in _SETTINGS.items():
        values = {float(f"{v:.6g}") for n, v in given.items() if re.search(pattern, n, re.IGNORECASE)}
        if len(values) == 1 and math.isfinite(value := values.pop()):
            found[name] = value
    optimizer = best.training.scalars.get("optimizer")
    if isinstance(optimizer, str):
        found["optimizer"] = optimizer if optimizer in _OPTIMIZERS else "of one's own"
    return found


def sizes_of(x: Examiner, best: Trained) -> tuple[tuple[int, ...], ...]:
    seen = x.ask(f"outcome.{best.path}.variables", ListVariables(best.path, "v")).values.get("v")
    variables = seen.variables if isinstance(seen, VariableList) else ()
    trained = [v for v in variables if v.place is not None] or variables
    return tuple(v.shape for v in trained[:MOST])


def right_ones(test: Predicted, truth: dict[str, int], labels: dict[int, int]) -> str:
    """Empty where a sentence has no prediction: then two notebooks cannot be held against each other one by one."""
    first: dict[str, int] = {}
    for text, prediction in zip(test.texts, test.predictions.tolist(), strict=True):
        first.setdefault(key_of(text), prediction)
    wanted = {key: labels[label] for key, label in truth.items() if label in labels}
    return packed([first[key] == wanted[key] for key in wanted]) if wanted.keys() <= first.keys() else ""


def packed(right: Sequence[bool]) -> str:
    return base64.b64encode(np.packbits(np.asarray(right, dtype=bool)).tobytes()).decode()


def as_handed_out(head: Head, training: Training, settings: dict[str, float]) -> bool:
    """Whether it was trained with what the calibration was made with, as far as its attributes tell.

    Tuning is invited, and right answers with other settings reach other figures.
    """
    given = {n: v for n, v in training.scalars.items() if type(v) in (int, float)}
    rates = {round(float(v or 0), 6) for n, v in given.items() if re.search(RATES, n)}  # float32 in an optimizer
    optimizer = "Adam" if settings.get("adam") else "SGD"
    if rates != {settings.get("learning_rate")} or training.scalars.get("optimizer", optimizer) != optimizer:
        return False
    for pattern, name in ((r"l2|lam|reg|penal|decay", "l2"), (r"drop|^rate$|^dr$", "dropout"), (r"batch", "batch")):
        if any(v != settings.get(name) for n, v in given.items() if re.search(pattern, n, re.IGNORECASE)):
            return False
    sizes = head.sizes
    return sizes is None or all(
        v in sizes.given for n, v in given.items() if re.search(sizes.attributes, n, re.IGNORECASE)
    )
