"""Assignment1: the interview of a logistic regression.

Every number of the classifier is moved in turn; penalty and learning rate are read off its gradients and updates.
"""

from collections.abc import Mapping

import numpy as np
from msgspec import Struct

from grader.judging.checks import interview
from grader.judging.comparing.arrays import Numbers, array
from grader.judging.comparing.compare import agree, nearest
from grader.judging.examiner import Examiner
from grader.judging.instruments import blindness
from grader.judging.meeting.asking import classifying
from grader.judging.meeting.classes import VECTORS, candidates, meet
from grader.judging.meeting.contact import Contact
from grader.judging.meeting.knobs import (
    MOVED_TO,
    WRITTEN_AS,
    Knob,
    dictionary_knobs,
    knobs,
    may_hide_settings,
    steering,
    step_with,
    written_last,
)
from grader.judging.meeting.watching import first_gradients, logits_in, watched_in
from grader.judging.oracle import Answers
from grader.sandbox.guest.wire import VariableInfo, Watched

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
    predicts: str = "largest"  # what `classify` returns: the class of the largest logit, smallest, other, nothing
    hidden_settings: bool = False  # a dictionary that no question of ours reaches may hold the penalty's weight
    unseen: str | None = None  # why there is nothing to judge beyond a first step: "weights" or "step"

    @property
    def explanation(self) -> str | None:
        """Which form of penalty explains the gradients with λ at MOVED_TO."""
        seen = {key: value for key, value in self.moved.items() if value is not None}
        return nearest(seen, self.moved_answers) if len(seen) == 2 else None


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
    paths = weights_of(contact)
    if paths is None:
        return Evidence(contact, unseen="weights")
    W, b = paths
    shapes = {v.path: v.shape for v in contact.initial}
    values = {W: x.normal("W", shapes[W], 0.3), b: x.normal("b", shapes[W][1:], 0.3).reshape(shapes[b])}
    labels = np.arange(contact.batch) % shapes[W][1]
    data = x.normal("x", (contact.batch, contact.features), 0.7), labels
    case = {"x": data[0].astype(np.float64), "W": values[W], "b": values[b].reshape(-1), "labels": labels}
    base = step_with(x, contact, data, values, {})
    if base is None:
        return Evidence(contact, unseen="step")
    tried = dict.fromkeys([*knobs(contact), *dictionary_knobs(x.cells)])
    steps = {knob: step_with(x, contact, data, values, {knob: MOVED_TO}) for knob in tried}
    steers = {knob: steering(base, step, W) for knob, step in steps.items()}
    penalty, decay, rate = (steering_what(kind, steers) for kind in ("gradient", "decay", "update"))
    plain = x.answers("step", lam=0.0, **case)
    zero, high = penalty_moved(x, contact, data, values, penalty, (W, plain["deck"]["W"])) if penalty else (base, None)
    return Evidence(
        contact,
        logits_in(base, data[0], under_tape=True),
        x.answers("values", **{k: case[k] for k in ("x", "W", "b")}),
        gradients(zero, W, b),
        plain,
        gradients(high, W, b),
        x.answers("step", lam=MOVED_TO, **case),
        None if penalty else fixed_factor(gradients(base, W, b)["W"], plain["deck"]["W"], values[W]),
        penalty,
        rate,
        () if penalty else decay,
        any(steering(base, steps[knob], b) == "decay" for knob in decay),
        blindness.test_misuse(x.cells),
        predicts(x, contact, data, values[W], values[b]),
        not penalty and may_hide_settings(x.cells),
    )


def penalty_moved(
    x: Examiner,
    contact: Contact,
    data: tuple[Numbers, Numbers],
    values: Mapping[str, Numbers],
    penalty: tuple[Knob, ...],
    plain: tuple[str, Numbers],
) -> tuple[Watched | None, Watched | None]:
    """A step without a penalty and one with MOVED_TO; as λ itself where no form gives the plain gradient of W."""
    W, expected = plain
    for off, on in (*WRITTEN_AS, WRITTEN_AS[0]):
        none = dict.fromkeys(penalty, off)
        zero = step_with(x, contact, data, values, none)
        high = step_with(x, contact, data, values, {**none, penalty[0]: on})
        seen = first_gradients(zero).get(W) if zero else None
        if seen is not None and agree(seen, expected):
            break
    return zero, high


def predicts(x: Examiner, contact: Contact, data: tuple[Numbers, Numbers], W: Numbers, b: Numbers) -> str:
    """What `classify` returns with our weights, which the copies that keep the best ones get too."""
    weights = {v.path: W if v.shape == W.shape else b for v in contact.initial if v.shape in (W.shape, b.shape)}
    seen = watched_in(x.ask(f"{contact.info.name}.classify", *classifying(contact, *data, weights=weights)))
    predictions = array(seen.returned) if seen else None
    if predictions is None or predictions.size != len(data[1]):
        return "nothing"
    shown = logits_in(seen, data[0], under_tape=False)  # where `model` itself is wrong, that is its own check
    for logits in (data[0] @ W + b, *([] if shown is None else [shown])):
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


def weights_of(contact: Contact) -> tuple[str, str] | None:
    """Paths of W [D, C] and b [C], among copies those that are trained; None when the class holds something else."""
    matrices = [v for v in contact.initial if len(v.shape) == 2 and v.shape[0] == contact.features]
    matrices = matrices if len(matrices) == 1 else trained(contact, matrices)
    if len(matrices) != 1:
        return None
    biases = [v for v in contact.initial if v.shape in (matrices[0].shape[1:], (1, *matrices[0].shape[1:]))]
    biases = trained(contact, biases) or biases
    return (matrices[0].path, biases[0].path) if biases else None


def trained(contact: Contact, variables: list[VariableInfo]) -> list[VariableInfo]:
    seen = first_gradients(contact.watched) if contact.watched else {}
    return [v for v in variables if seen.get(v.path) is not None]


def gradients(watched: Watched | None, W: str, b: str) -> dict[str, Numbers | None]:
    found = first_gradients(watched) if watched else {}
    bias = found.get(b)
    return {"W": found.get(W), "b": None if bias is None else bias.reshape(-1)}


def fixed_factor(seen: Numbers | None, plain: Numbers, W: Numbers) -> float | None:
    """c when the gradient is the cross-entropy's plus c·W."""
    if seen is None or seen.shape != plain.shape:
        return None
    rest = seen - plain
    factor = float(np.sum(rest * W) / np.sum(W * W))
    small = float(np.max(np.abs(rest - factor * W))) < 1e-4
    return factor if small and abs(factor) > 1e-6 else None
