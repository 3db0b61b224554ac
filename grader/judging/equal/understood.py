"""What the judge of a lab has understood of a classifier, as far as its training may then be carried out outside."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

from msgspec import Struct

from grader.calibration.plan import Draw
from grader.judging.binding.arrangements import Arrangement
from grader.judging.comparing.arrays import Numbers
from grader.judging.meeting.contact import Contact
from grader.sandbox.guest.wire import MethodCall, Scalar

if TYPE_CHECKING:  # which knows what was understood of the classifier
    from grader.judging.examiner import Examiner


class NotShown(Exception):
    """Why a training was not shown to be one that we can carry out, as a clause."""


class OneClass(Exception):
    """`classify` gives one class to all that was asked, whatever the logits of its own `model` say."""

    def __init__(self, asked: int) -> None:
        super().__init__(asked)
        self.asked = asked


class Examples(Protocol):
    """What a classifier reads of each of its examples, and what the lab's equations say of them."""

    held: ClassVar[str]  # as what: "ids" of words in their order, or "bags" of them
    sweeps: ClassVar[bool]  # whether the lab invites several short trainings, of which another may be the best

    @property
    def padding(self) -> int | None:
        """The id that has to be a padding's, where that makes a difference."""

    @property
    def table(self) -> str:
        """The variable that holds vectors of words which are not trained; empty where there is none such."""

    def rows(self, arrays: Mapping[str, Numbers]) -> Numbers:
        """Ids [n, T] of all examples, out of the arrays [n, …] that they hold by key. Raises NotShown."""

    def given(self, call: MethodCall, ids: Numbers) -> Numbers | None:
        """The ids [B, T] that a call was given, as `ids` has them."""

    def vectors(self, x: "Examiner", most: int) -> Numbers | None:
        """Of the words [V, e], where they are no variable though they are not trained; ids go up to `most`."""

    def starts(self, drawn: Mapping[str, Draw]) -> dict[str, Draw]:
        """How start values are drawn, by the roles of what trains outside. Raises NotShown."""

    def settings(self, w: Mapping[str, Numbers], scalars: Mapping[str, Scalar]) -> dict[str, Any]:
        """What a plan says besides of a classifier with these variables, trained with these settings.

        Raises NotShown.
        """

    def logits(self, x: "Examiner", ids: Numbers, w: Mapping[str, Numbers]) -> Numbers:
        """[B, C] by the lab's equations."""

    def gradients(
        self, x: "Examiner", ids: Numbers, labels: Numbers, w: Mapping[str, Numbers]
    ) -> Mapping[str, Numbers]:
        """Of the mean cross-entropy, by role."""


class Understood(Struct, frozen=True):
    contact: Contact
    arrangement: Arrangement
    roles: Mapping[str, str]  # role -> path, as the arrangement sees the variables that are trained
    examples: Examples
    penalty: Mapping[str, float] = {}  # by role: c where the gradient holds c·W beyond the cross-entropy's
    penalised: str = ""  # a role whose c is measured at the first step
    quiet: Mapping[str, Scalar] = {}  # attributes with which no unit is dropped
