"""Assignment1: the interview of a logistic regression.

Every number of the classifier is moved in turn; penalty and learning rate are read off its gradients and updates.
"""

from collections.abc import Callable, Mapping

import numpy as np
from msgspec import Struct

from grader.judging.checks import interview
from grader.judging.comparing.arrays import Numbers, array
from grader.judging.comparing.compare import agree, nearest
from grader.judging.examiner import Examiner
from grader.judging.formulas import Answers
from grader.judging.instruments import blindness
from grader.judging.instruments.idle_loops import idle_loops
from grader.judging.kinds.logistic.layout import Layout, layouts, rearranged
from grader.judging.kinds.logistic.stopped import Stop, stops
from grader.judging.meeting.asking import classifying
from grader.judging.meeting.classes import VECTORS, candidates, meet
from grader.judging.meeting.contact import Contact
from grader.judging.meeting.knobs import (
    MOVED_TO,
    ROUGHLY,
    WRITTEN_AS,
    Knob,
    beyond,
    dictionary_knobs,
    knobs,
    may_hide_settings,
    steering,
    step_with,
    written_last,
)
from grader.judging.meeting.watching import first_gradients, logits_in, moved, stride, watched_in
from grader.sandbox.guest.wire import Watched

LAB = "a1_logistic_regression"
WHOLE = ("deck", "half", "per-example", "half-per-example")


class Evidence(Struct, frozen=True):
    contact: Contact | None
    logits: Numbers | None = None
    logits_answers: Answers = {}
    zero: Mapping[str, Numbers | None] = {}  # gradients W, b with every penalty knob at 0
    zero_answers: Answers = {}
    moved: Mapping[str, Numbers | None] = {}  # the same with the penalty knob at MOVED_TO
    moved_answers: Answers = {}
    fixed_factor: float | None = None  # c of a penalty gradient c·W that no knob moves
    penalty_knobs: tuple[Knob, ...] = ()
    rate_knobs: tuple[Knob, ...] = ()
    decay_knobs: tuple[Knob, ...] = ()  # where nothing steers a penalty: what pulls W towards zero in the update
    decays_bias: bool = False
    test_misuse: tuple[str, int] | None = None  # sentence, cell
    trains_bias: bool = True
    bare: bool = False  # the model adds no b
    change: str = ""  # of W in a step: "uphill" where it goes along its gradient, "none"
    predicts: str = "largest"  # what `classify` returns: the class of the largest logit, smallest, other, nothing
    hidden_settings: bool = False  # a dictionary that no question of ours reaches may hold the penalty's weight
    idle_loops: tuple[tuple[str, int], ...] = ()  # over what, and the cell, of those that train the same each time
    stopped: tuple[Stop, ...] = ()  # cells with trainings that ended with an error
    unseen: str | None = None  # why there is nothing to judge beyond a first step: "weights", "layout" or "step"

    @property
    def explanation(self) -> str | None:
        """Which form of penalty explains the gradients with λ at MOVED_TO."""
        seen = {key: value for key, value in self.moved.items() if value is not None}
        return nearest(seen, self.moved_answers) if "W" in seen else None

    @property
    def cost_replaced(self) -> bool:
        """Without a penalty nothing is left of the gradients, and with one that of W is a multiple of W alone."""
        W, zero = self.moved.get("W"), self.zero.get("W")
        if W is None or zero is None or any(g is not None and np.any(g) for g in self.zero.values()):
            return False
        direction = self.moved_answers["deck"]["W"] - self.zero_answers["deck"]["W"]  # 2λW
        factor, rest = beyond(W, direction)
        return factor > 0 and rest < ROUGHLY


@interview(LAB)
def interview_classifier(x: Examiner) -> Evidence:
    survey = x.survey()
    if survey is None or not candidates(survey):
        return Evidence(None)
    contacts = [meet(x, survey, info, VECTORS) for info in candidates(survey)]
    found = [question(x, contact) for contact in contacts if contact.works]
    return max(found, key=worth) if found else Evidence(contacts[0])


def worth(e: Evidence) -> int:
    """Several classes may be there; the one that shows most of the work is judged, the last defined first."""
    return 4 * (e.explanation in WHOLE) + 2 * bool(e.penalty_knobs) + any(k.from_outside for k in e.rate_knobs)


def question(x: Examiner, contact: Contact) -> Evidence:
    found = layouts(contact)
    if not found:
        return Evidence(contact, unseen="weights" if not rearranged(contact) else "layout")
    W = x.normal("W", (contact.features, found[0].classes), 0.3)
    b = x.normal("b", (found[0].classes,), 0.3)
    none = np.zeros_like(b)
    labels = np.arange(contact.batch) % found[0].classes
    data = x.normal("x", (contact.batch, contact.features), 0.7), labels
    inputs = data[0].astype(np.float64)
    shown = {bare: x.answers("values", x=inputs, W=W, b=none if bare else b) for bare in {one.bare for one in found}}
    ways = [(one, step_with(x, contact, data, one.planted(W, b), {})) for one in found]
    layout, base = next((way for way in ways if computes(way[1], data[0], shown[way[0].bare])), ways[0])
    if base is None:
        return Evidence(contact, unseen="step")
    case = {"x": inputs, "W": W, "b": none if layout.bare else b, "labels": labels}
    return questioned(x, contact, data, (layout, base, layout.planted(W, b)), case)


def questioned(
    x: Examiner,
    contact: Contact,
    data: tuple[Numbers, Numbers],
    planted: tuple[Layout, Watched, Mapping[str, Numbers]],
    case: Mapping[str, Numbers],
) -> Evidence:
    """`planted`: where W and b lie, a step with the numbers as they are, and the weights it began with."""
    layout, base, values = planted
    tried = dict.fromkeys([*knobs(contact), *dictionary_knobs(x.cells)])
    steps = {knob: step_with(x, contact, data, values, {knob: MOVED_TO}) for knob in tried}
    penalty, decay, rate = steered(base, steps, layout)
    plain = x.answers("step", lam=0.0, **case)

    def stepped(settings: Mapping[Knob, float]) -> Watched | None:
        return step_with(x, contact, data, values, {**dict.fromkeys(rate, 1.0), **settings})

    zero, high = penalty_moved(stepped, penalty, layout, plain["deck"]["W"]) if penalty else (base, None)
    return Evidence(
        contact,
        logits_in(base, data[0], under_tape=True),
        x.answers("values", **{k: case[k] for k in ("x", "W", "b")}),
        gradients(zero, layout),
        plain,
        gradients(high, layout),
        x.answers("step", lam=MOVED_TO, **case),
        None if penalty else fixed_factor(gradients(base, layout)["W"], plain["deck"]["W"], case["W"]),
        penalty,
        rate,
        () if penalty else decay,
        not layout.bare and any(steering(base, steps[knob], layout.bias_path) == "decay" for knob in decay),
        blindness.test_misuse(x.cells),
        moves_bias(base, layout),
        layout.bare,
        change(base, layout.W.path),
        predicts(x, contact, data, values, (case["W"], case["b"])),
        not penalty and may_hide_settings(x.cells),
        idle_loops(x.cells),
        stops(x, contact),
    )


def steered(base: Watched, steps: Mapping[Knob, Watched | None], layout: Layout) -> tuple[tuple[Knob, ...], ...]:
    """What steers the penalty, what only the decay of the weights, and what the learning rate."""
    steers = {knob: steering(base, step, layout.W.path) for knob, step in steps.items()}
    both = {knob for knob, what in steers.items() if what == "gradient" and strides_on(base, steps[knob], layout)}
    steers |= dict.fromkeys(both, "update")
    return tuple(steering_what(kind, steers) for kind in ("gradient", "decay", "update"))


def moves_bias(step: Watched, layout: Layout) -> bool:
    """Where training is stopped by an error before any weight has changed, nothing is held against the bias."""
    changes = layout.seen(moved(step))
    W, b = changes["W"], changes["b"]
    return W is None or b is None or bool(np.any(b)) or not np.any(W)


def change(step: Watched, path: str) -> str:
    along, changed = stride(step, path), moved(step).get(path)
    if along is not None and along < 0:
        return "uphill"
    return "none" if changed is not None and not np.any(changed) else ""


def strides_on(base: Watched, step: Watched | None, layout: Layout) -> bool:
    """Whether a step goes another way along its gradient: a learning rate may weigh the penalty too."""
    before, after = stride(base, layout.W.path), stride(step, layout.W.path)
    return before is not None and after is not None and abs(after - before) > 0.01 * abs(before)


def computes(watched: Watched | None, data: Numbers, answers: Answers) -> bool:
    logits = logits_in(watched, data, under_tape=True)
    return logits is not None and nearest({"logits": logits}, answers) is not None


def penalty_moved(
    stepped: Callable[[Mapping[Knob, float]], Watched | None],
    penalty: tuple[Knob, ...],
    layout: Layout,
    expected: Numbers,
) -> tuple[Watched | None, Watched | None]:
    """A step without a penalty and one with MOVED_TO; as λ itself where no form gives the plain gradient of W."""
    for off, on in (*WRITTEN_AS, WRITTEN_AS[0]):
        none = dict.fromkeys(penalty, off)
        zero, high = stepped(none), stepped({**none, penalty[0]: on})
        seen = gradients(zero, layout)["W"]
        if seen is not None and agree(seen, expected):
            break
    return zero, high


def predicts(
    x: Examiner,
    contact: Contact,
    data: tuple[Numbers, Numbers],
    values: Mapping[str, Numbers],
    deck: tuple[Numbers, Numbers],
) -> str:
    """What `classify` returns with our weights, which the copies that keep the best ones get too."""
    by_shape = {value.shape: value for value in values.values()}
    weights = {v.path: by_shape[v.shape] for v in contact.initial if v.shape in by_shape}
    seen = watched_in(x.ask(f"{contact.info.name}.classify", *classifying(contact, *data, weights=weights)))
    predictions = array(seen.returned) if seen else None
    if predictions is None or predictions.size != len(data[1]):
        return "nothing"
    shown = logits_in(seen, data[0], under_tape=False)  # where `model` itself is wrong, that is its own check
    for logits in (data[0] @ deck[0] + deck[1], *([] if shown is None else [shown])):
        if follows(predictions, logits):
            return "largest"
        if follows(predictions, -logits):
            return "smallest"
    return "other"


def follows(predictions: Numbers, logits: Numbers) -> bool:
    """Whether they are the classes of the largest logits; where two are as good as equal, either will do."""
    ranked = np.sort(logits, axis=1)
    clear = ranked[:, -1] - ranked[:, -2] > 1e-3
    return bool(np.all(predictions.reshape(-1)[clear] == np.argmax(logits, axis=1)[clear]))


def steering_what(kind: str, steers: Mapping[Knob, str | None]) -> tuple[Knob, ...]:
    return tuple(sorted((knob for knob, what in steers.items() if what == kind), key=written_last))


def gradients(watched: Watched | None, layout: Layout) -> dict[str, Numbers | None]:
    return layout.seen(first_gradients(watched) if watched else {})


def fixed_factor(seen: Numbers | None, plain: Numbers, W: Numbers) -> float | None:
    """c when the gradient is the cross-entropy's plus c·W."""
    if seen is None or seen.shape != plain.shape:
        return None
    rest = seen - plain
    factor = float(np.sum(rest * W) / np.sum(W * W))
    small = float(np.max(np.abs(rest - factor * W))) < 1e-4
    return factor if small and abs(factor) > 1e-6 else None
