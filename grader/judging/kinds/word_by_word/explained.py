"""Assignment 4: which form of the attention explains the answers, once it is known what each variable does."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import chain, product
from typing import Any

import numpy as np
from msgspec import Struct
from msgspec.structs import replace

from grader.judging.comparing.arrays import Numbers
from grader.judging.comparing.compare import agree, nearest, slug
from grader.judging.kinds.word_by_word.answers import Answer, Asker, rows_first
from grader.judging.kinds.word_by_word.before import with_words
from grader.judging.kinds.word_by_word.head import View, plain, views, way_out
from grader.judging.kinds.word_by_word.parts import Block, Sizes, Variables, Way, added, attending, sorted_out, summed
from grader.judging.kinds.word_by_word.roles import Bound, Scene, bound, without_idle
from grader.judging.meeting.pairs import halves, is_small, vectors

Values = Mapping[str, Numbers]
ADDITIVE = ["deck", "deck/additive"]


class Placement(Struct, frozen=True):
    """What the attention reads, of the blocks that are no part of the two networks."""

    ways: Mapping[Block, Way] = {}
    bias: Block | None = None

    def roles(self, weights: Mapping[str, Numbers], sizes: Sizes) -> dict[str, Any]:
        told: dict[str, Any] = dict(summed(added(b.view(weights), way, sizes) for b, way in self.ways.items()))
        return told | ({"b_attn": self.bias.view(weights)} if self.bias else {})


class Explanation(Struct, frozen=True):
    variables: Variables | None = None  # None: none of them can be the classifier on the last state
    bound: Bound | None = None  # None: the networks are not those of the equations, or could not be told apart
    deck: Values = {}
    form: str | None = None  # of the attention
    attention: Placement | None = None  # of a right or mistaken form, but for the paper's additive one
    logits_follow: bool | None = None
    weights_follow: bool = False
    headed: bool = False  # the classes are told by more than one matrix on the last matching state
    worded: bool = False  # word vectors pass a layer before the encoder reads them

    @property
    def right(self) -> bool:
        return self.form is not None and slug(self.form) == "deck"


def explanation(asker: Asker, answer: Answer, vocabulary: int) -> Explanation:
    """Of the class as it is, unless it is explained with layers of the student's own at either end set aside."""
    known = Explanation()
    ways = chain(with_words(asker, vocabulary), views(asker))
    for view in ways if answer.logits is not None else [plain(asker)]:
        told = of_view(asker, view, view.under([{}])[0] if view.headed else answer, vocabulary)
        worded = view.words is not None
        if told.form is not None or (told.bound is not None and not view.headed and not worded):
            return replace(told, headed=view.headed, worded=worded)
        known = known if view.headed or worded else told
    return known


def of_view(asker: Asker, view: View, answer: Answer, vocabulary: int) -> Explanation:
    """With columns for rows, or word vectors for states, where that explains more; first what finds room for more."""
    read_by = vectors(asker.contact) if view.words is None else view.words
    rows = asker.contact.vocabulary if view.words is None else 0  # of a table among the variables
    width, out = read_by.shape[1], way_out(asker, view)

    def read(**way: bool) -> Explanation:
        seen_as = sorted_out(view.variables, rows, width, out=out, **way)
        return read_as(asker, view, answer, vocabulary, seen_as)

    told = read()
    if told.form is not None or told.variables is None:
        return told
    beside = sorted_out(view.variables, rows, width, out=out, beside=True)
    fits = beside is not None and len(beside.others) < len(told.variables.others)
    ways = {"turned": told.variables.columns, "beside": not view.headed and view.words is None}
    for way in sorted(ways, key=lambda one: (one == "beside") != fits):
        other = read(**{way: True}) if ways[way] else Explanation()
        if reads_vectors(other) if way == "beside" else other.form is not None or (other.bound and not told.bound):
            return other
    return told


def reads_vectors(told: Explanation) -> bool:
    """Whether word vectors are read where the equations have states."""
    ways = [
        *(told.bound.ways.values() if told.bound else ()),
        *(told.attention.ways.values() if told.attention else ()),
    ]
    return any(set(way.sources) & set("xw") for way in ways if way.roles[0][-1] not in "ph")


def read_as(asker: Asker, view: View, answer: Answer, vocabulary: int, variables: Variables | None) -> Explanation:
    contact, weights = asker.contact, view.weights
    words = view.words if view.words is not None else vectors(contact) if is_small(contact) else None
    table = variables.E.view(weights) if variables and variables.E else words
    if variables is None or table is None or answer.logits is None:
        return Explanation(variables)
    p, h = halves(asker.data)
    scene = Scene(
        asker.x, variables, weights, lambda many: [a.logits for a in view.under(many)], p, h, table[:vocabulary]
    )
    found = bound(scene)
    if found is None:
        return Explanation(variables)
    found = without_idle(view, found)
    numbers = {key: value for key, value in found.numbers.items() if key != "share"}
    case: dict[str, Any] = {**scene.base(), **replace(found, numbers=numbers).roles(weights, variables.sizes)}
    if variables.b_cl:
        case["b_cl"] = weights[variables.b_cl].reshape(-1)
    known = Explanation(variables, found)
    if tried := list(additive(found, weights, variables)):
        told = compared(known, answer, asker.x.answers("values", **case, changes=tried, forms=ADDITIVE), tried)
        if told.form == ADDITIVE[1]:
            return told
    placed = list(placements(found, variables.sizes))
    tried = [one.roles(weights, variables.sizes) for one in placed]
    if not tried:
        return known
    told = compared(known, answer, asker.x.answers("values", **case, changes=tried), tried, placed)
    if told.logits_follow and (told.right or told.weights_follow):
        return told
    return with_plain_average(asker, answer, known, tried, case) or told


def with_plain_average(
    asker: Asker, answer: Answer, known: Explanation, tried: list[dict[str, Any]], case: dict[str, Any]
) -> Explanation | None:
    """Where right weights are told, and a mean or a sum of all states, without them, explains the logits."""
    assert known.bound is not None
    for share in (0.0, case["p"].shape[1] - 1.0):
        numbers = {"even": 1.0, "share": share}
        plain = [{**one, **numbers} for one in tried]
        told = compared(known, answer, asker.x.answers("values", **case, changes=plain, forms=["deck"]), plain)
        if told.right and told.logits_follow:
            return replace(told, bound=replace(known.bound, numbers={**known.bound.numbers, **numbers}))
    return None


def placements(found: Bound, sizes: Sizes) -> Iterator[Placement]:
    """What is left may be the attention's, one matrix or two, with a bias or without."""
    matrices = [block for block in found.rest if block.rows]
    biases = [block for block in found.rest if not block.rows]
    for bias in (None, *biases):
        for ways in ways_of(matrices, sizes):
            yield Placement(ways, bias)


def additive(found: Bound, weights: Mapping[str, Numbers], variables: Variables) -> Iterator[dict[str, Any]]:
    """The paper's score has a matrix for the premise's states and a vector besides."""
    dim = variables.sizes.dim
    vectors: list[tuple[Block | None, Numbers]] = [
        (None, weights[path].reshape(-1)) for path in variables.others if weights[path].size == dim
    ]
    vectors += [(block, block.view(weights)) for block in found.rest if not block.rows]
    for (own, w), W_s in product(vectors, [block for block in found.rest if block.rows == dim]):
        left = replace(found, rest=tuple(block for block in found.rest if block not in (own, W_s)))
        for one in placements(left, variables.sizes):
            if one.ways:
                yield {**one.roles(weights, variables.sizes), "W_s": W_s.view(weights), "w": w}


def ways_of(matrices: list[Block], sizes: Sizes) -> Iterator[Mapping[Block, Way]]:
    if len(matrices) == 2 and all(block.rows == sizes.dim for block in matrices):
        for first, second in product(*([*attending(sizes.dim, sizes)] for _ in matrices)):
            if first.sources != second.sources:
                yield dict(zip(matrices, (first, second), strict=True))
    elif len(matrices) == 1:
        yield from ({matrices[0]: way} for way in attending(matrices[0].rows, sizes))
    elif not matrices:
        yield {}


def compared(
    known: Explanation,
    answer: Answer,
    told: Mapping[str, Values],
    tried: list[dict[str, Any]],
    placed: Sequence[Placement] = (),
) -> Explanation:
    """By attention and logits, else by one of them."""
    assert known.variables is not None
    dim = known.variables.sizes.dim
    each = {
        f"{name} {i}": {key: value[i] for key, value in parts.items()}
        for name, parts in told.items()
        for i in range(len(tried))
    }
    for seen in seen_of(answer):
        if (name := nearest(seen, each)) is not None:
            form, at = name.rsplit(" ", 1)
            follows = answer.logits is not None and agree(answer.logits, each[name]["logits"])
            form = half_used(tried[int(at)].get("W_attn"), dim) or form if form == "deck" else form
            place = placed[int(at)] if placed else None
            return replace(
                known,
                deck=each[f"deck {at}"],
                form=form,
                attention=place,
                logits_follow=follows,
                weights_follow="attn" in seen,
            )
    return replace(known, deck=each["deck 0"])


def half_used(W: Numbers | None, dim: int) -> str | None:
    """The mistake of a matrix that reads one of the two states only, or a vector for one of them."""
    if W is None:
        return None
    word, state, vector = np.split(W, [dim, 2 * dim])
    if np.any(vector):
        return "vector-for-state/attention"
    return "wrong-state/matching-alone" if not np.any(word) else None if np.any(state) else "matching-state-unused/word"


def seen_of(answer: Answer) -> Iterator[dict[str, Numbers]]:
    """Attention in either order of its axes with the logits, then each alone."""
    logits, attn = answer.logits, answer.attn
    ways = [] if attn is None else [{"attn": rows_first(attn, first)} for first in (False, True)]
    yield from ({**way, "logits": logits} for way in ways if logits is not None)
    yield from ways
    if logits is not None:
        yield {"logits": logits}
