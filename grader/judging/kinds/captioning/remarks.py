"""Lab 6: what differs from the handout and costs nothing."""

from grader.judging.checks import extra, remarks
from grader.judging.comparing.compare import slug
from grader.judging.kinds.captioning.attention_checks import attention_weights
from grader.judging.kinds.captioning.explained import Step_
from grader.judging.kinds.captioning.interview import LAB, Evidence
from grader.judging.kinds.captioning.saved import NEVER_RESTORED
from grader.model import Remark, Verdict


def reads_by_lstm(e: Evidence, step: Step_) -> bool:
    """Its recurrent matrix [U, 4U] holds four gates, a GRU's three."""
    shapes = {v.path: v.shape for v in e.decoder.variables} if e.decoder else {}
    recurrent = shapes.get(step.roles.get("R", ""), ())
    return len(recurrent) == 2 and recurrent[1] == 4 * recurrent[0]


@remarks(LAB)
def remarks_on(e: Evidence) -> tuple[Remark, ...]:
    form = e.step.form if e.step and e.step.form else ""
    found = []
    if slug(form) == "deck" and "hidden" in form:
        told = "Your recurrent layer starts from the decoder's last state, the handout's from zeros; both are right."
        found.append(Remark("state-handed-on", told))
    if slug(form) == "deck" and form.endswith(("relu", "tanh")):
        found.append(Remark("extra-activation", "There is a non-linearity after your first dense layer."))
    if e.step and reads_by_lstm(e, e.step):
        found.append(extra("lstm", "An LSTM takes the place of the handout's GRU: an extra that costs nothing."))
    if e.step and e.step.form and "K2" in e.step.roles:
        found.append(extra("second-gru", "A second GRU is on top of the first. The handout has one; both are right."))
    if e.step and e.step.own_attention and attention_weights(e).verdict is Verdict.PASS:
        found.append(Remark("own-attention", "Your attention is not the one handed out; your own is right as well."))
    if e.unfinished:
        told = "Your step stops with an error before its end. What it had computed until then was compared."
        found.append(Remark("judged-until-it-broke", told))
    if e.seen and e.seen.noisy:
        told = "Your step applies dropout at every call, even while it writes captions: pass `training` on."
        found.append(Remark("dropout-stays-on", told))
    return (*found, *of_training(e))


def of_training(e: Evidence) -> list[Remark]:
    found = []
    if e.steps and e.steps.full_only and e.steps.drops:
        told = "Your training step takes whole batches only; you leave out the captions that do not fill one."
        found.append(Remark("whole-batches", told))
    if e.restored and e.restored.right and not e.restored.restored and not e.restored.looked_up:
        found.append(Remark("never-restored", NEVER_RESTORED))
    if e.steps and (e.steps.form or "").startswith("deck/"):
        found.append(Remark("other-mean", "Your loss is averaged in another way than the handout's."))
    return found
