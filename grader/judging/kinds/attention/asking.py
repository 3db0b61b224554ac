"""How an attentive classifier is asked: its forward pass with pairs of ours, and what it answers, in whatever axes."""

from msgspec import Struct

from grader.judging.comparing.arrays import Numbers
from grader.judging.meeting.forward import floats, weights
from grader.judging.meeting.watching import value_of
from grader.model import Observation

MOST = 6  # classes


class Answer(Struct, frozen=True):
    logits: Numbers | None  # [B, C]
    attn: Numbers | None  # [B, L]; [B, L, d] where each number of a state has a weight of its own


def answer_in(seen: Observation, name: str, batch: int, length: int) -> Answer:
    """What a forward pass returned, by shape alone."""
    arrays = [found for found in floats(value_of(seen, name)) if found.dtype.kind == "f"]
    logits = (a for a in arrays if a.ndim == 2 and len(a) == batch and 2 <= a.shape[1] <= min(MOST, length - 1))
    attn = (a for a in (weights(a, batch, length) for a in arrays) if a is not None)
    return Answer(next(logits, None), next(attn, None))
