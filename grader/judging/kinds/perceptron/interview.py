"""Lab2: the interview of a multi-layer perceptron: its layers, what it computes, and how it trains without dropout."""

from collections.abc import Mapping, Sequence

import numpy as np
from msgspec import Struct
from msgspec.structs import replace

from grader.judging.binding.layers import Chain, chains
from grader.judging.binding.slices import owner, put_together, with_slices
from grader.judging.checks import interview
from grader.judging.comparing.arrays import Numbers, array, number
from grader.judging.comparing.compare import agree, nearest, slug
from grader.judging.examiner import Examiner
from grader.judging.formulas import Answers
from grader.judging.instruments.dropout import Dropping, dropout_settings, question_dropout
from grader.judging.instruments.learning import Learning, question_learning
from grader.judging.instruments.silence import whole
from grader.judging.instruments.trained_labels import labels_for, of_others
from grader.judging.meeting.asking import classifying, training
from grader.judging.meeting.classes import VECTORS, candidates, meet
from grader.judging.meeting.contact import Contact
from grader.judging.meeting.watching import first_gradients, logits_in, moved, other_input, watched_in
from grader.sandbox.guest.wire import VariableInfo, Watched

LAB = "lab2_mlp"
ACCEPTED = ("deck", "probabilities")
DUST = 1e-3  # of the largest weight


class Evidence(Struct, frozen=True):
    contact: Contact | None
    chain: Chain = ()
    logits: Numbers | None = None
    values: Answers = {}
    explanation: str | None = None  # which form of the network the logits show
    gradients: Mapping[str, Numbers | None] = {}  # W0, b0, W1, …
    steps: Answers = {}
    standing: tuple[str, ...] = ()  # variables of the chain that a training step does not move
    symmetric: tuple[str, ...] = ()  # hidden matrices that start with all entries equal
    dropping: Dropping | None = None
    learning: Learning | None = None
    mislabelled: bool = False  # the step was taken with other labels than those of its examples
    masked: bool | None = None  # with a mask that cannot be silenced: the output's gradient is that of its logits
    predicts: bool | None = None  # `classify` chooses the class with the largest logit
    weights: Mapping[str, Numbers] = {}  # W0, W1, … as planted


@interview(LAB)
def interview_network(x: Examiner) -> Evidence:
    survey = x.survey()
    if survey is None or not candidates(survey):
        return Evidence(None)
    best = None
    for info in candidates(survey):
        contact = meet(x, survey, info, VECTORS)
        evidence = question(x, contact) if contact.works else Evidence(contact)
        if best is None or worth(evidence) > worth(best):
            best = evidence
        if worth(best) >= 15:
            break
    assert best is not None
    return best


def worth(e: Evidence) -> int:
    """Part One and Part Two may stand in two classes; the one that shows most of the work is judged."""
    if e.contact is None or not e.contact.works:
        return 0
    right = e.explanation is not None and slug(e.explanation) in ACCEPTED
    dropping = e.dropping is not None and e.dropping.present
    return 1 + 2 * (len(e.chain) > 2) + 4 * right + 8 * dropping


def where(e: Evidence) -> int | None:
    return e.contact.info.cell if e.contact else None


def more_than_asked(e: Evidence) -> str:
    """Trained variables that belong to no layer, as those of a normalisation: an extra we cannot compute."""
    seen = first_gradients(e.contact.watched) if e.contact and e.contact.watched else {}
    layers = {owner(path) for layer in e.chain for path in (layer.W, layer.b) if path}
    return ", ".join(path.removeprefix("c.") for path, g in seen.items() if g is not None and path not in layers)


def question(x: Examiner, contact: Contact) -> Evidence:
    assert contact.watched is not None
    connected = [path for path, g in first_gradients(contact.watched).items() if g is not None]
    variables = contact.initial or contact.watched.after
    found = chains(variables, contact.features, connected)
    if not found:
        return Evidence(contact)
    labels = labels_for(contact.batch, found[0][-1].shape[1])
    data = x.normal("x", (contact.batch, contact.features), 1.0)
    planted = {v.path: weight(x, v.path, v.shape) for v in variables} | one_for_all(variables, found)
    weights = with_slices(variables, planted)
    trained = quiet_step(x, contact, data, labels, weights)
    other = other_input(trained, data)  # then the labels are not ours either, so nothing is said about gradients
    seen = data if other is None else other.astype(np.float32)
    chain, logits, values, name = explained(x, found, seen, logits_in(trained, seen, under_tape=True), weights)
    in_training = name in ACCEPTED
    if not in_training:  # a mask of the student's own that cannot be silenced is off at least when classifying
        again = explained(x, found, data, classified_logits(x, contact, data, labels, weights), weights)
        if again[-1] in ACCEPTED or logits is None:
            chain, logits, values, name = again
    evidence = Evidence(contact, chain, logits, values, name, symmetric=symmetric(contact, chain))
    if len(chain) < 2 or trained is None:
        return evidence
    same = in_training == (name in ACCEPTED) and other is None
    masked = None if same or other is not None else output_error(trained, data, labels, chain)
    return replace(
        evidence,
        weights={f"W{i}": layer.turn(weights[layer.W]) for i, layer in enumerate(chain)},
        gradients=gradients_by_role(contact, trained, chain) if same else {},
        steps=x.answers(
            "step", x=data.astype(np.float64), layers=layer_values(chain, weights), labels=labels, form=name or "deck"
        ),
        masked=masked,
        mislabelled=mislabelled(trained, data, labels, chain),
        standing=standing(contact, trained, chain),
        predicts=predicts(x, contact, chain, weights) if name in ACCEPTED else None,
        dropping=question_dropout(x, contact, chain),
        learning=question_learning(x, contact),
    )


def mislabelled(trained: Watched, data: Numbers, labels: Numbers, chain: Chain) -> bool:
    cost = number(trained.tape[0].loss) if trained.tape else None
    bias = first_gradients(trained).get(chain[-1].b or "")
    return of_others(logits_in(trained, data, under_tape=True), labels, cost, bias)


def one_for_all(variables: Sequence[VariableInfo], found: Sequence[Chain]) -> dict[str, Numbers]:
    """Zero for single numbers that are no bias of any layer: one for all classes says nothing, and counts as none."""
    known = {layer.b for chain in found for layer in chain}
    return {v.path: np.zeros(v.shape, np.float32) for v in variables if np.prod(v.shape) == 1 and v.path not in known}


def quiet_step(
    x: Examiner, contact: Contact, data: Numbers, labels: Numbers, weights: Mapping[str, Numbers]
) -> Watched | None:
    """One watched step with these weights and without dropout, as far as it can be switched off."""
    quiet = dropout_settings(contact, 0.0)
    planted = put_together(contact.initial, weights)
    steps = training(quiet.contact, data, labels, weights=planted, attributes=quiet.attributes)
    return watched_in(x.ask(f"{contact.info.name}.step", *whole(), *steps))


def explained(
    x: Examiner, found: list[Chain], data: Numbers, logits: Numbers | None, weights: Mapping[str, Numbers]
) -> tuple[Chain, Numbers | None, Answers, str | None]:
    """The chain and form behind these logits of these inputs."""
    chain, values, name = best_chain(x, found, data, weights, logits)
    return chain, logits, values, name


def output_error(trained: Watched, data: Numbers, labels: Numbers, chain: Chain) -> bool | None:
    """Whether the last bias has the gradient of the mean cross-entropy of the logits seen: mean(softmax − one-hot)."""
    logits, bias = logits_in(trained, data, under_tape=True), chain[-1].b
    gradient = first_gradients(trained).get(bias) if bias else None
    if logits is None or gradient is None:
        return None
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    error = powers / powers.sum(axis=1, keepdims=True) - np.eye(logits.shape[1])[labels]
    return agree(gradient.reshape(-1), error.mean(axis=0))


def predicts(x: Examiner, contact: Contact, chain: Chain, weights: Mapping[str, Numbers]) -> bool | None:
    """Whether `classify` chooses the class with the largest logit; None when it returns no class for each example."""
    drawn = x.normal("classify", (2000, contact.features), 1.0)
    layers = layer_values(chain, weights)
    logits = x.answers("values", x=drawn.astype(np.float64), layers=layers)["deck"]["logits"]
    data, classes = of_every_class(drawn, logits)
    labels = (classes + 1) % chain[-1].shape[1]  # who gives back the labels is wrong each time
    quiet = dropout_settings(contact, 0.0)
    planted = put_together(contact.initial, weights)
    steps = classifying(quiet.contact, data, labels, weights=planted, attributes=quiet.attributes)
    watched = watched_in(x.ask(f"{contact.info.name}.predicts", *whole(), *steps))
    answered = array(watched.returned) if watched else None
    if answered is None or answered.size != len(data):
        return None
    return bool(np.mean(answered.reshape(-1) == classes) > 0.9)


def of_every_class(data: Numbers, logits: Numbers) -> tuple[Numbers, Numbers]:
    """(forty of the examples, the classes of their largest logits), of each class as many, as far as there are any.

    With secret weights one class may have nearly all examples, and then a constant is a good prediction.
    """
    classes = logits.argmax(axis=1)
    rank = np.empty(len(classes), np.int64)  # how many of its class stand before an example
    for c in range(logits.shape[1]):
        rank[classes == c] = np.arange(np.sum(classes == c))
    chosen = np.argsort(rank, kind="stable")[:40]
    return data[chosen], classes[chosen]


def weight(x: Examiner, path: str, shape: tuple[int, ...]) -> Numbers:
    """Secret weights large enough that every activation is told from every other."""
    return x.normal(f"weight {path}", shape, 0.5 if len(shape) == 1 else 1.4 / np.sqrt(max(shape[-2], 1)))


def classified_logits(
    x: Examiner, contact: Contact, data: Numbers, labels: Numbers, weights: Mapping[str, Numbers]
) -> Numbers | None:
    quiet = dropout_settings(contact, 0.0)
    planted = put_together(contact.initial, weights)
    steps = classifying(quiet.contact, data, labels, weights=planted, attributes=quiet.attributes)
    seen = x.ask(f"{contact.info.name}.logits", *whole(), *steps)
    return logits_in(watched_in(seen), data, under_tape=False)


def best_chain(
    x: Examiner,
    found: list[Chain],
    data: Numbers,
    weights: Mapping[str, Numbers],
    logits: Numbers | None,
) -> tuple[Chain, Answers, str | None]:
    """The assignment of variables to layers that explains the logits; names and order only break ties."""
    first: tuple[Chain, Answers, str | None] | None = None
    named: tuple[Chain, Answers, str | None] | None = None
    for chain in found:
        values = x.answers("values", x=data.astype(np.float64), layers=layer_values(chain, weights))
        name = nearest({"logits": logits}, values) if logits is not None else None
        if name in ACCEPTED:
            return chain, values, name
        first = first or (chain, values, name)
        named = named or ((chain, values, name) if name else None)
    result = named or first
    assert result is not None
    return result


def layer_values(chain: Chain, weights: Mapping[str, Numbers]) -> list[tuple[Numbers, Numbers]]:
    """(W, b) of each layer as the oracle takes them; a missing bias is zero."""
    return [
        (layer.turn(weights[layer.W]), weights[layer.b].reshape(-1) if layer.b else np.zeros(layer.shape[1]))
        for layer in chain
    ]


def gradients_by_role(contact: Contact, watched: Watched, chain: Chain) -> dict[str, Numbers | None]:
    whole = {path: g for path, g in first_gradients(watched).items() if g is not None}
    seen = with_slices(contact.initial, whole)
    roles: dict[str, Numbers | None] = {}
    for i, layer in enumerate(chain):
        W = seen.get(layer.W)
        roles[f"W{i}"] = layer.turn(W) if W is not None else None
        if layer.b:
            b = seen.get(layer.b)
            roles[f"b{i}"] = b.reshape(-1) if b is not None else None
    return roles


def standing(contact: Contact, watched: Watched, chain: Chain) -> tuple[str, ...]:
    """Variables of the network that a training step leaves as they were."""
    changes = with_slices(contact.initial, moved(watched))
    paths = [path for layer in chain for path in (layer.W, layer.b) if path]
    return tuple(path for path in paths if path in changes and not np.any(changes[path]))


def symmetric(contact: Contact, chain: Chain) -> tuple[str, ...]:
    """Hidden matrices whose units start equal, but for dust: every unit of the layer then learns the same."""
    made = {v.path: value for v in contact.initial if (value := array(v.value)) is not None}
    start = with_slices(contact.initial, made)
    return tuple(layer.W for layer in chain[:-1] if (W := start.get(layer.W)) is not None and equal_units(W))


def equal_units(W: Numbers) -> bool:
    """W [from, to]: whether its columns are the same."""
    return float(np.max(np.ptp(W, axis=1))) <= DUST * float(np.max(np.abs(W)))
