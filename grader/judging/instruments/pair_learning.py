"""Whether a classifier of pairs learns a small task: which of four words ends the hypothesis."""

import numpy as np
from msgspec.structs import replace

from grader.judging.comparing.arrays import Numbers
from grader.judging.examiner import Examiner
from grader.judging.instruments.learning import RISING, Learning, patiently
from grader.judging.instruments.recomputed import SAME_START, recomputed
from grader.judging.meeting.asking import examples_to_train_on, inputs, instance, loop_attributes
from grader.judging.meeting.contact import Contact
from grader.judging.meeting.forward import floats, forward_of
from grader.judging.meeting.watching import value_of
from grader.model import Observation
from grader.sandbox.guest.wire import Put, Ref, Step, Watch

PLAIN = 2  # ids from here on are neither padding nor unknown, so masking these changes nothing
BATCH, STEPS, PATIENT = 16, 8, 60  # the last for a small learning rate
CLASSES = 3


def question_learning(x: Examiner, contact: Contact) -> Learning:
    """One batch of four words only; the label says which of them ends the hypothesis."""
    batch = contact.batch if contact.batch > BATCH else BATCH
    data = x.generator("learning").integers(PLAIN, min(PLAIN + 4, contact.vocabulary), (batch, 2 * contact.features))
    labels = (data[:, -1] < PLAIN + 2).astype(np.int64)
    forward = forward_of(contact, inputs(x, "contact", contact, contact.batch, 0.5))
    logits = [forward.call(data, "logits")] if forward else []
    after: list[Numbers | None] = [None]

    def begun(steps: int) -> list[Step]:
        loop = loop_attributes(contact, batch, steps)
        return [SAME_START, *instance(contact, {}, loop), *examples_to_train_on(contact, data, labels)]

    def ask(steps: int) -> Observation:
        watch = Watch(
            "c", contact.trainer, "w", contact.train_args, contact.train_kwargs, steps=steps, losses_only=True
        )
        rising = Put("evaluate_classifier", Ref(RISING))
        seen = x.ask(f"{contact.info.name}.learns", *begun(steps), rising, watch, *logits, seconds=60)
        after[0] = logits_in(seen, batch)
        return seen

    learning = patiently(ask, STEPS, PATIENT)
    if after[0] is None or not learning.fell:
        return learning
    before = logits_in(x.ask(f"{contact.info.name}.begins", *begun(STEPS), *logits), batch)
    return replace(learning, own=recomputed(before, after[0], labels))


def logits_in(seen: Observation, batch: int) -> Numbers | None:
    return next((found for found in floats(value_of(seen, "logits")) if found.shape == (batch, CLASSES)), None)
