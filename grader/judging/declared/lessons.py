"""A small training of a fresh instance, with its own start values and settings."""

import numpy as np

from grader.course.subject import Subject, secret
from grader.judging.declared.feeding import Batch, batch_of
from grader.judging.declared.scene import SECONDS, Task
from grader.judging.declared.training import Trainee, Watching, losses, training
from grader.judging.examiner import Examiner
from grader.judging.instruments.learning import Learning
from grader.judging.meeting.watching import watched_in
from grader.model import Level

LESSON, STEPS = 48, 60  # examples and steps


def learned(x: Examiner, task: Task, one: Trainee) -> Learning | None:
    """A small task, once more with smaller inputs where its loss did not fall: a learning rate is made for its data."""
    if not one.works or not task.wanted(Level.LEARNS):
        return None
    found = Learning(())
    for scale in (0.5, 0.1):
        batch = lesson(x, one.subject, LESSON if one.free_rows else one.rows, scale)
        steps = training(one, batch, watching=Watching(steps=STEPS, losses_only=True))
        seen = x.ask(f"{one.info.name}.learns", *steps, seconds=SECONDS)
        watched = watched_in(seen)
        found = Learning(tuple(losses(watched)), seen.trouble or (watched.trouble if watched else None))
        if found.fell:
            break
    return found


def lesson(x: Examiner, subject: Subject, rows: int, scale: float) -> Batch:
    """Examples of a class lie around a centre of its own, or hold words of its own; targets are a sum of the inputs."""
    batch = batch_of(x, subject, rows, "lesson")
    classes, inputs = subject.classes, batch.inputs
    flat = inputs.reshape(rows, -1)
    if inputs.dtype.kind != "f":
        below = secret(subject.input).below
        if not classes:
            return Batch(inputs, (flat.mean(axis=1) / below).astype(np.float32))
        own = batch.labels.reshape(-1, *[1] * (inputs.ndim - 1)) + classes * (inputs // classes)
        return Batch(np.minimum(own, below - 1).astype(inputs.dtype), batch.labels)
    if not classes:
        return Batch((scale * inputs).astype(np.float32), (scale * flat[:, :3].sum(axis=1)).astype(np.float32))
    centres = batch_of(x, subject, classes, "centres").inputs
    return Batch((scale * (0.3 * inputs + centres[batch.labels.astype(int)])).astype(np.float32), batch.labels)
