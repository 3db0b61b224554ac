"""Lab5: secret pairs, and weights that are planted into a class by the roles of its variables."""

from collections.abc import Sequence

from grader.judging.comparing.arrays import Numbers
from grader.judging.examiner import Examiner
from grader.judging.instruments.pair_learning import PLAIN
from grader.judging.kinds.attention.cuts import Way
from grader.judging.kinds.attention.explained import WORDS_USED
from grader.judging.meeting.asking import weight
from grader.judging.meeting.contact import Contact
from grader.judging.meeting.pairs import vectors


def pairs_of_words(x: Examiner, purpose: str, contact: Contact) -> Numbers:
    """Secret ids [batch, 2 length]."""
    size = (contact.batch, 2 * contact.features)
    drawn: Numbers = x.generator(f"{purpose}{size}").integers(PLAIN, min(WORDS_USED, contact.vocabulary), size)
    return drawn


def weights_for(x: Examiner, contact: Contact, every: Sequence[Way]) -> dict[str, Numbers]:
    """Equal for all classes that have the equations' variables, whatever these are called and however they lie."""
    given = {v.path: weight(x, v.path, v.shape, contact.vocabulary) for v in contact.initial}
    for found, arrangement in every[:1]:
        shapes = {v.path: v.shape for v in arrangement.variables}
        for role, path in found.roles.items():
            given = arrangement.planted(given, path, role_weight(x, contact, role, shapes[path]))
    return given


def role_weight(x: Examiner, contact: Contact, role: str, shape: tuple[int, ...]) -> Numbers:
    """A bias, or w, may stand in a row, in a column, or in a list."""
    if role == "w" or role.startswith("b_"):
        return weight(x, role, (max(shape),), contact.vocabulary).reshape(shape)
    drawn = weight(x, role, shape, contact.vocabulary)
    return as_given(drawn, vectors(contact)) if role == "E" and x.sealed else drawn


def as_given(drawn: Numbers, held: Numbers) -> Numbers:
    """The vectors of our words are those that a class reads whose vectors are no variable: a file has one set."""
    if drawn.shape[1] == held.shape[1]:
        drawn[: len(held)] = held[: len(drawn)]
    return drawn
