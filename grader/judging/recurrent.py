"""Lab3 and Lab4: the interview of a recurrent classifier, whose cell is hidden inside `model`."""

from collections.abc import Mapping
from itertools import islice
from typing import Any

import numpy as np
from msgspec import Struct
from msgspec.structs import replace

from grader.judging.arrays import Numbers
from grader.judging.asking import classifying, inputs, training
from grader.judging.checks import interview
from grader.judging.compare import nearest, slug
from grader.judging.contact import Contact
from grader.judging.crashes import calls_of, crash_mistake
from grader.judging.examiner import Examiner
from grader.judging.learning import Learning, question_learning
from grader.judging.meeting import WORDS, candidates, meet
from grader.judging.oracle import Answers
from grader.judging.roles import Parts, Roles, assignments, parts
from grader.judging.stacked import layers
from grader.judging.watching import first_gradients, logits_in, moved, watched_in
from grader.model import Cell
from grader.sandbox.guest.wire import Watch, Watched

LABS = {"lab3_rnn": ("rnn",), "lab4_gru": ("z", "r", "rnn")}
READY_MADE = {"GRU", "GRUCell", "LSTM", "LSTMCell", "SimpleRNN", "SimpleRNNCell", "RNN", "Bidirectional"}
TRIED, TRIED_WHOLE = 60, 6  # assignments asked for the accepted forms, and for every form


class Evidence(Struct, frozen=True):
    contact: Contact | None
    parts: Parts | None = None
    roles: Roles = {}
    logits: Numbers | None = None
    values: Answers = {}
    explanation: str | None = None
    gradients: Mapping[str, Numbers | None] = {}
    plain: Mapping[str, Numbers] = {}  # the cross-entropy's gradient of the explained form
    weights: Mapping[str, Numbers] = {}
    standing: tuple[str, ...] = ()  # paths of roles that a training step leaves as they were
    repeats: bool | None = None  # the same sentences twice give the same logits
    learning: Learning | None = None
    plots: bool = False
    ready_made: bool = False  # the class calls a recurrent layer that Keras has ready
    crash: str | None = None  # the mistake behind a class that cannot take a step
    corrupted: bool = False  # the starter as handed out in two years, with two broken lines


@interview("lab3_rnn")
@interview("lab4_gru")
def interview_recurrent(x: Examiner) -> Evidence:
    survey = x.survey()
    shown = any("image/png" in output.get("data", {}) for cell in x.run.cells for output in cell.outputs)
    broken = any("tf.Variableself." in cell.source or "miniself." in cell.source for cell in x.cells)
    if survey is None or not candidates(survey):
        return Evidence(None, corrupted=broken, plots=shown)
    best = None
    for info in candidates(survey):
        contact = meet(x, survey, info, WORDS)
        evidence = question(x, contact) if contact.works else Evidence(contact, crash=crash_mistake(contact, x.cells))
        if best is None or worth(evidence) > worth(best):
            best = evidence
        if worth(best) == 3:
            break
    assert best is not None
    return replace(
        best, plots=shown, corrupted=broken, ready_made=bool(best.contact and uses_ready_made(best.contact, x.cells))
    )


def uses_ready_made(contact: Contact, cells: tuple[Cell, ...]) -> bool:
    names = [getattr(call.func, "attr", getattr(call.func, "id", "")) for call in calls_of(contact, cells)]
    return any(name in READY_MADE for name in names)


def worth(e: Evidence) -> int:
    """Extras (LSTM, stacked) may stand in classes of their own; the one that shows the work is judged."""
    if e.contact is None or not e.contact.works:
        return 0
    return 1 + (e.explanation is not None) + (e.explanation is not None and slug(e.explanation) == "deck")


def question(x: Examiner, contact: Contact) -> Evidence:
    found = parts(contact.initial, contact.vocabulary)
    if found is None:
        return Evidence(contact)
    best = None
    for one in layers(found, contact.initial):
        best = questioned(x, contact, one.lower, one.upper)
        if best.explanation:
            return best
    return best or questioned(x, contact, found, {})


def questioned(x: Examiner, contact: Contact, found: Parts, given: dict[str, Numbers]) -> Evidence:
    """Under secret weights, but for those of a layer above."""
    classes = found.readout.shape[1]
    data, labels = inputs(x, "x", contact, contact.batch, 1.0), np.arange(contact.batch) % classes
    weights = {v.path: weight(x, v.path, v.shape, contact.vocabulary) for v in contact.initial} | given
    trained = watched_in(x.ask(f"{contact.info.name}.step", *training(contact, data, labels, weights=weights)))
    logits = logits_in(trained, data, under_tape=True)
    case = {"x": data, "labels": labels}
    roles, values, name = explained(x, found, case, weights, logits)
    evidence = Evidence(
        contact, found, roles, logits, values, name,
        weights={role: by_role(weights, path) for role, path in roles.items() if path},
        repeats=repeated(x, contact, data, labels, weights), learning=question_learning(x, contact))  # fmt: skip
    if trained is None:
        return evidence
    plain: Mapping[str, Numbers] = {}
    if name is not None:
        plain = x.answers("step", form=name, **case, **role_values(found, roles, weights))["deck"]
    seen = first_gradients(trained)
    return replace(
        evidence, plain=plain, standing=standing(trained, roles),
        gradients={role: flat(seen.get(path)) for role, path in roles.items() if path and path in seen})  # fmt: skip


def weight(x: Examiner, path: str, shape: tuple[int, ...], vocabulary: int) -> Numbers:
    """Secret weights: strong enough to tell every form from every other, weak enough for float32 over all words."""
    matrix = len(shape) == 2 and shape[0] > 1
    sigma = 0.8 if matrix and shape[0] == vocabulary else 1.6 / np.sqrt(max(shape[0], 1)) if matrix else 0.5
    return x.normal(f"weight {path}", shape, sigma)


def by_role(weights: Mapping[str, Numbers], path: str) -> Numbers:
    value = weights[path]
    return value.reshape(-1) if value.shape[0] == 1 else value


def flat(gradient: Numbers | None) -> Numbers | None:
    return gradient.reshape(-1) if gradient is not None and gradient.ndim == 2 and gradient.shape[0] == 1 else gradient


def role_values(found: Parts, roles: Roles, weights: Mapping[str, Numbers]) -> dict[str, Any]:
    """The weights as the oracle takes them; what the class does not have is zero."""
    rows, dim, classes = found.matrices[0].shape[0], found.dim, found.readout.shape[1]
    empty = {"W": np.zeros((rows, dim)), "b": np.zeros(dim), "b_cl": np.zeros(classes)}
    values: dict[str, Any] = {
        role: by_role(weights, path) if path else empty["b_cl" if role == "b_cl" else role[0]]
        for role, path in roles.items()
    }
    above = [(np.eye(dim), np.zeros(dim))] if found.above else []
    above += [
        (weights[layer.W], by_role(weights, layer.b) if layer.b else np.zeros(layer.shape[1]))
        for layer in found.head[:-1]
    ]
    return {**values, "head": above} if above else values


def explained(
    x: Examiner, found: Parts, case: dict[str, Any], weights: Mapping[str, Numbers], logits: Numbers | None
) -> tuple[Roles, Answers, str | None]:
    """The roles and the form that explain the logits: names only say which assignment is asked first."""
    gates = ("rnn", "back") if x.lab == "lab3_rnn" and found.both_ways else LABS[x.lab]
    ways = list(
        islice(
            assignments(found, gates), TRIED if len(found.matrices) + len(found.biases) > 2 or len(gates) == 1 else 1
        )
    )
    natural = ways[0]
    values = x.answers("values", x=case["x"], **role_values(found, natural, weights))
    if logits is None:
        return natural, values, None
    seen = {"logits": logits}
    name = nearest(seen, values)
    if name is not None and slug(name) == "deck":
        return natural, values, name
    for roles in ways[1:]:
        question = "roles" if x.lab == "lab4_gru" else "values"
        known = x.answers(question, x=case["x"], **role_values(found, roles, weights))
        if (form := nearest(seen, known)) is not None and slug(form) == "deck":
            return roles, x.answers("values", x=case["x"], **role_values(found, roles, weights)), form
    for roles in ways[1:TRIED_WHOLE] if name is None else ():
        known = x.answers("values", x=case["x"], **role_values(found, roles, weights))
        if (form := nearest(seen, known)) is not None:
            return roles, known, form
    return natural, values, name


def repeated(
    x: Examiner, contact: Contact, data: Numbers, labels: Numbers, weights: Mapping[str, Numbers]
) -> bool | None:
    """Whether classifying the same sentences twice gives the same logits; None when that shows none."""
    steps = classifying(contact, data, labels, weights=weights)
    again = steps[-1]
    assert isinstance(again, Watch)
    seen = x.ask(f"{contact.info.name}.twice", *steps, replace(again, into="again"))
    first, second = watched_in(seen), seen.values.get("again")
    one = logits_in(first, data, under_tape=False)
    two = logits_in(second if isinstance(second, Watched) else None, data, under_tape=False)
    return bool(np.allclose(one, two, rtol=1e-4, atol=1e-5)) if one is not None and two is not None else None


def standing(watched: Watched, roles: Roles) -> tuple[str, ...]:
    changes = moved(watched)
    return tuple(path for path in dict.fromkeys(roles.values()) if path in changes and not np.any(changes[path]))
