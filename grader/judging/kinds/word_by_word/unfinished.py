"""Assignment 4: a `model` that breaks off before it returns anything, by what its operations gave until then.

The last matching state [B, d] is looked for among their results, the latest first, and a matrix of ours makes logits
of it, so that it can be asked as any other class is. Attention is made of the rows that add up to one, in their order.
"""

from collections.abc import Iterator, Sequence
from functools import partial

import numpy as np
from msgspec.structs import replace

from grader.judging.comparing.arrays import Numbers
from grader.judging.instruments.until_it_broke import attention_rows, results_in, with_results
from grader.judging.kinds.word_by_word.answers import CLASSES, Answer, Asker
from grader.judging.kinds.word_by_word.explained import Explanation, of_view
from grader.judging.kinds.word_by_word.head import View
from grader.judging.meeting.forward import weights
from grader.judging.meeting.watching import value_of
from grader.sandbox.guest.wire import Value, VariableInfo

HEAD = "head of ours"
STATES = 4  # of the last results that may be the matching state, those that are tried


def unfinished(asker: Asker, vocabulary: int) -> tuple[Asker, Explanation] | None:
    """The class as it can be asked all the same, and what explains it; None where nothing of it does."""
    seen = computed(asker)
    rows = attention_rows(seen, len(asker.data), asker.contact.features)
    rows = rows if len(rows) == asker.contact.features else ()  # one for each word of the hypothesis
    for place in states(asker, seen):
        head = asker.x.normal(HEAD, (seen[place].shape[1], CLASSES), 1.0)
        able = replace(asker, forward=with_results(asker.forward, (place, *rows)), read=partial(answer_of, head))
        told = of_view(able, view_of(able, head), able.under([{}])[0], vocabulary)
        if told.bound is not None:
            return able, told
    return None


def computed(asker: Asker) -> list[Numbers]:
    everything = asker.observed("until it broke", with_results(asker.forward).call(asker.data, "r"))
    return results_in(value_of(everything, "r"))


def has_states(asker: Asker) -> bool:
    return any(True for _ in states(asker, computed(asker)))


def answer_of(head: Numbers, value: Value | None, batch: int, length: int) -> Answer:
    """`head` [d, C] of the last state, which comes first; then the rows of attention."""
    state, *found = results_in(value) or [np.zeros(0)]
    if state.shape != (batch, len(head)):
        return Answer()
    rows = [row for row in (weights(result, batch, length) for result in found) if row is not None]
    return Answer(state @ head, np.stack(rows, axis=1) if len(rows) == length else None)


def states(asker: Asker, results: Sequence[Numbers]) -> Iterator[int]:
    """Places of the last results that may be a state: as wide as some variable is, for each pair."""
    sides = {size for v in asker.contact.initial for size in v.shape if size > CLASSES}
    fitting = [
        i
        for i, a in enumerate(results)
        if a.ndim == 2 and len(a) == len(asker.data) and a.shape[1] in sides and a.any()
    ]
    yield from reversed(fitting[-STATES:])


def view_of(asker: Asker, head: Numbers) -> View:
    own = tuple(v for v in asker.contact.initial if CLASSES not in v.shape)
    ours = VariableInfo(HEAD, (len(head), CLASSES), "float32")
    return View((*own, ours), {**asker.weights, HEAD: head}, asker.under)
