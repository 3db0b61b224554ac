"""Assignment 4: what the interview of a classifier with word by word attention means for each check."""

from collections.abc import Callable
from functools import partial

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
from grader.judging.comparing.compare import difference, slug
from grader.judging.instruments.cut_gradients import cut_finding
from grader.judging.instruments.first_step import (
    after_a_step,
    ends_a_step,
    kept_still,
    names,
    stop,
    stopped,
    without_its_end,
)
from grader.judging.instruments.learning import about_the_start, falling
from grader.judging.instruments.trained_labels import mislabelled
from grader.judging.instruments.until_it_broke import JUDGED, SUMS, as_far_as_it_comes
from grader.judging.kinds.word_by_word.answers import CLASSES, are_no_weights, rows_first, sums_to_one
from grader.judging.kinds.word_by_word.cut import MISALIGNED
from grader.judging.kinds.word_by_word.equal import understood
from grader.judging.kinds.word_by_word.explained import ADDITIVE
from grader.judging.kinds.word_by_word.interview import FEWER, LAB, Evidence
from grader.judging.kinds.word_by_word.network_checks import UNKNOWN  # its checks are registered when it is imported
from grader.model import Finding, Remark

UNSEEN = "`model` was not seen to return weights for the words of the premise, ten for each word of the hypothesis."
OVER_HYPOTHESIS = "the weights sum to 1 over the words of the hypothesis"
ENOUGH = 24  # steps to tell whether a loss falls
SUMMED = ("softmax-axis", "softmax-missing", "own-term-missing", "elementwise-product", "reshape-as-transpose")


understands(LAB)(understood)


@check(LAB, "trains")
def trains(e: Evidence) -> Finding:
    return ends_a_step(e.contact)


@check(LAB, "weights")
@as_far_as_it_comes
def weights(e: Evidence) -> Finding:
    attn = e.answer.attn
    if attn is None and e.answer.states:
        return failed(mistake="states-as-attention", cell=e.cell)
    if attn is None:
        return unsure(UNSEEN)
    if not np.all(np.isfinite(attn)):
        return failed("The attention holds numbers that are not finite.", cell=e.cell)
    if e.premise_first is not None and is_uniform(rows_first(attn, e.premise_first)):
        return failed(mistake="uniform-attention", cell=e.cell)
    if e.over_hypothesis:
        return failed(mistake="softmax-axis", seen=OVER_HYPOTHESIS, cell=e.cell)
    if e.padded is not None and np.all(np.isfinite(e.padded)) and not sums_to_one(e.padded):
        told = "Where a premise begins with paddings, the weights of its words do not sum to 1."
        return failed(told, seen=sums(e.padded), cell=e.cell)
    if e.premise_first is not None:
        return passed("For each word of the hypothesis the weights of the premise's words are positive and sum to 1.")
    named = mistake_in(e, *SUMMED)
    wrong = "are negative in part" if attn.min() < -SUMS else "do not sum to 1"
    return failed(f"The weights of a premise's words {wrong}.", named, seen=sums(attn), cell=e.cell)


def is_uniform(attn: Numbers) -> bool:
    return attn.ndim == 3 and float(np.ptp(attn, axis=2).max()) < 1e-5


def sums(attn: Numbers) -> str:
    told = [f"{part.min():.3g} … {part.max():.3g}" for part in (attn.sum(axis=2), attn.sum(axis=1))]
    return f"over one axis the weights sum to {told[0]}, over the other to {told[1]}"


def mistake_in(e: Evidence, *slugs: str) -> str | None:
    numbers = e.told.bound.numbers if e.told.bound else {}
    if (numbers.get("mixed") or numbers.get("crossed")) and "reshape-as-transpose" in slugs:
        return "reshape-as-transpose"
    found = slug(e.told.form) if e.told.form else ""
    return found if found in slugs else None


@check(LAB, "attention")
@as_far_as_it_comes
def attention(e: Evidence) -> Finding:
    if named := mistake_in(e, "reshape-as-transpose") or ("softmax-axis" if e.over_hypothesis else None):
        return failed(mistake=named, seen=OVER_HYPOTHESIS if e.over_hypothesis else e.told.form or "", cell=e.cell)
    if e.told.right:
        return passed("Each word's weights follow from its score and the softmax.", seen=e.told.form or "")
    if e.told.form:
        return failed(mistake=slug(e.told.form), seen=e.told.form, cell=e.cell)
    if e.answer.attn is not None and are_no_weights(e.answer.attn):
        negative = "Some are negative" if e.answer.attn.min() < -SUMS else "Over no axis they sum to 1"
        return failed(f"{negative}, so these are no weights that a softmax of the scores gives.",
                      seen=sums(e.answer.attn), cell=e.cell)  # fmt: skip
    if e.causal is False:
        return failed("Weights for a word of the hypothesis change with words after it.", cell=e.cell)
    bound, variables = e.told.bound, e.told.variables
    if bound is None or variables is None or variables.others or not e.told.deck or e.answer.attn is None:
        return unsure(UNKNOWN)
    left = [block for block in bound.rest if block.rows]
    if e.premise_first is None or e.answer.attn.ndim != 3 or len(left) != 1 or left[0].piece.view != left[0].path:
        return unsure(UNKNOWN)
    axes = ("batch", "words of the hypothesis", "words of the premise")
    told = difference("Attention", rows_first(e.answer.attn, e.premise_first), e.told.deck["attn"], axes=axes)
    return failed("The weights are not those of [h^t_k; h^m_{k-1}] W h^s_j and its softmax.",
                  difference=told, cell=e.cell)  # fmt: skip


@check(LAB, "examples-apart")
@as_far_as_it_comes
def examples_apart(e: Evidence) -> Finding:
    if e.flows is None:
        return unsure(UNSEEN)
    if e.flows:
        named = mistake_in(e, "reshape-as-transpose", "softmax-axis")
        told = "" if named else "The answers for the other pairs of a batch change with its first pair."
        return failed(told, named, seen="another first pair changes the answers for the others", cell=e.cell)
    if e.fewer is False:
        return failed(
            f"For {FEWER} pairs `model` gives other answers than for the same pairs in a larger batch.", cell=e.cell
        )
    return passed("The answer for a pair depends on no other pair.")


@check(LAB, "get-attn")
@after_a_step
def get_attn(e: Evidence) -> Finding:
    if e.shown.trouble:
        return failed(f"`get_attn` stops with {e.shown.trouble.kind}: {e.shown.trouble.message[:200]}",
                      cell=e.shown.trouble.cell)  # fmt: skip
    if e.flows:
        return blocked("Not checked because the pairs of a batch are mixed already.")
    if e.answer.states:
        return blocked("Not checked because `model` returns no weights.")
    if e.shown.agrees is None:
        return unsure("`get_attn` could not be compared with what `model` returns.")
    if not e.shown.agrees:
        return failed(mistake="get-attn-mixes", cell=e.cell)
    return passed("`get_attn` gives each example its own weights.")


@check(LAB, "all-trained")
@after_a_step
def all_trained(e: Evidence) -> Finding:
    if e.idle is None:
        return unsure("A training step could not be followed.")
    matrices = e.told.variables.matrices if e.told.variables else ()
    if matrices and all(matrix.path in e.zeros for matrix in matrices):
        return failed(mistake="zero-weights", seen="all matrices start as zeros", cell=e.cell)
    if reason := stop(e.contact):
        return stopped(e.contact, reason, bool(e.told.right and e.told.logits_follow), partial(untrained, e), e.cell)
    if e.told.bound and e.told.bound.numbers.get("even"):
        return blocked("Not checked because the weights have to reach the average first: nothing else trains them.")
    if e.idle:
        return standing_still(e, e.idle)
    if e.lacking == (MISALIGNED,):
        return passed("A training step moves every variable that the answer depends on.")
    if e.lacking:
        return cut_finding(e.lacking, e.cell)
    return passed("A training step moves every variable that the answer depends on.")


def standing_still(e: Evidence, idle: tuple[str, ...]) -> Finding:
    if e.unexplained and e.contact and set(idle) <= {v.path for v in e.contact.initial if v.place is not None}:
        return kept_still(idle)
    return untrained(e, idle, "A training step changes nothing in {names}.")


def untrained(e: Evidence, still: tuple[str, ...], told: str) -> Finding:
    shown = names(still)
    seen = f"unchanged by a training step: {shown}"
    return failed(told.format(names=shown), "weights-not-trained", seen=seen, cell=e.cell)


@check(LAB, "learns")
def learns(e: Evidence) -> Finding:
    if missing := without_its_end(e.contact):
        return missing
    if e.learning and not e.learning.fell and (len(e.learning.losses) < ENOUGH or e.learning.trouble):
        return unsure("The loss of a longer training could not be followed to its end.")
    return mislabelled(e.lacking == (MISALIGNED,), e.cell) or falling(e.learning, e.cell)


SAID: dict[str, tuple[Callable[[Evidence], bool], str]] = {
    "additive-score": (
        lambda e: e.told.form == ADDITIVE[1],
        "Your score is the paper's w^T tanh(W^s h^s + W^t h^t + W^m h^m), not the assignment's bilinear form.",
    ),
    "own-head": (
        lambda e: e.told.headed,
        "Between the last matching state and the classes your model has more than the assignment's one matrix.",
    ),
    "own-word-layer": (
        lambda e: e.told.worded,
        "Your word vectors pass a layer of your own before the encoder reads them.",
    ),
    "vectors-trained": (lambda e: e.trains_vectors, "A training step moves the word vectors too."),
}


@remarks(LAB)
def remarks_on(e: Evidence) -> tuple[Remark, ...]:
    found = [*about_the_start(e.learning, CLASSES)]
    if e.shown.transposed and e.premise_first is not None:
        told = "`get_attn` has the hypothesis's words first, so the plots show rows and columns exchanged."
        found.append(Remark("attention-transposed", told))
    found += [Remark(name, told) for name, (said, told) in SAID.items() if said(e)]
    found += [JUDGED] if e.unfinished else []
    ways = e.told.bound.ways.values() if e.told.bound else ()
    if any(way.sign < 0 for way in ways):
        found.append(Remark("mirrored-gru", "The update gate of your GRU keeps the old state where z is 1."))
    if any(key.startswith("after") for way in ways for key in way.numbers):
        told = "The reset gate of your GRU acts on the product of state and matrix, as in Keras."
        found.append(Remark("reset-after-product", told))
    return tuple(found)


@unattempted(LAB)
def not_begun(e: Evidence) -> bool:
    """The handout's class holds word vectors alone, and its `model` returns nothing."""
    if e.contact is None or e.contact.works or e.contact.trouble is None:
        return False
    return len(e.contact.initial) == 1 and "NoneType" in e.contact.trouble.message


@attends(LAB)
def maps(e: Evidence) -> tuple[AttentionMap, ...]:
    return e.maps
