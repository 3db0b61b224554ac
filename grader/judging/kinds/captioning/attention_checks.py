"""Lab 6: what the weights of a decoder's attention show, as a finding."""

import numpy as np

from grader.judging.checks import blocked, check, failed, passed, unsure
from grader.judging.comparing.arrays import Numbers
from grader.judging.kinds.captioning.contact import BATCH, PLACES
from grader.judging.kinds.captioning.explained import Seen, Step_
from grader.judging.kinds.captioning.interview import LAB, Evidence
from grader.model import Finding

UNKNOWN = (
    "Your decoder holds layers that are not the handout's, and what they compute cannot be told from outside; "
    "your instructor will look at it."
)
LOST = "Your decoder is a network that stands in no class or function, and it could not be made again; not decided."
WORD_ALONE = (
    "The weights change with the word that goes in, but not with the decoder's state: after the same word it always "
    "looks at the same places, whatever was said before."
)
OWN = (
    "The weights sum to 1 and follow photo and state, but are not those of the attention handed out; "
    "your instructor will look at the attention you wrote."
)


@check(LAB, "attention")
def attention_weights(e: Evidence) -> Finding:
    if e.seen is None or e.step is None:
        lost = e.decoder is not None and e.decoder.lost
        return unsure(LOST) if lost else blocked("Not checked: the decoder gives no answer.")
    if e.seen.attention is None:
        return failed(mistake="attention-not-returned", cell=e.cell)
    form = e.step.attention
    if form == "deck":
        return passed("The weights are those of the attention for your features and your state; they sum to 1.")
    if e.step.late:
        return passed("The weights are those of the attention for your features and the state after the word.")
    if form == "hidden-not-attended":
        return failed(mistake=form, cell=e.cell)
    if over_another_axis(e.seen.attention):
        return failed(mistake="softmax-axis", cell=e.cell)
    sums = e.seen.attention.reshape(BATCH, PLACES).sum(axis=1)
    if not np.allclose(sums, 1, atol=1e-3):
        return failed(
            "The weights do not sum to 1 over the 64 places.",
            seen=f"sums over the 64 places: {written(sums)}",
            cell=e.cell,
        )
    return own_attention(e, e.seen, e.step)


def over_another_axis(attention: Numbers | None) -> bool:
    """Whether a softmax ran over the captions, or over the one score of each place."""
    if attention is None:
        return False
    alpha = attention.reshape(BATCH, PLACES)
    return bool(alpha.min() >= 0 and (np.allclose(alpha.sum(axis=0), 1, atol=1e-3) or np.allclose(alpha, 1, atol=1e-3)))


def own_attention(e: Evidence, seen: Seen, step: Step_) -> Finding:
    """Another attention is right when its weights follow what they have to, whatever its formula."""
    if seen.looks.get("hidden") is False:
        told = WORD_ALONE if seen.looks.get("words") else ""
        return failed(told, "hidden-not-attended", cell=e.cell)
    if seen.looks.get("features") is False:
        return failed("The weights do not change with the photo.", cell=e.cell)
    if seen.looks.get("first"):
        return failed("Changing one caption changes the weights of others.", cell=e.cell)
    other = step.context is not None or not {"W1", "W2", "v"} <= step.roles.keys()
    if step.own_attention and other and {"hidden", "features", "first"} <= seen.looks.keys():
        return passed("The weights of your own attention sum to 1 and follow the photo and your state.")
    return unsure(UNKNOWN if other or step.others else OWN)


def written(numbers: Numbers) -> str:
    return ", ".join(f"{number:.3g}" for number in numbers.ravel()[:4])
