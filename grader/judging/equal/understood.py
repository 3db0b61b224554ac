"""What the judge of a lab has understood of a classifier, as far as its training may then be carried out outside."""

from collections.abc import Mapping

from msgspec import Struct

from grader.judging.binding.arrangements import Arrangement
from grader.judging.meeting.contact import Contact


class Understood(Struct, frozen=True):
    contact: Contact
    arrangement: Arrangement
    roles: Mapping[str, str]  # role -> path, as the arrangement sees the variables
    form: str  # of the reference, whose logits are those of the classifier
    penalty: Mapping[str, float]  # by role: c where the gradient holds c·W beyond the cross-entropy's


class NotShown(Exception):
    """Why a training was not shown to be one that we can carry out, as a clause."""
