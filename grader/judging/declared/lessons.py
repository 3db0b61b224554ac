"""A small training of a fresh instance, with its own start values and settings."""

import numpy as np
from msgspec.structs import replace

from grader.course.subject import Secret, Subject
from grader.judging.comparing.arrays import Numbers
from grader.judging.declared.feeding import Batch, batch_of
from grader.judging.declared.outputs import outputs
from grader.judging.declared.predicting import examples_of, predicting
from grader.judging.declared.readings import sums_to_one
from grader.judging.declared.scene import SECONDS
from grader.judging.declared.training import Trainee, Watching, losses, training
from grader.judging.examiner import Examiner
from grader.judging.instruments.learning import Learning
from grader.judging.instruments.recomputed import SAME_START, Recomputed, recomputed
from grader.judging.meeting.watching import watched_in
from grader.model import Observation
from grader.sandbox.guest.wire import Array, Opaque, Watch, Watched

LESSON, STEPS = 48, 60  # examples and steps
MOST = 1000  # examples of the notebook's own number
GLANCE = 16  # steps that are enough where the loss falls at once


def learned(x: Examiner, one: Trainee) -> Learning | None:
    """A small task, once more with smaller inputs where its loss did not fall: a learning rate is made for its data."""
    if not one.works:
        return None
    found = Learning(())
    for steps, scale in ((GLANCE, 0.5), (STEPS, 0.5), (STEPS, 0.1)):
        batch = lesson(x, one.subject, LESSON if one.free_rows else one.rows, scale)
        found, seen = followed(x, one, batch, steps)
        if not np.all(np.isfinite(found.losses)) and (own := rows_of_its_own(one)):  # a number of batches that is fixed
            batch = lesson(x, one.subject, own, scale)
            found, seen = followed(x, one, batch, steps)
        if found.fell and (steps == STEPS or at_once(found)):
            return replace(found, own=borne_out(x, one, batch, seen))
    return found


def rows_of_its_own(one: Trainee) -> int:
    """How many examples the notebook trained with, where they are not too many."""
    done = [t for t in one.inventory.trainings if t.cls == one.info.name and t.method == one.trainer]
    lengths = [v.shape[0] for v in done[-1].args if isinstance(v, Array | Opaque) and v.shape] if done else []
    return max((n for n in lengths if n <= MOST), default=0)


def followed(x: Examiner, one: Trainee, batch: Batch, steps: int) -> tuple[Learning, Observation]:
    """By one call; by one for each step where a call takes a single one, since the loop stands outside of it."""
    *before, watch = training(one, batch, watching=Watching((SAME_START,), steps, losses_only=True))
    seen = x.ask(f"{one.info.name}.learns", *before, watch, said(one), seconds=SECONDS)
    watched = watched_in(seen)
    told, trouble = losses(watched), watched.trouble if watched else seen.trouble
    if len(told) == 1 and trouble is None and isinstance(watch, Watch):
        calls = [replace(watch, into=f"w{step}") for step in range(steps)]
        seen = x.ask(f"{one.info.name}.learns.steps", *before, *calls, said(one), seconds=SECONDS)
        each = (seen.values.get(call.into) for call in calls)
        told = [loss for found in each if isinstance(found, Watched) for loss in losses(found)]
    return Learning(tuple(told), trouble), seen


def at_once(learning: Learning) -> bool:
    early, late = learning.ends
    return late < 0.9 * early


def said(one: Trainee) -> Watch:
    method = one.predictor or "predict"
    return Watch("c", method, "said", examples_of(one, method))


def borne_out(x: Examiner, one: Trainee, batch: Batch, after: Observation) -> Recomputed | None:
    """The cross-entropy by what the class itself says of the examples; None where it says nothing that has one."""
    steps = predicting(one, batch, {}, {}, (SAME_START,))
    before = x.ask(f"{one.info.name}.begins", *steps[:-1], said(one), seconds=SECONDS)
    found = [logits_said(seen, batch, one.subject.classes) for seen in (before, after)]
    return recomputed(found[0], found[1], batch.labels)


def logits_said(seen: Observation, batch: Batch, classes: int) -> Numbers | None:
    watched = seen.values.get("said")
    shown = outputs(watched, batch.inputs, under_tape=False) if isinstance(watched, Watched) else []
    rows = next((rows for rows in shown if classes > 1 and rows.shape == (len(batch.labels), classes)), None)
    return np.log(np.maximum(rows, 1e-30)) if rows is not None and sums_to_one(rows) else rows


def lesson(x: Examiner, subject: Subject, rows: int, scale: float) -> Batch:
    """Examples of a class lie around a centre of its own, or hold words of its own; targets are a sum of the inputs."""
    batch = batch_of(x, subject, rows, "lesson")
    if not subject.classes:
        return targets_of(subject, batch, scale)
    centres, labels = batch_of(x, subject, subject.classes, "centres").inputs, batch.labels.astype(int)
    secrets = subject.inputs.values()
    inputs = (
        scale * (0.3 * own + centre[labels]) if own.dtype.kind == "f" else words_of(own, labels, subject.classes, one)
        for own, centre, one in zip(batch.inputs, centres, secrets, strict=True)
    )
    return Batch(tuple(own.astype(old.dtype) for own, old in zip(inputs, batch.inputs, strict=True)), batch.labels)


def targets_of(subject: Subject, batch: Batch, scale: float) -> Batch:
    """By the first of several inputs alone: what a model makes of them together is not known."""
    first, rows = batch.inputs[0], len(batch.labels)
    flat = first.reshape(rows, -1)
    if first.dtype.kind != "f":
        return Batch(batch.inputs, (flat.mean(axis=1) / next(iter(subject.inputs.values())).below).astype(np.float32))
    inputs = tuple((scale * own).astype(own.dtype) if own.dtype.kind == "f" else own for own in batch.inputs)
    return Batch(inputs, (scale * flat[:, :3].sum(axis=1)).astype(np.float32))


def words_of(words: Numbers, labels: Numbers, classes: int, drawn: Secret) -> Numbers:
    own = labels.reshape(-1, *[1] * (words.ndim - 1)) + classes * (words // classes)
    return np.asarray(np.minimum(own, drawn.below - 1))
