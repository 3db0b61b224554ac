"""Lab 6: what each check saw of a captioner."""

import re
from collections.abc import Mapping

import numpy as np

from grader.judging.checks import blocked, check, failed, passed, unattempted, unsure
from grader.judging.comparing.arrays import Numbers
from grader.judging.comparing.compare import slug
from grader.judging.instruments.cut_gradients import cut_finding
from grader.judging.instruments.learning import falling
from grader.judging.kinds.captioning import photos_checks, remarks  # noqa: F401 - they register themselves
from grader.judging.kinds.captioning.attention_checks import LOST, UNKNOWN, over_another_axis
from grader.judging.kinds.captioning.contact import BATCH, PLACES, Decoder
from grader.judging.kinds.captioning.explained import Seen, Step_
from grader.judging.kinds.captioning.interview import LAB, Evidence
from grader.judging.kinds.captioning.photos import plain
from grader.model import Finding
from grader.sandbox.guest.wire import Trouble

# [batch, units] met [batch, 1, places, units]: the attention took the features for its state
EXCHANGED = re.compile(rf"\[{BATCH}, ?(\d+)\] vs\. \[{BATCH}, ?1, ?{PLACES}, ?\1\]")
BROKEN = {  # parts of the training that were given
    "teacher_forcing_lost": "The decoder is given its own words while it trains; the handout gives it the right ones.",
    "state_not_carried": "Each step of the training starts from the first state: the new one is not passed on.",
    "word_given_away": "The decoder is given the very word it has to guess, so it learns to repeat, not to continue.",
    "mask_inverted": "The mask removes the words and keeps the padding, so only what is no caption is learnt.",
    "target_not_shifted": "The guess is compared with the word that went in, not with the one that comes next.",
}


BENT = {  # by a function behind the last layer
    "rectified": (
        "The last layer's scores go through a ReLU: all that is below 0 becomes 0, so an unlikely word is no less "
        "likely than any other that has no score."
    ),
    "squashed": (
        "The last layer's scores go through tanh: all lie between −1 and 1, so the likeliest word is at most 7.4 times "
        "as likely as the least likely one."
    ),
}


@check(LAB, "runs")
def runs(e: Evidence) -> Finding:
    if e.decoder is None:
        return failed("No class was found that could be the decoder: none takes a word, features and a state.")
    if e.works:
        return passed("It answers.")
    if e.decoder.lost:
        return unsure(LOST)
    trouble = e.decoder.trouble
    told = f"A call ended with {trouble.kind}: {plain(trouble.message)}" if trouble else "A call returned no tensors."
    return failed(told, crash(trouble), seen=f"called as {as_written(e.decoder)}", cell=e.cell)


def as_written(decoder: Decoder) -> str:
    call = re.sub(r"^d\b", decoder.info.name, decoder.way)
    return re.sub(r"\bh\b", "hidden", re.sub(r"\bf\b", "features", call))


def crash(trouble: Trouble | None) -> str | None:
    """What sizes that do not fit say of how context and embedding were joined."""
    said = trouble.message.lower() if trouble else ""
    if EXCHANGED.search(said):
        return "arguments-exchanged"
    shapes = re.findall(r"\([^()]*\)", said.partition("received")[2])
    if "concat" in said and ("rank" in said or len({shape.count(",") for shape in shapes}) > 1):
        return "context-not-expanded"
    if "concat" in said and ("dimension" in said or "shape" in said):
        return "wrong-axis"
    return "context-not-expanded" if "expected ndim=3" in said or "expected shape=(none, none, none)" in said else None


@check(LAB, "shapes")
def shapes(e: Evidence) -> Finding:
    if e.decoder is None or e.seen is None:
        return blocked("Not checked: the decoder gives no answer.")
    vocabulary, found = e.decoder.sizes.vocabulary, e.seen
    told = ", ".join("[" + ", ".join(map(str, s)) + "]" if s is not None else "no tensor" for s in found.shapes)
    if found.logits is None:
        return failed(
            f"No tensor with a score for each of the {vocabulary} words was returned.", seen=told, cell=e.cell
        )
    fits = e.steps is not None and slug(e.steps.form or "") == "deck"  # your loss takes them as they are
    if found.logits.shape != (BATCH, vocabulary) and not (fits and found.logits.size == BATCH * vocabulary):
        twice = found.logits.size == 2 * BATCH * vocabulary
        slugged = "wrong-axis" if twice else None
        return failed(f"The logits are no [{BATCH}, {vocabulary}].", slugged, seen=told, cell=e.cell)
    if found.attention is None:
        return failed(mistake="attention-not-returned", seen=told, cell=e.cell)
    if found.state is None or found.state.ndim != 2 or len(found.state) != BATCH:
        one = found.state is not None and found.state.ndim == 3 and 1 in found.state.shape
        slugged = "output-returned" if one else None
        return failed("The state is no [batch, units].", slugged, seen=told, cell=e.cell)
    return passed("Logits [batch, words], state [batch, units], attention [batch, 64, 1].", seen=told)


@check(LAB, "step")
def step(e: Evidence) -> Finding:
    if e.decoder is not None and e.decoder.lost:
        return unsure(LOST)
    if e.seen is None or e.step is None or e.seen.logits is None:
        return blocked("Not checked: the decoder gives no logits.")
    form = e.step.form
    if form and slug(form) == "deck":
        told = ", for the weights of your own attention" if e.step.own_attention else ""
        return passed(f"The logits are those of the reference{told}.", seen=form.partition("/")[2])
    if form and slug(form) == "softmax-before-loss" and fits_probabilities(e):
        return passed("The step returns probabilities, and your loss takes them as such.", seen=form.partition("/")[2])
    if form and slug(form) in BENT:
        return failed(BENT[slug(form)], "function-on-scores", cell=e.cell)
    if form and slug(form) == "added":
        return failed("Context and embedding are added; the handout puts them side by side.", cell=e.cell)
    if form:
        return failed(mistake=slug(form), cell=e.cell)
    return unexplained(e, e.step, e.seen.logits)


def unexplained(e: Evidence, seen: Step_, logits: Numbers) -> Finding:
    """Logits that no form gives."""
    if seen.headed and slug(seen.reads or "") == "deck":
        told = "The GRU's state is that of the reference, and your own layers make the logits of it."
        return passed(told, seen=(seen.reads or "").partition("/")[2])
    if e.seen is not None and (found := by_behaviour(e.seen, logits)):
        return failed(mistake=found, cell=e.cell)
    if seen.late:
        return failed(mistake="attention-after-gru", cell=e.cell)
    if e.seen is not None and seen.context is not None:
        return by_context(e, e.seen, seen.context)
    if seen.others or len(seen.roles) < 12:
        return unsure(UNKNOWN)
    return failed("With these weights the reference gives other logits, in every form known to us.", cell=e.cell)


def by_context(e: Evidence, seen: Seen, changed: Mapping[str, bool]) -> Finding:
    """Of an attention of one's own: state and logits follow from the context; what it follows is left."""
    if not changed["features"]:
        return failed(mistake="context-not-used", cell=e.cell)
    if not changed["hidden"] and seen.looks.get("hidden"):
        return failed(mistake="features-not-attended", cell=e.cell)
    return passed("Word and context stand side by side, and state and logits follow from them as in the reference.")


def fits_probabilities(e: Evidence) -> bool:
    """Whether the loss is that of the scores before the softmax.

    Keras finds these by itself behind its own softmax; the sampling handed out does not.
    """
    return not e.logits_wanted and e.steps is not None and slug(e.steps.form or "") == "deck"


def by_behaviour(seen: Seen, logits: Numbers) -> str | None:
    """A mistake that shows where no form explains the logits."""
    if logits.size == 2 * BATCH * logits.shape[-1]:
        return "wrong-axis"
    if logits.size == BATCH * BATCH * logits.shape[-1]:  # [B, e] and [B, 1, e] spread to [B, B, e]
        return "context-not-expanded"
    sums = [logits.sum(axis=axis) for axis in (-1, 0)]  # the last, or the captions by mistake
    if np.all(logits >= 0) and any(np.allclose(one, 1, atol=1e-3) for one in sums):
        return "softmax-before-loss"
    if seen.changes.get("features") is False:
        return "context-not-used"
    return "word-not-used" if seen.changes.get("words") is False else None


@check(LAB, "independent")
def independent(e: Evidence) -> Finding:
    if e.seen is None or e.seen.logits is None or len(e.seen.logits) != BATCH or "first" not in e.seen.changes:
        return blocked("Not checked: the decoder gives no logits for each caption.")
    if e.seen.changes["first"]:
        return failed("Changing one caption, with its photo and state, changes the logits of others.", cell=e.cell)
    return passed("Changing one caption, with its photo and state, leaves the logits of the others as they are.")


RETURNED = {
    "output": "the output of the GRU with its axis of time",
    "dense": "what the first dense layer gives",
    "hidden": "what was handed in",
}


@check(LAB, "state")
def state(e: Evidence) -> Finding:
    if e.seen is None or e.step is None:
        return blocked("Not checked: the decoder gives no answer.")
    found = e.step.state
    if found == "state":
        return passed("The state returned is the GRU's after this word.")
    if found == "hidden" or e.seen.state is None:
        return failed(mistake="old-state-returned", seen=RETURNED.get(found or "", "no state"), cell=e.cell)
    if found in RETURNED or e.seen.state.ndim == 3:
        return failed(mistake="output-returned", seen=RETURNED.get(found or "", ""), cell=e.cell)
    if found is not None:
        return failed("What is returned for the state is not the state of the GRU after this word.", cell=e.cell)
    if e.seen.logits is not None and by_behaviour(e.seen, e.seen.logits):
        return blocked("Not checked: the step has to be right for its state to be compared.")
    return unsure("What your step computes is not known to us, so its state cannot be compared.")


@check(LAB, "gradients")
def gradients(e: Evidence) -> Finding:
    if e.steps is None or e.steps.unreached is None:
        return not_followed(e)
    if not e.steps.unreached and e.steps.cut and e.seen and over_another_axis(e.seen.attention):
        return blocked("Not checked because the softmax of the attention has to run over the places first.")
    if not e.steps.unreached and e.steps.cut:
        return cut_finding(dict.fromkeys(map(readable, e.steps.cut)), e.cell)
    if not e.steps.unreached:
        return passed("The gradient of your training step reaches every variable of encoder and decoder.")
    names = ", ".join(f"`{name}`" for name in dict.fromkeys(map(readable, e.steps.unreached)))
    return failed(f"No gradient reaches {names}, so training never moves it.", cell=e.cell)


def not_followed(e: Evidence) -> Finding:
    trouble = e.steps.trouble if e.steps else None
    ours = e.steps is not None and e.steps.ours and well_shaped(e)
    if trouble and (ours or trouble.kind in ("NameError", "TooLarge", "GuestFault")):
        return unsure(f"Your training step could not be called here: {trouble.kind}: {plain(trouble.message)}")
    if trouble and e.works:
        told = f"A training step with your decoder ended with {trouble.kind}: {plain(trouble.message)}"
        return failed(told, cell=trouble.cell or e.cell)
    return unsure("No training step was found that could be followed.")


def well_shaped(e: Evidence) -> bool:
    """Whether the step returns what a training can go on with."""
    if e.seen is None or e.seen.logits is None or e.seen.state is None:
        return False
    return len(e.seen.logits) == BATCH and e.seen.state.ndim == 2 and len(e.seen.state) == BATCH


def readable(path: str) -> str:
    """`encoder.fc` for what Keras keeps as t.e.fc._kernel."""
    name = re.sub(r"^(t\.)?d\b", "decoder", re.sub(r"^t\.e\b", "encoder", path))
    return re.sub(r"\.(_?kernel|_?embeddings|recurrent_kernel|bias|cell)\b|\._layers\[\d+\]", "", name)


@check(LAB, "training-step")
def training_step(e: Evidence) -> Finding:
    if e.steps is None or e.steps.loss is None:
        return not_followed(e)
    kind = e.steps.form
    if e.steps.full_only and not e.steps.drops:
        return failed(
            f"Your training step takes whole batches only: fewer captions end with {e.steps.full_only}. The handout's "
            "4000 captions in batches of 64 leave 32 for the last one.",
            cell=e.cell,
        )
    if kind and slug(kind) == "deck":
        return passed("Teacher forcing, and a loss to which paddings add nothing.", seen=kind)
    if kind:
        mistake = slug(kind) if slug(kind) in ("mask-lost", "mask-after-mean") else None
        return failed(BROKEN.get(kind, ""), mistake, seen=f"loss {e.steps.loss:.4f}")
    if e.steps.walked or (e.step is not None and e.step.form is None):
        return unsure(
            "The loss is not the one of your decoder's logits under the mask; your instructor will look at it."
        )
    if e.step is None or slug(e.step.form or "") != "deck":
        return blocked("Not checked: the loss can be computed only for a decoder that does what is asked.")
    return failed("The loss of a training step is not the one of the handout, masked and with teacher forcing.")


@check(LAB, "learns")
def learns(e: Evidence) -> Finding:
    if e.learning is not None and e.learning.first is None and e.steps and e.steps.trouble:
        return not_followed(e)
    return falling(e.learning, e.cell)


@unattempted(LAB)
def not_begun(e: Evidence) -> bool:
    """The handout's class as it was: its step fails, and calls none of its layers."""
    return e.decoder is not None and not e.works and not e.begun
