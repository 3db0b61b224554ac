"""Assignment 3: whether a training's gradient is the whole one of its cost: a state may have left the tape."""

from collections.abc import Mapping

import numpy as np

from grader.judging.comparing.arrays import Numbers
from grader.judging.comparing.compare import slug
from grader.judging.examiner import Examiner
from grader.judging.instruments.cut_gradients import Gradients, cut_off
from grader.judging.instruments.silence import whole
from grader.judging.kinds.language_model.parts import GATES, Layout, Roles, Weights
from grader.judging.kinds.language_model.roles import Explained
from grader.judging.meeting.asking import training
from grader.judging.meeting.contact import Contact
from grader.judging.meeting.watching import first_gradients, watched_in


def question_cut(
    x: Examiner, contact: Contact, explained: Explained, found: Layout, cost: str, given: tuple[Numbers, Weights]
) -> tuple[str, ...]:
    """Variables that a part of the gradient does not reach, asked without dropout; none where the model is not right.

    `cost` is the form of the training's cost, `given` the words and the weights of a step.
    """
    if slug(explained.form or "") != "deck" or slug(cost) != "deck" or explained.roles.shared:
        return ()
    data, weights = given
    labels = np.zeros(contact.batch, np.int64)
    step = training(contact, data, labels, weights=weights, before=whole())
    watched = watched_in(x.ask(f"{contact.info.name}.gradient", *step))
    if watched is None or not watched.tape:
        return ()
    values = explained.roles.values(found, weights)
    plain = x.answers("gradient", x=data, form=explained.form, cost=cost, **values)["deck"]
    plain = {role: expected(explained.roles, role, plain) for role in plain}
    seen = by_role(found, explained.roles, first_gradients(watched))
    lacking = cut_off(seen, plain, values, readout=("W_out", "b_out"))
    return tuple(dict.fromkeys(path for role in lacking for path in paths_of(explained.roles, role)))


def by_role(found: Layout, roles: Roles, gradients: Gradients) -> Gradients:
    """The gradients of whole roles; where one is read from several blocks that are added, each has the same one."""
    known: Mapping[str, Numbers] = {path: g for path, g in gradients.items() if g is not None}
    seen: dict[str, Numbers | None] = {}
    if found.out.path in known:
        seen["W_out"] = found.out.of(known)
    if found.out_bias and found.out_bias.path in known:
        seen["b_out"] = known[found.out_bias.path].reshape(-1)
    for gate in GATES:
        parts, biases = roles.matrices.get(gate, ()), roles.biases.get(gate, ())
        if parts and all(part.block.path in known for part in parts):
            seen[f"W_{gate}"] = np.sum([part.of(known) for part in parts], axis=0)
        if biases and biases[0].path in known:
            seen[f"b_{gate}"] = biases[0].of(known)
    return seen


def expected(roles: Roles, role: str, plain: Mapping[str, Numbers]) -> Numbers:
    """Of a gate's matrix, the rows that the class has; of a bias, what comes from all gates that it is added to."""
    gate = role.split("_", 1)[-1]
    whole_role = plain[role]
    if role[0] == "W" and (parts := roles.matrices.get(gate, ())):
        whole_role = whole_role * np.any([part.rows >= 0 for part in parts], axis=0)[:, None]
    if role[0] == "b" and (own := roles.biases.get(gate, ())):
        added_to = [other for other in GATES if own[0] in roles.biases.get(other, ())]
        whole_role = np.asarray(sum(plain[f"b_{other}"] for other in added_to))
    return whole_role


def paths_of(roles: Roles, role: str) -> list[str]:
    kind, gate = role.split("_", 1)
    if kind == "b":
        return [block.path for block in roles.biases.get(gate, ())]
    return [part.block.path for part in roles.matrices.get(gate, ())]
