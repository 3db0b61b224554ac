"""Whether a fresh instance, with its own start values and settings, learns a small task.

What is looked at is the loss, from the first step on.
"""

from collections.abc import Callable

import numpy as np
from msgspec import Struct
from msgspec.structs import replace

from grader.judging.checks import failed, passed, unsure
from grader.judging.comparing.arrays import Numbers, number
from grader.judging.examiner import Examiner
from grader.judging.instruments.predicted import predicted
from grader.judging.instruments.recomputed import SAME_START, Recomputed, recomputed
from grader.judging.meeting.asking import examples_to_train_on, instance, loop_attributes
from grader.judging.meeting.contact import Contact
from grader.judging.meeting.watching import logits_in
from grader.model import Finding, Observation, Remark
from grader.sandbox.guest.wire import Call, Put, Ref, Trouble, Watch, Watched
from grader.wording.counting import quantity

EXAMPLES, BATCH, EPOCHS = 64, 16, 40
STEPS_OF_SENTENCES = 80  # a recurrent step costs more and this task is easier
LEARNT = 0.1  # a loss from which on more steps tell nothing new; guessing between two gives 0.69
FEW, ENOUGH = 3, 8  # steps that tell something, and that tell whether a loss falls
MANY = 40  # steps, after which it is no accident that nearly each of them went down
# Accuracy is not what is asked here: it always rises, so that early stopping never ends the training.
RISING = "(lambda values: lambda *args, **kwargs: next(values))(__import__('itertools').count(0.3, 0.001))"


class Learning(Struct, frozen=True):
    losses: tuple[float, ...]
    trouble: Trouble | None = None
    fits: tuple[int, int] | None = None  # of so many of its own training examples, how many it gets right afterwards
    own: Recomputed | None = None

    @property
    def first(self) -> float | None:
        return self.losses[0] if self.losses else None

    @property
    def ends(self) -> tuple[float, float]:
        """Mean loss of the first and of the last quarter of the steps."""
        quarter = max(1, len(self.losses) // 4)
        return float(np.mean(self.losses[:quarter])), float(np.mean(self.losses[-quarter:]))

    @property
    def fell(self) -> bool:
        """The last quarter of the losses lies clearly below the first quarter, or both are near zero."""
        if len(self.losses) < ENOUGH or not np.all(np.isfinite(self.losses)):
            return False
        early, late = self.ends
        return late < 0.97 * early or late < 0.05 or self.steady

    @property
    def ends_early(self) -> bool:
        """Clearly down, but over before that says enough, as where early stopping of a student's own ends it."""
        if not FEW <= len(self.losses) < ENOUGH or not np.all(np.isfinite(self.losses)):
            return False
        early, late = self.ends
        return late < 0.97 * early

    @property
    def guesses(self) -> bool:
        """It tells of a loss that fell a lot, but half or more of its training examples are wrong.

        So it is where losses are made up, and where a bad start only came down to what guessing gives.
        """
        if self.fits is None or not self.losses:
            return False
        early, late = self.ends
        return late < 0.8 * early and 2 * self.fits[0] <= self.fits[1]

    @property
    def is_borne_out(self) -> bool:
        """By what the model itself says before and after, where that could be asked."""
        return self.own is None or not self.losses or self.own.bears_out(*self.ends)

    @property
    def steady(self) -> bool:
        """Down at nearly every step: gradient descent on one batch, however small its rate or its start weights are."""
        return len(self.losses) >= MANY and float(np.mean(np.diff(self.losses) < 0)) > 0.9


def falling(learning: Learning | None, cell: int | None) -> Finding:
    if learning is None or learning.first is None:
        return unsure("The loss of a longer training could not be followed.")
    first, last, steps = learning.losses[0], learning.losses[-1], len(learning.losses)
    if learning.ends_early:
        return unsure("The loss of a longer training could not be followed to its end.")
    if not learning.fell:
        told = f"{first:.3f} at first, {last:.3f} after {quantity(steps, 'step')}"
        return failed(f"The loss hardly falls on a small task: {told}.", cell=cell)
    told = f"The loss falls from {first:.3f} to {last:.3f} in {quantity(steps, 'step')} on a small task."
    if learning.guesses and learning.fits:
        right, of = learning.fits
        return unsure(
            f"{told} But afterwards no more of its own training examples are right than by guessing "
            f"({right} of {of}); your instructor will look at it."
        )
    if not learning.is_borne_out and learning.own:
        return unsure(
            f"{told} But by what your model says of these examples it was {learning.own.before:.3f} before and "
            f"{learning.own.after:.3f} after; your instructor will look at it."
        )
    return passed(told + by_heart(learning))


def by_heart(learning: Learning) -> str:
    """Told, not judged: with a small learning rate of one's own so few steps may not be enough."""
    if learning.fits is None:
        return ""
    right, of = learning.fits
    told = f" Of {of} examples it was trained on it then gets {right} right."
    return told if right == of else f"{told} A model without mistakes learns so few by heart if it is given time."


def about_the_start(learning: Learning | None, classes: int) -> tuple[Remark, ...]:
    """A classifier that knows nothing yet gives every class the same probability: its loss is ln C."""
    even = float(np.log(classes))
    if learning is None or learning.first is None or learning.first < even + 1.3:
        return ()
    told = f"The first loss is {learning.first:.2f}; near ln {classes} = {even:.2f} is usual."
    return (Remark("large-start", f"{told} Smaller start weights train more steadily."),)


def patiently(ask: Callable[[int], Observation], *steps: int) -> Learning:
    """What `ask` watched in so many steps; in more where the loss did not fall in fewer."""
    learning = Learning(())
    for count in steps:
        learning = learning_in(ask(count))
        if learning.fell or not learning.losses:
            break
    return learning


def learning_in(seen: Observation) -> Learning:
    """Of the training watched under the name w."""
    watched = seen.values.get("w")
    if not isinstance(watched, Watched):
        return Learning((), seen.trouble)
    return Learning(tuple(loss for event in watched.tape if (loss := number(event.loss)) is not None), watched.trouble)


def question_learning(x: Examiner, contact: Contact) -> Learning:
    batch = contact.batch if contact.batch > BATCH else BATCH
    data, labels = sentences(x, contact, batch) if contact.inputs.words else counts(x, contact, max(EXAMPLES, batch))
    each = len(labels) // batch
    epochs = STEPS_OF_SENTENCES if contact.inputs.words else EPOCHS
    shown = Ref(f"training_set[:{batch}]")
    said = Watch("c", contact.classifier or "classify", "said", (Ref("in_order"),))
    begun = [
        SAME_START,
        *instance(contact, {}, loop_attributes(contact, batch, epochs)),
        *examples_to_train_on(contact, data, labels),
        Call("list", (Ref("training_set"),), into="in_order", keep=True),
    ]
    seen = x.ask(
        f"{contact.info.name}.learns",
        *begun,
        Put("evaluate_classifier", Ref(RISING)),
        Watch("c", contact.trainer, "w", contact.train_args, contact.train_kwargs,
              steps=epochs * each, losses_only=True, until=LEARNT),
        Call("grader_predictions", (Ref("c"), contact.classifier, shown), into="p"),
        said,
        seconds=60,
    )  # fmt: skip
    told = predicted(seen.values.get("p"))
    fits = (int(np.sum(told.predictions == told.labels)), len(told.labels)) if told else None
    learning = replace(learning_in(seen), fits=fits)
    after = logits_said(seen, data)
    if after is None or not learning.fell:
        return learning
    before = logits_said(x.ask(f"{contact.info.name}.begins", *begun, said), data)
    return replace(learning, own=recomputed(before, after, labels))


def logits_said(seen: Observation, data: Numbers) -> Numbers | None:
    watched = seen.values.get("said")
    return logits_in(watched, data, under_tape=False) if isinstance(watched, Watched) else None


def counts(x: Examiner, contact: Contact, size: int) -> tuple[Numbers, Numbers]:
    """Counts of four words, so that the task is as easy with thousands of words; the label says which pair occurs."""
    generator = x.generator("learning")
    labels = generator.permutation(np.arange(size) % 2)
    drawn = np.zeros((size, contact.features), np.float32)
    for row, label in enumerate(labels):
        drawn[row, 2 * label : 2 * label + 2] = generator.integers(2, 5, 2)
    return drawn, labels.astype(np.int64)


def sentences(x: Examiner, contact: Contact, size: int) -> tuple[Numbers, Numbers]:
    """One batch. Four words only, so that each is seen often; the label says which pair the last one is of."""
    drawn = x.generator("learning").integers(2, min(6, contact.vocabulary), (size, contact.features))
    return drawn, (drawn[:, -1] < 4).astype(np.int64)
