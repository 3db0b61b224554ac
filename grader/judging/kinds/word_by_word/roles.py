"""Assignment 4: what each block of a student's variables does, found by letting few of them speak at a time.

Without biases a network says nothing until a word's vector enters the encoder's candidate and a state the matching
one's. From that core on, one block more at a time is compared with all places it may have: names only say what to ask
first.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import chain, product
from typing import Any

import numpy as np
from msgspec import Struct
from msgspec.structs import replace

from grader.judging.binding.roles import gate_of
from grader.judging.comparing.arrays import Numbers
from grader.judging.comparing.compare import WITHIN
from grader.judging.examiner import Examiner
from grader.judging.kinds.word_by_word.head import View
from grader.judging.kinds.word_by_word.parts import (
    Block,
    Sizes,
    Variables,
    Way,
    Weights,
    added,
    as_gate,
    gates,
    only,
    places,
    summed,
    thresholds,
)
from grader.judging.kinds.word_by_word.unusual import averages, numbers

TOGETHER = 6  # pairs asked at once
PASSES = 3  # a reset gate is seen once the state it resets is
LOUD = 1e-4
MODELS = 256  # computed at once
PAIRS = 8  # of the batch, by which one of many answers is recognised
MIXING = {"mixed", "crossed"}  # what depends on the whole batch
CORES = 3  # pairs that say something, of which one has to be explained; the first by all that is known
ATTENDING = 2  # matrices that the attention may have
ENCODERS = ("ph", "h", "p")  # of both sentences, or of one
# The scores are zero without weights, except where states alone make them.
WITHOUT = "elementwise-product"
SILENT = ("deck", *(f"{WITHOUT}/{what}" for what in ("states", "both-states", "all-three", "matching")))

Ways = list[tuple[Way, Way]]
Asking = Callable[[Sequence[Mapping[str, Numbers]]], list[Numbers | None]]  # weights -> logits of each


class Scene(Struct, frozen=True):
    """Whom to ask, with which words and weights."""

    x: Examiner
    variables: Variables
    weights: Weights
    ask: Asking
    p: Numbers
    h: Numbers
    E: Numbers

    @property
    def sizes(self) -> Sizes:
        return self.variables.sizes

    @property
    def shape(self) -> tuple[int, int, int]:
        """Pairs, words of a premise, numbers of a state."""
        return *self.p.shape, self.sizes.dim

    def base(self) -> dict[str, Any]:
        """What is known from the start."""
        b_cl = np.zeros(self.variables.W_cl.view(self.weights).shape[1])
        W_cl = self.variables.W_cl.view(self.weights)
        beside = {"beside": 1.0} if self.sizes.beside else {}
        return {"p": self.p, "h": self.h, "E": self.E, "W_cl": W_cl, "b_cl": b_cl, **beside}

    def quiet(self, on: Iterable[Block]) -> dict[str, Numbers]:
        # Without an encoder the scores' matrix has a shape that no equation has.
        others = self.variables.others if self.sizes.beside else ()
        told = only(self.weights, on, [*self.variables.cells, *others])
        b_cl = self.variables.b_cl
        return told | ({b_cl: np.zeros_like(self.weights[b_cl])} if b_cl else {})

    def answers(self, known: Mapping[str, Any], changes: Sequence[Mapping[str, Any]], form: str) -> list[Numbers]:
        """Logits of the equations, of the first pairs; of all where pairs are mixed."""
        mixing = [bool({*known, *change} & MIXING) for change in changes]
        told: dict[int, Numbers] = {}
        for mixed, pairs in ((False, PAIRS), (True, len(self.p))):
            at = [i for i, one in enumerate(mixing) if one is mixed]
            case = {**self.base(), **known, "p": self.p[:pairs], "h": self.h[:pairs], "forms": [form]}
            if at:
                found = self.x.answers("values", **case, changes=[dict(changes[i]) for i in at])
                told |= dict(zip(at, found[form]["logits"], strict=True))
        return [told[i] for i in range(len(changes))]


class Bound(Struct, frozen=True):
    ways: Mapping[Block, Way]
    rest: tuple[Block, ...] = ()  # what changes nothing while the attention is silent, or has no place in the networks
    numbers: Mapping[str, float] = {}
    form: str = SILENT[0]  # of the attention while its weights are zeros

    def roles(self, weights: Weights, sizes: Sizes) -> dict[str, Any]:
        parts = [added(block.view(weights), bare(way), sizes) for block, way in self.ways.items()]
        told: dict[str, Any] = dict(summed(parts))
        return told | {key: value + (key == "share") for key, value in self.numbers.items()}

    @property
    def cells(self) -> tuple[str, ...]:
        """One encoder, or two where the first block that was found belongs to one sentence alone."""
        encoder = next((way.roles for way in self.ways.values() if way.roles[0][-1] in "ph"), "ph")
        return ("ph", "m") if len(encoder) == 2 else ("p", "h", "m")

    def sources(self, role: str) -> set[str]:
        """Which of its inputs a gate's sum has."""
        return {source for way in self.ways.values() if role in way.roles for source in way.sources}


def bare(way: Way) -> Way:
    return replace(way, numbers={})


def bound(scene: Scene) -> Bound | None:
    """None when no two blocks make a network that says anything the equations could say."""
    found = without_encoder(scene) or core(scene)
    if found is None:
        return None
    for blocks, ways in ((scene.variables.matrices, None), (scene.variables.biases, list(thresholds(found.cells)))):
        for _ in range(PASSES if ways is None else 1):
            grown = with_more(scene, found, [b for b in blocks if b not in found.ways], ways)
            if grown == found:
                break
            found = grown
    rest = (b for b in (*scene.variables.matrices, *scene.variables.biases) if b not in found.ways)
    return of_both_sentences(replace(found, rest=tuple(rest)))


def of_both_sentences(found: Bound) -> Bound:
    """Nothing is heard of the premise where zero scores are its weights: the one encoder there is may still read it."""
    heard = {role for way in found.ways.values() for role in way.roles}
    left_over = [block for block in found.rest if block.rows]
    if len(found.cells) == 2 or any(role.endswith("_p") for role in heard) or len(left_over) > ATTENDING:
        return found
    ways = {
        block: replace(way, roles=tuple(one for role in way.roles for one in twice(role)),
                       numbers={one: value for key, value in way.numbers.items() for one in twice(key)})
        for block, way in found.ways.items()
    }  # fmt: skip
    numbers = {one: value for key, value in found.numbers.items() for one in twice(key)}
    return replace(found, ways=ways, numbers=numbers)


def twice(role: str) -> tuple[str, ...]:
    return (f"{role[:-1]}p", role) if role.endswith("_h") else (role,)


def core(scene: Scene) -> Bound | None:
    """The encoder's candidate and the matching one's."""
    sizes = scene.sizes
    words = [b for b in scene.variables.matrices if list(reading(b, sizes))]
    states = [b for b in scene.variables.matrices if list(matching(b, sizes))]
    pairs = [(one, two) for one, two in product(words, states) if one != two]
    pairs.sort(key=lambda pair: sum(gate_of(block.path) != "rnn" for block in pair))
    tried = 0
    for start in range(0, len(pairs), TOGETHER):
        some = pairs[start : start + TOGETHER]
        for pair, seen in zip(some, scene.ask([scene.quiet(pair) for pair in some]), strict=True):
            if seen is not None and np.ptp(seen, axis=0).max() > LOUD and both_speak(scene, pair, seen):
                tried += 1
                ways = list(product(reading(pair[0], sizes), matching(pair[1], sizes)))
                found = explained(scene, pair, seen, [(SILENT[0], ways)])
                found = found or unusual(scene, pair, ways, seen, tried == 1)
                if found is not None or tried == CORES:
                    return found
    return None


def unusual(scene: Scene, pair: tuple[Block, Block], ways: Ways, seen: Numbers, first: bool) -> Bound | None:
    """By what is done by mistake; for the first pair by more of it."""
    others = numbers(*scene.shape, two=first)
    tried = [(one, replace(second, numbers=n)) for n in others for one, second in ways]
    tried += [(as_gate(one, gate), as_gate(second, gate)) for gate in "zr" for one, second in ways]
    some = ((SILENT[0], tried[start : start + MODELS]) for start in range(0, len(tried), MODELS))
    direct = straight_to_classes(scene) if first else None
    return direct or explained(scene, pair, seen, chain(((form, ways) for form in SILENT[1:] if first), some))


def straight_to_classes(scene: Scene) -> Bound | None:
    """Where an encoder's candidate alone says something: averages of its states are taken for matching ones."""
    sizes = scene.sizes
    words = [] if sizes.beside else [b for b in scene.variables.matrices if list(reading(b, sizes))][:TOGETHER]
    alone = scene.ask([scene.quiet([block]) for block in words]) if words else []
    for block, seen in zip(words, alone, strict=True):
        ways = list(reading(block, sizes))
        if seen is None or np.ptp(seen, axis=0).max() <= LOUD:
            continue
        changes = [added(block.view(scene.weights), replace(way, numbers={"direct": 1.0}), sizes) for way in ways]
        at = nearest(seen, scene.answers({}, changes, SILENT[0]))
        if at is not None:
            return Bound({block: ways[at]}, numbers={"direct": 1.0})
    return None


def both_speak(scene: Scene, pair: tuple[Block, Block], seen: Numbers) -> bool:
    """A matching network that reads word vectors says something whatever the encoder is."""
    if not scene.sizes.beside:
        return True
    (alone,) = scene.ask([scene.quiet([pair[1]])])
    return alone is not None and bool(np.abs(seen - alone).max() > LOUD)


def reading(block: Block, sizes: Sizes) -> Iterable[Way]:
    return (way for way in places(block.rows, "c", sizes, ENCODERS) if "x" in way.sources)


def matching(block: Block, sizes: Sizes) -> Iterable[Way]:
    return (way for way in places(block.rows, "c", sizes, ["m"]) if set(way.sources) & set("at"))


def without_encoder(scene: Scene) -> Bound | None:
    """Of a matching network that reads word vectors alone: whatever encodes them is not heard through it."""
    sizes = scene.sizes
    for block in scene.variables.matrices if sizes.beside else ():
        ways = [way for way in places(block.rows, "c", sizes, ["m"]) if set(way.sources) & set("xw")]
        ways = [way for way in ways if not set(way.sources) & set("at")]
        (seen,) = scene.ask([scene.quiet([block])]) if ways else (None,)
        if seen is None or np.ptp(seen, axis=0).max() <= LOUD:
            continue
        tried = [replace(way, numbers=more) for way in ways for more in ({}, {"averaged": 1.0})]
        changes = [added(block.view(scene.weights), way, sizes) for way in tried]
        at = nearest(seen, scene.answers({}, changes, SILENT[0]))
        if at is not None:
            return Bound({block: tried[at]}, numbers=tried[at].numbers)
    return None


def explained(
    scene: Scene, pair: tuple[Block, Block], seen: Numbers, attempts: Iterable[tuple[str, Ways]]
) -> Bound | None:
    """By the first of these ways, each in a form of the attention."""
    sizes, (one, two) = scene.sizes, pair
    values = one.view(scene.weights), two.view(scene.weights)
    for form, tried in attempts:
        changes = [summed(added(v, w, sizes) for v, w in zip(values, both, strict=True)) for both in tried]
        at = nearest(seen, scene.answers({}, changes, form))
        if at is not None:
            return Bound(dict(zip(pair, tried[at], strict=True)), numbers=tried[at][1].numbers, form=form)
    return None


def with_more(scene: Scene, found: Bound, blocks: Sequence[Block], ways: list[Way] | None) -> Bound:
    """Each block alone beside what is known. One that changes nothing may do so later."""
    configurations = [scene.quiet(found.ways), *(scene.quiet([*found.ways, block]) for block in blocks)]
    before, *seen = scene.ask(configurations)
    loud = {
        block: logits
        for block, logits in zip(blocks, seen, strict=True)
        if logits is not None and before is not None and np.abs(logits - before).max() > LOUD
    }
    tried = {block: ways or list(with_averages(scene, found, block)) for block in loud}
    changes = [added(b.view(scene.weights), way, scene.sizes) for b, some in tried.items() for way in some]
    told = scene.answers(found.roles(scene.weights, scene.sizes), changes, found.form)
    new, numbers, start = dict(found.ways), dict(found.numbers), 0
    for block, some in tried.items():
        at = nearest(loud[block], told[start : start + len(some)])
        start += len(some)
        if at is not None:
            new[block] = some[at]
            numbers |= some[at].numbers
    return replace(found, ways=new, numbers=numbers)


def with_averages(scene: Scene, found: Bound, block: Block) -> Iterable[Way]:
    seen = any("a" in way.sources for way in found.ways.values())
    for way in gates(block.rows, scene.sizes, found.cells):
        for more in averages(*scene.shape) if "a" in way.sources and not seen else [{}]:
            yield replace(way, numbers={**way.numbers, **more})


def without_idle(view: View, found: Bound) -> Bound:
    """Without matrices that nothing depends on, left of an earlier lab for instance: nowhere is their place."""
    blocks = [block for block in found.rest if block.rows]
    if len(blocks) < ATTENDING:
        return found
    own = {block.path: view.weights[block.path] for block in blocks}
    changed = [own | {b.path: b.piece.put(own[b.path], 0 * b.view(view.weights))} for b in blocks]
    told, *each = view.under([own, *changed])
    idle = [block for block, other in zip(blocks, each, strict=True) if told.same_as(other)]
    return replace(found, rest=tuple(block for block in found.rest if block not in idle))


def nearest(seen: Numbers, told: Sequence[Numbers]) -> int | None:
    """The first of many answers that is near, of as many pairs as it is about."""
    scale = max(float(np.abs(seen).max()), 1e-3)
    return next((i for i, one in enumerate(told) if np.abs(one - seen[: len(one)]).max() <= WITHIN * scale), None)
