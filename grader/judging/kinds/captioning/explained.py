"""Lab 6: which forms of the reference explain what a call of a decoder returned."""

from collections.abc import Mapping

import numpy as np
from msgspec import Struct
from msgspec.structs import replace

from grader.judging.comparing.arrays import Numbers
from grader.judging.comparing.compare import agree, nearest
from grader.judging.examiner import Examiner
from grader.judging.kinds.captioning.contact import BATCH, PLACES, Decoder, Given
from grader.judging.kinds.captioning.head import layers_behind, leads_to
from grader.judging.kinds.captioning.roles import Roles, assignments, attends, case_of, consistent, units_of


class Seen(Struct, frozen=True):
    """One call with our weights: what it returned, and what changes it."""

    shapes: tuple[tuple[int, ...] | None, ...]  # as returned
    logits: Numbers | None = None  # [rows, V] in whatever axes there are
    state: Numbers | None = None
    attention: Numbers | None = None
    changes: Mapping[str, bool] = {}  # whether the logits are others; for `first`: whether those of the rest are
    looks: Mapping[str, bool] = {}  # whether the weights of the attention are
    noisy: bool = False  # the logits are others at each call


class Step_(Struct, frozen=True):
    """Which forms of the reference explain what was seen; None: none does."""

    roles: Roles
    others: tuple[str, ...] = ()  # variables with no part in the course's decoder
    attention: str | None = None
    form: str | None = None
    state: str | None = None  # what is returned for the state: "state", "output", "hidden", "other"
    reads: str | None = None  # the form up to the state returned, where no form explains the logits
    late: bool = False  # the attention is asked with the state that the cell has after the word
    headed: bool = False  # these are made of that state by dense layers, whatever their number
    own_attention: bool = False  # the form explains the logits for the weights returned, which are not the handout's
    context: Mapping[str, bool] | None = None  # what changes that of an attention of no form, where all else is right


def explained(x: Examiner, decoder: Decoder, weights: Mapping[str, Numbers], given: Given, seen: Seen) -> Step_:
    """The first way to take the variables under which the reference agrees."""
    words, features, hidden = given
    ways, others = assignments(decoder, units_of(decoder))
    best = Step_(ways[0], others)
    for roles in ways:
        case = case_of(x, decoder, weights, roles)
        if not (attends(case) or consistent(case)):
            continue
        inputs = {"words": words, "features": features, "hidden": hidden}
        found = replace(best, roles=roles, attention=attention_form(x, case | inputs, seen))
        if found.attention is None and seen.state is not None and seen.state.shape == hidden.shape:
            found = replace(found, late=attention_form(x, case | inputs | {"hidden": seen.state}, seen) == "deck")
        if consistent(case):
            found = with_form(x, found, case | inputs, seen)
        if (
            consistent(case)
            and not (found.attention or found.form or found.late)
            and (alpha := weighing(seen)) is not None
        ):
            found = with_form(x, replace(found, own_attention=True), case | inputs | {"alpha": alpha}, seen)
        if known(found) > known(best):
            best = found
    return with_state(best, decoder, weights, hidden, seen)


def with_state(best: Step_, decoder: Decoder, weights: Mapping[str, Numbers], hidden: Numbers, seen: Seen) -> Step_:
    """Where no form gives the logits: what the state is that it returns."""
    if best.form or seen.state is None or seen.logits is None or seen.state.ndim != 2 or seen.logits.ndim != 2:
        return best
    if agree(seen.state, hidden):
        return replace(best, state="hidden")
    headed = leads_to(seen.state, seen.logits, layers_behind(decoder, best.roles, weights))
    return replace(best, headed=headed, state="state" if best.reads or headed else best.state)


def weighing(seen: Seen) -> Numbers | None:
    """Weights [B, 64, 1] that could be those of any attention."""
    if seen.attention is None or seen.attention.min() < 0:
        return None
    alpha = seen.attention.reshape(BATCH, PLACES, 1)
    return alpha if np.allclose(alpha.sum(axis=1), 1, atol=1e-3) else None


def known(step: Step_) -> tuple[bool, bool, bool]:
    return step.attention is not None or step.late, step.form is not None, step.reads is not None


def with_attention(x: Examiner, found: Step_, case: Mapping[str, Numbers], seen: Seen) -> Step_:
    found = replace(found, attention=attention_form(x, case, seen))
    if found.attention is not None or seen.state is None or seen.state.shape != case["hidden"].shape:
        return found
    return replace(found, late=attention_form(x, {**case, "hidden": seen.state}, seen) == "deck")


def attention_form(x: Examiner, case: Mapping[str, Numbers], seen: Seen) -> str | None:
    if seen.attention is None:
        return None
    answers = x.answers("attention", **case)
    return nearest({"attention": seen.attention.reshape(BATCH, PLACES, 1)}, answers)


def with_form(x: Examiner, found: Step_, case: Mapping[str, Numbers], seen: Seen) -> Step_:
    if seen.logits is None or seen.logits.size != BATCH * seen.logits.shape[-1] or not consistent(case):
        return found
    logits = seen.logits.reshape(BATCH, -1)
    queries = ("deck",) if found.own_attention else (found.attention or "deck", "deck", "hidden-not-attended")
    for query in dict.fromkeys(queries):
        answers = x.answers("step", query=query, **case)
        if form := nearest({"logits": logits}, answers):
            state = answers[form]["state"]
            return replace(found, form=form, state=what_is(seen.state, state, case))
        if seen.state is not None and (reads := nearest({"state": seen.state}, answers)):
            found = replace(found, reads=found.reads or reads)
    return found


def what_is(returned: Numbers | None, state: Numbers, case: Mapping[str, Numbers]) -> str:
    """The output of a GRU for one word is its state; what tells them apart is the axis of time."""
    if returned is None:
        return "nothing"
    if agree(returned, state):
        return "state"
    if returned.size == state.size and agree(returned.reshape(state.shape), state):
        return "output"
    first = state @ case["F1"] + case["f1"] if state.shape[1] == len(case["F1"]) else state
    if returned.size == first.size and agree(returned.reshape(first.shape), first, 1e-3):
        return "dense"
    return "hidden" if agree(returned, case["hidden"]) else "other"
