"""Assignment 4: the interview of a classifier of pairs that attends word by word, whatever its parts are called."""

import numpy as np
from msgspec import Struct
from msgspec.structs import replace

from grader.figures import AttentionMap
from grader.judging.checks import interview
from grader.judging.comparing.arrays import Numbers, array, number
from grader.judging.examiner import Examiner
from grader.judging.instruments.learning import Learning
from grader.judging.instruments.pair_dropout import drops_at_test
from grader.judging.instruments.pair_learning import PLAIN, question_learning
from grader.judging.instruments.trained_labels import of_others
from grader.judging.kinds.word_by_word.answers import (
    CLASSES,
    Answer,
    Asker,
    are_probabilities,
    batch_first,
    over_hypothesis,
    reads_on,
    rows_first,
    sums_to_one,
)
from grader.judging.kinds.word_by_word.cut import MISALIGNED, cut_off, logs_of
from grader.judging.kinds.word_by_word.explained import Explanation, explanation
from grader.judging.kinds.word_by_word.maps import question_maps
from grader.judging.kinds.word_by_word.parts import FEW
from grader.judging.kinds.word_by_word.unfinished import has_states, unfinished
from grader.judging.meeting.asking import data_steps, inputs, training
from grader.judging.meeting.classes import LENGTH, candidates, meet
from grader.judging.meeting.contact import Contact, Inputs
from grader.judging.meeting.forward import attender_of, forward_of
from grader.judging.meeting.pairs import with_paddings
from grader.judging.meeting.watching import first_gradients, moved, value_of, watched_in
from grader.model import Status
from grader.sandbox.guest.wire import Call, Ref, Trouble, VariableInfo

LAB = "a4_word_by_word"
# Ten words, as handed out: `get_attn` may have that written into it.
PAIRS = Inputs(((r".*(voc|hizt).*", 13), (rf".*({LENGTH}|max|steps|words).*", 10)), words=True, length=10, pairs=True)
FEWER = 3


class Shown(Struct, frozen=True):
    """What `get_attn` returned beside what `model` says of the same examples."""

    agrees: bool | None = None  # None: it could not be compared
    transposed: bool = False  # the hypothesis's words come first
    trouble: Trouble | None = None


class Evidence(Struct, frozen=True):
    contact: Contact | None
    answer: Answer = Answer()
    premise_first: bool | None = None  # of the axes of the model's attention; None: neither fits
    over_hypothesis: bool = False  # the weights sum to 1 over the hypothesis's words
    padded: Numbers | None = None  # attention, where some words of each premise are paddings
    squashed: bool = False  # what `model` returns are no logits, but a function of those that explain it
    softmax_twice: bool = False  # the cost takes the softmax of probabilities
    drops: bool | None = None  # in `classify`, equal pairs get different logits
    causal: bool | None = None
    flows: bool | None = None
    unread: bool = False  # the logits follow the hypothesis and are the same for another premise
    told: Explanation = Explanation()
    shown: Shown = Shown()
    fewer: bool | None = None
    idle: tuple[str, ...] | None = None  # variables with a say in the answer that training leaves as they are
    lacking: tuple[str, ...] = ()  # variables that get a part of their gradient only
    zeros: tuple[str, ...] = ()  # matrices that start as zeros
    trains_vectors: bool = False
    learning: Learning | None = None
    maps: tuple[AttentionMap, ...] = ()
    unexplained: bool = False  # nobody asked what is inside the model, as for a student's own check
    unfinished: bool = False  # `model` breaks off before it returns anything; what it computed until then is compared
    begun: bool = False  # so early that nothing could be compared, though there are states already

    @property
    def cell(self) -> int | None:
        return self.contact.info.cell if self.contact else None


@interview(LAB)
def interview_word_by_word(x: Examiner) -> Evidence:
    survey = x.survey()
    if survey is None or not candidates(survey):
        return Evidence(None)
    best: Evidence | None = None
    for info in candidates(survey):
        contact = meet(x, survey, info, PAIRS)
        evidence = question(x, contact) if contact.works else until_it_broke(x, contact)
        if best is None or worth(evidence) > worth(best):
            best = evidence
        if worth(best) == 4:
            break
    assert best is not None
    if best.contact is None or not best.shown.agrees or best.premise_first is None:
        return best
    return replace(best, maps=question_maps(x, best.contact, best.shown.transposed))


def worth(e: Evidence) -> int:
    """Where several classes train, the one that shows the work is judged."""
    if e.contact is None or not (e.contact.works or e.unfinished):
        return 0
    return 1 + (e.premise_first is not None) + (e.told.form is not None) + e.told.right


def until_it_broke(x: Examiner, contact: Contact) -> Evidence:
    asker = asker_of(x, contact)
    if asker is None or not contact.initial:
        return Evidence(contact)
    found = None if x.sealed else unfinished(asker, PAIRS.sizes[0][1])
    if found is None:
        return Evidence(contact, begun=has_states(asker))
    able, told = found
    return replace(with_behaviour(able, Evidence(contact, unfinished=True)), told=told)


def asker_of(x: Examiner, contact: Contact) -> Asker | None:
    forward = forward_of(contact, words_met(x, contact))
    given = {v.path: weight(x, v, contact.vocabulary) for v in contact.initial}
    return Asker(x, contact, forward, given, words(x, "x", contact)) if forward else None


def question(x: Examiner, contact: Contact) -> Evidence:
    zeros = tuple(v.path for v in contact.initial if starts_at_zero(v))
    evidence = Evidence(contact, zeros=zeros, learning=question_learning(x, contact), unexplained=x.sealed)
    asker = asker_of(x, contact)
    if asker is None:
        return evidence
    evidence = with_step(asker, with_behaviour(asker, evidence))
    evidence = replace(evidence, drops=drops_at_test(x, contact, asker.forward, asker.data, asker.weights))
    if not evidence.unread:
        evidence = with_attention(explained(asker, evidence))
    return with_shown(asker, evidence)


def explained(asker: Asker, e: Evidence) -> Evidence:
    """Names and layouts differ too much for a sealed file to have the answers that this takes."""
    if asker.x.sealed:
        return e
    answer, able = e.answer, asker.without_squashing(e.answer.logits)
    if able is not asker:
        (answer,) = able.under([{}])
    told = explanation(able, answer, PAIRS.sizes[0][1])
    return replace(e, told=told, squashed=able is not asker and told.bound is not None)


def with_attention(e: Evidence) -> Evidence:
    """Of a model that returns logits alone, the attention that these follow from."""
    if e.answer.attn is not None or e.answer.states or not (e.told.right and e.told.logits_follow):
        return e
    return replace(e, answer=replace(e.answer, attn=e.told.deck["attn"]), premise_first=False)


def words(x: Examiner, purpose: str, contact: Contact) -> Numbers:
    """Secret ids [batch, 2 length], none of them padding."""
    size = (contact.batch, 2 * contact.features)
    drawn: Numbers = x.generator(f"{purpose}{size}").integers(PLAIN, min(PAIRS.sizes[0][1], contact.vocabulary), size)
    return drawn


def words_met(x: Examiner, contact: Contact) -> Numbers:
    """The words of the first meeting."""
    return inputs(x, "contact", contact, contact.batch, 0.5)


def weight(x: Examiner, v: VariableInfo, vocabulary: int) -> Numbers:
    """Strong enough to tell every place from every other, weak enough for float32 over all words."""
    shape = tuple(n for n in v.shape if n > 1)
    rows = shape[-2] if len(shape) > 1 else 1
    sigma = 0.8 if vocabulary in shape else 1.6 / np.sqrt(rows) if rows > FEW else 0.5
    return x.normal(f"weight {v.path}", v.shape, sigma)


def starts_at_zero(v: VariableInfo) -> bool:
    value = array(v.value)
    matrix = len([n for n in v.shape if n > 1]) > 1
    return matrix and v.place is not None and value is not None and not np.any(value)


def with_behaviour(asker: Asker, e: Evidence) -> Evidence:
    """What can be said of a model whatever is inside it."""
    data, x, contact = asker.data, asker.x, asker.contact
    mixed = np.concatenate([words(x, "other", contact)[:1], data[1:]])
    later = data.copy()
    later[:, -1] = PLAIN + (data[:, -1] - PLAIN + 1) % (min(PAIRS.sizes[0][1], contact.vocabulary) - PLAIN)
    asked = data, mixed, later, with_premises(data, words(x, "e", contact)), with_paddings(data)
    answer, other, after, elsewhere, begun = asker.of("pairs", *asked)
    few = asker.of("fewer", data[:FEWER])[0]
    unread = same_logits(answer, elsewhere) is True and same_logits(answer, after) is False
    e = replace(e, answer=answer, flows=differs(answer, other), unread=unread, fewer=same_few(answer, few))
    if answer.attn is None or after.attn is None or not np.all(np.isfinite(answer.attn)):
        return e
    stays = reads_on(answer.attn, after.attn)
    fits = {first: sums_to_one(rows_first(answer.attn, first)) for first in stays}
    both = [first for first in stays if stays[first] and fits[first]]
    if not both and any(stays.values()) and not all(stays.values()):
        return replace(e, causal=True)
    fitting = both or [first for first in fits if fits[first]]
    if not both and fitting and over_hypothesis(*(rows_first(a, fitting[0]) for a in (answer.attn, after.attn))):
        return replace(e, over_hypothesis=True)
    first = fitting[0] if fitting else None
    padded = rows_first(begun.attn, first) if begun.attn is not None and first is not None else None
    return replace(e, causal=any(stays.values()), premise_first=first, padded=padded)


def with_premises(data: Numbers, other: Numbers) -> Numbers:
    """The same hypotheses below the premises of other pairs."""
    length = data.shape[1] // 2
    return np.concatenate([other[:, :length], data[:, length:]], axis=1)


def same_logits(one: Answer, other: Answer) -> bool | None:
    if one.logits is None or other.logits is None:
        return None
    return bool(np.allclose(one.logits, other.logits, rtol=1e-4, atol=1e-5))


def differs(one: Answer, other: Answer) -> bool | None:
    """Whether the answers for all examples but the first do."""
    pairs = [(one.logits, other.logits), (one.attn, other.attn)]
    told = [(a[1:], b[1:]) for a, b in pairs if a is not None and b is not None]
    return any(not np.allclose(a, b, rtol=1e-4, atol=1e-5) for a, b in told) if told else None


def same_few(answer: Answer, few: Answer) -> bool | None:
    if answer.logits is None or few.logits is None:
        return None
    return bool(np.allclose(answer.logits[:FEWER], few.logits, rtol=1e-3, atol=1e-4))


def with_shown(asker: Asker, e: Evidence) -> Evidence:
    attender, attn = attender_of(asker.contact), e.answer.attn
    if attender is None or attn is None or attn.ndim != 3:
        return e
    labels = np.arange(len(asker.data)) % 3
    steps = data_steps(asker.contact, asker.data, labels)
    call = Call(f"c.{attender}", (Ref(f"training_set[:{FEWER}]"),), into="r")
    seen = asker.observed("attn", *steps, call)
    found, length = array(value_of(seen, "r")), asker.contact.features
    if found is None:
        return replace(e, shown=Shown(trouble=seen.trouble if seen.status is Status.RAISED else None))
    told = found if found.shape == (FEWER, length, length) else batch_first(found, FEWER, length)
    if told is None or len(found) != FEWER:
        return replace(e, shown=Shown(False))
    ways = [bool(np.allclose(told, rows_first(attn[:FEWER], way), rtol=1e-3, atol=1e-4)) for way in (False, True)]
    first = any(ways) and (e.premise_first if ways[0] else not e.premise_first)
    return replace(e, shown=Shown(any(ways), transposed=any(ways) and not first))


def with_step(asker: Asker, e: Evidence) -> Evidence:
    """Which variables a step of the notebook's own training leaves, though the answer depends on them."""
    contact, data = asker.contact, asker.data
    labels = np.arange(len(data)) % 3
    seen = asker.x.ask(f"{contact.info.name}.step", *training(contact, data, labels, weights=asker.weights))
    trained = watched_in(seen)
    if trained is None or not trained.tape:
        return e
    changes = moved(trained)
    tables = [v.path for v in contact.initial if len(v.shape) == 2 and contact.vocabulary in v.shape]
    still = [path for path, change in changes.items() if not np.any(change) and path not in tables]
    gradients, cost = first_gradients(trained), number(trained.tape[0].loss)
    e = replace(e, softmax_twice=takes_softmax_twice(e.answer.logits, labels, cost))
    bias = next((g for g in gradients.values() if g is not None and g.size == CLASSES), None)
    others = of_others(e.answer.logits, labels, cost, bias)
    e = replace(e, lacking=(MISALIGNED,) if others else cut_off(asker, e.answer, labels, gradients))
    e = replace(e, trains_vectors=any(np.any(changes.get(path, 0.0)) for path in tables))
    if not still:
        return replace(e, idle=())
    own = {path: asker.weights[path] for path in still}
    told = asker.under([own, *asker.in_turn(still, lambda value: value[..., ::-1].copy() * 0.5)])
    spoken = [path for path, answer in zip(still, told[1:], strict=True) if speaks(told[0], answer)]
    return replace(e, idle=tuple(spoken))


def takes_softmax_twice(logits: Numbers | None, labels: Numbers, cost: float | None) -> bool:
    """Whether the cost is that of probabilities taken for logits."""
    if logits is None or cost is None or not are_probabilities(logits):
        return False
    twice = float(-np.mean(logs_of(logits)[np.arange(len(labels)), labels]))
    return any(bool(np.isclose(cost, times * twice, rtol=1e-4)) for times in (1, len(labels)))


def speaks(one: Answer, other: Answer) -> bool:
    pairs = ((one.logits, other.logits), (one.attn, other.attn))
    return any(a is not None and b is not None and not np.allclose(a, b, rtol=1e-4, atol=1e-5) for a, b in pairs)
