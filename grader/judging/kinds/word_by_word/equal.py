"""Assignment 4: what has to be known of a classifier that is trained outside its notebook."""

from collections import Counter
from collections.abc import Mapping
from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np

from grader.calibration.plan import Draw
from grader.judging.binding.arrangements import Arrangement
from grader.judging.comparing.arrays import Numbers
from grader.judging.equal.pairs import Pairs
from grader.judging.equal.understood import NotShown, Understood
from grader.judging.kinds.word_by_word.answers import are_probabilities
from grader.judging.kinds.word_by_word.explained import Explanation
from grader.judging.kinds.word_by_word.interview import Evidence
from grader.judging.kinds.word_by_word.parts import Block, Sizes, Way, added, summed, taken_out

if TYPE_CHECKING:  # which knows what was understood of the classifier
    from grader.judging.examiner import Examiner

FORM = "deck"
GATES = {"z": "z", "r": "r", "c": "rnn"}  # as the equations call them, and as what trains outside does
CELLS = {"p": "s", "h": "s", "m": "m"}
SOURCES = {"ph": "xh", "m": "atm"}
WHOLE = Counter(
    [f"W_{gate}_{cell[0]} {source}" for gate, cell in product(GATES, SOURCES) for source in SOURCES[cell]]
    + [f"b_{gate}_{cell[0]}" for gate, cell in product(GATES, SOURCES)]
    + ["W_attn t", "W_attn m"]
)


class WordByWord(Pairs, frozen=True, kw_only=True):
    """With every block of the notebook's variables where the equations have it."""

    ways: Mapping[str, Way]  # by role
    sizes: Sizes

    def logits(self, x: "Examiner", ids: Numbers, w: Mapping[str, Numbers]) -> Numbers:
        told: Numbers = x.answers("values", **self.case(ids, w))[FORM]["logits"][0]
        return told

    def gradients(
        self, x: "Examiner", ids: Numbers, labels: Numbers, w: Mapping[str, Numbers]
    ) -> Mapping[str, Numbers]:
        whole = x.answers("step", **self.case(ids, w), labels=labels)[FORM]
        parts = {
            role: sum((way.sign * taken_out(whole[one], way, one, self.sizes) for one in way.roles), np.zeros(()))
            for role, way in self.ways.items()
        }
        return {"W_cl": whole["W_cl"], "b_cl": whole["b_cl"], **parts}

    def case(self, ids: Numbers, w: Mapping[str, Numbers]) -> dict[str, Any]:
        placed = summed(added(w[role], way, self.sizes) for role, way in self.ways.items())
        return {**self.words_of(ids, w), **placed, "W_cl": w["W_cl"], "b_cl": w["b_cl"], "forms": [FORM]}

    def starts(self, drawn: Mapping[str, Draw]) -> dict[str, Draw]:
        """Of the whole matrices and biases, of which the notebook may have the parts in variables of their own."""
        found = {role: draw for role, draw in drawn.items() if role not in self.ways}
        for role, way in self.ways.items():
            kind, *rest = way.roles[0].split("_")
            name = "_".join((kind, GATES[rest[0]], CELLS[rest[1]])) if len(rest) == 2 else way.roles[0]
            if found.setdefault(name, drawn[role]) != drawn[role]:
                raise NotShown(f"the parts of {name} are not all drawn alike")
        return found


def understood(e: Evidence) -> Understood | None:
    """None where the forward pass is not the paper's, or there is more to it, or not each role has its variable."""
    told = e.told
    if e.contact is None or told.variables is None or told.form != FORM or not told.logits_follow:
        return None
    if told.headed or told.worded or are_probabilities(e.answer.logits) or e.drops:
        return None
    if e.flows is not False or e.idle != () or e.lacking or e.trains_vectors or told.variables.others:
        return None
    blocks, E = places(told), told.variables.E
    if blocks is None or told.variables.b_cl is None:
        return None
    pieces = {role: block.piece for role, (block, _) in blocks.items()} | {"W_cl": told.variables.W_cl.piece}
    seen = [*pieces.values(), *([E.piece] if E else [])]
    views = {piece.view: (piece,) for piece in seen if piece.view != piece.path}
    roles = {role: piece.view for role, piece in pieces.items()} | {"b_cl": told.variables.b_cl}
    ways = {role: way for role, (_, way) in blocks.items()}
    sizes = told.variables.sizes
    examples = WordByWord(width=sizes.word, table=E.piece.view if E else "", ways=ways, sizes=sizes)
    return Understood(e.contact, Arrangement(e.contact.initial, views), roles, examples)


def places(told: Explanation) -> dict[str, tuple[Block, Way]] | None:
    """By a role of its own, each block with its place; None where something is missing, twice, or more than asked."""
    bound, attention = told.bound, told.attention
    if bound is None or attention is None or attention.bias or bound.numbers or bound.form != FORM:
        return None
    placed = {**bound.ways, **attention.ways}
    if any(way.numbers for way in placed.values()) or {*bound.rest} != {*attention.ways}:
        return None
    if Counter(part for way in placed.values() for part in parts(way)) != WHOLE:
        return None
    return {f"{way.roles[0]} {way.sources}".strip(): (block, way) for block, way in placed.items()}


def parts(way: Way) -> list[str]:
    """What it is of the whole, or something that the whole does not have."""
    role, cells = way.roles[0], "".join(one[-1] for one in way.roles)
    if role != "W_attn" and cells not in SOURCES:
        return [f"{role} alone"]
    return [f"{role} {source}" for source in way.sources] or [role]
