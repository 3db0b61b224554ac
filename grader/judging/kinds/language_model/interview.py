"""Assignment 3: the interview of a language model."""

from collections.abc import Mapping

import numpy as np
from msgspec import Struct
from msgspec.structs import replace

from grader.judging.binding.cuts import GATES
from grader.judging.checks import interview
from grader.judging.comparing.arrays import Numbers, number
from grader.judging.comparing.compare import slug
from grader.judging.examiner import Examiner
from grader.judging.instruments.learning import Learning
from grader.judging.instruments.silence import whole
from grader.judging.instruments.written_answers import Answered, answers_in
from grader.judging.kinds.language_model.asking import (
    KEPT,
    Forward,
    begin,
    forward_of,
    guesses_in,
    kept_states,
    many,
    with_source,
)
from grader.judging.kinds.language_model.dropout import Dropout, question_dropout
from grader.judging.kinds.language_model.gradient import question_cut
from grader.judging.kinds.language_model.held_out import HeldOut, own_samples, printed_samples, question_held_out
from grader.judging.kinds.language_model.learning import question_learning
from grader.judging.kinds.language_model.parts import Layout, Weights, layout, layouts
from grader.judging.kinds.language_model.roles import Case, Explained, explain
from grader.judging.kinds.language_model.sampling import Sampling, question_sampling
from grader.judging.meeting.asking import (
    inputs,
    runs_ready_layers,
    training,
    weight,
)
from grader.judging.meeting.classes import WORDS, built_by, candidates, meet
from grader.judging.meeting.contact import Contact
from grader.judging.meeting.crashes import uses_ready_made
from grader.judging.meeting.watching import first_gradients, moved, value_of, watched_in
from grader.model import Observation
from grader.sandbox.guest.wire import Call, Read, Watched

LAB = "a3_lstm_lm"
SENTENCES = replace(WORDS, length=21)


class Cost(Struct, frozen=True):
    """What the training's cost is of the training's own guesses."""

    form: str | None
    scale: float = 1.0  # the cost is so many times that of the form


class Evidence(Struct, frozen=True):
    contact: Contact | None
    answers: tuple[Answered, ...] = ()
    layout: Layout | None = None
    guesses: Numbers | None = None
    explained: Explained | None = None
    unexplained: bool = False  # nobody asked what is inside the cell, as for a student's own check
    ready_made: bool = False  # the text of the class calls a recurrent layer that Keras has ready
    ready_layers: bool = False  # one ran in a training step
    cost: Cost | None = None  # None: it could not be seen
    standing: tuple[str, ...] | None = None  # variables that a training step leaves as they were
    listed: frozenset[str] = frozenset()  # variables that stand in trainable_variables
    states: Mapping[str, Numbers] = {}  # rows of states [number, batch, dim] that the model keeps
    peeks: int | None = None  # how many words after its own a guess depends on; None: not known
    mixed: bool = False  # whether it depends on other sentences
    dropout: Dropout | None = None
    sampling: Sampling | None = None
    learning: Learning | None = None
    held_out: HeldOut | None = None
    cut_off: tuple[str, ...] = ()  # variables that a part of the gradient does not reach
    samples: tuple[str, ...] = ()  # of the notebook's own model

    @property
    def cell(self) -> int | None:
        return self.contact.info.cell if self.contact else None

    @property
    def form(self) -> str:
        """Of the cell; empty when none known to us explains the guesses."""
        return (self.explained.form if self.explained else None) or ""

    @property
    def more_than_asked(self) -> bool:
        """Several layers, shared embeddings, layers that are built later: extras, or ways unknown to us."""
        if self.contact is None or self.contact.watched is None:
            return False
        if self.layout is None:
            vocabulary, initial = self.contact.vocabulary, self.contact.initial
            sides = [n for v in initial if len(v.shape) > 1 for n in v.shape if n != vocabulary]
            long = GATES * max(sides, default=0)  # a vector beyond that is no bias
            plain = [v for v in initial if vocabulary not in v.shape and (len(v.shape) > 1 or sum(v.shape) > long)]
            return bool(plain) or len(self.contact.watched.after) > len(initial)
        return bool(self.layout.others) or self.layout.overfull or self.layout.tied

    @property
    def unclear(self) -> bool:
        """The guesses may be right in a way unknown to us."""
        return not self.form and (self.more_than_asked or bool(self.layout and self.layout.cut_up))


@interview(LAB)
def interview_language_model(x: Examiner) -> Evidence:
    survey = x.survey()
    answers = answers_in(x.cells)
    if survey is None or not candidates(survey):
        return Evidence(None, answers)
    best: Evidence | None = None
    for info in candidates(survey):
        contact = once_built(x, meet(x, survey, info, SENTENCES))
        evidence = question(x, contact) if contact.works else Evidence(contact)
        if best is None or worth(evidence) > worth(best):
            best = evidence
        if worth(best) == 3:
            break
    assert best is not None and best.contact is not None
    works = best.sampling is not None and bool(best.sampling.sentences)
    samples = printed_samples(x.run) or (own_samples(x, best.contact) if works else ())
    ran = best.contact.works and runs_ready_layers(x, best.contact)
    ready_made = uses_ready_made(best.contact, x.cells)
    return replace(best, answers=answers, samples=samples, ready_made=ready_made, ready_layers=ran)


def once_built(x: Examiner, contact: Contact) -> Contact:
    """With the variables of layers that make them at their first call."""
    known = {v.path for v in contact.initial}
    late = contact.watched is not None and any(v.path not in known for v in contact.watched.after)
    data = inputs(x, "contact", contact, contact.batch, 0.5)
    forward = forward_of(contact, data) if late else None
    call = forward.call(data, 0.0, "")[0] if forward else None
    return built_by(x, contact, call) if isinstance(call, Call) else contact


def worth(e: Evidence) -> int:
    """Where several classes train, the one that shows the work is judged."""
    if e.contact is None or not e.contact.works:
        return 0
    return 1 + bool(e.form) + (slug(e.form) == "deck")


def question(x: Examiner, contact: Contact) -> Evidence:
    data = inputs(x, "x", contact, contact.batch, 1.0)
    found = layout(contact.initial, contact.vocabulary)
    weights = weights_for(x, contact, found)
    first = forward_of(contact, inputs(x, "contact", contact, contact.batch, 0.5))
    listed = frozenset(v.path for v in contact.initial if v.place is not None)
    evidence = Evidence(contact, layout=found, listed=listed, unexplained=x.sealed)
    if first is None:
        return replace(evidence, learning=question_learning(x, contact))
    shape = (contact.features - 1, contact.batch, contact.vocabulary)

    def asked(forward: Forward) -> Observation:
        steps = [*whole(), *begin(contact, weights), *forward.call(data, 0.0, "r"), Read(KEPT, "kept")]
        return x.ask(f"{contact.info.name}.whole", *steps)

    source = with_source(first, seen := asked(first), shape)
    if source is None:
        return replace(evidence, learning=question_learning(x, contact))
    forward, guesses = source
    peeks = question_causality(x, contact, forward, data, weights)
    mixed = bool(peeks) and question_rows(x, contact, forward, data, weights)
    anew = replace(forward, cut_anew=True)
    if mixed and not question_rows(x, contact, anew, data, weights):  # a mistake of its own: the rest is asked without
        forward, guesses = with_source(anew, seen := asked(anew), shape) or source
        peeks = question_causality(x, contact, forward, data, weights)
    evidence = replace(evidence, peeks=peeks, mixed=mixed)
    evidence = replace(evidence, learning=question_learning(x, contact, forward))
    states = kept_states(seen, contact.batch, found.dim) if found else {}
    evidence = replace(with_step(x, evidence, forward, data, weights), guesses=guesses, states=states)
    return asked_on(x, evidence, forward, data, weights)


def weights_for(x: Examiner, contact: Contact, found: Layout | None) -> Weights:
    """Secret ones, of one strength whichever way round a variable keeps them."""
    weights = {v.path: weight(x, v.path, v.shape, contact.vocabulary) for v in contact.initial}
    for table in (found.embedding, found.out) if found else ():
        weights[table.path] = table.kept(weight(x, table.path, table.shape, contact.vocabulary))
    return weights


def asked_on(x: Examiner, e: Evidence, forward: Forward, data: Numbers, weights: Weights) -> Evidence:
    """What can be asked of a model whose guesses are seen."""
    contact, guesses, found = e.contact, e.guesses, e.layout
    assert contact is not None and guesses is not None

    def asked(changes: list[Mapping[str, Numbers]], words: Numbers) -> list[Numbers | None]:
        steps = [*whole(), *begin(contact, weights), *many(forward, words, changes)]
        seen = x.ask(f"{contact.info.name}.parts", *steps)
        return [guesses_in(value_of(seen, f"r{i}"), shape_of(contact)) for i in range(len(changes))]

    explained = None  # by a sealed file, whose answers would have to know every order of the gates
    for way in layouts(contact.initial, contact.vocabulary) if not x.sealed else ():
        told = explain(Case(x, way, weights, data, asked), guesses)
        if explained is None or told.form is not None:
            found, explained = way, told
        if told.form is not None:
            break
    return replace(
        e,
        layout=found,
        explained=explained,
        dropout=question_dropout(x, contact, forward, found, weights) if found else None,
        sampling=question_sampling(x, contact, forward, found, explained) if found else None,
        held_out=question_held_out(x, contact, forward, found) if found else None,
        cut_off=question_cut(x, contact, explained, found, e.cost.form or "", (data, weights))
        if found and explained and e.cost and not e.mixed
        else (),
    )


def with_step(x: Examiner, e: Evidence, forward: Forward, data: Numbers, weights: Weights) -> Evidence:
    """One watched step of the notebook's own training, with its own dropout: cost, and what it moves."""
    contact = e.contact
    assert contact is not None
    kept = [Read(f"c.{forward.source}", "r")] if forward.source else []
    labels = np.zeros(contact.batch, np.int64)
    seen = x.ask(f"{contact.info.name}.step", *training(contact, data, labels, weights=weights), *kept)
    watched = watched_in(seen)
    if watched is None or not watched.tape:
        return e
    results = [call.result for call in watched.calls if call.method == forward.method and call.under_tape]
    found = (guesses_in(value, shape_of(contact)) for value in (*results, value_of(seen, "r")))
    guesses = next((value for value in found if value is not None), None)
    changes = moved(watched)
    still = tuple(path for path, change in changes.items() if not np.any(change))
    if guesses is None or x.sealed:  # its cost is held against formulas of these very guesses
        return replace(e, standing=still)
    costs = (cost_of(x, e.layout, watched, guesses, (words, weights)) for words in (data, forward.read(data)))
    return replace(e, standing=still, cost=next((cost for cost in costs if cost.form), Cost(None)))


def cost_of(
    x: Examiner, found: Layout | None, watched: Watched, guesses: Numbers, given: tuple[Numbers, Weights]
) -> Cost:
    """By the gradient in the output's bias, which knows no scale; where there is none, by the number on the tape."""
    data, weights = given
    known = x.answers("cost", logits=guesses, x=data)
    bias = found.out_bias.path if found and found.out_bias else ""
    slope = first_gradients(watched).get(bias)
    if slope is not None:
        for form, told in known.items():
            scale = multiple(slope.reshape(-1), told["slope"], weights[bias].reshape(-1))
            if scale is not None:
                return Cost(form, scale)
        return Cost(None)
    loss, (n, batch) = number(watched.tape[0].loss), guesses.shape[:2]
    for form, told in known.items():
        for scale in (1.0, 1 / n, 1 / (n + 1), 1 / batch, float(batch), 1 / (n * batch)):
            if loss is not None and np.isclose(loss, scale * told["cost"], rtol=1e-4):
                return Cost(form, scale)
    return Cost(None)


def multiple(seen: Numbers, expected: Numbers, bias: Numbers) -> float | None:
    """c, where the gradient is c times the expected one; a penalty on the biases, an extra, may stand beside it."""
    both = np.stack([expected, bias], axis=1)
    if not (np.all(np.isfinite(both)) and np.all(np.isfinite(seen))):
        return None
    found, *_ = np.linalg.lstsq(both, seen.astype(np.float64), rcond=None)
    within = 2e-3 * float(np.max(np.abs(seen)))
    return float(found[0]) if found[0] > 0 and float(np.max(np.abs(both @ found - seen))) <= within else None


def shape_of(contact: Contact) -> tuple[int, int, int]:
    return contact.features - 1, contact.batch, contact.vocabulary


def question_rows(x: Examiner, contact: Contact, forward: Forward, data: Numbers, weights: Weights) -> bool:
    """Whether guesses in other sentences change with the first one."""
    shape = shape_of(contact)
    other = np.where(np.arange(contact.batch)[:, None] == 0, (data + 1) % contact.vocabulary, data)
    steps = [*forward.call(data, 0.0, "one"), *forward.call(other, 0.0, "two")]
    seen = x.ask(f"{contact.info.name}.rows", *whole(), *begin(contact, weights), *steps)
    one, two = (guesses_in(value_of(seen, name), shape) for name in ("one", "two"))
    return one is not None and two is not None and not np.allclose(one[:, 1:], two[:, 1:], rtol=1e-4, atol=1e-6)


def question_causality(x: Examiner, contact: Contact, forward: Forward, data: Numbers, weights: Weights) -> int | None:
    """How far beyond its own word a guess looks: each sentence is changed from another word on, in another row."""
    n, batch, last = shape_of(contact)
    same = 1 + np.arange(batch) % n  # so many words stay as they are
    later = np.arange(contact.features)[None, :] >= same[:, None]
    other = np.where(later, (data + 1 + last // 2) % last, data)
    steps = [*forward.call(data, 0.0, "one"), *forward.call(other, 0.0, "two")]
    seen = x.ask(f"{contact.info.name}.causality", *whole(), *begin(contact, weights), *steps)
    one, two = (guesses_in(value_of(seen, name), (n, batch, last)) for name in ("one", "two"))
    if one is None or two is None or not np.all(np.isfinite(one)):
        return None
    moved_by = np.abs(one - two).max(-1) > 1e-5 * max(float(np.abs(one).max()), 1e-3)  # [n, B]
    ahead = [int(m) - k for k in range(len(one)) for m in same[moved_by[k]] if m > k]
    return max(ahead, default=0)
