"""Dropout: what one example gives in training and in prediction, and whether any training of the notebook drops."""

import re
from collections.abc import Iterator
from typing import Any

import numpy as np

from grader.judging.comparing.arrays import Numbers, array, send
from grader.judging.declared.feeding import Batch, batch_of, labels_of
from grader.judging.declared.outputs import first_of_each, like_outputs
from grader.judging.declared.predicting import predicting
from grader.judging.declared.readings import Fact, Spread, unlike
from grader.judging.declared.scene import SECONDS, Scene
from grader.judging.declared.training import Watching, training
from grader.judging.instruments.dropout import is_rate, passed_rate
from grader.judging.meeting.watching import watched_in
from grader.model import Level
from grader.sandbox.guest.wire import Call, MethodCall, Scalar, Watched

ASKED_RATE, OTHER = 0.4, 0.8
CLOSE = 0.1  # by which shares of draws below a number differ where both are drawn alike
DRAWS = 1000  # of dropout masks
# Asked of those alone that can drop and do not: where one epoch is trained, a rate that falls to 0 in the last is 0.
MANY_EPOCHS = 10_000
PIECES = 8  # in which they may come
SAME = 1e-4  # deviation of what is the same
HANDED_OVER = re.compile(r"rate|drop|keep|prob|^p$|train", re.IGNORECASE)  # by which a forward pass is told to drop
VARIES, CONSTANT = "differs from draw to draw", "is always the same"
UNHEARD = f"{VARIES}, as much whatever rate the forward pass is told"
OTHER_RATE = (
    "What your class drops in training could not be compared: its rate could not be set from outside. "
    "That is no mistake; your instructor will look at it."
)
ABLE = f"{CONSTANT}, though the forward pass drops when it is told to"
ONE_MASK = "is the same for all examples of a batch, and another in the next"
SHARED = "What your network draws at random in training could not be followed to its layers."
IN_TRAINING, IN_PREDICTION = "what one example gives in training", "what one example gives in prediction"


def dropout_facts(scene: Scene) -> Iterator[tuple[str, Fact]]:
    """Every row is the same example, so that rows differ by their masks alone."""
    one, subject = scene.one, scene.subject
    rows = DRAWS if one.free_rows else one.rows
    first = batch_of(scene.x, subject, 1, "dropped")
    batch = Batch(tuple(np.repeat(own, rows, axis=0) for own in first.inputs), labels_of(subject, rows))
    draws, watched = training_draws(scene, batch)
    if draws is not None and not varies(draws) and one_mask(scene, batch, draws):
        yield "training", Fact(Level.DROPOUT, IN_TRAINING, ONE_MASK, part="dropout", open=SHARED)
        yield "dropout", Fact(Level.DROPOUT, "the output in training", ONE_MASK, part="dropout", open=SHARED)
        yield "prediction", Fact(Level.DROPOUT, IN_PREDICTION, ONE_MASK, part="prediction", open=SHARED)
        return
    if draws is not None:
        yield from facts_of_training(scene, batch, draws, watched)
    steps = predicting(one, batch, scene.planted(), scene.any_rates(ASKED_RATE))
    asked = scene.x.ask(f"{one.info.name}.predicts dropped", *steps, seconds=SECONDS)
    predicted = watched_in(asked)
    told_rows = like_outputs(predicted, scene.task.output, under_tape=False)
    if told_rows is not None:
        word = in_prediction(told_rows, passed_rate(predicted, under_tape=False))
        yield "prediction", Fact(Level.DROPOUT, IN_PREDICTION, word, part="prediction")


def facts_of_training(
    scene: Scene, batch: Batch, draws: Numbers, watched: Watched | None
) -> Iterator[tuple[str, Fact]]:
    word = in_training(scene, batch, draws, watched)
    if word == ABLE and not varies(draws):
        later, then = training_draws(scene, batch, epochs=MANY_EPOCHS)
        if later is not None and varies(later):
            draws, watched, word = later, then, in_training(scene, batch, later, then)
    yield "training", Fact(Level.DROPOUT, IN_TRAINING, word, part="dropout")
    if word != UNHEARD:
        reason, spread = "" if is_ours(scene, watched) else OTHER_RATE, Spread(draws)
        yield (
            "dropout",
            Fact(Level.DROPOUT, "the output in training", spread, part="dropout", follows=True, open=reason),
        )


def training_draws(
    scene: Scene, batch: Batch, rate: float = ASKED_RATE, pieces: int = PIECES, epochs: int = 0
) -> tuple[Numbers | None, Watched | None]:
    """Outputs of as many masks as it takes; a batch size that cannot be set gives them piece by piece."""
    found: list[Numbers] = []
    watched = None
    for seed in range(pieces):
        watching = Watching(seed=seed, epochs=epochs)
        steps = training(scene.one, batch, scene.planted(), scene.any_rates(rate), watching)
        watched = watched_in(scene.x.ask(f"{scene.one.info.name}.dropped", *steps, seconds=SECONDS))
        rows = like_outputs(watched, scene.task.output, under_tape=True)
        if rows is None:
            break
        found.append(rows)
        if sum(map(len, found)) >= DRAWS:
            break
    return (np.concatenate(found) if found else None), watched


def in_training(scene: Scene, batch: Batch, draws: Numbers, watched: Watched | None) -> str:
    if varies(draws):
        return ABLE if never_on(scene) else UNHEARD if unheard(scene, batch, draws, watched) else VARIES
    return ABLE if can_drop(scene, batch, watched) else CONSTANT


def varies(draws: Numbers) -> bool:
    return bool(np.any(draws.std(axis=0) > SAME))


def one_mask(scene: Scene, batch: Batch, draws: Numbers) -> bool:
    """Whether rows that are equal here are others in the next batch."""
    steps = training(scene.one, batch, scene.planted(), scene.any_rates(ASKED_RATE), Watching(seed=PIECES))
    watched = watched_in(scene.x.ask(f"{scene.one.info.name}.dropped", *steps, seconds=SECONDS))
    others = like_outputs(watched, scene.task.output, under_tape=True)
    return others is not None and bool(np.any(np.abs(others[0] - draws[0]) > SAME))


def in_prediction(rows: Numbers, told: float | None) -> str:
    """`told` is the rate that the forward pass was given."""
    if np.all(rows.std(axis=0) <= SAME):
        return CONSTANT
    return "differs though the forward pass is told to drop nothing" if told == 0 else "differs from time to time"


def is_ours(scene: Scene, watched: Watched | None) -> bool:
    """Whether what was dropped has the rate that we set: it was handed over, or is an attribute with such a name."""
    told = passed_rate(watched, under_tape=True)
    return bool(scene.rates(ASKED_RATE)) if told is None else is_told(watched, ASKED_RATE)


def is_told(watched: Watched | None, rate: float) -> bool:
    """Whether the forward pass is told this rate, or what is kept then."""
    told = passed_rate(watched, under_tape=True)
    return told is not None and min(abs(told - rate), abs(1 - told - rate)) < 1e-4


def unheard(scene: Scene, batch: Batch, draws: Numbers, watched: Watched | None) -> bool:
    """Whether the forward pass is told our rate, and drops as much when it is told another."""
    if not is_told(watched, ASKED_RATE):
        return False
    other, later = training_draws(scene, batch, OTHER, pieces=1)
    return other is not None and is_told(later, OTHER) and unlike(draws[: len(other)], other) < CLOSE


def never_on(scene: Scene) -> bool:
    """Whether the notebook trained, each time with rates of zero."""
    runs = [t.scalars for t in scene.one.inventory.trainings if t.cls == scene.one.info.name]
    shares = [share_dropped(name, value) for run in runs for name, value in run.items() if is_rate(name)]
    known = [share for share in shares if share is not None]
    return bool(known) and not any(known)


def share_dropped(name: str, value: Any) -> float | None:
    if type(value) not in (int, float):
        return None
    return float(1 - value if "keep" in name.lower() else value)


def can_drop(scene: Scene, batch: Batch, watched: Watched | None) -> bool:
    """Whether the forward pass drops units when the rate is handed to it, though training may never do so."""
    call = next((c for c in first_of_each(watched, under_tape=True) if told_to(scene, c)), None)
    if call is None:
        return False
    name = told_to(scene, call)
    value: Scalar = True if "train" in name else 1 - ASKED_RATE if "keep" in name else ASKED_RATE
    *steps, _ = training(scene.one, batch, scene.planted(), scene.any_rates(ASKED_RATE))
    called = Call(f"c.{call.method}", tuple(map(send, batch.inputs)), {name: value}, into="rows")
    seen = scene.x.ask(f"{scene.one.info.name}.told to drop", *steps, called, seconds=SECONDS)
    rows = array(seen.values.get("rows"))
    return rows is not None and rows.ndim > 1 and bool(np.any(rows.std(axis=0) > SAME))


def told_to(scene: Scene, call: MethodCall) -> str:
    """The name by which a function of the class is given a rate, or told to drop; empty where it has none."""
    parameters = scene.one.info.methods.get(call.method, ())
    return next((p.name for p in parameters[1:] if HANDED_OVER.search(p.name)), "")
