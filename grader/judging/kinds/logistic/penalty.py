"""Assignment1: what the gradients say of the penalty, and of the bias that it leaves alone."""

import re

from grader.judging.checks import blocked, check, failed, passed, unsure
from grader.judging.comparing.compare import agree, difference, slug
from grader.judging.instruments.first_step import after_a_step
from grader.judging.kinds.logistic.interview import LAB, WHOLE, Evidence, fixed_factor
from grader.judging.kinds.logistic.told import WEIGHTS, not_seen, where
from grader.judging.meeting.knobs import (
    HIDDEN_SETTINGS,
    MOVED_TO,
    NEGLIGIBLE,
    PENALTY_NAME,
    ROUGHLY,
    beyond,
    is_number,
    values_tried,
)
from grader.model import Finding

OTHER_DECAY = re.compile(r"^(?!.*weight).*decay", re.IGNORECASE)


@check(LAB, "l2-penalty")
@after_a_step
def l2_penalty(e: Evidence) -> Finding:
    if e.unseen:
        return not_seen(e)
    if not e.penalty_knobs:
        return without_knob(e)
    return steers_nothing(e) or as_added(e)


def steers_nothing(e: Evidence) -> Finding | None:
    if lost := argument_lost(e):
        return failed(
            f"`{lost}` is an argument of the constructor, but what reaches the penalty is 0 in every training.",
            "l2-unused",
            cell=where(e),
        )
    return failed(mistake="cost-replaced", cell=where(e)) if e.cost_replaced else None


def as_added(e: Evidence) -> Finding:
    """By what it adds to the gradient of W."""
    name, deck = e.explanation, e.moved_answers["deck"]["W"]
    if name in WHOLE or name in {f"bias-regularised/{form}" for form in WHOLE}:
        return passed("The penalty adds the right multiple of W to the gradient.", seen=str(name))
    W = e.moved.get("W")
    told = difference("Gradient of W", W, deck, axes=WEIGHTS) if W is not None else None
    if name and not name.startswith("bias-regularised"):
        return failed("", slug(name), difference=told, cell=where(e))
    if name:
        return failed("Only b is penalised; the penalty belongs on W.", difference=told, cell=where(e))
    if (factor := odd_factor(e)) is None:
        unlike = f"With λ = {MOVED_TO} the gradient of W is not the cross-entropy's plus 2λW."
        return failed(unlike, difference=told, cell=where(e))
    return with_odd_factor(e, factor)


def with_odd_factor(e: Evidence, factor: float) -> Finding:
    if another_cost(e):
        return unsure(
            "The penalty adds a multiple of W to the gradient, but to that of another cost than the cross-entropy; "
            "your instructor will look at it."
        )
    added = factor * MOVED_TO
    return passed(f"With λ = {MOVED_TO} the penalty adds {added:.3g}·W to the gradient.", seen="odd-factor")


def argument_lost(e: Evidence) -> str | None:
    """A constructor argument named like λ that moves nothing, while every training ran with a penalty of 0."""
    if e.contact is None or any(knob.kind == "argument" for knob in e.penalty_knobs):
        return None
    tried = set[float]().union(*(values_tried(e.contact, knob) for knob in e.penalty_knobs))
    named = [p.name for p in e.contact.info.parameters if PENALTY_NAME.search(p.name)]
    return named[0] if named and tried == {0.0} else None


def without_knob(e: Evidence) -> Finding:
    """Nothing we moved changes the gradient."""
    if e.fixed_factor is not None and 0 < e.fixed_factor < NEGLIGIBLE:
        return unsure(
            f"The gradient holds only {e.fixed_factor:.1g}·W beyond the cross-entropy's: a penalty too small to change "
            "anything; your instructor will look at it."
        )
    if e.fixed_factor is not None and e.fixed_factor > 0:
        if offered := weights_offered(e):
            seen = f"another `{offered[0]}` leaves the gradient as it is"
            return failed(mistake="l2-weight-fixed", seen=seen, cell=where(e))
        return passed(
            f"The gradient holds {e.fixed_factor:.3g}·W beyond the cross-entropy's: an L2 penalty, its weight "
            "written into the code."
        )
    if e.decay_knobs:
        return passed(
            f"`{e.decay_knobs[0].name}` pulls W towards zero in the update itself, which for gradient descent is the "
            "same as a penalty in the cost."
        )
    if e.hidden_settings:
        return unsure(HIDDEN_SETTINGS)
    return failed(mistake="l2-unused", cell=where(e))


def weights_offered(e: Evidence) -> list[str]:
    """Numbers that the constructor takes as a penalty's weight: no switch, and no decay of the learning rate."""
    if e.contact is None:
        return []
    given = {p.name: (e.contact.recipe.argument(p.name), p.default) for p in e.contact.info.parameters}
    named = [name for name in given if PENALTY_NAME.search(name) and not OTHER_DECAY.search(name)]
    return [name for name in named if any(map(is_number, given[name]))]


def odd_factor(e: Evidence) -> float | None:
    """c / λ when the penalty is a positive multiple of ΣW² that no known form explains, and b is left alone."""
    W, zero = e.moved.get("W"), e.zero.get("W")
    b, plain_b = e.moved.get("b"), e.zero.get("b")
    if W is None or zero is None or (b is not None and plain_b is not None and not agree(b, plain_b)):
        return None
    direction = e.moved_answers["deck"]["W"] - e.zero_answers["deck"]["W"]  # 2λW
    factor = fixed_factor(W, zero, direction)
    return 2 * factor if factor is not None and factor > 0.15 else None


def another_cost(e: Evidence) -> bool:
    """Without a penalty the gradient of W is no multiple of the cross-entropy's, as that of a sum over the batch is."""
    zero = e.zero.get("W")
    if zero is None:
        return True
    factor, rest = beyond(zero, e.zero_answers["deck"]["W"])
    return factor <= 0 or rest > ROUGHLY


@check(LAB, "bias-free")
@after_a_step
def bias_free(e: Evidence) -> Finding:
    if e.unseen:
        return not_seen(e)
    if e.decays_bias or (e.explanation and slug(e.explanation) == "bias-regularised"):
        return failed(mistake="bias-regularised", cell=where(e))
    if e.cost_replaced:
        return blocked("Not checked because the cross-entropy has to be part of the cost first.")
    if e.bare:
        return failed(mistake="bias-missing", cell=where(e))
    if not e.trains_bias:
        return failed(
            "A training step leaves b as it was: it stays out of the penalty, but has to be trained.", cell=where(e)
        )
    return passed("The gradient of b is the cross-entropy's alone.")
