"""Assignment1: what the interview of a logistic regression means for each check."""

from grader.judging.checks import blocked, check, failed, manual, passed, remarks, unattempted, understands
from grader.judging.comparing.compare import difference, nearest, slug
from grader.judging.instruments.first_step import after_a_step, ends_a_step, without_its_end
from grader.judging.kinds.logistic import penalty as logistic_penalty  # noqa: F401 - the checks of the penalty
from grader.judging.kinds.logistic.equal import understood
from grader.judging.kinds.logistic.interview import LAB, Evidence
from grader.judging.kinds.logistic.told import WEIGHTS, not_seen, where
from grader.judging.meeting.knobs import (
    PENALTY_NAME,
    RATE_NAME,
    Knob,
    trainings_of,
    values_only_made,
    values_tried,
)
from grader.model import Finding, Remark, Verdict
from grader.wording.counting import article

RATE = "learning rate"
understands(LAB)(understood)
MEANT = 2  # settings, as many as there are where a loop that trains the same each time is all that tried any


@check(LAB, "trains")
def trains(e: Evidence) -> Finding:
    return ends_a_step(e.contact)


@check(LAB, "logits")
@after_a_step
def logits(e: Evidence) -> Finding:
    if e.unseen == "weights":
        return failed("There is no W [features, classes] of which the logits could be made.", cell=where(e))
    if e.unseen:
        return not_seen(e)
    if e.bare:
        return failed(mistake="bias-missing", cell=where(e))
    seen = {key: value for key, value in e.zero.items() if value is not None}
    name = nearest(seen, e.zero_answers) if "W" in seen else None
    if name and slug(name) == "softmax-before-loss":
        return failed(mistake="softmax-before-loss", cell=where(e))
    if e.logits is not None and nearest({"logits": e.logits}, e.logits_answers) is None:
        return failed(
            "The model's output is not xW + b.",
            cell=where(e),
            difference=difference("Logits", e.logits, e.logits_answers["deck"]["logits"], axes=("batch", "classes")),
        )
    if name is None and e.fixed_factor is None and e.explanation is None and not e.cost_replaced:
        W = e.zero.get("W")
        told = difference("Gradient of W", W, e.zero_answers["deck"]["W"], axes=WEIGHTS) if W is not None else None
        return failed(
            "Without a penalty the gradient of W should be the cross-entropy's.", difference=told, cell=where(e)
        )
    return passed("The model computes xW + b and its cross-entropy.")


@check(LAB, "learning-rate")
def learning_rate(e: Evidence) -> Finding:
    if missing := without_its_end(e.contact):
        return missing
    if e.unseen:
        return not_seen(e)
    if e.change == "uphill":
        return failed(mistake="update-uphill", cell=where(e))
    if any(knob.from_outside for knob in e.rate_knobs):
        return passed(f"`{e.rate_knobs[0].name}` reaches the update.")
    if e.contact and any(len(values_tried(e.contact, knob)) > 1 for knob in e.rate_knobs):
        return passed(f"You set `{e.rate_knobs[0].name}` on the classifier before training, and it reaches the update.")
    if any("[" in knob.name for knob in e.rate_knobs):
        return manual(f"`{e.rate_knobs[0].name}` reaches the update; we could not see which values you gave it.")
    return without_rate(e)


def without_rate(e: Evidence) -> Finding:
    """Why no number that can be chosen steers how far a step goes."""
    if e.change == "none":
        return failed("A training step leaves W as it was: no update reaches it, at any learning rate.", cell=where(e))
    if name := next((knob.name for knob in e.penalty_knobs if RATE_NAME.match(knob.name)), None):
        return failed(f"`{name}` changes the gradient; the optimizer's step does not follow it.", cell=where(e))
    if set_in_vain(e):
        return failed(mistake="lr-unused", cell=where(e))
    offered = [p.name for p in e.contact.info.parameters if RATE_NAME.match(p.name)] if e.contact else []
    if offered:
        return failed(
            f"`{offered[0]}` is an argument, but another value of it leaves the update unchanged.",
            "lr-unused",
            cell=where(e),
        )
    return failed(
        "The learning rate cannot be chosen from outside: the constructor takes no such argument.", cell=where(e)
    )


@check(LAB, "learning-rate-sweep")
def learning_rate_sweep(e: Evidence) -> Finding:
    if set_in_vain(e):
        return failed(mistake="lr-unused", cell=where(e))
    return sweep(e, e.rate_knobs, RATE)


def set_in_vain(e: Evidence) -> bool:
    """A rate kept on the object that steers nothing took several values while the optimizer stepped with one.

    So it is where the optimizer is made with the object, and the rate is set on the object after that.
    """
    if e.contact is None:
        return False
    steering = {knob.name for knob in e.rate_knobs if knob.kind == "attribute"}
    for name in (n for n in e.contact.scalars if RATE_NAME.match(n) and n not in steering):
        kept: dict[object, set[object]] = {}
        for t in trainings_of(e.contact):
            kept.setdefault(t.scalars.get("optimizer.learning_rate"), set()).add(t.scalars.get(name))
        if any(len(values - {None}) > 1 for rate, values in kept.items() if rate is not None):
            return True
    return False


@check(LAB, "l2-sweep")
def l2_sweep(e: Evidence) -> Finding:
    return sweep(e, e.penalty_knobs or e.decay_knobs, "L2 weight")


def sweep(e: Evidence, steering_knobs: tuple[Knob, ...], what: str) -> Finding:
    if e.contact is None:
        return blocked("Not checked because there is no classifier.")
    if e.unseen:
        return not_seen(e)
    tried = max((values_tried(e.contact, knob) for knob in steering_knobs), key=len, default=set())
    shown = ", ".join(f"{value:g}" for value in sorted(tried))
    if len(tried) < MEANT and (alone := broken_off(e, what) or without_effect(e, tried, what)):
        return alone
    made = max((values_only_made(e.contact, knob) for knob in steering_knobs), key=len, default=set())
    if len(made) > 1:
        untrained = ", ".join(f"{value:g}" for value in sorted(made))
        return manual(
            f"Classifiers were made with {article(what)} of {untrained}, but never trained, so their figures come from "
            "somewhere else; your instructor will look at it."
        )
    if len(tried) <= MEANT and (idle := idle_loop(e, what)) is not None:
        return idle
    if len(tried) > 1:
        return passed(f"Tried: {shown}.", seen=shown)
    if not tried and any("[" in knob.name for knob in steering_knobs):
        return manual(f"Your {what} is kept in a dictionary, and we could not see which values it had.")
    return manual(
        f"The notebook as handed in trains with one {what} only{f' ({shown})' if shown else ''}. If you tried others "
        "by editing the cell, your teacher can see it in your notes."
    )


def is_called(name: str, what: str) -> bool:
    return bool(RATE_NAME.match(name) if what == RATE else PENALTY_NAME.search(name))


def broken_off(e: Evidence, what: str) -> Finding | None:
    """A cell that sets such a number and ends with an error may be the one that would have tried more of them."""
    for stop in e.stopped:
        if any(is_called(name, what) for name in stop.names):
            return failed(
                f"The cell that sets your {what} stopped before a second value was trained with, with {stop.said}",
                cell=stop.cell,
            )
    return None


def without_effect(e: Evidence, tried: set[float], what: str) -> Finding | None:
    if tried != {0.0}:
        return None
    return failed(
        f"Every training of the notebook ran with {article(what)} of 0, so the penalty never had any effect.",
        cell=where(e),
    )


def idle_loop(e: Evidence, what: str) -> Finding | None:
    """Of several values the one that was chosen is trained with in the end, and that is no comparison."""
    for name, cell in e.idle_loops:
        if is_called(name, what):
            return failed(
                f"The loop over `{name}` never hands it to the classifier: each of its trainings has the same "
                "settings.",
                cell=cell,
            )
    return None


PREDICTIONS = {
    "nothing": "`classify` does not return a prediction for each example, so no setting can be compared with another.",
    "smallest": "`classify` returns the class with the smallest logit, so every accuracy says how often it is wrong.",
    "other": "`classify` does not return the class with the largest logit, so its accuracies do not compare settings.",
}


@check(LAB, "blind-test")
@after_a_step
def blind_test(e: Evidence) -> Finding:
    if e.unseen:
        return not_seen(e)
    if e.predicts in PREDICTIONS:
        return failed(PREDICTIONS[e.predicts], cell=where(e))
    if e.test_misuse:
        return failed(e.test_misuse[0], "chosen-on-test", cell=e.test_misuse[1])
    return passed("The test set is not used for choosing.")


@remarks(LAB)
def remarks_on(e: Evidence) -> tuple[Remark, ...]:
    found = []
    if e.explanation in ("half", "half-per-example", "bias-regularised/half"):
        found.append(
            Remark(
                "l2-half",
                "`tf.nn.l2_loss` is half the sum of squares: your λ counts half as much as the deck's. That is fine.",
            )
        )
    if e.explanation and "per-example" in e.explanation:
        found.append(
            Remark(
                "l2-per-example",
                "Your penalty is divided by the number of examples: the same λ weighs less than the deck's.",
            )
        )
    shown = nearest({"logits": e.logits}, e.logits_answers) if e.logits is not None else None
    if shown in ("probabilities", "exponentials") and logits(e).verdict is Verdict.PASS:
        found.append(
            Remark(
                "probabilities",
                f"Your model returns {'exp(xW + b)' if shown == 'exponentials' else 'probabilities'}, as the deck "
                "writes it, and the cost takes their logarithm: a valid form.",
            )
        )
    return tuple(found)


def as_given(e: Evidence) -> bool:
    """The gradients are those of xW + b and its cross-entropy alone."""
    seen = {key: value for key, value in e.zero.items() if value is not None}
    return len(seen) == 2 and nearest(seen, e.zero_answers) == "deck"


@unattempted(LAB)
def nothing_begun(e: Evidence) -> bool:
    if e.contact is None or not e.contact.works or e.unseen or e.decay_knobs or not as_given(e):
        return False
    tried = max((len(values_tried(e.contact, knob)) for knob in e.rate_knobs), default=0)
    return (
        not e.penalty_knobs
        and e.fixed_factor is None
        and tried < 2
        and len(e.contact.info.parameters) <= 1
        and not any(knob.from_outside for knob in e.rate_knobs)
    )
