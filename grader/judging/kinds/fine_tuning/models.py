"""The lab on transformers: what was fitted to the pairs, with how many classes and which loss, as findings."""

import re

import numpy as np

from grader.judging.checks import blocked, check, failed, passed, unsure
from grader.judging.comparing.compare import agree, slug
from grader.judging.kinds.fine_tuning.interview import LAB, Evidence
from grader.judging.kinds.fine_tuning.reported import Model, looks_like_shares
from grader.model import Finding

OWN_LOOP = re.compile(r"GradientTape|train_on_batch|\bTF?Trainer\b")
CHANGES = re.compile(r"\.(apply(_gradients)?|minimize|assign(_sub|_add)?)\(")
CASED = re.compile(r"bert-base-(multilingual-)?(un)?cased", re.IGNORECASE)
NOT_HERE = ("FileNotFoundError", "OSError", "NotHere", "Unreachable", "ConnectionError", "ConnectTimeout", "HTTPError",
            "URLError", "ImportError", "ModuleNotFoundError")  # fmt: skip


@check(LAB, "fitted")
def fitted(e: Evidence) -> Finding:
    m = e.fitted
    if m is None:
        return unsure(why) if (why := excuse(e)) else failed("No model was fitted to pairs of sentences.")
    if m.raised and m.classes == 2:
        return failed(mistake="two-classes")
    if m.raised and out_of_range(m):
        return failed(mistake="labels-out-of-range")
    if m.raised:
        return failed(f"A model was given the pairs, but its training stopped with {m.raised}.")
    if e.fitted_on:
        return failed(mistake=f"{e.fitted_on}-in-training")
    if other_tokenizer(e, m):
        return failed(mistake="other-tokenizer", seen=f"model {m.checkpoint}, tokenizer {', '.join(m.tokenizers)}")
    return carried_out(e, m)


def carried_out(e: Evidence, m: Model) -> Finding:
    if not m.changed and m.cut and any(CHANGES.search(cell.source) for cell in e.cells):
        return unsure("Your loop was stopped before it changed a weight, so this is not decided.")
    if not m.changed:
        return failed("Your loop computes the loss of pairs, but changes no weight by it.")
    if not all(np.isfinite(m.losses)):
        return failed(f"The loss of the training is {m.losses[-1]}, no number any more.")
    return passed("A model was fitted to pairs of sentences.")


def out_of_range(m: Model) -> bool:
    """Whether there is a label that no score belongs to."""
    classes = m.classes or m.width
    whole = m.labels is not None and m.labels.ndim < 3 and m.labels.size == len(m.labels)
    return bool(whole and classes and (np.max(m.labels) >= classes or np.min(m.labels) < 0))  # type: ignore[arg-type]


def other_tokenizer(e: Evidence, m: Model) -> bool:
    """Whether a model for text with capitals was given text without them by another model's tokenizer, or the reverse.

    Which checkpoints take each other's place here, cased and uncased, no other question can tell.
    """
    if not CASED.search(m.checkpoint):
        return False
    uncased = "uncased" in m.checkpoint.lower()
    others = [name for name in m.tokenizers if CASED.search(name) and ("uncased" in name.lower()) != uncased]
    return bool(others) and e.capitals == uncased


def excuse(e: Evidence) -> str:
    """Why no fit may have been seen although the notebook does it right; empty where there is no such reason."""
    if any(OWN_LOOP.search(cell.source) for cell in e.cells if cell.kind == "code"):
        return "Your notebook trains in a way of its own, which was not watched here."
    if any(run.trouble is not None and run.trouble.kind in NOT_HERE for run in e.runs):
        return "A cell wants files or packages that are not here, so your training was not seen."
    return ""


def no_model(e: Evidence) -> Finding:
    return unsure(why) if (why := excuse(e)) else blocked("Not checked because no model was fitted to pairs.")


@check(LAB, "three-classes")
def three_classes(e: Evidence) -> Finding:
    m = e.model
    if m is None:
        return no_model(e)
    if m.classes is None:
        return unsure("The model gave no scores for pairs of ours.")
    if m.classes == 2:
        return failed(mistake="two-classes")
    if m.classes != 3:
        return failed(f"The number of scores for each pair is {m.classes}, where three classes want three.")
    return passed("The model has a score for each of the three classes.")


@check(LAB, "from-logits")
def from_logits(e: Evidence) -> Finding:
    m = e.model
    if m is None:
        return no_model(e)
    given = m.scores if m.step is None else m.step  # to the loss
    if m.loss is None or given is None:
        return unsure("The loss of the model could not be asked about scores of ours.")
    # The nearest one: a model that is new gives nearly the same share to each class, and all of them come close.
    near = {
        n: abs(m.loss - float(a["loss"])) for n, a in m.losses_of.items() if agree(np.asarray(m.loss), a["loss"], 1e-3)
    }
    name = min(near, key=lambda n: near[n], default=None)
    if name is None:
        return unsure("The loss is no cross-entropy that we know; your instructor will look at it.")
    if slug(name) == ("probabilities" if looks_like_shares(given) else "scores"):
        return passed("The loss takes what the model gives for what it is.")
    if looks_like_shares(given):
        return failed("The model ends in a softmax, and the loss with from_logits=True applies another one to it.")
    return failed(mistake="from-logits-missing")
