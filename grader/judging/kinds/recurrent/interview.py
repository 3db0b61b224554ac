"""Lab3 and Lab4: the interview of a recurrent classifier, whose cell is hidden inside `model`."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

import numpy as np
from msgspec import Struct
from msgspec.structs import replace

from grader.judging.binding.arrangements import Arrangement, arrangements
from grader.judging.binding.half_given import half_given
from grader.judging.binding.roles import Parts, Roles, headed, parts
from grader.judging.binding.stacked import layers
from grader.judging.checks import interview
from grader.judging.comparing.arrays import Numbers, number
from grader.judging.comparing.compare import slug
from grader.judging.examiner import Examiner
from grader.judging.formulas import Answers
from grader.judging.instruments.learning import Learning, question_learning
from grader.judging.instruments.silence import whole
from grader.judging.instruments.trained_labels import labels_for, of_others
from grader.judging.kinds.recurrent.costs import with_its_cost
from grader.judging.kinds.recurrent.explained import LABS, Explained, Way, by_role, first_explained, likely, role_values
from grader.judging.kinds.recurrent.levelled import levelled
from grader.judging.meeting.asking import classifying, inputs, runs_ready_layers, training, weight
from grader.judging.meeting.classes import WORDS, candidates, meet, usable
from grader.judging.meeting.contact import Contact
from grader.judging.meeting.crashes import crash_mistake, uses_ready_made
from grader.judging.meeting.watching import first_gradients, logits_in, moved, stride, watched_in
from grader.sandbox.guest.wire import ClassInfo, Inventory, Watch, Watched

ASSIGNED = re.compile(r"\bW_rnn\b[^=\n]*=[^=]")
GIVEN_NORM = 5.0  # beyond which the handout's step shortens a gradient
LARGE = 3000.0  # times the secret weights: a penalty's gradient is then longer than that
EARLIER = 2  # instances made with other arguments than the last one
HALF = "gate-input-missing"
CERTAIN = 40.0  # a logit's bias beside which no other logit counts in float32


class Evidence(Struct, frozen=True):
    contact: Contact | None
    parts: Parts | None = None
    arrangement: Arrangement | None = None
    roles: Roles = {}
    logits: Numbers | None = None
    values: Answers = {}
    explanation: str | None = None
    gradients: Mapping[str, Numbers | None] = {}
    plain: Mapping[str, Numbers] = {}  # the cross-entropy's gradient of the explained form
    weights: Mapping[str, Numbers] = {}
    penalty: Mapping[str, tuple[Numbers, Numbers]] = {}  # weights and gradient where the cost has no other
    standing: tuple[str, ...] = ()  # paths of roles that a training step leaves as they were
    clips: bool | None = None  # long gradients are shortened
    repeats: bool | None = None  # the same sentences twice give the same logits
    drops: bool = False  # with other random numbers they give others
    mislabelled: bool = False  # a step was taken with other labels than those of its sentences
    learning: Learning | None = None
    plots: bool = False
    ready_made: bool = False  # the text of the class calls a recurrent layer that Keras has ready
    ready_layers: bool = False  # one ran in a training step
    crash: str | None = None  # the mistake behind a class that cannot take a step
    corrupted: bool = False  # the starter as handed out in two years, with two broken lines
    assigned: bool = False  # some cell makes a W_rnn
    levelled: str | None = None  # logits that nothing explains, with one number in all variables: whose they are then


@interview("lab3_rnn")
@interview("lab4_gru")
def interview_recurrent(x: Examiner) -> Evidence:
    survey = x.survey()
    shown = any("image/png" in output.get("data", {}) for cell in x.run.cells for output in cell.outputs)
    broken = any("tf.Variableself." in cell.source or "miniself." in cell.source for cell in x.cells)
    assigned = any(ASSIGNED.search(cell.source) for cell in x.cells if cell.kind == "code")
    if survey is None or not candidates(survey):
        return Evidence(None, corrupted=broken, plots=shown, assigned=assigned)
    best = None
    for info in candidates(survey):
        for made in ways_made(survey, info):
            contact = meet(x, made, info, WORDS)
            asked = question(x, contact) if contact.works else Evidence(contact, crash=crash_mistake(contact, x.cells))
            if best is None or worth(asked) > worth(best):
                best = asked
            if worth(best) == 3:
                break
        if best is not None and worth(best) == 3:
            break
    assert best is not None
    found = replace(best, plots=shown, corrupted=broken)
    if found.contact is None:
        return found
    ran = found.contact.works and runs_ready_layers(x, found.contact)
    return replace(found, ready_made=uses_ready_made(found.contact, x.cells), ready_layers=ran)


def ways_made(survey: Inventory, info: ClassInfo) -> list[Inventory]:
    """As it is, then as if the last instance had not been made: extras of one class are asked for by an argument."""
    own = usable(survey, info)
    other = [made for made in own if (made.args, made.kwargs) != (own[-1].args, own[-1].kwargs)]
    rest = tuple(one for one in survey.constructions if one not in own)
    before = [(*rest, made) for made in other[: -EARLIER - 1 : -1]]
    return [survey, *(replace(survey, constructions=made) for made in before)]


def worth(e: Evidence) -> int:
    """Extras (LSTM, stacked) may stand in classes of their own; the one that shows the work is judged."""
    if e.contact is None or not e.contact.works:
        return 0
    return 1 + (e.explanation is not None) + (e.explanation is not None and slug(e.explanation) == "deck")


def question(x: Examiner, contact: Contact) -> Evidence:
    ways = seen_in(contact, arrangements(contact.initial, contact.vocabulary))
    if not ways:
        return Evidence(contact, learning=question_learning(x, contact), levelled=levelled(x, contact))
    best = None
    for seen, given in ways_to_ask(x, contact, ways):
        evidence = questioned(x, contact, seen, given)
        if best is None or evidence.explanation or is_guess(best):
            best = evidence
        if best.explanation:
            break
    best = best or Evidence(contact)
    level = None if best.explanation else levelled(x, contact)
    return replace(best, learning=question_learning(x, contact), levelled=level)


def is_guess(e: Evidence) -> bool:
    """Matrices taken for gates that are given half of their input, while their logits are not explained by it."""
    return e.arrangement is not None and bool(e.arrangement.zeros) and e.explanation is None


def seen_in(contact: Contact, every: Iterable[Arrangement]) -> list[Way]:
    return [
        Way(one, arrangement)
        for arrangement in every
        if (found := parts(arrangement.variables, contact.vocabulary)) is not None
        for one in headed(found)
    ]


def ways_to_ask(
    x: Examiner, contact: Contact, ways: Sequence[Way]
) -> Iterator[tuple[Sequence[Way], dict[str, Numbers]]]:
    """What to see the variables as, and weights that are not secret: the next only where the last explained nothing."""
    for one in layers(ways[-1].parts, contact.initial):
        yield [Way(one.lower, ways[-1].arrangement)], one.upper
    paths, gates = [v.path for v in ways[0].parts.biases], len(LABS[x.lab])
    if half := seen_in(contact, half_given(contact.initial, contact.vocabulary, gates)):
        yield half, {}
    yield ways, {}
    if len(paths) == 2 * gates:  # one beside words, one beside states: made in turns, or all of one kind first
        for silent in (paths[1::2], paths[gates:]):
            yield ways, {v.path: np.zeros(v.shape) for v in contact.initial if v.path in silent}


def questioned(x: Examiner, contact: Contact, ways: Sequence[Way], given: dict[str, Numbers]) -> Evidence:
    """Under secret weights, but for those given; dropout, which the lab does not ask for, is off in training."""
    data, labels = inputs(x, "x", contact, contact.batch, 1.0), labels_for(contact.batch, 2)
    secret = {v.path: weight(x, v.path, v.shape, contact.vocabulary) for v in contact.initial} | given
    steps = training(contact, data, labels, weights=secret)
    trained = watched_in(x.ask(f"{contact.info.name}.step", *whole(), *steps))
    logits = logits_in(trained, data, under_tape=True)
    *calm, lucky = classified(x, contact, data, labels, secret)
    shown = [logits] if same(logits, calm[0]) else [logits, calm[0]]  # they differ under a mask of the student's own
    told = first_explained(x, likely(ways, logits), data, secret, *shown)
    if lower := with_some_below_zero(told, secret) if not given else {}:
        return questioned(x, contact, ways, lower)
    evidence = Evidence(
        contact, told.way.parts, told.way.arrangement, told.roles, told.logits, told.values, named(told, told.form),
        weights={role: by_role(told.weights, path) for role, path in told.roles.items() if path},
        penalty=penalised(x, contact, told, data, secret),
        repeats=(again := same(*calm)), drops=again is True and same(calm[0], lucky) is False)  # fmt: skip
    if trained is None:
        return evidence
    form = told.form
    plain: Mapping[str, Numbers] = {}
    gradients = by_gradient(told, first_gradients(trained))
    if form is not None and told.logits is logits:
        case = {"x": data, "labels": labels, **role_values(told.way.parts, told.roles, told.weights)}
        form, plain = with_its_cost(x, form, case, gradients)
    penalty = evidence.penalty or beyond(plain, evidence.weights, gradients)
    return replace(
        evidence, explanation=named(told, form), plain=plain, penalty=penalty, standing=standing(trained, told),
        gradients=gradients, clips=clips(x, contact, told, data, secret, trained),
        mislabelled=of_others(logits, labels, unpenalised(trained, penalty), gradients.get("b_cl")),
    )  # fmt: skip


def unpenalised(trained: Watched, penalty: Mapping[str, tuple[Numbers, Numbers]]) -> float | None:
    """The cost of a step without its penalty; that of squares is half the product of weights and their gradient."""
    cost = number(trained.tape[0].loss) if trained.tape else None
    squares = (float(np.sum(weights * gradient)) / 2 for weights, gradient in penalty.values())
    return cost - sum(squares) if cost is not None else None


def with_some_below_zero(told: Explained, secret: Mapping[str, Numbers]) -> dict[str, Numbers]:
    """A lower last bias, where all logits lie above zero: those that a ReLU has passed look like those it has not."""
    bias = told.roles["b_cl"]
    if bias is None or told.form is None or told.logits is None or told.logits.min() < 0:
        return {}
    lower = (told.weights[bias] - np.median(told.logits)).astype(np.float32)
    planted = told.way.arrangement.planted(secret, bias, lower)
    return {piece.path: planted[piece.path] for piece in told.way.arrangement.pieces(bias)}


def named(told: Explained, form: str | None) -> str | None:
    """The form, but where a gate is given half of what it should be: then nothing is the slide's."""
    return HALF if form and told.way.arrangement.zeros else form


def beyond(
    plain: Mapping[str, Numbers], weights: Mapping[str, Numbers], gradients: Mapping[str, Numbers | None]
) -> dict[str, tuple[Numbers, Numbers]]:
    """Weights and what their gradient holds beyond the cross-entropy's, for a class without a bias to silence it by."""
    return {
        role: (weights[role], gradient - plain[role])
        for role, gradient in gradients.items()
        if gradient is not None and role in plain and gradient.shape == plain[role].shape
    }


def penalised(
    x: Examiner, contact: Contact, told: Explained, data: Numbers, secret: Mapping[str, Numbers]
) -> dict[str, tuple[Numbers, Numbers]]:
    """A step in which the network is sure, and right, of every example: its gradients are the penalty's alone."""
    bias = told.roles["b_cl"]
    if bias is None:
        return {}
    sure = np.full(told.weights[bias].shape, -CERTAIN, np.float32)
    sure[..., 0] = CERTAIN
    labels = np.zeros(len(data), np.int64)
    planted = told.way.arrangement.planted(secret, bias, sure)
    steps = training(contact, data, labels, weights=planted)
    trained = watched_in(x.ask(f"{contact.info.name}.penalty", *whole(), *steps))
    gradients = by_gradient(told, first_gradients(trained)) if trained else {}
    weights = {**told.weights, bias: sure}
    return {
        role: (by_role(weights, path), gradient)
        for role, path in told.roles.items()
        if path and (gradient := gradients.get(role)) is not None
    }


def clips(
    x: Examiner, contact: Contact, told: Explained, data: Numbers, secret: Mapping[str, Numbers], before: Watched
) -> bool | None:
    """Whether the step along a long gradient, that of a penalty on large weights, is shorter than one along `before`'s.

    None where a step is no multiple of its gradient, as Adam's, or where no penalty makes the gradient long.
    """
    if (role := told.roles["W_rnn"]) is None:
        return None
    path = told.way.arrangement.pieces(role)[0].path
    steps = training(contact, data, np.arange(len(data)) % 2, weights={**secret, path: LARGE * secret[path]})
    after = watched_in(x.ask(f"{contact.info.name}.long", *whole(), *steps))
    usual, shorter = stride(before, path), stride(after, path)
    long = first_gradients(after).get(path) if after else None
    if usual is None or shorter is None or long is None or float(np.linalg.norm(long)) < 2 * GIVEN_NORM:
        return None
    return abs(shorter) < 0.9 * abs(usual)


def by_gradient(told: Explained, gradients: Mapping[str, Numbers | None]) -> dict[str, Numbers | None]:
    seen = told.way.arrangement.seen(gradients)
    return {role: flat(seen[path]) for role, path in told.roles.items() if path and path in seen}


def flat(gradient: Numbers | None) -> Numbers | None:
    return gradient.reshape(-1) if gradient is not None and gradient.ndim == 2 and gradient.shape[0] == 1 else gradient


def classified(
    x: Examiner, contact: Contact, data: Numbers, labels: Numbers, weights: Mapping[str, Numbers]
) -> tuple[Numbers | None, ...]:
    """The logits of classifying the same sentences, of doing so again, and of doing so with other random numbers."""
    steps = classifying(contact, data, labels, weights=weights)
    again = steps[-1]
    assert isinstance(again, Watch)
    more = replace(again, into="again"), replace(again, into="lucky", seed=again.seed + 1)
    seen = x.ask(f"{contact.info.name}.twice", *steps, *more)
    others = [seen.values.get(watch.into) for watch in more]
    every = [watched_in(seen), *(one if isinstance(one, Watched) else None for one in others)]
    return tuple(logits_in(one, data, under_tape=False) for one in every)


def same(one: Numbers | None, two: Numbers | None) -> bool | None:
    """None when there is nothing to compare."""
    return bool(np.allclose(one, two, rtol=1e-4, atol=1e-5)) if one is not None and two is not None else None


def standing(watched: Watched, told: Explained) -> tuple[str, ...]:
    changes = moved(watched)
    pieces = [piece for path in told.roles.values() if path for piece in told.way.arrangement.pieces(path)]
    return tuple(
        piece.name
        for piece in dict.fromkeys(pieces)
        if piece.path in changes and not np.any(piece.of(changes[piece.path]))
    )
