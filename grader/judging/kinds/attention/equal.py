"""Lab5: what has to be known of a classifier that is trained outside its notebook."""

from collections.abc import Mapping
from itertools import product
from typing import TYPE_CHECKING

import numpy as np

from grader.judging.comparing.arrays import Numbers
from grader.judging.comparing.compare import agree
from grader.judging.equal.pairs import Pairs
from grader.judging.equal.understood import Understood
from grader.judging.kinds.attention.evidence import Evidence
from grader.judging.kinds.attention.layout import ENCODERS, GATES

if TYPE_CHECKING:  # which knows what was understood of the classifier
    from grader.judging.examiner import Examiner

ROLES = frozenset((
    *(f"{kind}_{gate}_{name}" for kind, gate, name in product("Wb", GATES, ENCODERS)),
    "W_y", "W_h", "w", "W_combination", "b_combination", "W_cl", "b_cl",
))  # fmt: skip
ORDERS = {"logits": "rh", "logits_h_first": "hr"}  # of context and state
TAKEN = ("p", "h", "z", "r", "rnn", "W_y", "W_h")  # in the order of `given_to`
OTHER_READERS = ("mirrored", "from_zeros", "one_encoder")


class Attentive(Pairs, frozen=True, kw_only=True):
    form: str  # of the reference, whose logits are those of the classifier
    order: str  # of context and state

    def logits(self, x: "Examiner", ids: Numbers, w: Mapping[str, Numbers]) -> Numbers:
        return self.gradients(x, ids, np.zeros(len(ids), np.int64), w)["logits"]

    def gradients(
        self, x: "Examiner", ids: Numbers, labels: Numbers, w: Mapping[str, Numbers]
    ) -> Mapping[str, Numbers]:
        case = {**w, **self.words_of(ids, w), "labels": labels, "form": self.form, "order": self.order}
        return x.answers("step", **case)["deck"]


def understood(e: Evidence) -> Understood | None:
    """None where the forward pass is not the paper's, or there is more to it, or not each role has its variable."""
    if e.contact is None or e.layout is None or e.answer is None or e.answer.logits is None or not e.right:
        return None
    form = e.explanation or ""
    roles = {role: path for role, path in e.layout.roles.items() if role != "E"}
    if {*roles} != ROLES or e.layout.looks or e.more_than_asked or e.added or any(one in form for one in OTHER_READERS):
        return None
    if e.standing is None or {*e.standing} & {*e.own(roles.values())} or e.trains_vectors or e.flows is not False:
        return None
    known, logits = e.known[form], e.answer.logits
    order = next((name for key, name in ORDERS.items() if agree(logits, known[key])), None)
    if order is None:
        return None
    if e.given_to:
        roles, form = exchanged(roles, e.given_to)
    table = e.layout.roles.get("E", "")
    examples = Attentive(width=e.layout.width, table=table, form=form, order=order)
    return Understood(e.contact, e.arrangement, roles, examples)


def exchanged(roles: Mapping[str, str], given_to: str) -> tuple[dict[str, str], str]:
    """The roles with the variables whose weights they take, and the form of the equations."""
    *taken, reader = (*given_to.split(), "")[: len(TAKEN) + 1]
    given = dict(zip(TAKEN, taken, strict=True))
    found = {**roles, **{role: roles[given[role]] for role in ("W_y", "W_h")}}
    for kind, gate, name in product("Wb", GATES, ENCODERS):
        found[f"{kind}_{gate}_{name}"] = roles[f"{kind}_{given[gate]}_{given[name]}"]
    return found, f"deck/{reader}" if reader else "deck"
