"""Lab 6: the calls of a decoder while it trains: which words it is given, what it says, whether its state goes on."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from msgspec import Struct

from grader.judging.comparing.arrays import Numbers, array
from grader.judging.comparing.compare import agree
from grader.judging.kinds.captioning.contact import flat
from grader.sandbox.guest.wire import Listing, Value

NOTING = (
    "(lambda plain, calls: lambda s, *a, **k: (lambda r: (calls.append([[a, k], r]), r)[1])(plain(s, *a, **k)))"
    "(type(d).{0}, notes.calls)"
)


class Recorded(Struct, frozen=True):
    logits: Numbers  # [T - 1, B, V]
    wrong: str | None = None  # as the reference names losses


class Said(Struct, frozen=True):
    """One call."""

    words: Numbers  # [B, n]
    logits: Numbers  # [B, n, V]
    given: tuple[Numbers, ...]  # states [B, U]
    left: tuple[Numbers, ...]


def recorded(calls: Value | Any, target: Numbers, vocabulary: int) -> Recorded | None:
    """None where this is no walk along the captions [B, T]."""
    items = calls.items if isinstance(calls, Listing) else ()
    said = [said_in(one.items, len(target), vocabulary) for one in items if isinstance(one, Listing)]
    known = [one for one in said if one is not None]
    if not known or len(known) != len(said):
        return None
    steps = target.shape[1] - 1
    words = np.concatenate([one.words for one in known], axis=1)[:, :steps]
    logits = np.concatenate([one.logits for one in known], axis=1)[:, :steps]
    if words.shape[1] != steps:
        return None
    told = np.moveaxis(logits, 1, 0)
    if np.array_equal(words, target[:, :-1]):
        return Recorded(told, None if handed_on(known) else "state_not_carried")
    if np.array_equal(words[:, 1:], target[:, 2:]):
        return Recorded(told, "word_given_away")
    own = np.argmax(logits, axis=2)[:, :-1]
    return Recorded(told, "teacher_forcing_lost") if np.array_equal(words[:, 1:], own) else None


def said_in(call: Sequence[Value], captions: int, vocabulary: int) -> Said | None:
    given, result = ([found for v in flat(one) if (found := array(v)) is not None] for one in call)
    words = next((a.reshape(captions, -1) for a in given if a.dtype.kind in "iu" and a.size and not a.size % captions
                  and len(np.atleast_1d(a)) == captions), None)  # fmt: skip
    if words is None:
        return None
    logits = next((a for a in result if a.ndim > 1 and a.size == words.size * vocabulary and a.shape[-1] == vocabulary),
                  None)  # fmt: skip
    if logits is None:
        return None
    states = (tuple(a for a in part if a.ndim == 2 and a.dtype.kind == "f" and a is not logits)
              for part in (given, result))  # fmt: skip
    return Said(words, logits.reshape(*words.shape, vocabulary), *states)


def handed_on(calls: Sequence[Said]) -> bool:
    """Whether each call begins from what the one before it left; also where that cannot be seen."""
    for before, after in pairwise(calls):
        came = [any(agree(state, left) for left in before.left) for state in after.given]
        if came and not any(came):
            return False
    return True
