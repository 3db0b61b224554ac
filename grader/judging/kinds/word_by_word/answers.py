"""Assignment 4: what a model and its `get_attn` return, whatever the axes: weights of the premise for each word."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import permutations

import numpy as np
from msgspec import Struct
from msgspec.structs import replace

from grader.judging.comparing.arrays import Numbers, send
from grader.judging.examiner import Examiner
from grader.judging.instruments.silence import whole
from grader.judging.instruments.until_it_broke import SUMS
from grader.judging.meeting.asking import instance
from grader.judging.meeting.contact import Contact
from grader.judging.meeting.forward import Forward, floats
from grader.judging.meeting.watching import value_of
from grader.model import Observation
from grader.sandbox.guest.wire import Put, Step, Value

CLASSES = 3
CLIPPED = 0.1  # of the logits at least that ReLU makes zero


class Answer(Struct, frozen=True):
    """Attention before it is known which of its axes are the premise's words."""

    logits: Numbers | None = None  # [B, 3]
    attn: Numbers | None = None  # [B, L, L], or [B, L, L, d] with a weight for each number of a state
    states: bool = False  # what stands where attention should is as wide as a state

    @property
    def same_for_all(self) -> bool:
        return alike(self.logits) and (self.attn is None or alike(self.attn))

    def same_as(self, other: "Answer") -> bool:
        """In all that either of them has."""
        pairs = [(self.logits, other.logits), (self.attn, other.attn)]
        known = [(one, two) for one, two in pairs if one is not None or two is not None]
        return bool(known) and all(
            one is not None and two is not None and np.allclose(one, two, rtol=1e-4, atol=1e-5) for one, two in known
        )


def alike(found: Numbers | None) -> bool:
    """Whether all pairs have the same."""
    return found is not None and float(np.ptp(found, axis=0).max()) < 1e-6


def answer_in(value: Value | None, batch: int, length: int) -> Answer:
    arrays = [found for found in floats(value) if found.dtype.kind == "f"]
    logits = next((a for a in arrays if a.shape == (batch, CLASSES)), None)
    attn = next((a for a in (batch_first(a, batch, length) for a in arrays) if a is not None), None)
    wide = any(as_wide_as_states(a, batch, length) for a in arrays)
    return Answer(logits, attn, attn is None and wide)


def as_wide_as_states(found: Numbers, batch: int, length: int) -> bool:
    """A vector, no weight for each word, stands for each word of each pair, in whatever order or flattened."""
    width, rest = divmod(found.size, batch * length)
    if rest or width in (0, 1, length, CLASSES):
        return False
    shape = [n for n in found.shape if n > 1]
    return sorted(shape) == sorted((batch, length, width)) or shape == [batch, length * width]


def unsquashed(answer: Answer) -> Answer:
    if answer.logits is None:
        return answer
    logs = np.log(np.maximum(answer.logits.astype(np.float64), 1e-30))
    return replace(answer, logits=logs - logs.mean(axis=1, keepdims=True))


def batch_first(found: Numbers, batch: int, length: int) -> Numbers | None:
    """[B, L, L] with the other two axes in their order; None for anything else."""
    if found.shape == (batch, length * length):
        return found.reshape(batch, length, length)
    plain = found.reshape(tuple(n for n in found.shape if n > 1)) if batch > 1 else found
    if plain.ndim not in (3, 4):
        return None
    for axes in permutations(range(plain.ndim)):
        if tuple(plain.shape[i] for i in axes[:3]) == (batch, length, length) and axes[1] < axes[2]:
            return plain.transpose(axes)
    return None


def rows_first(attn: Numbers, premise_first: bool) -> Numbers:
    """[B, hypothesis, premise, ...]"""
    return attn.swapaxes(1, 2) if premise_first else attn


def sums_to_one(attn: Numbers) -> bool:
    """Over the last of three axes."""
    return attn.ndim == 3 and bool(attn.min() > -1e-5 and np.allclose(attn.sum(axis=2), 1.0, atol=SUMS))


def are_probabilities(logits: Numbers | None) -> bool:
    return logits is not None and bool(logits.min() >= 0 and np.allclose(logits.sum(axis=1), 1.0, atol=SUMS))


def are_clipped(logits: Numbers | None) -> bool:
    """As ReLU leaves them."""
    return logits is not None and bool(logits.min() == 0 < logits.max() and np.mean(logits == 0) > CLIPPED)


def are_sigmoids(logits: Numbers | None) -> bool:
    return logits is not None and bool(0 < logits.min() and logits.max() < 1)


def from_sigmoids(answer: Answer) -> Answer:
    if answer.logits is None:
        return answer
    shares = np.clip(answer.logits.astype(np.float64), 1e-9, 1 - 1e-9)
    return replace(answer, logits=np.log(shares / (1 - shares)))


def less(one: Answer, other: Answer) -> Answer:
    if one.logits is None or other.logits is None:
        return one
    return replace(one, logits=one.logits - other.logits)


def are_no_weights(attn: Numbers) -> bool:
    """Negative, or with sums other than 1 whichever axis are the premise's words; numbers that are none say nothing."""
    if not np.all(np.isfinite(attn)):
        return False
    return bool(attn.min() < -SUMS or not any(np.allclose(attn.sum(axis=axis), 1.0, atol=SUMS) for axis in (1, 2)))


def reads_on(attn: Numbers, later: Numbers) -> dict[bool, bool]:
    """For either order of axes whether rows before the last stay when the last word of the hypothesis changes."""
    found = {}
    for premise_first in (False, True):
        one, other = rows_first(attn, premise_first), rows_first(later, premise_first)
        found[premise_first] = bool(np.allclose(one[:, :-1], other[:, :-1], rtol=1e-4, atol=1e-5))
    return found


def over_hypothesis(attn: Numbers, later: Numbers) -> bool:
    """Whether columns that sum to 1 are the hypothesis's: its last word changes the others by one factor a row.

    Looked at is the first row, before there is a matching state.
    """
    others = attn[:, 0, :-1], later[:, 0, :-1]
    one, other = (each / np.maximum(each.sum(axis=1, keepdims=True), 1e-9) for each in others)
    return bool(np.allclose(one, other, rtol=1e-3, atol=1e-5) and not np.allclose(*others, rtol=1e-3, atol=1e-5))


Reader = Callable[[Value | None, int, int], Answer]  # of what came back, for so many examples of so many words


class Asker(Struct, frozen=True):
    """Asks for the forward pass of one class, under weights of ours and without dropout."""

    x: Examiner
    contact: Contact
    forward: Forward
    weights: Mapping[str, Numbers]
    data: Numbers  # [B, 2 L]
    read: Reader = answer_in
    mirrored: bool = False  # asked with its last weights negated too: of ReLU's two answers one is the logit

    def without_squashing(self, logits: Numbers | None) -> "Asker":
        """Of a model that returns something made from its logits, the logits."""
        if are_probabilities(logits):
            return self.with_logits()
        if are_sigmoids(logits):
            return replace(self, read=lambda *given: from_sigmoids(self.read(*given)))
        return replace(self, mirrored=True) if are_clipped(logits) else self

    def with_logits(self) -> "Asker":
        """Of a model that returns probabilities: its logits, which sum to 0 where its last weights do."""
        last = {p: w for p, w in self.weights.items() if w.shape[-1] == CLASSES}
        weights = {**self.weights, **{p: w - w.mean(axis=-1, keepdims=True) for p, w in last.items()}}
        return replace(self, weights=weights, read=lambda *given: unsquashed(self.read(*given)))

    def observed(self, name: str, *steps: Step, seconds: float = 60.0) -> Observation:
        begin = [*whole(), *instance(self.contact, self.weights, {})]
        return self.x.ask(f"{self.contact.info.name}.{name}", *begin, *steps, seconds=seconds)

    def of(self, name: str, *data: Numbers) -> list[Answer]:
        """With all weights, of several data."""
        seen = self.observed(name, *(self.forward.call(one, f"r{i}") for i, one in enumerate(data)))
        return [self.read(value_of(seen, f"r{i}"), len(one), self.contact.features) for i, one in enumerate(data)]

    def under(self, configurations: Sequence[Mapping[str, Numbers]]) -> list[Answer]:
        """Of our data under other weights."""
        asked = [*configurations, *(self.negated(configurations) if self.mirrored else ())]
        seen = self.observed("roles", *self.changed(asked))
        size = len(self.data), self.contact.features
        told = [self.read(value_of(seen, f"r{i}"), *size) for i in range(len(asked))]
        count = len(configurations)
        return [less(*both) for both in zip(told, told[count:], strict=False)] if self.mirrored else told

    def negated(self, configurations: Sequence[Mapping[str, Numbers]]) -> Iterator[dict[str, Numbers]]:
        last = {path: -value for path, value in self.weights.items() if value.shape[-1] == CLASSES}
        for i, weights in enumerate(configurations):
            changed = {path: -value if path in last else value for path, value in weights.items()}
            yield changed if i else {**last, **changed}

    def changed(self, configurations: Sequence[Mapping[str, Numbers]]) -> Iterator[Step]:
        for i, weights in enumerate(configurations):
            yield from (Put(path, send(value)) for path, value in weights.items())
            yield self.forward.call(self.data, f"r{i}")

    def in_turn(self, paths: Sequence[str], change: Callable[[Numbers], Numbers]) -> Iterator[dict[str, Numbers]]:
        """One variable after the other is changed, the one before put back."""
        for i, path in enumerate(paths):
            back = {paths[i - 1]: self.weights[paths[i - 1]]} if i else {}
            yield back | {path: change(self.weights[path])}
