"""Assignment1: what has to be known of a classifier that is trained outside its notebook."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from grader.judging.binding.arrangements import Arrangement
from grader.judging.comparing.arrays import Numbers
from grader.judging.comparing.compare import nearest
from grader.judging.equal.bags import Bags, counted, of_all_words
from grader.judging.equal.understood import Understood
from grader.judging.kinds.logistic.interview import Evidence
from grader.judging.kinds.logistic.layout import layouts

if TYPE_CHECKING:  # which knows what was understood of the classifier
    from grader.judging.examiner import Examiner


class Linear(Bags, frozen=True, kw_only=True):
    def logits(self, x: "Examiner", ids: Numbers, w: Mapping[str, Numbers]) -> Numbers:
        words, counts = counted(ids)
        return x.answers("values", x=counts, W=w["W_cl"][words], b=w["b_cl"])["deck"]["logits"]

    def gradients(
        self, x: "Examiner", ids: Numbers, labels: Numbers, w: Mapping[str, Numbers]
    ) -> Mapping[str, Numbers]:
        words, counts = counted(ids)
        plain = x.answers("step", x=counts, W=w["W_cl"][words], b=w["b_cl"], labels=labels, lam=0.0)["deck"]
        return {"W_cl": of_all_words(plain["W"], words, w["W_cl"]), "b_cl": plain["b"]}


def understood(e: Evidence) -> Understood | None:
    """None where the logits are not the slide's, or W or b lies otherwise than there."""
    if e.contact is None or e.unseen or e.bare or e.logits is None or e.predicts != "largest" or not e.trains_bias:
        return None
    if e.explanation not in (None, "deck", "half"):  # what is divided by the batch is another number in smaller ones
        return None
    found = [one for one in layouts(e.contact) if not one.bare]
    plain = [one for one in found if one.b is not None and not one.turned and len(one.b.shape) == 1]
    if len(found) != 1 or not plain or nearest({"logits": e.logits}, e.logits_answers) != "deck":
        return None
    (layout,) = plain
    roles = {"W_cl": layout.W.path, "b_cl": layout.bias_path}
    return Understood(e.contact, Arrangement(tuple(e.contact.initial)), roles, Linear(), penalised="W_cl")
