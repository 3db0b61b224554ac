"""A small training of a fresh instance, with its own start values and settings."""

import numpy as np

from grader.course.subject import Subject
from grader.judging.declared.feeding import Batch, batch_of
from grader.judging.declared.scene import SECONDS, Task
from grader.judging.declared.training import ROWS, Trainee, Watching, losses, training
from grader.judging.examiner import Examiner
from grader.judging.instruments.learning import Learning
from grader.judging.meeting.watching import watched_in
from grader.model import Level

LESSON, STEPS = 48, 40  # examples and steps


def learned(x: Examiner, subject: Subject, task: Task, one: Trainee) -> Learning | None:
    """A small task, once more with smaller inputs where its loss did not fall: a learning rate is made for its data."""
    if not one.works or not task.wanted(Level.LEARNS):
        return None
    found = Learning(())
    for scale in (0.5, 0.1):
        batch = lesson(x, subject, LESSON if one.rows == ROWS else one.rows, scale)
        steps = training(one, subject, batch, watching=Watching(steps=STEPS, losses_only=True))
        seen = x.ask(f"{one.info.name}.learns", *steps, seconds=SECONDS)
        watched = watched_in(seen)
        found = Learning(tuple(losses(watched)), seen.trouble or (watched.trouble if watched else None))
        if found.fell:
            break
    return found


def lesson(x: Examiner, subject: Subject, rows: int, scale: float) -> Batch:
    """Examples of a class lie around a centre of its own, or end in words of its own."""
    batch = batch_of(x, subject, rows, "lesson")
    if batch.inputs.dtype.kind == "f":
        centres = batch_of(x, subject, max(subject.classes, 2), "centres").inputs
        inputs = scale * (0.3 * batch.inputs + centres[batch.labels.astype(int) % len(centres)])
        return Batch(inputs.astype(np.float32), batch.labels)
    last = batch.inputs.reshape(rows, -1)[:, -1]
    return Batch(batch.inputs, (last % max(subject.classes, 2)).astype(np.int32))
