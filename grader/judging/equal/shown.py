"""Whether a classifier trains, in all that decides what it reaches, as the lab's does; then its plan.

Nothing is assumed. The word ids of every sentence, the order and the batches of two epochs, the start values of whole
instances, each gradient of these two epochs and what the steps made of them are looked at; what cannot be seen, or is
otherwise, leaves the classifier to its own training.
"""

import re
from collections.abc import Mapping, Sequence, Set
from itertools import product

import numpy as np
from msgspec.structs import replace

from grader.calibration.plan import LOOKS, Plan, handed_out
from grader.judging.comparing.arrays import Numbers, array
from grader.judging.equal import asked, draws, orders, updates
from grader.judging.equal.understood import NotShown, Understood
from grader.judging.examiner import Examiner
from grader.judging.meeting.watching import first_gradients, moved
from grader.sandbox.guest.wire import Watched

FORM = re.compile(r"deck(/(?P<padded>padded-)?(eh|he)(-(eh|he))*)?")
CLOSE = 0.01  # of a gradient's largest entry
DOUBTFUL = 4  # sentences of a batch
NOTHING = 1e-6  # of a penalty
Values = Mapping[str, Numbers]


def shown(x: Examiner, u: Understood) -> Plan:
    """Raises NotShown."""
    form = FORM.fullmatch(u.form)
    if form is None:
        raise NotShown("its forward pass holds more than the lab asks for")
    c = asked.case(x, u)
    given = handed_out(x.lab, x.head, u.roles).starts
    fresh = asked.fresh(x, c)
    instances = [by_role(u, one) for one in fresh]
    starts = draws.all_drawn(instances, given)
    encoded = asked.encoded(x, c)
    _, ids, labels = encoded["train"]
    padding = 0 if form["padded"] else None
    assert x.outside is not None
    if said := x.outside.other_encoding(encoded, padding):
        raise NotShown(said)
    weights = asked.secret(x, fresh[0], instances[0]["E"].shape[0])
    watched = asked.two_epochs(x, c, weights)
    inputs = inputs_of(watched, ids.shape[1])
    gradients = gradients_of(u, watched)
    if watched.trouble is not None or len(gradients) != len(inputs) or not 0 < len(gradients) < asked.STEPS:
        raise NotShown("two epochs of its training could not be told apart")
    rows = orders.rows_of(inputs, ids[: c.examples])
    order = orders.order_of(rows, len(ids[: c.examples]), c.batch)
    rate = updates.rate(gradients, by_role(u, moved(watched)))
    penalty = penalty_of(u)
    doubtful = orders.doubtful(ids[: c.examples], labels)
    batches = [(inputs[i], asked_labels(step, labels, doubtful)) for i, step in enumerate(rows)]
    insist_on_gradients(x, u, weights, batches, gradients, rate)
    insist_on_classes(x, u, weights, encoded["dev"][1][: asked.CLASSIFIED], asked.classes(x, c, weights))
    steep = asked.one_steep_step(x, c, weights, last_layer(u))
    own, first = moved(steep), first_gradients(steep)
    along = {path: g for path, g in first.items() if g is not None and path in own}
    clip = updates.clip(along, {path: own[path] for path in along}, rate, u.roles["E"])
    d = instances[0]["W_rnn"].shape[1]
    return Plan(
        x.lab, c.epochs, LOOKS, c.batch, rate, penalty, instances[0]["E"].shape[1], d, starts, clip,
        bool(clip) and apart(u), order.partial, order.shuffled, bool(form["padded"]),
    )  # fmt: skip


def by_role(u: Understood, values: Mapping[str, Numbers | None]) -> dict[str, Numbers]:
    seen = u.arrangement.seen(values)
    found = {role: value for role, path in u.roles.items() if (value := seen.get(path)) is not None}
    if found.keys() != u.roles.keys():
        raise NotShown("not all of its variables take part in its training")
    return {role: v.reshape(-1) if role[0] == "b" else v for role, v in found.items()}


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


def inputs_of(watched: Watched, width: int) -> list[Numbers]:
    """The word ids [B, T] that the forward pass was given at each step."""
    given: dict[str, list[Numbers]] = {}
    for call in watched.calls if watched else ():
        if call.under_tape:
            arrays = [a for v in (*call.args, *call.kwargs.values()) if (a := array(v)) is not None]
            whole = [a for a in arrays if a.ndim == 2 and a.shape[1] == width and a.dtype.kind in "iu"]
            if len(whole) == 1:
                given.setdefault(call.method, []).append(whole[0])
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


def insist_on_gradients(
    x: Examiner,
    u: Understood,
    weights: Values,
    batches: list[tuple[Numbers, list[Numbers]]],
    gradients: list[dict[str, Numbers]],
    rate: float,
) -> None:
    """Each is that of the lab's cost, at the weights to which the steps before it lead. Raises NotShown."""
    w = {role: value.astype(np.float64) for role, value in by_role(u, weights).items()}
    for (ids, ways), gradient in zip(batches, gradients, strict=True):
        wrong = "its labels"
        for labels in ways:
            plain = x.answers("step", form=u.form, x=ids.astype(np.int64), labels=labels, **w)["deck"]
            own = {role: plain[role] + u.penalty.get(role, 0.0) * w[role] for role in gradient}
            wrong = next((role for role, g in gradient.items() if not close(g, own[role])), "")
            if not wrong:
                break
        if wrong:
            raise NotShown(f"the gradient of {wrong} is not that of the lab's cost")
        w = {role: value - rate * gradient[role] for role, value in w.items()}


def insist_on_classes(x: Examiner, u: Understood, weights: Values, ids: Numbers, seen: Numbers) -> None:
    """`classify` says what the logits do, but where two of them are as good as equal. Raises NotShown."""
    w = {role: value.astype(np.float64) for role, value in by_role(u, weights).items()}
    logits = x.answers("values", x=ids.astype(np.int64), **w)[u.form]["logits"]
    decided = np.abs(logits[:, 0] - logits[:, 1]) > CLOSE * float(np.max(np.abs(logits)))
    if len(seen) != len(ids) or np.any((np.argmax(logits, axis=1) != seen) & decided):
        raise NotShown("the classes it predicts are not those of its logits")


def close(seen: Numbers, own: Numbers) -> bool:
    return float(np.max(np.abs(seen - own))) <= CLOSE * float(np.max(np.abs(own))) + 1e-6
