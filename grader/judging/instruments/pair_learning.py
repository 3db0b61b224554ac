"""Whether a classifier of pairs learns a small task: which of four words ends the hypothesis."""

import numpy as np

from grader.judging.examiner import Examiner
from grader.judging.instruments.learning import Learning, patiently
from grader.judging.meeting.asking import data_steps, instance, loop_attributes
from grader.judging.meeting.contact import Contact
from grader.model import Observation
from grader.sandbox.guest.wire import Watch

PLAIN = 2  # ids from here on are neither padding nor unknown, so masking these changes nothing
BATCH, STEPS, PATIENT = 16, 12, 60  # the last for a small learning rate


def question_learning(x: Examiner, contact: Contact) -> Learning:
    """One batch of four words only; the label says which of them ends the hypothesis."""
    batch = contact.batch if contact.batch > BATCH else BATCH
    data = x.generator("learning").integers(PLAIN, min(PLAIN + 4, contact.vocabulary), (batch, 2 * contact.features))
    labels = (data[:, -1] < PLAIN + 2).astype(np.int64)

    def ask(steps: int) -> Observation:
        return x.ask(
            f"{contact.info.name}.learns",
            *instance(contact, {}, loop_attributes(contact, batch, steps)),
            *data_steps(contact, data, labels),
            Watch("c", contact.trainer, "w", contact.train_args, contact.train_kwargs, steps=steps, losses_only=True),
            seconds=60,
        )

    return patiently(ask, STEPS, PATIENT)
