"""Assignment 4: classes told by more than the last matching state alone: a layer before them, other states beside it.

Such a head is made linear. With M, the matrix that all the rest speaks through, at ±ε M and its bias at β, half the
difference of the logits is ε φ'(β) s M W_cl of the states s, whatever the activation φ is; rows of M that do not read
the matching state are zero. The class then looks as if s had led to the logits by M W_cl.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial

import numpy as np
from msgspec import Struct
from msgspec.structs import replace

from grader.judging.comparing.arrays import Numbers
from grader.judging.kinds.word_by_word.answers import CLASSES, Answer, Asker, alike
from grader.judging.kinds.word_by_word.parts import MOST
from grader.sandbox.guest.wire import VariableInfo

EPSILON = 0.01  # a cubic term of 1e-4, and float32 has digits left
BETA = 0.5  # where every activation of the course has a slope
STATES = 3  # side by side at most: of the matching, the hypothesis and the premise

Changed = Mapping[str, Numbers]  # some of the weights, by path


class View(Struct, frozen=True):
    """The class as a network whose last matching state leads to the logits by one matrix."""

    variables: tuple[VariableInfo, ...]
    weights: Mapping[str, Numbers]
    under: Callable[[Sequence[Changed]], list[Answer]]
    headed: bool = False
    words: Numbers | None = None  # what the encoder reads of each, where a layer of the student's own comes before


def plain(asker: Asker) -> View:
    return View(asker.contact.initial, asker.weights, asker.under)


def views(asker: Asker) -> Iterator[View]:
    """The class as it is, and with every slice of its head's rows that may read the matching state; likelier first."""
    shapes = {v.path: tuple(n for n in v.shape if n > 1) for v in asker.contact.initial}
    out = next((path for path, shape in shapes.items() if len(shape) == 2 and shape[1] == CLASSES), None)
    if out is None:
        yield plain(asker)
        return
    silent = {path: np.zeros_like(asker.weights[path]) for path, shape in shapes.items() if shape == (CLASSES,)}
    before = [p for p, s in shapes.items() if len(s) == 2 and s[1] == shapes[out][0] != CLASSES]
    before = [p for p in before if p != out and asker.contact.vocabulary not in shapes[p]][:MOST]
    gateways = through(asker, before, silent) if before else []
    # Without biases nothing passes the matching GRU's candidate either: three states high, as it is.
    doubtful = [path for path in gateways if shapes[path][0] == STATES * shapes[path][1]]
    for path in gateways:
        if path not in doubtful:
            yield from sliced(asker, layer(asker, path, out, silent))
    yield plain(asker)
    yield from (view for view in sliced(asker, Layer(out, out, None, 1.0, silent)) if view.headed)
    for path in doubtful:
        yield from sliced(asker, layer(asker, path, out, silent))


class Layer(Struct, frozen=True):
    """The head: a hidden layer, or the classes themselves."""

    gateway: str
    out: str
    bias: str | None
    slope: float
    silent: Changed

    def turned(self, asker: Asker, kept: Numbers, sign: float) -> Changed:
        """The head alone, as it is asked."""
        if self.gateway == self.out:
            return {**self.silent, self.out: kept}
        shift = {self.bias: np.full_like(asker.weights[self.bias], BETA)} if self.bias else {}
        return {**self.silent, **shift, self.gateway: (sign * EPSILON * kept).astype(kept.dtype)}

    def asked(self, asker: Asker, kept: Numbers, many: Sequence[Changed]) -> list[Answer]:
        if self.gateway == self.out:
            return asker.under([{**one, **self.turned(asker, kept, 1.0)} for one in many])
        found = asker.under([{**one, **self.turned(asker, kept, sign)} for one in many for sign in (1.0, -1.0)])
        return [self.difference(*both) for both in zip(found[::2], found[1::2], strict=True)]

    def difference(self, one: Answer, other: Answer) -> Answer:
        if one.logits is None or other.logits is None:
            return one
        return replace(one, logits=(one.logits - other.logits) / (2 * EPSILON * self.slope))


def way_out(asker: Asker, view: View) -> str | None:
    """Where several variables are [3, d], the classifier turned round: the biases of three gates look like it."""
    shapes = {v.path: tuple(n for n in v.shape if n > 1) for v in view.variables}
    turned = [path for path, shape in shapes.items() if len(shape) == 2 and shape[0] == CLASSES]
    if view.headed or len(turned) < 2 or any(len(s) == 2 and s[1] == CLASSES for s in shapes.values()):
        return None
    return next(iter(through(asker, turned[:MOST], {})), None)


def through(asker: Asker, paths: Sequence[str], silent: Changed) -> list[str]:
    """Matrices without which all pairs get the same logits, though each its own attention."""
    told = asker.under([{**silent, **one} for one in asker.in_turn(paths, np.zeros_like)])
    return [p for p, one in zip(paths, told, strict=True) if alike(one.logits) and not alike(one.attn)]


def layer(asker: Asker, gateway: str, out: str, silent: Changed) -> Layer:
    """Its bias is what the logits still follow, and the slope of its activation is how far they do."""
    wide = asker.weights[out].shape[0]
    biases = [v.path for v in asker.contact.initial if max(v.shape, default=0) == wide == np.prod(v.shape)][:MOST]
    closed = {**silent, gateway: np.zeros_like(asker.weights[gateway])}
    up, down = (
        asker.under([{**closed, **one} for one in asker.in_turn(biases, partial(np.full_like, fill_value=value))])
        for value in (BETA + EPSILON, BETA - EPSILON)
    )
    direction = np.sum(asker.weights[out].astype(np.float64), axis=0)
    for path, one, other in zip(biases, up, down, strict=True):
        if one.logits is not None and other.logits is not None and np.abs(one.logits - other.logits).max() > 1e-6:
            change = (one.logits - other.logits)[0].astype(np.float64) / (2 * EPSILON)
            return Layer(gateway, out, path, float(change @ direction / (direction @ direction)), silent)
    return Layer(gateway, out, None, 1.0, silent)


def sliced(asker: Asker, head: Layer) -> Iterator[View]:
    whole = asker.weights[head.gateway]
    after = np.eye(CLASSES) if head.gateway == head.out else asker.weights[head.out]
    gone = {head.gateway, head.bias, head.out}
    others = [v for v in asker.contact.initial if v.path not in gone]
    out = next(v for v in asker.contact.initial if v.path == head.out)
    for count in range(1, STATES + 1):
        dim, rest = divmod(len(whole), count)
        for at in range(count if not rest else 0):
            rows = slice(at * dim, (at + 1) * dim)
            kept = np.zeros_like(whole)
            kept[rows] = whole[rows]
            if reads_both(asker, head, kept):
                yield View(
                    (*others, replace(out, shape=(dim, CLASSES))),
                    {**asker.weights, **head.silent, head.out: whole[rows] @ after},
                    partial(head.asked, asker, kept),
                    headed=count > 1 or head.gateway != head.out,
                )


def reads_both(asker: Asker, head: Layer, kept: Numbers) -> bool:
    """Only the matching state follows the premise and the hypothesis."""
    half = asker.data.shape[1] // 2
    told = [head.asked(asker, kept, [{}])[0].logits]
    for words in (slice(None, half), slice(half, None)):
        other = asker.data.copy()
        other[:, words] = np.roll(other[:, words], 1, axis=0)
        told.append(head.asked(replace(asker, data=other), kept, [{}])[0].logits)
    first, *rest = told
    return all(
        first is not None and one is not None and not np.allclose(first, one, rtol=1e-3, atol=1e-4) for one in rest
    )
