"""Lab3 and Lab4: what differs from the slide and costs nothing."""

from grader.judging.binding.roles import gate_of
from grader.judging.checks import extra
from grader.judging.comparing.compare import slug
from grader.judging.kinds.recurrent.interview import Evidence
from grader.judging.kinds.recurrent.layout import ready_layer
from grader.model import Remark


def extras(e: Evidence) -> list[Remark]:
    found = []
    if e.parts and len(e.parts.head) > 1 and e.explanation:
        found.append(extra("mlp-on-top", "An MLP on top of the last state: the extra is done."))
    if e.parts and e.parts.both_ways and e.explanation:
        found.append(extra("bidirectional", "Your network reads the sentence in both directions: the extra is done."))
    if e.parts and e.parts.above and e.explanation:
        found.append(extra("stacked", "Two layers of gated units, one above the other: the extra is done."))
    return found


def layouts(e: Evidence) -> list[Remark]:
    found = []
    form = e.explanation or ""
    if form.startswith("deck/padded"):
        found.append(Remark("padded", "Paddings leave your state as it is: a refinement of the slide's network."))
    elif slug(form) == "deck" and mixed(form):
        told = (
            "Word and state are joined in one order in one place and in the other elsewhere: right, if less easy "
            "to read."
        )
        found.append(Remark("other-order", told))
    views = e.arrangement.views if e.arrangement and not e.arrangement.zeros else {}
    if form and not ready_layer(e) and any(path in views for path in e.roles.values()):
        told = (
            "Your matrices are cut differently from the slide's (gates in one variable, words and states apart, "
            "rows for columns): just as right."
        )
        found.append(Remark("other-cut", told))
    if e.clips is False:
        told = "The given clipping of gradients (a norm of 5) is gone, so that one odd batch can throw the weights off."
        found.append(Remark("clipping-gone", told))
    if len(e.roles) > 5 and exchanged(e):
        told = "Update and reset gate carry each other's names; the equations hold, so nothing is lost."
        found.append(Remark("other-names", told))
    return found


def mixed(form: str) -> bool:
    """Whether a form's name tells two orders; slides and handouts have either, so one throughout is no news."""
    parts = form.rpartition("/")[2].split("-")
    return {"eh", "he"} <= set(parts) or "first" in parts


def exchanged(e: Evidence) -> bool:
    update, reset = e.roles.get("W_z"), e.roles.get("W_r")
    return bool(update and reset) and gate_of(update or "") == "r" and gate_of(reset or "") == "z"
