"""Whether a classifier trains, in all that decides what it reaches, as the lab's does; then its plan.

Nothing is assumed. The word ids of every sentence, the order and the batches of two epochs, the start values of whole
instances, each gradient of these two epochs and what the steps made of them are looked at; what cannot be seen, or is
otherwise, leaves the classifier to its own training.
"""

from collections.abc import Mapping, Sequence, Set
from itertools import product

import numpy as np
from msgspec.structs import replace

from grader.calibration.plan import Plan, handed_out
from grader.judging.comparing.arrays import Numbers
from grader.judging.equal import asked, draws, orders, updates
from grader.judging.equal.understood import NotShown, OneClass, Understood
from grader.judging.examiner import Examiner
from grader.judging.meeting.watching import first_gradients, moved
from grader.sandbox.guest.wire import Watched

CLOSE = 0.01  # of a gradient's largest entry
DOUBTFUL = 4  # sentences of a batch
NOTHING = 1e-6  # of a penalty
STRAIGHT = 0.05  # of a penalty's gradient, by which it may leave the direction of W
Values = Mapping[str, Numbers]


def shown(x: Examiner, u: Understood) -> Plan:
    """Raises NotShown."""
    c = asked.case(x, u)
    given = handed_out(x.lab, x.head, u.roles)
    batch, fresh = c.batch, asked.fresh(x, c)
    c = asked.in_a_frame(c, fresh[0])
    instances = [by_role(u, one) for one in fresh]
    starts = u.examples.starts(draws.all_drawn(instances, given.starts))
    encoded = asked.encoded(x, c)
    _, ids, labels = encoded["train"]
    vectors = u.arrangement.seen(fresh[0]).get(u.examples.table)
    if vectors is None:
        vectors = u.examples.vectors(x, int(max(rows.max() for _, rows, _ in encoded.values())))
    assert x.outside is not None
    if said := x.outside.other_encoding(x.lab, encoded, u.examples.padding, vectors):
        raise NotShown(said)
    table = instances[0].get("E") if vectors is None else vectors
    weights = asked.secret(x, fresh[0], 0 if table is None else len(table))
    w = by_role(u, weights)
    if table is not None and "E" not in w:
        planted = u.arrangement.seen(weights).get(u.examples.table)
        w["E"] = table if planted is None else planted
    rate, order, c = two_epochs(x, c, given, (ids[: c.examples], labels), (weights, w))
    u = c.understood
    insist_on_classes(x, c, (weights, w), encoded["dev"][1][: asked.CLASSIFIED])
    cut = given.clip if given.adam or not layers_below(u) else clip(x, c, weights, rate)
    return replace(
        given,
        epochs=c.epochs,
        batch=batch,
        learning_rate=rate,
        penalty=penalty_of(u),
        starts=starts,
        clip=cut,
        apart=bool(cut) and not given.adam and apart(u),
        partial=order.partial,
        shuffled=order.shuffled,
        skips_padding=u.examples.padding is not None,
        **u.examples.settings(w, c.training.scalars),
    )


def two_epochs(
    x: Examiner, c: asked.Case, given: Plan, examples: tuple[Numbers, Numbers], weights: tuple[Values, Values]
) -> tuple[float, orders.Order, asked.Case]:
    """The rate, and the order of the examples, in two epochs of the notebook's own training, gradient for gradient.

    `examples`: ids and labels; `weights`: by path, and by role. The case is told again, with a penalty that had to be
    measured. Raises NotShown.
    """
    u, (ids, labels), (planted, w) = c.understood, examples, weights
    watched = asked.two_epochs(x, c, planted)
    inputs, gradients = inputs_of(u, watched, ids), gradients_of(u, watched)
    if watched.trouble is not None or len(gradients) != len(inputs) or not 0 < len(gradients) < asked.STEPS:
        raise NotShown("two epochs of its training could not be told apart")
    rows = orders.rows_of(inputs, ids)
    order = orders.order_of(rows, len(ids), c.batch)
    steps = [updates.first_of_adam(one) for one in gradients] if given.adam else gradients
    rate = updates.rate(steps, by_role(u, moved(watched)), adam=given.adam)
    doubtful = orders.doubtful(ids, labels)
    batches = [(inputs[i], asked_labels(step, labels, doubtful)) for i, step in enumerate(rows)]
    if u.penalised:
        u = replace(u, penalty=measured_penalty(x, u, w, batches[0], gradients[0]))
    before = w
    for batch, gradient, step in zip(batches, gradients, steps, strict=True):
        insist_on_gradient(x, u, before, batch, gradient)
        before = {**before, **{role: before[role] - rate * along for role, along in step.items()}}
    return rate, order, replace(c, understood=u)


def measured_penalty(
    x: Examiner, u: Understood, w: Values, batch: tuple[Numbers, list[Numbers]], gradient: Values
) -> dict[str, float]:
    """c, by the part of a gradient that the cross-entropy leaves, which has to be a multiple of W. Raises NotShown."""
    (ids, ways), role = batch, u.penalised
    for labels in ways:
        rest = gradient[role] - u.examples.gradients(x, ids, labels, w)[role]
        c = float(np.sum(rest * w[role]) / np.sum(w[role] ** 2))
        if np.max(np.abs(rest - c * w[role])) <= STRAIGHT * np.max(np.abs(c * w[role])) + NOTHING:
            return {role: c}
    raise NotShown("its gradient has more than those of the lab's cost and of a sum of squares")


def layers_below(u: Understood) -> bool:
    """Below the last one. Without any, a gradient is never longer than the examples, which two epochs have shown."""
    return any(role not in ("W_cl", "b_cl") for role in u.roles)


def clip(x: Examiner, c: asked.Case, weights: Values, rate: float) -> float:
    """The norm to which long gradients are cut; the first step of an Adam does not depend on how long they are."""
    u = c.understood
    steep = asked.one_steep_step(x, c, weights, last_layer(u))
    own, first = moved(steep), first_gradients(steep)
    along = {path: g for path, g in first.items() if g is not None and path in own}
    return updates.clip(along, {path: own[path] for path in along}, rate, u.roles.get("E", ""))


def by_role(u: Understood, values: Mapping[str, Numbers | None]) -> dict[str, Numbers]:
    seen = u.arrangement.seen(values)
    found = {role: value for role, path in u.roles.items() if (value := seen.get(path)) is not None}
    if found.keys() != u.roles.keys():
        raise NotShown("not all of its variables take part in its training")
    return {role: v.reshape(-1) if role[0] in "bw" else v for role, v in found.items()}


def apart(u: Understood) -> bool:
    """Whether each gate has one variable for words and another for states. Raises NotShown where gates share one."""
    pieces = {role: [piece.path for piece in u.arrangement.pieces(path)] for role, path in u.roles.items()}
    every = [path for paths in pieces.values() for path in paths]
    many = {len(paths) for role, paths in pieces.items() if role[0] == "W" and role != "W_cl"}
    if len(set(every)) < len(every) or many not in ({1}, {2}):
        raise NotShown("its gates lie in variables of which long gradients are cut together")
    return many == {2}


def penalty_of(u: Understood) -> dict[str, float]:
    found = {role: float(f"{factor:.3g}") for role, factor in u.penalty.items() if abs(factor) > NOTHING}
    if any(role[0] != "W" or factor < 0 for role, factor in found.items()):
        raise NotShown("its penalty reaches more than the matrices")
    return found


def last_layer(u: Understood) -> str:
    return u.arrangement.pieces(u.roles["W_cl"])[0].path


def inputs_of(u: Understood, watched: Watched, ids: Numbers) -> list[Numbers]:
    """The word ids [B, T] that the forward pass was given at each step."""
    given: dict[str, list[Numbers]] = {}
    for call in watched.calls if watched else ():
        if call.under_tape and (found := u.examples.given(call, ids)) is not None:
            given.setdefault(call.method, []).append(found)
    if not given:
        raise NotShown("what its forward pass is given could not be seen")
    return given["model"] if "model" in given else next(iter(given.values()))


def gradients_of(u: Understood, watched: Watched) -> list[dict[str, Numbers]]:
    """Of each step; one tape of a step tells the gradients of all variables."""
    return [by_role(u, first_gradients(replace(watched, tape=(event,)))) for event in watched.tape]


def asked_labels(step: Sequence[int], labels: Numbers, doubtful: Set[int]) -> list[Numbers]:
    """Of sentences with the same ids and other labels the tape does not tell which was meant: every way."""
    told = labels[list(step)]
    places = [i for i, row in enumerate(step) if row in doubtful]
    if len(places) > DOUBTFUL:
        raise NotShown("too many of its sentences have the same ids and other labels")
    ways = []
    for chosen in product(sorted({*labels.tolist()}), repeat=len(places)):
        way = told.copy()
        way[places] = chosen
        ways.append(way)
    return ways


def insist_on_gradient(
    x: Examiner, u: Understood, w: Values, batch: tuple[Numbers, list[Numbers]], gradient: Values
) -> None:
    """It is that of the lab's cost, at the weights to which the steps before it lead. Raises NotShown."""
    ids, ways = batch
    wrong = "its labels"
    for labels in ways:
        plain = u.examples.gradients(x, ids, labels, w)
        own = {role: plain[role] + u.penalty.get(role, 0.0) * w[role] for role in gradient}
        wrong = next((role for role, g in gradient.items() if not close(g, own[role])), "")
        if not wrong:
            return
    raise NotShown(f"the gradient of {wrong} is not that of the lab's cost")


def insist_on_classes(x: Examiner, c: asked.Case, weights: tuple[Values, Values], ids: Numbers) -> None:
    """`classify` says what the logits do, but where two of them are as good as equal; each class is right for some.

    `weights`: by path, and by role. Raises NotShown, OneClass.
    """
    u, (planted, w) = c.understood, weights
    logits = u.examples.logits(x, ids, w)
    if bias := u.roles.get("b_cl"):
        level = np.median(logits, axis=0)
        logits = logits - level
        planted = u.arrangement.planted(planted, bias, u.arrangement.seen(planted)[bias] - level)
    best = np.sort(logits, axis=1)
    decided = best[:, -1] - best[:, -2] > CLOSE * float(np.max(np.abs(logits)))
    right, seen = np.argmax(logits, axis=1), asked.classes(x, c, planted)
    meant, told = {*right[decided].tolist()}, {*seen.tolist()}
    if len(seen) == len(ids) and len(told) == 1 < len(meant):
        if len(asked.classes_of_logits(x, c, planted, logits.shape[1])) > 1:
            raise OneClass(len(seen))
    if len(seen) != len(ids) or np.any((right != seen) & decided):
        raise NotShown("the classes it predicts are not those of its logits")
    if len(meant) < 2:
        raise NotShown("one class is the answer for all that was asked")


def close(seen: Numbers, own: Numbers) -> bool:
    return float(np.max(np.abs(seen - own))) <= CLOSE * float(np.max(np.abs(own))) + 1e-6
