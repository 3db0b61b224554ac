"""Assignment 4: a `model` that breaks off before it returns anything, by what its operations gave until then.

The last matching state [B, d] is looked for among their results, the latest first, and a matrix of ours makes logits
of it, so that it can be asked as any other class is. Attention is made of the rows that add up to one, in their order.
"""

from collections.abc import Iterator, Sequence

import numpy as np
from msgspec import Struct
from msgspec.structs import replace

from grader.judging.comparing.arrays import Numbers
from grader.judging.kinds.word_by_word.answers import CLASSES, SUMS, Answer, Asker
from grader.judging.kinds.word_by_word.explained import Explanation, of_view
from grader.judging.kinds.word_by_word.head import View
from grader.judging.meeting.forward import Forward, floats, weights
from grader.judging.meeting.watching import value_of
from grader.sandbox.guest.wire import Call, Listing, Ref, Value, VariableInfo

HEAD = "head of ours"
STATES = 4  # of the last results that may be the matching state, those that are tried


class Unfinished(Struct, frozen=True):
    """Where among the results the last state stands, and the rows of attention."""

    state: int
    rows: tuple[int, ...]
    head: Numbers  # [d, C]

    def call(self, forward: Forward, x: Numbers, into: str) -> Call:
        return watched_call(forward, x, into, (self.state, *self.rows))

    def answer_in(self, value: Value | None, batch: int, length: int) -> Answer:
        found = list(floats(value))
        if len(found) != 1 + len(self.rows) or found[0].shape != (batch, len(self.head)):
            return Answer()
        rows = [row for row in (weights(result, batch, length) for result in found[1:]) if row is not None]
        return Answer(found[0] @ self.head, np.stack(rows, axis=1) if len(rows) == length else None)


def watched_call(forward: Forward, x: Numbers, into: str, places: Sequence[int] = ()) -> Call:
    plain = forward.call(x, into)
    return replace(plain, path="computed", args=(Ref(plain.path), Listing(tuple(places)), *plain.args))


def unfinished(asker: Asker, vocabulary: int) -> tuple[Asker, Explanation] | None:
    """The class as it can be asked all the same, and what explains it; None where nothing of it does."""
    seen = asker.observed("until it broke", watched_call(asker.forward, asker.data, "r"))
    results = list(floats(value_of(seen, "r")))
    batch, length = len(asker.data), asker.contact.features
    rows = attention_rows(results, batch, length)
    for place in states(asker, results):
        head = asker.x.normal(HEAD, (results[place].shape[1], CLASSES), 1.0)
        able = replace(asker, unfinished=Unfinished(place, rows, head))
        told = of_view(able, view_of(able, head), able.under([{}])[0], vocabulary)
        if told.bound is not None:
            return able, told
    return None


def states(asker: Asker, results: Sequence[Numbers]) -> Iterator[int]:
    """Places of the last results that may be a state: as wide as some variable is, for each pair."""
    sides = {size for v in asker.contact.initial for size in v.shape if size > CLASSES}
    fitting = [i for i, a in enumerate(results) if a.ndim == 2 and len(a) == len(asker.data) and a.shape[1] in sides]
    yield from reversed(fitting[-STATES:])


def attention_rows(results: Sequence[Numbers], batch: int, length: int) -> tuple[int, ...]:
    """One for each word of the hypothesis; what only turns or reshapes the row before it is none."""
    found: list[int] = []
    last: Numbers | None = None
    for place, result in enumerate(results):
        row = weights(result, batch, length) if result.size == batch * length else None
        if row is None or row.min() < -SUMS or not np.allclose(row.sum(axis=1), 1.0, atol=SUMS):
            continue
        if last is None or not np.array_equal(row, last):
            found.append(place)
        last = row
    return tuple(found) if len(found) == length else ()


def view_of(asker: Asker, head: Numbers) -> View:
    own = tuple(v for v in asker.contact.initial if CLASSES not in v.shape)
    ours = VariableInfo(HEAD, (len(head), CLASSES), "float32")
    return View((*own, ours), {**asker.weights, HEAD: head}, asker.under)
