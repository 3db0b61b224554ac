"""Lab3 and Lab4: a class whose variables could not be read, asked with one number in all of them.

Whichever variable is which, cut, turned or joined, the network then has to give what the slide's gives with this
number everywhere: if it does not, it is wrong in any layout. If it does, nothing is shown: what a mistake confuses may
be equal.
"""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from msgspec.structs import replace

from grader.judging.comparing.arrays import Numbers
from grader.judging.comparing.compare import nearest, slug
from grader.judging.examiner import Examiner
from grader.judging.instruments.silence import whole
from grader.judging.kinds.recurrent.explained import LABS
from grader.judging.meeting.asking import inputs, training
from grader.judging.meeting.contact import Contact
from grader.judging.meeting.watching import logits_in, watched_in
from grader.sandbox.guest.wire import VariableInfo, Watch

ASKED = ((0.31, 1), (-0.23, 1), (0.31, 2))  # (number, seed): two numbers, so that no two forms agree by accident
OTHER = "other"  # no form that is known
CLASSES = range(2, 6)


class Widths(NamedTuple):
    word: int
    state: int
    classes: int


def levelled(x: Examiner, contact: Contact) -> str | None:
    """Slug of what gives these logits, OTHER where nothing does; None where it cannot be asked.

    It can where the class has as many numbers as the slide's, so that none is left for anything else, and draws none.
    """
    widths = widths_of(contact.initial, contact.vocabulary, len(LABS[x.lab]))
    if widths is None:
        return None
    drawn = inputs(x, "level", contact, contact.batch, 1.0)
    data = np.where(drawn == 0, 1, drawn)  # without paddings, which may leave the state as it is
    first, second, again = (logits_at(x, contact, data, *asked) for asked in ASKED)
    if first is None or second is None or again is None or not np.array_equal(first, again):
        return None
    one, other = (answers_at(x, contact, data, level, widths) for level, _ in ASKED[:2])
    every = {form: {"first": one[form]["logits"], "second": other[form]["logits"]} for form in one}
    if first.shape != every["deck"]["first"].shape:
        return None
    fitting = [form for form in every if nearest({"first": first, "second": second}, {form: every[form]})]
    slugs = list(dict.fromkeys(map(slug, fitting)))
    return slugs[0] if slugs and (slugs[0] == "deck" or len(slugs) == 1) else OTHER


def widths_of(variables: Sequence[VariableInfo], vocabulary: int, gates: int) -> Widths | None:
    """Where embeddings V e, gates of (e + d) d + d numbers each, and a readout of d C + C are all there is."""
    tables = [v for v in variables if len(v.shape) == 2 and vocabulary in v.shape]
    if len(tables) != 1:
        return None
    word = int(np.prod(tables[0].shape)) // vocabulary
    rest = sum(int(np.prod(v.shape)) for v in variables) - vocabulary * word
    for classes in CLASSES:
        linear = gates * (word + 1) + classes  # gates d² + linear d = rest − C
        square = linear**2 + 4 * gates * (rest - classes)
        state = (math.isqrt(square) - linear) // (2 * gates) if square > 0 else 0
        whole_of_it = gates * state * state + linear * state == rest - classes
        if state > 0 and whole_of_it and any(sorted(v.shape) == sorted((state, classes)) for v in variables):
            return Widths(word, state, classes)
    return None


def logits_at(x: Examiner, contact: Contact, data: Numbers, level: float, seed: int) -> Numbers | None:
    weights = {v.path: np.full(v.shape, level, np.float32) for v in contact.initial}
    *before, watch = training(contact, data, np.arange(contact.batch) % 2, weights=weights)
    assert isinstance(watch, Watch)
    name = f"{contact.info.name}.level.{level}.{seed}"
    return logits_in(watched_in(x.ask(name, *whole(), *before, replace(watch, seed=seed))), data, under_tape=True)


def answers_at(
    x: Examiner, contact: Contact, data: Numbers, level: float, widths: Widths
) -> dict[str, dict[str, Numbers]]:
    word, state, classes = widths
    shapes: dict[str, tuple[int, ...]] = {
        "E": (contact.vocabulary, word), "W_cl": (state, classes), "b_cl": (classes,),
    }  # fmt: skip
    for gate in LABS[x.lab]:
        shapes |= {f"W_{gate}": (word + state, state), f"b_{gate}": (state,)}
    return x.answers("values", x=data, **{role: np.full(shape, level) for role, shape in shapes.items()})
