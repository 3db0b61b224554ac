"""What the classifiers of Lab3 and Lab4 share: words to vectors, the unrolling, the classifier on the last state.

Shapes: x [B, T] of word ids, E [V, e], every recurrent matrix [e + d, d], every bias [d], W_cl [d, C], b_cl [C].
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

import tensorflow as tf

from reference import Answers

Step = Callable[[tf.Tensor, tf.Tensor], tf.Tensor]  # (e_t [B, e], h_{t-1} [B, d]) -> h_t [B, d]

HEADS = {"relu": tf.nn.relu, "tanh": tf.tanh, "sigmoid": tf.sigmoid}
# Of one forward pass, the deck's, whose class shows the softmax of its logits: only the cost tells the two apart.
PROBABILITIES, TWICE = "deck/probabilities", "softmax-before-loss"


class Readout(NamedTuple):
    E: tf.Tensor
    W_cl: tf.Tensor
    b_cl: tf.Tensor
    head: tuple[tuple[tf.Tensor, tf.Tensor], ...] = ()  # an MLP between state and classes, an extra
    f: Callable[[tf.Tensor], tf.Tensor] = tf.nn.relu

    def __call__(self, h: tf.Tensor) -> tf.Tensor:
        """State [B, d] -> logits [B, C]."""
        for W, b in self.head:
            h = self.f(h @ W + b)
        return h @ self.W_cl + self.b_cl


def joined(e: tf.Tensor, h: tf.Tensor, order: str) -> tf.Tensor:
    """[e; h] for "eh", [h; e] for "he": [B, e + d]. Both are right; the rows of the matrix then mean other things."""
    return tf.concat([e, h] if order == "eh" else [h, e], axis=1)


def logits(x: tf.Tensor, out: Readout, dim: int, step: Step, words: Iterable[int] | None = None) -> tf.Tensor:
    """h_T of the words at positions `words` (all, in order), read out: [B, C]."""
    return out(unrolled(x, out.E, dim, step, words))


def unrolled(x: tf.Tensor, E: tf.Tensor, dim: int, step: Step, words: Iterable[int] | None = None) -> tf.Tensor:
    """h_0 = 0, h_t = step(E[x_t], h_{t-1}): the last state [B, d]."""
    h = tf.zeros([tf.shape(x)[0], dim], E.dtype)
    for t in range(x.shape[1]) if words is None else words:
        h = step(tf.gather(E, x[:, t]), h)
    return h


def every_state(x: tf.Tensor, E: tf.Tensor, dim: int, step: Step) -> tf.Tensor:
    """h_1 … h_T [T, B, d]"""
    states: list[tf.Tensor] = []

    def kept(e: tf.Tensor, h: tf.Tensor) -> tf.Tensor:
        states.append(step(e, h))
        return states[-1]

    unrolled(x, E, dim, kept)
    return tf.stack(states)


def averaged(x: tf.Tensor, out: Readout, dim: int, step: Step) -> tf.Tensor:
    """The mean of all states in the place of the last one, read out: [B, C]."""
    return out(tf.reduce_mean(every_state(x, out.E, dim, step), axis=0))


def summed(x: tf.Tensor, out: Readout, dim: int, step: Step) -> tf.Tensor:
    return out(tf.reduce_sum(every_state(x, out.E, dim, step), axis=0))


def largest(x: tf.Tensor, out: Readout, dim: int, step: Step) -> tf.Tensor:
    """Of each unit its largest value over all states, read out."""
    return out(tf.reduce_max(every_state(x, out.E, dim, step), axis=0))


def padded(x: tf.Tensor, out: Readout, dim: int, step: Step) -> tf.Tensor:
    """Paddings (id 0) leave the state as it is: a refinement of the slide's network that changes nothing else."""
    h = tf.zeros([tf.shape(x)[0], dim], out.E.dtype)
    for t in range(x.shape[1]):
        h = tf.where(x[:, t : t + 1] == 0, h, step(tf.gather(out.E, x[:, t]), h))
    return out(h)


def forgetful(x: tf.Tensor, out: Readout, dim: int, step: Step) -> tf.Tensor:
    """The state is not carried: every word starts from zeros, so that only the last one counts."""
    return logits(x, out, dim, step, words=[x.shape[1] - 1])


def with_softmax(known: Answers) -> Answers:
    """The answers, and those of the deck's forms as a class shows them that ends in the slide's softmax."""
    deck = {name: answer for name, answer in known.items() if name.split("/")[0] == "deck"}
    shown = {
        PROBABILITIES + name.removeprefix("deck").replace("/", "-"): {"logits": tf.nn.softmax(answer["logits"]).numpy()}
        for name, answer in deck.items()
    }
    return {**deck, **shown, **known}


def cross_entropy(form: str, forms: Mapping[str, Any], x: tf.Tensor, w: Any, labels: Any) -> tf.Tensor:
    """The mean cost of a class that computes this form."""
    kind = next((kind for kind in (PROBABILITIES, TWICE) if form.startswith(kind)), "")
    order = form.removeprefix(kind)[1:]
    scores = forms[(f"deck/{order}" if order else "deck") if kind else form](x, w)
    if kind == TWICE:
        scores = tf.nn.softmax(scores)
    return tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(logits=scores, labels=labels))


def with_heads(forms: dict[str, Any], w: Any) -> dict[str, Any]:
    """The forms as they are; where the class has an MLP on top, each of them with every non-linearity of it."""
    if not w.head:
        return forms
    return {
        name if kind == "relu" else f"{name}{'-' if '/' in name else '/'}{kind}-on-top": lambda x, w, form=form, f=f: (
            form(x, w._replace(f=f))
        )
        for kind, f in HEADS.items()
        for name, form in forms.items()
    }


def head_of(case: Any) -> tuple[tuple[tf.Tensor, tf.Tensor], ...]:
    return tuple((tf.constant(W, tf.float64), tf.constant(b, tf.float64)) for W, b in case.get("head", ()))
