"""Lab 6: what differs from the handout and costs nothing."""

from grader.judging.captioning import LAB, Evidence
from grader.judging.checks import remarks
from grader.judging.compare import slug
from grader.model import Remark


@remarks(LAB)
def remarks_on(e: Evidence) -> tuple[Remark, ...]:
    form = e.step.form if e.step and e.step.form else ""
    found = []
    if slug(form) == "deck" and "hidden" in form:
        told = "Your recurrent layer starts from the decoder's last state, the handout's from zeros; both are right."
        found.append(Remark("state-handed-on", told))
    if slug(form) == "deck" and form.endswith(("relu", "tanh")):
        found.append(Remark("extra-activation", "A non-linearity stands after your first dense layer."))
    if e.step and e.step.form and "K2" in e.step.roles:
        found.append(Remark("second-gru", "A second GRU stands upon the first. The handout has one; both are right."))
    if e.step and e.step.own_attention:
        found.append(Remark("own-attention", "Your attention is not the one handed out; your own is right as well."))
    if e.seen and e.seen.noisy:
        told = "Your step drops out numbers at every call, while it writes captions too: hand `training` on."
        found.append(Remark("dropout-stays-on", told))
    if e.steps and e.steps.form and "/" in e.steps.form:
        found.append(Remark("other-mean", "Your loss is averaged in another way than the handout's."))
    return tuple(found)
