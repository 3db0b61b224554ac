"""Assignment 4: what the two networks are, the encoder and the matching one, as findings."""

from grader.judging.checks import blocked, check, failed, passed, unsure
from grader.judging.comparing.compare import difference
from grader.judging.instruments.pair_dropout import dropped
from grader.judging.instruments.until_it_broke import as_far_as_it_comes
from grader.judging.kinds.word_by_word.answers import are_probabilities
from grader.judging.kinds.word_by_word.interview import LAB, Evidence
from grader.judging.kinds.word_by_word.parts import SOURCES, Variables, places
from grader.judging.kinds.word_by_word.roles import Bound
from grader.model import Finding

UNKNOWN = (
    "Your variables could not be told apart by what they do, so this could not be compared with the equations; "
    "your instructor will look at it."
)
NUMBERS = {  # of the equations' form, with the mistake in the matching network each is
    "continued": "matching-chained",
    "averaged": "states-averaged",
    "direct": "average-as-state",
    "swapped": "hypothesis-averaged",
    "even": "plain-average",
    "fresh": "matching-not-carried",
    "of_word": "matching-not-carried",
}
GATES = {  # of a GRU
    "open": "reset-missing",
    "always": "update-missing",
    "linear": "tanh-missing",
    "sigmoid": "tanh-missing",
    "relu": "tanh-missing",
}


@check(LAB, "encoder")
def encoder(e: Evidence) -> Finding:
    if e.begun:
        return unsure(
            "`model` stops with an error before its states could be compared; your instructor will look at them."
        )
    return encoded(e)


@as_far_as_it_comes
def encoded(e: Evidence) -> Finding:
    bound = e.told.bound
    if bound is None:
        return unsure(UNKNOWN)
    if no_encoder(bound, e.told.variables):
        return failed(mistake="encoder-missing", cell=e.cell)
    own = [role for cell in "ph" for role in roles_of(cell)]
    if any(set(way.roles) & set(own) and len(way.roles) == 1 for way in bound.ways.values()):
        return failed(mistake="separate-encoders", cell=e.cell)
    if bound.numbers.get("chained"):
        return failed(mistake="hypothesis-chained", cell=e.cell)
    if bound.numbers.get("forgets"):
        return failed(mistake="state-not-carried", cell=e.cell)
    if named := gate_mistake(bound, "p"):
        return failed(mistake=named, cell=e.cell)
    if shares_gates(bound, "p"):
        return failed(mistake="shared-gate-matrix", cell=e.cell)
    return whole(e, "p", "One GRU reads both sentences, each from zeros.")


@check(LAB, "matching")
@as_far_as_it_comes
def matching(e: Evidence) -> Finding:
    found = matched(e)
    if found.verdict == "pass" and e.drops:
        return dropped(e.cell)
    if found.verdict == "pass" and e.softmax_twice:
        return failed(mistake="softmax-before-loss", cell=e.cell)
    if found.verdict == "pass" and e.squashed and not are_probabilities(e.answer.logits):
        return failed(mistake="relu-on-logits", cell=e.cell)
    return found


def matched(e: Evidence) -> Finding:
    if e.unread:
        return failed(mistake="premise-unread", seen="another premise, the same logits", cell=e.cell)
    if e.told.bound is None:
        return unsure(UNKNOWN)
    if named := matching_mistake(e.told.bound):
        return failed(mistake=named, cell=e.cell)
    found = whole(e, "m", "The matching GRU reads [a_k; h^t_k], and its last state makes the logits.")
    if e.unfinished and found.verdict == "pass":
        return blocked("Not checked because `model` stops with an error before it returns logits.")
    if found.verdict != "pass" or not e.told.form:
        return found if e.told.form else unsure("The logits could not be compared with the equations.")
    if e.told.logits_follow is False:
        seen = None if e.told.headed else e.answer.logits
        told = None if seen is None else difference("Logits", seen, e.told.deck["logits"], axes=("batch", "classes"))
        return failed("The attention is explained, but the logits do not follow from it.", difference=told, cell=e.cell)
    return found


def matching_mistake(bound: Bound) -> str | None:
    if named := next((named for number, named in NUMBERS.items() if bound.numbers.get(number)), None):
        return named
    if named := gate_mistake(bound, "m"):
        return named
    return "shared-gate-matrix" if shares_gates(bound, "m") else vectors_for_states(bound)


def gate_mistake(bound: Bound, cell: str) -> str | None:
    return next((named for what, named in GATES.items() if bound.numbers.get(f"{what}_{cell}")), None)


def vectors_for_states(bound: Bound) -> str | None:
    """The mistake of a matching network that reads word vectors in the place of states."""
    read = {source for role in roles_of("m") for source in bound.sources(role)}
    if "w" in read and "a" not in read:
        return "vectors-averaged"
    return "vector-for-state" if "x" in read and "t" not in read else None


def no_encoder(bound: Bound, variables: Variables | None) -> bool:
    """Whether there is not even a matrix that an encoder could have."""
    heard = {role for way in bound.ways.values() for role in way.roles}
    if variables is None or heard & {*roles_of("p"), *roles_of("h")}:
        return False
    return not any(list(places(block.rows, "c", variables.sizes, "ph")) for block in bound.rest)


def shares_gates(bound: Bound, cell: str) -> bool:
    """Whether one matrix is that of two gates, or of a gate and the candidate."""
    return any(len(set(way.roles) & set(roles_of(cell))) > 1 for way in bound.ways.values())


def roles_of(cell: str) -> list[str]:
    return [f"W_{gate}_{cell}" for gate in "zrc"]


def whole(e: Evidence, cell: str, message: str) -> Finding:
    """Whether each gate has all that it reads."""
    assert e.told.bound is not None
    gaps = {role: set(SOURCES[cell]) - e.told.bound.sources(role) for role in roles_of(cell)}
    if not any(gaps.values()):
        return passed(message)
    names = {"x": "the word", "h": "its own state", "a": "a_k", "t": "h^t_k", "m": "its own state"}
    lost = sorted({names[source] for sources in gaps.values() for source in sources})
    if e.told.form and e.told.logits_follow:  # so all that has a say is known
        named = "gate-input-missing" if cell == "m" else None
        return failed(f"A gate reads nothing of {' and '.join(lost)}.", named, cell=e.cell)
    if e.told.bound.rest or e.told.variables is None or e.told.variables.others:
        return unsure(UNKNOWN)
    return failed(f"A gate reads nothing of {' and '.join(lost)}.", cell=e.cell)
