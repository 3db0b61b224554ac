"""Lab5: what the interview of an attentive classifier means for each check."""

from collections.abc import Callable, Mapping
from functools import partial, wraps

import numpy as np

from grader.figures import AttentionMap
from grader.judging.checks import (
    attends,
    blocked,
    check,
    failed,
    passed,
    remarks,
    unattempted,
    understands,
    unsure,
)
from grader.judging.comparing.arrays import Numbers
from grader.judging.comparing.compare import agree, closest, difference, slug
from grader.judging.formulas import Answers
from grader.judging.instruments.cut_gradients import cut_finding
from grader.judging.instruments.first_step import (
    after_a_step,
    ends_a_step,
    names,
    stop,
    stopped,
    with_a_say,
    without_its_end,
)
from grader.judging.instruments.learning import about_the_start, falling
from grader.judging.instruments.pair_dropout import dropped
from grader.judging.instruments.until_it_broke import JUDGED, as_far_as_it_comes
from grader.judging.kinds.attention.equal import understood
from grader.judging.kinds.attention.evidence import FEWER, Evidence, Same
from grader.judging.kinds.attention.interview import LAB
from grader.judging.kinds.attention.layout import CLASSES, names_exchanged
from grader.judging.meeting.watching import listed
from grader.model import Difference, Finding, Remark, Verdict

LOGITS = ("batch", "classes")
RIGHT = ("logits", "logits_h_first")  # by the order of context and state
READ_OTHERWISE = {"from_zeros": "hypothesis-from-zeros", "one_encoder": "one-encoder"}  # of the sentences
UNSEEN = "`model` was not seen to return weights for the words of the premise, [batch, words, 1]."
UNKNOWN = (
    "The variables are others than those of two GRUs and an attention with two matrices and a vector, so the attention "
    "could not be compared with the equations."
)
UNREAD = (
    "Which of your variables read the premise and which the hypothesis could not be found out, so the attention could "
    "not be compared with the equations."
)
understands(LAB)(understood)


@check(LAB, "trains")
def trains(e: Evidence) -> Finding:
    if e.contact is not None and not e.begun:
        return failed(
            "`model` reads none of the attention's weights yet: the scores of the words are still to be written.",
            cell=e.cell,
        )
    return ends_a_step(e.contact, e.crash)


def once_written(judge: Callable[[Evidence], Finding]) -> Callable[[Evidence], Finding]:
    """A check of what the attention computes."""

    def judged(e: Evidence) -> Finding:
        if e.contact is not None and not e.begun:
            return blocked("Not checked because the scores of the words have to be written first.")
        return as_far_as_it_comes(judge)(e)

    return wraps(judge)(judged)


@check(LAB, "weights")
@once_written
def weights(e: Evidence) -> Finding:
    attn = e.answer.attn if e.answer else None
    if attn is None:
        return unsure(UNSEEN)
    if not np.all(np.isfinite(attn)):
        return failed("The attention holds numbers that are not finite.", cell=e.cell)
    if named := mistake_in(e, "softmax-axis", "softmax-missing"):
        return failed(mistake=named, seen=sums(attn), cell=e.cell)
    if e.alike:
        return failed(mistake="uniform-attention", seen=sums(attn), cell=e.cell)
    if attn.min() < -1e-5:
        return failed("Some weights of a premise's words are negative.", seen=sums(attn), cell=e.cell)
    if not np.allclose(attn.sum(axis=1), 1.0, atol=1e-3):
        return failed("The weights of a premise's words do not sum to 1.", seen=sums(attn), cell=e.cell)
    short = e.padded
    if short is not None and np.all(np.isfinite(short)) and not np.allclose(short.sum(axis=1), 1.0, atol=1e-3):
        told = "Where a premise begins with paddings, the weights of its words do not sum to 1."
        return failed(told, seen=sums(short), cell=e.cell)
    return passed("The weights of each premise's words are positive and sum to 1.")


def sums(attn: Numbers) -> str:
    told = attn.sum(axis=1).reshape(-1)
    return f"for each premise the weights sum to {told.min():.3g} … {told.max():.3g}, the smallest is {attn.min():.3g}"


def mistake_in(e: Evidence, *slugs: str) -> str | None:
    found = slug(e.explanation) if e.explanation else ""
    return found if found in slugs else None


@check(LAB, "attention")
@once_written
def attention(e: Evidence) -> Finding:
    if e.answer is None or (e.answer.attn is None and e.answer.logits is None):
        return unsure(UNSEEN)
    if e.deaf and not e.explanation and not e.alike:
        return failed(mistake="hypothesis-ignored", seen="another hypothesis, the same weights", cell=e.cell)
    if e.layout is None or not e.known:
        return unsure(UNKNOWN)
    if e.right:
        return passed("Each word's weight is that of the equations.", seen=e.explanation or "")
    key = "attn" if e.answer.attn is not None else "logits"
    seen = e.answer.attn if e.answer.attn is not None else e.answer.logits
    assert seen is not None
    axes = ("batch", "words of the premise") if key == "attn" else LOGITS
    told = difference("Attention" if key == "attn" else "Logits", seen, e.known["deck"][key], axes=axes)
    if e.explanation:
        return failed("", slug(e.explanation), seen=e.explanation, difference=told, cell=e.cell)
    return unexplained(e, {key: seen}, told)


def unexplained(e: Evidence, seen: Mapping[str, Numbers], told: Difference | None) -> Finding:
    """An attention of no known form."""
    if more := e.more_than_asked:
        return unsure(f"Your class holds more than the lab asks for ({listed(more)}); your instructor will look at it.")
    if e.arrangement.views:
        return unsure(UNKNOWN)
    if not e.read:
        return unsure(UNREAD)
    return failed("The attention is not that of M = tanh(W^y Y + W^h h_N ⊗ e_L) and softmax(w^T M).",
                  difference=told, cell=e.cell, closest=closest(seen, e.known))  # fmt: skip


@check(LAB, "logits")
def logits(e: Evidence) -> Finding:
    if e.unfinished:
        return blocked("Not checked because `model` stops with an error before it returns logits.")
    if e.answer and e.answer.attn is not None and not e.right and not e.readouts:
        return blocked("Not checked because the attention has to be right first.")
    seen, ends = e.answer.logits if e.answer else None, e.ends
    if seen is None or not ends:
        return unsure("The logits could not be compared with the equations.")
    form = next((name for name, end in ends.items() if any(agree(seen, end[key]) for key in RIGHT)), None)
    reading = (e.explanation if e.right else form) or ""
    if mistake := next((mistake for part, mistake in READ_OTHERWISE.items() if part in reading), None):
        return failed(mistake=mistake, cell=e.cell)
    if form is not None:
        return passed("Context, h* and logits follow from the attention as in the equations.")
    return led_astray(e, seen, ends)


def led_astray(e: Evidence, seen: Numbers, ends: Answers) -> Finding:
    """Logits that do not follow from the attention."""
    told = difference("Logits", seen, next(iter(ends.values()))["logits"], axes=LOGITS)
    if named := next((name for end in ends.values() for name in end if "-" in name and agree(seen, end[name])), None):
        if slug(named) == "softmax-before-loss" and not e.twice:
            return passed("`model` returns probabilities, and your cost takes them as such.")
        return failed(mistake=slug(named), seen=named, difference=told, cell=e.cell)
    if not e.right:
        return blocked("Not checked because the attention has to be right first.")
    if e.more_than_asked:
        return unsure("Your class holds more than the lab asks for, so its logits were not explained.")
    return failed("The attention is right, but context, h* or logits do not follow from it.",
                  difference=told, cell=e.cell)  # fmt: skip


@check(LAB, "examples-apart")
@once_written
def examples_apart(e: Evidence) -> Finding:
    if e.flows is None:
        return unsure(UNSEEN)
    if e.flows:
        named = mistake_in(e, "softmax-axis", "softmax-twice") or "examples-mixed"
        return failed(mistake=named, seen="another first pair changes the answers for the others", cell=e.cell)
    return passed("The answer for a pair depends on no other pair.")


@check(LAB, "all-trained")
@once_written
@after_a_step
def all_trained(e: Evidence) -> Finding:
    if e.alike:
        return blocked("Not checked because every word gets the same weight, so that no gradient goes through it.")
    if reason := stop(e.contact):
        return stopped(e.contact, reason, logits(e).verdict is Verdict.PASS, partial(untrained, e), e.cell)
    if e.standing is None:
        return unsure("A training step could not be followed.")
    if e.layout is None:
        return moved_whatever(e, e.standing)
    used = e.own(path for role, path in e.layout.roles.items() if role != "E")
    still = [path for path in used if path in e.standing]
    none_used = set(e.own(e.layout.attention)) <= set(e.standing)
    if not e.right and not none_used:  # an attention that is not right may leave a weight without any say
        still = [path for path in still if path not in e.listed]
    still = list(with_a_say(e.contact, still, logits(e)))
    if not still and e.lacking and not e.mislabelled:
        return cut_finding([piece.name for path in e.lacking for piece in e.arrangement.pieces(path)], e.cell)
    if not still:
        return passed("A training step moves every variable of the GRUs, the attention and the classifier.")
    return untrained(e, tuple(still), "A training step changes nothing in {names}.")


def moved_whatever(e: Evidence, standing: tuple[str, ...]) -> Finding:
    """Of variables with roles unknown: word vectors alone may stay."""
    vocabulary = e.contact.vocabulary if e.contact else 0
    tables = {v.path for v in e.contact.initial if vocabulary in v.shape} if e.contact else set()
    if set(standing) - tables:
        return unsure(UNKNOWN)
    return passed("A training step moves every variable of the class.")


def untrained(e: Evidence, still: tuple[str, ...], told: str) -> Finding:
    shown = names(still)
    attends = e.layout is not None and bool(set(still) & set(e.own(e.layout.attention)))
    named = "attention-not-trained" if attends else "weights-not-trained"
    return failed(told.format(names=shown), named, seen=f"unchanged by a training step: {shown}", cell=e.cell)


@check(LAB, "any-number")
@once_written
@after_a_step
def any_number(e: Evidence) -> Finding:
    if e.flows:
        return blocked("Not checked because the answer for a pair depends on its batch.")
    if e.drops:
        return dropped(e.cell)
    parts = {"`model`": e.fewer, "`classify`": e.classify, "`get_attn`": e.get_attn}
    wrong = [name for name, part in parts.items() if part.agrees is False]
    raised = [name for name, part in parts.items() if part.agrees is None and part.trouble]
    if raised:
        return failed(
            f"{FEWER} examples are refused by {' and '.join(raised)}: {told_by(parts[raised[0]])}", cell=e.cell
        )
    if e.exchanged:
        return failed(mistake="sentences-exchanged", cell=e.cell)
    if "`model`" in wrong:
        told = f"For {FEWER} examples `model` gives other answers than for the same examples in a larger batch."
        return failed(told, cell=e.cell)
    if wrong:
        told = f"{wrong[0]} gives other answers than `model` for the same {FEWER} examples."
        return failed(told, seen=" and ".join(wrong), cell=e.cell)
    if any(part.agrees is None for part in parts.values()):
        return unsure(f"Not all of {', '.join(parts)} could be asked for {FEWER} examples.")
    return passed(f"`model`, `classify` and `get_attn` agree for {FEWER} examples as for more.")


def told_by(part: Same) -> str:
    return f"{part.trouble.kind}: {part.trouble.message[:200]}" if part.trouble else ""


@check(LAB, "learns")
def learns(e: Evidence) -> Finding:
    if missing := without_its_end(e.contact):
        return missing
    return failed(mistake="labels-misaligned", cell=e.cell) if e.mislabelled else falling(e.learning, e.cell)


@remarks(LAB)
def remarks_on(e: Evidence) -> tuple[Remark, ...]:
    found = [*about_the_start(e.learning, CLASSES)]
    if e.trains_vectors:
        told = "A training step moves the word vectors too: the extra is done, and more can be overfitted."
        found.append(Remark("vectors-trained", told))
    if e.unfinished:
        found.append(JUDGED)
    if e.given_to and e.layout and names_exchanged(e.layout, e.given_to):
        told = "Some weights have each other's names; the equations hold, so nothing is lost."
        found.append(Remark("other-names", told))
    if e.right and e.arrangement.views:
        told = (
            "Your matrices are cut differently from the handout's (gates in one variable, or columns for rows): "
            "just as right."
        )
        found.append(Remark("other-cut", told))
    if e.explanation and e.added:
        told = "Your class has vectors that the equations lack; it was compared with them while these are zeros."
        found.append(Remark("more-biases", told))
    if e.explanation and "mirrored" in e.explanation:
        found.append(Remark("mirrored-gru", "The update gate of your GRUs keeps the old state where z is 1."))
    return tuple(found)


@unattempted(LAB)
def not_begun(e: Evidence) -> bool:
    return not e.begun and e.contact is not None and not e.contact.works


@attends(LAB)
def maps(e: Evidence) -> tuple[AttentionMap, ...]:
    return e.maps
