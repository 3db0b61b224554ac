"""Lab5: the interview of a classifier of pairs that attends to the words of the premise."""

import ast
import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice

import numpy as np
from msgspec.structs import replace

from grader.judging.checks import interview
from grader.judging.comparing.arrays import Numbers, number
from grader.judging.comparing.compare import agree
from grader.judging.examiner import Examiner
from grader.judging.formulas import Answers
from grader.judging.instruments.attention_maps import question_maps
from grader.judging.instruments.cut_gradients import cut_off
from grader.judging.instruments.pair_learning import question_learning
from grader.judging.instruments.probabilities import takes_softmax_twice
from grader.judging.instruments.silence import whole
from grader.judging.instruments.trained_labels import of_others
from grader.judging.instruments.until_it_broke import attention_rows, with_results
from grader.judging.kinds.attention.asking import Answer, answer_in
from grader.judging.kinds.attention.cuts import Way, ways
from grader.judging.kinds.attention.evidence import Evidence
from grader.judging.kinds.attention.explained import Explained, Scene, explained, word_vectors
from grader.judging.kinds.attention.layout import CLASSES, Layout, layout, values
from grader.judging.kinds.attention.methods import as_classified, labels_of, with_methods
from grader.judging.kinds.attention.planting import pairs_of_words, weights_for
from grader.judging.meeting.asking import inputs, instance, training
from grader.judging.meeting.classes import WORDS, candidates, meet
from grader.judging.meeting.contact import Contact, Inputs
from grader.judging.meeting.forward import Forward, floats, forward_of
from grader.judging.meeting.pairs import halves, with_paddings
from grader.judging.meeting.source import trees
from grader.judging.meeting.watching import first_gradients, moved, value_of, watched_in
from grader.judging.unaskable import Unsealed
from grader.model import Cell

LAB = "lab5_attention"
PAIRS = Inputs((WORDS.sizes[0], (WORDS.sizes[1][0], 10)), words=True, length=10, pairs=True)
BIAS = re.compile(r"bias|sesgo|joera|(^|[._])b(\d|_|\.|$)", re.IGNORECASE)
WAYS = 6  # to see the variables, tried at most
ORDERS = ("rh", "hr")  # of context and state
# [batch, words, dim] met [batch, words]: the scores of the words have lost their last axis
WITHOUT_AXIS = re.compile(
    r"\[(\d+), ?(\d+), ?(\d+)\] vs\. \[\1, ?(?:\2|\3)\]|\[(\d+), ?(\d+)\] vs\. \[\4, ?(?:\5, ?\d+|\d+, ?\5)\]"
)


@interview(LAB)
def interview_attention(x: Examiner) -> Evidence:
    survey = x.survey()
    if survey is None or not candidates(survey):
        return Evidence(None)
    best: Evidence | None = None
    for info in candidates(survey):
        contact = meet(x, survey, info, PAIRS)
        evidence = question(x, contact) if contact.works else until_it_broke(x, contact)
        evidence = replace(evidence, begun=begun(evidence, x.cells))
        if best is None or worth(evidence) > worth(best):
            best = evidence
        if worth(best) == 3:
            break
    assert best is not None and best.contact is not None
    return replace(best, maps=question_maps(x, best.contact)) if best.contact.works else best


def worth(e: Evidence) -> int:
    """Where several classes train, the one that shows the work is judged."""
    if e.contact is None or not (e.contact.works or e.unfinished):
        return 0
    return 1 + (e.explanation is not None) + e.right


def silent(contact: Contact) -> Evidence:
    """Of a class that takes no step."""
    message = contact.trouble.message if contact.trouble else ""
    crash = "scores-without-axis" if WITHOUT_AXIS.search(message) else None
    return Evidence(contact, layout=layout(contact.initial, contact.vocabulary), crash=crash)


def until_it_broke(x: Examiner, contact: Contact) -> Evidence:
    """Of a class whose `model` has weights of the words before it breaks off, those that came last."""
    evidence = silent(contact)
    forward = forward_of(contact, inputs(x, "contact", contact, contact.batch, 0.5))
    if forward is None or not contact.initial:
        return evidence
    every_way = seen_ways(contact)
    data, given = pairs_of_words(x, "x", contact), weights_for(x, contact, every_way)
    begin, size = [*whole(), *instance(contact, given, {})], (contact.batch, contact.features)
    every = x.ask(f"{contact.info.name}.until it broke", *begin, with_results(forward).call(data, "r"))
    rows = attention_rows(list(floats(value_of(every, "r"))), *size)
    if not rows:
        return evidence
    forward = with_results(forward, rows[-1:])
    evidence = replace(asked_apart(x, evidence, forward, data, given), unfinished=True)
    return next_right(tried(x, evidence, every_way, forward, (data, given))) or evidence


def begun(e: Evidence, cells: tuple[Cell, ...]) -> bool:
    """Whether there is an attention, or at least something that reads its variables."""
    if e.contact is None or e.layout is None:
        return True
    trouble = e.contact.trouble
    empty = (
        not e.contact.works and not e.unfinished and trouble is not None and trouble.kind == "IndexError"
    )  # no scores to stack
    return not (empty or e.alike) or uses(cells, e.layout)


def uses(cells: tuple[Cell, ...], found: Layout) -> bool:
    """Whether anything outside of constructors reads a variable of the attention."""
    names = {path.removeprefix("c.").split("[")[0].split(".")[0] for path in found.attention}
    methods = [
        node
        for _, tree in trees(cells)
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef) and node.name != "__init__"
    ]
    read = {part.attr for method in methods for part in ast.walk(method) if isinstance(part, ast.Attribute)}
    return bool(names & read)


def question(x: Examiner, contact: Contact) -> Evidence:
    every = seen_ways(contact)
    listed = frozenset(v.path for v in contact.initial if v.place is not None)
    evidence = Evidence(contact, listed=listed, learning=question_learning(x, contact))
    if every:
        evidence = replace(evidence, layout=every[0][0], arrangement=every[0][1])
    data = pairs_of_words(x, "x", contact)
    given = weights_for(x, contact, every)
    forward = forward_of(contact, inputs(x, "contact", contact, contact.batch, 0.5))
    if forward is not None:
        other = as_classified(x, contact, forward, data, given)
        evidence, forward = replace(evidence, exchanged=other is not None), other or forward
        evidence = asked_apart(x, evidence, forward, data, given)
    evidence = with_step(x, evidence, data, given)
    if forward is None:
        return evidence
    evidence = with_methods(x, evidence, forward, data, given)
    told = next_right(tried(x, evidence, every, forward, (data, given)))
    return with_additions_at_zero(x, told or evidence, forward, (data, given))


def with_additions_at_zero(
    x: Examiner, e: Evidence, forward: Forward, asked: tuple[Numbers, dict[str, Numbers]]
) -> Evidence:
    """Biases that the equations do not have, in the attention for instance, say nothing where they are zeros."""
    (data, given), contact = asked, e.contact
    assert contact is not None
    sizes = {v.path: v.shape for v in contact.initial}
    added = e.more_than_asked
    if e.explanation or not added or not all(max(sizes[path]) == np.prod(sizes[path]) for path in added):
        return e
    given = given | {path: np.zeros_like(given[path]) for path in added}
    again = with_step(x, asked_apart(x, replace(e, added=added), forward, data, given), data, given)
    told = next_right(tried(x, again, seen_ways(contact), forward, (data, given)))
    return told if told and (told.right or (told.explanation and all(map(BIAS.search, added)))) else e


def seen_ways(contact: Contact) -> list[Way]:
    return list(islice(ways(contact.initial, contact.vocabulary), WAYS))


def asked_apart(x: Examiner, e: Evidence, forward: Forward, data: Numbers, given: Mapping[str, Numbers]) -> Evidence:
    """The answer for all pairs, and whether it follows another first pair."""
    contact = e.contact
    assert contact is not None
    others, length = pairs_of_words(x, "other", contact), contact.features
    asked = {
        "r": data,
        "other": np.concatenate([others[:1], data[1:]]),
        "short": with_paddings(data),
        "deaf": np.concatenate([data[:, :length], others[:, length:]], axis=1),
    }
    steps = [forward.call(given_words, name) for name, given_words in asked.items()]
    seen = x.ask(f"{contact.info.name}.pairs", *whole(), *instance(contact, given, {}), *steps)
    size = contact.batch, contact.features
    answer = answer_in(seen, "r", *size)
    padded, heard = answer_in(seen, "short", *size).attn, answer_in(seen, "deaf", *size).attn
    deaf = answer.attn is not None and heard is not None and agree(answer.attn, heard, 1e-5)
    return replace(e, answer=answer, padded=padded, flows=flows(answer, answer_in(seen, "other", *size)), deaf=deaf)


def tried(
    x: Examiner, e: Evidence, every: Sequence[Way], forward: Forward, asked: tuple[Numbers, dict[str, Numbers]]
) -> Iterator[Evidence]:
    """A sealed file knows one set of weights, so with it each way to see the variables has them planted anew."""
    data, given = asked
    for place, way in enumerate(every):
        if x.sealed and place and e.contact:
            given = weights_for(x, e.contact, [way])
            given |= {path: np.zeros_like(given[path]) for path in e.added}
            e = with_step(x, asked_apart(x, e, forward, data, given), data, given)
        yield seen_as(x, e, way, forward, (data, given))


def next_right(every: Iterator[Evidence]) -> Evidence | None:
    """The first that is right, else the first that is explained, else the first."""
    best, unsealed = None, frozenset[str]()
    for one in every:
        if best is None or (best.explanation is None and one.explanation) or one.right:
            best = one
        if one.right:
            return one
        unsealed |= one.unsealed
    return replace(best, unsealed=unsealed) if best and not best.explanation else best


def seen_as(
    x: Examiner, e: Evidence, way: Way, forward: Forward, asked: tuple[Numbers, dict[str, Numbers]]
) -> Evidence:
    (found, arrangement), (data, own), contact = way, asked, e.contact
    answer = e.answer
    assert contact is not None and answer is not None
    e = replace(e, layout=found, arrangement=arrangement)
    given = {path: value for path, value in arrangement.seen(own).items() if value is not None}
    table = word_vectors(x, contact, found, given)
    if table is None:
        return e
    try:
        told = explained(Scene(x, contact, forward, data, given, table, own, arrangement), found, answer)
    except Unsealed:
        return replace(e, unsealed=frozenset({"attention", "logits"}))
    e = replace(e, known=told.known, explanation=told.form, given_to=told.given_to, read=told.read)
    e = replace(e, layout=told.layout, readouts=readouts(x, e, told, data, given, table))
    try:
        return replace(e, lacking=lacking(x, e, data, given, table))
    except Unsealed:
        return replace(e, unsealed=frozenset({"all-trained"}))


def readouts(
    x: Examiner, e: Evidence, told: Explained, data: Numbers, given: Mapping[str, Numbers], E: Numbers
) -> Answers:
    """What follows from the attention as it was seen, where it is not right itself."""
    found, attn = told.layout, e.answer.attn if e.answer else None
    if attn is None or found is None or told.right or not found.reads_out or not np.all(np.isfinite(attn)):
        return {}
    if attn.ndim > 2 and attn.shape[2] != found.dim:
        return {}
    p, h = halves(data)
    return x.answers_to("readouts", p=p, h=h, alpha=attn, **values(found, given, E))


def flows(one: Answer, other: Answer) -> bool | None:
    """Whether the answers for all examples but the first differ."""
    pairs = [(one.logits, other.logits), (one.attn, other.attn)]
    told = [(a[1:], b[1:]) for a, b in pairs if a is not None and b is not None and a.shape == b.shape]
    return any(not np.allclose(a, b, rtol=1e-4, atol=1e-5) for a, b in told) if told else None


def with_step(x: Examiner, e: Evidence, data: Numbers, given: Mapping[str, Numbers]) -> Evidence:
    """What a step of the notebook's own training moves."""
    assert e.contact is not None
    steps = training(e.contact, data, labels_of(data), weights=given)
    trained = watched_in(x.ask(f"{e.contact.info.name}.step", *steps))
    if trained is None or not trained.tape:
        return e
    changes = moved(trained)
    still = tuple(path for path, change in changes.items() if not np.any(change))
    tables = e.own([e.layout.roles["E"]]) if e.layout and "E" in e.layout.roles else ()
    moves = any(path in changes and path not in still for path in tables)
    logits, gradients = e.answer.logits if e.answer else None, first_gradients(trained)
    cost, labels = number(trained.tape[0].loss), labels_of(data)
    bias = next((g for g in gradients.values() if g is not None and g.size == CLASSES), None)
    return replace(
        e,
        standing=still,
        trains_vectors=moves,
        gradients=gradients,
        twice=takes_softmax_twice(logits, labels, cost),
        mislabelled=of_others(logits, labels, cost, bias),
    )


def lacking(x: Examiner, e: Evidence, data: Numbers, given: Mapping[str, Numbers], E: Numbers) -> tuple[str, ...]:
    """Variables whose gradient lacks a part. Told where the logits follow from the roles as the layout has them."""
    if not e.right or e.given_to or e.layout is None or not e.layout.reads_out:
        return ()
    if e.answer is None or e.answer.logits is None:
        return ()
    p, h = halves(data)
    case = {"p": p, "h": h, **values(e.layout, given, E), "form": e.explanation, "labels": labels_of(data)}
    paths = {role: path for role, path in e.layout.roles.items() if role != "E"}
    gradients = e.arrangement.seen(e.gradients)
    seen = {role: gradients.get(path) for role, path in paths.items()}
    for order in ORDERS:
        plain = x.answers("step", **case, order=order)["deck"]
        if agree(e.answer.logits, plain["logits"]):
            return tuple(
                paths[role] for role in cut_off(seen, plain, {role: given[path] for role, path in paths.items()})
            )
    return ()
