"""Whether a language model learns a few words by heart: by the losses it tells of, and by its guesses."""

import numpy as np
from msgspec.structs import replace

from grader.judging.comparing.arrays import Numbers
from grader.judging.examiner import Examiner
from grader.judging.instruments.learning import Learning, patiently
from grader.judging.instruments.recomputed import SAME_START, recomputed
from grader.judging.kinds.language_model.asking import Forward, guesses_in
from grader.judging.meeting.asking import examples_to_train_on, instance, loop_attributes
from grader.judging.meeting.classes import own_batch
from grader.judging.meeting.contact import Contact
from grader.judging.meeting.watching import value_of
from grader.model import Observation
from grader.sandbox.guest.wire import Put, Ref, Step, Watch

STEPS, PATIENT = 16, 80  # the second for a small learning rate


def question_learning(x: Examiner, contact: Contact, forward: Forward | None = None) -> Learning:
    """A fresh instance sees one batch of a few words only, again and again.

    It has the size of the notebook's own, and the words are not too few: the learning rate was chosen for such tasks.
    """
    batch, few = own_batch(contact), min(12, contact.vocabulary // 2)
    data = x.generator("learning").integers(1, 1 + few, (batch, contact.features))
    shape = (contact.features - 1, batch, contact.vocabulary)
    guesses = forward.call(data, 0.0, "guesses") if forward else []
    after: list[Numbers | None] = [None]

    def ask(steps: int) -> Observation:
        watch = Watch(
            "c", contact.trainer, "w", contact.train_args, contact.train_kwargs, steps=steps, losses_only=True
        )
        seen = x.ask(
            f"{contact.info.name}.learns", *begun(contact, data, batch), *epochs(contact, steps), watch, *guesses,
            seconds=60,
        )  # fmt: skip
        after[0] = guesses_in(value_of(seen, "guesses"), shape)
        return seen

    learning = patiently(ask, STEPS, PATIENT)
    if after[0] is None or not learning.fell:
        return learning
    seen = x.ask(f"{contact.info.name}.begins", *begun(contact, data, batch), *guesses)
    targets = data[:, 1:].T  # [n, B]; a model may guess beyond the last word
    before, late = (
        found[: len(targets)] if found is not None and len(found) >= len(targets) else None
        for found in (guesses_in(value_of(seen, "guesses"), shape), after[0])
    )
    return replace(learning, own=recomputed(before, late, targets))


def begun(contact: Contact, data: Numbers, batch: int) -> list[Step]:
    labels = np.zeros(batch, np.int64)
    loop = loop_attributes(contact, batch)
    return [SAME_START, *instance(contact, {}, loop), *examples_to_train_on(contact, data, labels)]


def epochs(contact: Contact, steps: int) -> list[Step]:
    """The batch so many times over, as one epoch."""
    sets = dict.fromkeys(["training_set", *contact.inventory.data_sets])
    longer = {name: Ref("training_set") for name in sets} | {"training_set": Ref(f"training_set * {steps}")}
    return [Put(name, value) for name, value in longer.items()]
