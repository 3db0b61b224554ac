"""Lab5: what is known of an attentive classifier."""

from collections.abc import Iterable

import numpy as np
from msgspec import Struct

from grader.figures import AttentionMap
from grader.judging.binding.arrangements import Arrangement
from grader.judging.comparing.arrays import Numbers
from grader.judging.comparing.compare import slug
from grader.judging.formulas import Answers
from grader.judging.instruments.cut_gradients import Gradients
from grader.judging.instruments.first_step import unconnected
from grader.judging.instruments.learning import Learning
from grader.judging.kinds.attention.asking import Answer
from grader.judging.kinds.attention.layout import Layout
from grader.judging.meeting.contact import Contact
from grader.sandbox.guest.wire import Trouble

FEWER = 3  # examples, where any number has to do


class Same(Struct, frozen=True):
    """Whether a method says what `model` says; None: it could not be seen. Trouble is that of its own code."""

    agrees: bool | None = None
    trouble: Trouble | None = None


class Evidence(Struct, frozen=True):
    contact: Contact | None
    begun: bool = True  # the attention's variables are used somewhere
    layout: Layout | None = None
    arrangement: Arrangement = Arrangement(())  # what the layout's variables are of the class's own
    answer: Answer | None = None
    known: Answers = {}
    readouts: Answers = {}  # what follows from the attention that was seen, for each way to read the sentences
    explanation: str | None = None
    given_to: str = ""  # whose weights the roles take, where it is not as their names say
    read: bool = False  # both GRUs are known to do what their roles say
    padded: Numbers | None = None  # the attention [B, L] where some words of each premise are paddings
    added: tuple[str, ...] = ()  # biases that the equations do not have, asked as zeros
    drops: bool | None = None  # in `classify`, equal pairs get different logits
    flows: bool | None = None  # an example's answer changes with another example
    deaf: bool = False  # another hypothesis for the same premise changes no weight
    twice: bool = False  # `model` returns probabilities, and the cost takes their softmax
    fewer: Same = Same()  # three examples alone are answered as among others
    classify: Same = Same()
    exchanged: bool = False  # `train` gives the two sentences in another order than `classify`
    get_attn: Same = Same()
    standing: tuple[str, ...] | None = None  # variables that a training step leaves as they were
    gradients: Gradients = {}  # of that step
    mislabelled: bool = False  # that step was taken with other labels than those of the pairs
    lacking: tuple[str, ...] = ()  # variables that get a part of their gradient only
    listed: frozenset[str] = frozenset()  # variables that stand in trainable_variables
    trains_vectors: bool = False
    learning: Learning | None = None
    crash: str | None = None
    maps: tuple[AttentionMap, ...] = ()
    unsealed: frozenset[str] = frozenset()  # checks that rest on answers which a sealed file does not hold
    unfinished: bool = False  # `model` breaks off before it returns anything; what it computed until then is compared

    @property
    def cell(self) -> int | None:
        return self.contact.info.cell if self.contact else None

    def own(self, paths: Iterable[str]) -> tuple[str, ...]:
        """The class's variables behind those of the layout."""
        return tuple(dict.fromkeys(piece.path for path in paths for piece in self.arrangement.pieces(path)))

    @property
    def more_than_asked(self) -> tuple[str, ...]:
        """Variables with no part in the layout, but for those that the cost is known not to depend on."""
        unused = unconnected(self.contact) if self.contact else ()
        others = self.own(self.layout.others if self.layout else ())
        return tuple(path for path in others if path not in unused and path not in self.added)

    @property
    def right(self) -> bool:
        return self.explanation is not None and slug(self.explanation) == "deck"

    @property
    def ends(self) -> Answers:
        """What may follow from the attention: from the right one, else from the one that was seen."""
        if self.right:
            return {name: told for name, told in self.known.items() if name == self.explanation}
        rights = {name: told for name, told in self.known.items() if slug(name) == "deck"}
        return {**rights, **{f"seen/{name}": told for name, told in self.readouts.items()}} if self.read else {}

    @property
    def alike(self) -> bool:
        """Every word of a premise gets the same weight."""
        attn = self.answer.attn if self.answer else None
        return attn is not None and bool(np.all(np.isfinite(attn)) and np.ptp(attn, axis=1).max() < 1e-5)
