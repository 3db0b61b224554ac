"""Where a language model drops what: asked with embeddings of zeros, so that only states and guesses can be changed."""

import numpy as np
from msgspec import Struct

from grader.judging.comparing.arrays import Numbers
from grader.judging.examiner import Examiner
from grader.judging.instruments.silence import whole
from grader.judging.kinds.language_model.asking import Forward, begin, guesses_in
from grader.judging.kinds.language_model.parts import Layout, Weights
from grader.judging.meeting.contact import Contact
from grader.judging.meeting.watching import value_of
from grader.sandbox.guest.wire import Step

RATE = 0.3
DRAWN = 4  # masks of the words
WITHIN = 1e-3


class Dropout(Struct, frozen=True):
    on_states: bool = False
    on_output: bool = False
    on_input: bool = False
    on_logits: bool = False
    share: float = 0.0  # of the entries of the state that were dropped before the guesses
    factor: float = 1.0  # of those that were kept
    stays: bool = False  # at rate 0 the guesses are still drawn at random, so nothing else is known


def question_dropout(
    x: Examiner, contact: Contact, forward: Forward, found: Layout, weights: Weights
) -> Dropout | None:
    """None when it could not be asked.

    W_out shows states as they are: an entry of a guess, without its bias, is then 0 or a multiple of the state's.
    The last word's guess is its bias alone.
    """
    shown = {**weights, found.embedding.path: np.zeros_like(weights[found.embedding.path])}
    out = np.eye(*found.out.shape, dtype=np.float32)
    out[:, -1] = 0.0
    shown[found.out.path] = found.out.kept(out)
    plain = passed(x, contact, forward, shown, [0.0], without=True)
    dropped = passed(x, contact, forward, shown, [RATE])
    words = passed(x, contact, forward, weights, [0.0, RATE, 0.0])
    if plain is None or dropped is None or words is None:
        return None
    if not same(words[0], words[2]):
        return Dropout(stays=True)
    if same(words[0], np.broadcast_to(words[0][:1, :1], words[0].shape)):
        return None  # every guess is the same whatever the words are, so nothing that is dropped would show
    bias = bias_in(plain[0], found, shown)
    changed = not same(words[0], words[1])
    if np.max(np.abs(plain[0] - bias)) < 1e-6:  # a cell without biases has no states to show when there are no words
        return Dropout(on_output=changed, share=RATE, factor=1 / (1 - RATE))
    seen = judged(plain[0], dropped[0], bias)
    if seen != Dropout() or not changed:
        return seen
    share, factor = on_words(x, contact, forward, found, weights)
    return Dropout(on_input=True, share=share, factor=factor)


def on_words(x: Examiner, contact: Contact, forward: Forward, found: Layout, weights: Weights) -> tuple[float, float]:
    """(share dropped, factor of the rest) of the words: each has one number here, so a first guess has lost it or not.

    As it should be, where some guesses are explained by neither: other things may be done to words.
    """
    right = RATE, 1 / (1 - RATE)
    words = weights[found.embedding.path]

    def first(factor: float, rates: list[float], without: bool) -> Numbers | None:
        one = np.zeros(found.embedding.shape, np.float32)
        one[:, 0] = factor * found.embedding.kept(words)[:, 0]
        changed = {**weights, found.embedding.path: found.embedding.kept(one)}
        guesses = passed(x, contact, forward, changed, rates, without)
        return None if guesses is None else np.stack([told[0] for told in guesses])

    seen, none = first(1.0, [RATE] * DRAWN, without=False), first(0.0, [0.0], without=True)
    if seen is None or none is None:
        return right
    gone = np.isclose(seen, none, rtol=1e-4, atol=1e-6).all(-1)
    for factor in (1.0, 1 / RATE):
        kept = first(factor, [0.0], without=True)
        if kept is not None and not same(kept, none) and np.any(gone) and not np.all(gone):
            if np.all(gone | np.isclose(seen, kept, rtol=1e-4, atol=1e-6).all(-1)):
                return float(np.mean(gone)), factor
    return right


def bias_in(guesses: Numbers, found: Layout, shown: Weights) -> Numbers:
    """Of the output layer; zero where it is not used."""
    if found.out_bias is None or not np.any(guesses[..., -1]):
        return np.zeros(1)
    return shown[found.out_bias.path].reshape(-1)


def passed(
    x: Examiner, contact: Contact, forward: Forward, weights: Weights, rates: list[float], without: bool = False
) -> list[Numbers] | None:
    """Guesses at each rate, with another seed each."""
    data = x.generator("dropout").integers(0, contact.vocabulary, (contact.batch, contact.features))
    shape = (contact.features - 1, contact.batch, contact.vocabulary)
    found = []
    for seed, rate in enumerate(rates, 1):
        steps: list[Step] = [*(whole() if without else ()), *begin(contact, weights, rate)]
        seen = x.ask(f"{contact.info.name}.dropout", *steps, *forward.call(data, rate, "r", seed))
        guesses = guesses_in(value_of(seen, "r"), shape)
        if guesses is None or not np.all(np.isfinite(guesses)):
            return None
        found.append(guesses)
    return found


def same(one: Numbers, other: Numbers) -> bool:
    return bool(np.allclose(one, other, rtol=1e-4, atol=1e-6))


def judged(plain: Numbers, dropped: Numbers, bias: Numbers) -> Dropout:
    """What dropping did to guesses [n, B, V] that are states plus a bias."""
    if same(plain, dropped):
        return Dropout()
    states, seen = plain - bias, dropped - bias
    if (share := fits(states, seen)) is not None:
        return Dropout(on_output=True, share=share[0], factor=share[1])
    if (share := fits(plain, dropped)) is not None:
        return Dropout(on_logits=True, share=share[0], factor=share[1])
    return Dropout(on_states=True)


def fits(states: Numbers, seen: Numbers) -> tuple[float, float] | None:
    """(share dropped, factor of the rest) when every entry is either nothing or the state's, times one factor."""
    clear = np.abs(states) > 0.02 * float(np.max(np.abs(states)))  # others are as good as dropped
    gone = np.abs(seen) <= WITHIN * float(np.max(np.abs(states)))
    if not np.any(clear & ~gone):
        return None
    factor = float(np.median(seen[clear & ~gone] / states[clear & ~gone]))
    off = np.abs(seen - np.where(gone, 0.0, factor * states)) > 2 * WITHIN * float(np.max(np.abs(states)))
    return (float(np.mean(gone[clear])), factor) if not np.any(off & clear) else None
