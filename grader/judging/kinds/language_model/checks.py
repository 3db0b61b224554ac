"""Assignment 3: what the interview of a language model means for each check."""

from collections.abc import Callable
from functools import partial

import numpy as np

from grader.judging.checks import blocked, check, failed, manual, passed, remarks, unattempted, unsure
from grader.judging.comparing.arrays import Numbers, array
from grader.judging.comparing.compare import agree, difference, slug
from grader.judging.instruments.cut_gradients import cut_finding
from grader.judging.instruments.first_step import (
    after_a_step,
    ends_a_step,
    kept_still,
    names,
    stop,
    stopped,
    with_a_say,
    without_its_end,
)
from grader.judging.instruments.learning import falling
from grader.judging.kinds.language_model import sampling_checks  # noqa: F401 - the checks of dropout and sampler
from grader.judging.kinds.language_model.interview import LAB, Evidence
from grader.judging.kinds.language_model.roles import ROWS
from grader.judging.meeting.watching import first_gradients
from grader.model import Finding, Remark
from grader.wording.counting import quantity

GATES = {"i": "input gate", "f": "forget gate", "o": "output gate", "j": "candidate"}
UNSEEN = "The model's guesses [batch, vocabulary], one for each word, were found neither in what it returns nor in it."
UNKNOWN = (
    "The variables are others than those of one LSTM between an embedding and an output layer, and of other shapes."
)


@check(LAB, "trains")
def trains(e: Evidence) -> Finding:
    return ends_a_step(e.contact)


@check(LAB, "cost")
@after_a_step
def cost(e: Evidence) -> Finding:
    if e.cost is None:
        return unsure(UNSEEN if e.guesses is None else "The cost could not be seen while your model trained.")
    form = e.cost.form
    if form is None:
        return failed("The cost is not the cross-entropy of the guesses against the next words.", cell=e.cell)
    if slug(form) != "deck":
        return failed(mistake=slug(form), seen=form, cell=e.cell)
    return passed("Each guess is measured against the word that comes next.", seen=form)


@check(LAB, "cell")
@after_a_step
def cell(e: Evidence) -> Finding:
    form = e.form
    if e.ready_layers or (e.ready_made and (not form or from_a_layer(e))):
        return failed(mistake="ready-made-layer", cell=e.cell)
    if e.layout is None and not e.more_than_asked:
        return failed("The variables of an LSTM, an embedding and an output layer are not all there.", cell=e.cell)
    if e.layout is None:
        return unsure(UNKNOWN)
    if e.guesses is None or e.explained is None:
        return unsure(UNSEEN)
    if slug(form) == "causality-broken":
        return passed("The equations hold, whichever words they read.", seen=form)
    if e.mixed and slug(form) == "deck":
        return failed(mistake="rows-mixed", cell=e.cell)
    return complete(e) if slug(form) == "deck" else other_cell(e, form)


def other_cell(e: Evidence, form: str) -> Finding:
    """The guesses are not those of the equations."""
    assert e.guesses is not None and e.layout is not None
    n = min(len(e.guesses), len(expected(e)))
    told = difference("Guesses", e.guesses[:n, :ROWS], expected(e)[:n], axes=("time", "batch", "vocabulary"))
    if form:
        return failed(mistake=slug(form), seen=form, difference=told, cell=e.cell)
    if e.mixed:
        return failed(mistake="rows-mixed", difference=told, cell=e.cell)
    if e.peeks:
        return blocked("Not checked because guesses depend on words that are still to come.")
    if e.dropout and e.dropout.stays:
        return unsure("Your model drops at a rate of 0 as well, so its guesses could not be compared.")
    if e.more_than_asked:
        return unsure(
            "Your class holds more than is asked for, or other things, so its guesses could not be explained."
        )
    if e.layout.cut_up:
        return unsure("Your gates are parts of larger variables, cut in a way that could not be told from the guesses.")
    return failed("The guesses are not those of the LSTM's six equations.", difference=told, cell=e.cell)


def from_a_layer(e: Evidence) -> bool:
    """Its variables lie inside an object of the class's own attributes."""
    assert e.layout is not None
    paths = [block.path.removeprefix("c.") for block in e.layout.matrices]
    return any("." in path or path.startswith("_") for path in paths)


def expected(e: Evidence) -> Numbers:
    assert e.explained is not None
    return e.explained.answers["deck"]["logits"]


def complete(e: Evidence) -> Finding:
    """The equations hold; whether each gate has weights and a bias of its own."""
    assert e.explained is not None and e.layout is not None
    roles = e.explained.roles
    if pair := roles.shared:
        one, other = (GATES[gate] for gate in pair)
        return failed(mistake="gates-mixed", seen=f"the {one} and the {other} have the same weights", cell=e.cell)
    if half := [GATES[gate] for gate in GATES if not roles.reads_both(gate, e.layout.width)]:
        return failed(mistake="gate-input-missing", seen=f"word or state alone: {', '.join(half)}", cell=e.cell)
    for mistake, kind in (("peepholes", "P_"), ("bias-outside", "O_")):
        if shown := names(block.path for role, block in roles.besides.items() if role.startswith(kind)):
            return failed(mistake=mistake, seen=shown, cell=e.cell)
    bare = [GATES[gate] for gate in GATES if not roles.biases.get(gate) and not by_constant(e, gate)]
    if e.layout.out_bias is None:
        bare.append("output layer")
    bare += [GATES[gate] for gate in roles.with_shared_bias]
    if bare:
        return failed(mistake="bias-missing", seen=f"no bias of its own: {', '.join(bare)}", cell=e.cell)
    return passed("The guesses are those of the six equations, for every word.", seen=e.form)


def by_constant(e: Evidence, gate: str) -> bool:
    return gate == "f" and e.form.startswith("deck/forget-bias")


@check(LAB, "causality")
@after_a_step
def causality(e: Evidence) -> Finding:
    if e.peeks is None:
        return unsure(UNSEEN)
    if e.mixed and (e.peeks or not e.form):
        return blocked("Not checked because sentences of a minibatch are mixed.")
    if e.mixed:
        return passed("The step reads no word ahead: guesses change with other sentences because these are mixed.")
    if e.peeks:
        words = "the next word" if e.peeks == 1 else f"up to {e.peeks} words ahead"
        return failed(mistake="causality-broken", seen=f"a guess changes with {words}", cell=e.cell)
    return passed("Changing later words leaves the guesses before them as they are.")


@check(LAB, "states")
@after_a_step
def states(e: Evidence) -> Finding:
    if e.contact is None or e.layout is None:
        return unsure(UNKNOWN) if e.more_than_asked else blocked("Not checked: the variables of an LSTM are not there.")
    length = e.contact.features
    lengths = {name: len(row) for name, row in e.states.items()}
    kept = [name for name, n in lengths.items() if n >= length]
    if slug(e.form) == "deck" and e.explained:
        known = e.explained.answers[e.form]
        kept = [key for key in "hc" if any(begins(row, known[key]) for row in e.states.values())]
    if len(kept) >= 2:
        return passed(f"All {length} states of h and of c are kept, the zeros at the beginning included.")
    if e.unclear:
        return unsure("Your class holds more than is asked for, or other things: which states it keeps is not clear.")
    if not lengths:
        return failed("Neither attributes nor results keep the states of all words.", cell=e.cell)
    told = ", ".join(f"{name.split('.', 1)[-1]}: {n}" for name, n in lengths.items())
    return failed(mistake="states-not-kept", seen=f"states kept for {length} words: {told}", cell=e.cell)


def begins(row: Numbers, known: Numbers) -> bool:
    return len(row) >= len(known) and agree(row[: len(known), :ROWS], known)


@check(LAB, "all-trained")
@after_a_step
def all_trained(e: Evidence) -> Finding:
    if e.standing is None:
        return unsure("A training step could not be followed.")
    if reason := stop(e.contact):
        return stopped(e.contact, reason, slug(e.form) == "deck", partial(untrained, e), e.cell)
    form = e.form
    used = e.explained.roles.paths(e.layout) if e.explained and e.layout and form else ()
    still = [path for path in used or e.standing if path in e.standing]
    if form and slug(form) != "deck":  # a cell that is not right may leave a gate without any say
        still = [path for path in still if path not in e.listed]
    told = with_a_say(e.contact, still, cell(e))
    if not told and e.cut_off:
        return cut_finding(e.cut_off, e.cell)
    if not told:
        which = "that the guesses depend on" if e.standing else "of the network"
        return passed(f"A training step moves every variable {which}.")
    if e.unexplained and set(told) <= e.listed:
        return kept_still(told)
    return untrained(e, told, "A training step changes nothing in {names}.")


def untrained(e: Evidence, still: tuple[str, ...], told: str) -> Finding:
    shown = names(still)
    seen = f"unchanged by a training step: {shown}"
    return failed(told.format(names=shown), "variable-not-trained", seen=seen, cell=e.cell)


@check(LAB, "learns")
def learns(e: Evidence) -> Finding:
    if idle := never_begins(e):
        return failed(mistake="zero-weights", seen=f"no gradient but zeros: {names(idle)}", cell=e.cell)
    return without_its_end(e.contact) or falling(e.learning, e.cell)


def never_begins(e: Evidence) -> tuple[str, ...]:
    """The matrices between the words and the guesses, where they begin with equal numbers and none has a gradient."""
    if e.contact is None or e.contact.watched is None or e.layout is None:
        return ()
    seen = first_gradients(e.contact.watched)
    paths = tuple(dict.fromkeys([*(block.path for block in e.layout.matrices), e.layout.out.path]))
    begun = [array(v.value) for v in e.contact.initial if v.path in paths]
    if not any(value is not None and np.ptp(value) == 0 for value in begun):
        return ()  # the cell itself lets nothing through
    slopes = [seen.get(path) for path in paths]
    return paths if all(slope is not None and not np.any(slope) for slope in slopes) else ()


@check(LAB, "perplexity")
def perplexity(e: Evidence) -> Finding:
    h = e.held_out
    if h is None:
        return manual("No trained model and development set were found whose perplexity could be computed.")
    over = f"{quantity(h.words, 'word')} of {quantity(h.sentences, 'sentence')}"
    told = f"{h.perplexity:.1f} over {over}, {h.vocabulary} words to choose from"
    return passed("Computed by us, from your model's guesses on sentences it was not trained on.", seen=told)


@check(LAB, "samples")
def samples(e: Evidence) -> Finding:
    if not e.samples:
        return manual("No sampled sentence was seen: none was printed here, and your model gave none.")
    return passed("From your model as it was trained here.", seen="\n".join(e.samples))


def answer_to(name: str) -> Callable[[Evidence], Finding]:
    def answered(e: Evidence) -> Finding:
        found = next((answer for answer in e.answers if answer.question == name), None)
        if found is None or not found.asked:
            return manual(
                "Neither the question nor an answer to it was found in the notebook; your instructor will look."
            )
        if not found.text:
            return manual("No answer was found below the question.")
        return manual("Your instructor will read this one.", seen=found.text)

    return answered


check(LAB, "answer-properties")(answer_to("properties"))
check(LAB, "answer-cost-of-zero")(answer_to("cost-of-zero"))
check(LAB, "answer-memory")(answer_to("memory"))
check(LAB, "answer-unknown-words")(answer_to("unknown-words"))


@remarks(LAB)
def remarks_on(e: Evidence) -> tuple[Remark, ...]:
    found = []
    if e.cost and e.cost.form and slug(e.cost.form) == "deck":
        if not np.isclose(e.cost.scale, 1.0, rtol=5e-3):
            told = (
                f"The cost is {e.cost.scale:.3g} times the mean over sentences of the sum over words. "
                "That only scales the gradient: the learning rate has to make up for it."
            )
            found.append(Remark("other-scale", told))
        if "/" in e.cost.form:
            told = "Paddings are left out of the cost: sensible, and other than in the figures of the handout."
            found.append(Remark("paddings-left-out", told))
    if e.form.startswith("deck/forget-bias"):
        told = "A constant in the forget gate keeps it open at first, as Gers et al. (2000) and others suggest."
        found.append(Remark("forget-bias", told))
    if e.explained and any(role.startswith("S_") for role in e.explained.roles.besides):
        told = "The states before the first word are variables of your model, and are learnt; zeros were asked for."
        found.append(Remark("learnt-start", told))
    if e.dropout and e.dropout.on_input:
        told = "Only the embeddings are dropped; the way from the state to the guesses is not recurrent either."
        found.append(Remark("dropout-on-input-only", told))
    return tuple(found)


@unattempted(LAB)
def not_begun(e: Evidence) -> bool:
    """The handout's class as it was: it holds no variable and cannot train."""
    if e.contact is None or e.contact.works or any(answer.text for answer in e.answers):
        return False
    return not e.contact.initial
