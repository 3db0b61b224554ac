"""The cell of assignment 3, as it should be and with its known mistakes, and its way through a sentence.

Shapes: e [B, e], states [B, d], every W of a gate [e + d, d] with the rows of e first, every b and P [d], W_out [d, V].
"""

from typing import NamedTuple

import tensorflow as tf

GATES = "ifoj"
ROLES = ("E", *(f"{kind}_{gate}" for gate in GATES for kind in "Wb"), "W_out", "b_out")
BESIDES = (  # vectors [d] that the equations do not have
    *("P_i", "P_f", "P_o", "P_p"),  # peepholes: of the three gates at c, and of o at the c before it
    *("S_h", "S_c"),  # learnt states to begin with
    *("O_i", "O_f", "O_o", "O_j"),  # added outside of σ and tanh
)
F = {
    "σ": tf.sigmoid,
    "1−σ": lambda a: 1 - tf.sigmoid(a),
    "tanh": tf.tanh,
    "relu": tf.nn.relu,
    "line": tf.identity,
    "1": tf.ones_like,
}


class Weights(NamedTuple):
    E: tf.Tensor
    W_i: tf.Tensor
    b_i: tf.Tensor
    W_f: tf.Tensor
    b_f: tf.Tensor
    W_o: tf.Tensor
    b_o: tf.Tensor
    W_j: tf.Tensor
    b_j: tf.Tensor
    W_out: tf.Tensor
    b_out: tf.Tensor
    P_i: tf.Tensor | float = 0.0
    P_f: tf.Tensor | float = 0.0
    P_o: tf.Tensor | float = 0.0
    P_p: tf.Tensor | float = 0.0
    S_h: tf.Tensor | float = 0.0
    S_c: tf.Tensor | float = 0.0
    O_i: tf.Tensor | float = 0.0
    O_f: tf.Tensor | float = 0.0
    O_o: tf.Tensor | float = 0.0
    O_j: tf.Tensor | float = 0.0

    @property
    def dim(self) -> int:
        return int(self.W_out.shape[0])


class Form(NamedTuple):
    """What a cell computes; the deck's by default."""

    i: str = "σ"
    f: str = "σ"
    o: str = "σ"
    j: str = "tanh"
    squashed: str = "tanh"  # the function around c on the way to h
    around: str = "line"  # around the product of o and that
    carried: str = "line"  # around c before anybody takes it
    forgets: str = "old"  # what f multiplies: the old c, the "new" memory alone, or "both" together
    forget_bias: float = 0.0  # added inside the forget gate, beside its own bias
    coupled: str = ""  # one gate for both: "i" means f = 1 − i, "f" means i = 1 − f
    reads: str = "h"  # the state that the gates look at
    keeps: str = "c"  # the state that f multiplies
    told: str = "h"  # the state that the logits are made from
    returned: str = "hc"  # the states as the next step takes them
    dropped: str = ""  # states that begin at zero again with each word
    words: str = ""  # which words the t-th guess has seen; by default those up to the t-th


class Run(NamedTuple):
    logits: list[tf.Tensor]
    h: list[tf.Tensor]
    c: list[tf.Tensor]


FORMS = {
    "deck": Form(),
    **{f"deck/forget-bias-{b:g}": Form(forget_bias=b) for b in (1.0, 0.5, 2.0, 3.0, 5.0)},
    "tanh-missing": Form(squashed="line"),
    "tanh-missing/sigmoid": Form(squashed="σ"),
    "tanh-missing/relu": Form(squashed="relu"),
    "tanh-misplaced/around-the-product": Form(squashed="line", around="tanh"),
    "tanh-misplaced/in-the-memory": Form(squashed="line", carried="tanh"),
    "tanh-misplaced/in-the-memory-too": Form(carried="tanh"),
    "forget-gate-misplaced/both": Form(forgets="both"),
    "forget-gate-misplaced/new": Form(forgets="new"),
    "gate-missing/input": Form(i="1"),
    "gate-missing/forget": Form(f="1"),
    "gate-missing/output": Form(o="1"),
    "c-h-swapped": Form(told="c", returned="ch"),
    "c-h-swapped/state": Form(returned="ch"),
    "c-h-swapped/readout": Form(told="c"),
    "c-h-swapped/gates": Form(reads="c"),
    "c-h-swapped/memory": Form(keeps="h"),
    "gates-mixed/coupled": Form(coupled="i"),
    "gates-mixed/coupled-forget": Form(coupled="f"),
    "gate-activations-swapped": Form("tanh", "tanh", "tanh", "σ"),
    "gate-activations-swapped/gates": Form("tanh", "tanh", "tanh"),
    "gate-activations-swapped/input": Form(i="tanh"),
    "gate-activations-swapped/forget": Form(f="tanh"),
    "gate-activations-swapped/output": Form(o="tanh"),
    "gate-activations-swapped/candidate": Form(j="σ"),
    "gate-activations-swapped/relu-candidate": Form(j="relu"),
    "gate-activations-swapped/no-candidate": Form(j="line"),
    "state-not-carried": Form(dropped="hc"),
    "state-not-carried/h": Form(dropped="h"),
    "state-not-carried/c": Form(dropped="c"),
    "state-behind": Form(words="behind"),
    "causality-broken": Form(words="next"),
    "causality-broken/state-ahead": Form(words="ahead"),
    "causality-broken/backwards": Form(words="backwards"),
}
FORMS |= {
    f"{name}{'-' if '/' in name else '/'}forget-bias-1": form._replace(forget_bias=1.0)
    for name, form in FORMS.items()
    if not name.startswith("deck")
}


def step(w: Weights, s: Form, e: tf.Tensor, h: tf.Tensor, c: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """e [B, e] and the old states [B, d] -> the new ones."""
    h, c = (h * 0.0 if "h" in s.dropped else h), (c * 0.0 if "c" in s.dropped else c)
    eh = tf.concat([e, h if s.reads == "h" else c], axis=1)
    i = F[s.i](eh @ w.W_i + w.b_i + w.P_i * c) + w.O_i
    f = F[s.f](eh @ w.W_f + w.b_f + w.P_f * c + s.forget_bias) + w.O_f
    j = F[s.j](eh @ w.W_j + w.b_j) + w.O_j
    i, f = (1 - f if s.coupled == "f" else i), (1 - i if s.coupled == "i" else f)
    before = c
    c = F[s.carried](remembered(s, f, c if s.keeps == "c" else h, i * j))
    o = F[s.o](eh @ w.W_o + w.b_o + w.P_o * c + w.P_p * before) + w.O_o
    h = F[s.around](o * F[s.squashed](c))
    return h, c


def remembered(s: Form, f: tf.Tensor, old: tf.Tensor, new: tf.Tensor) -> tf.Tensor:
    return {"old": f * old + new, "new": old + f * new, "both": f * (old + new)}[s.forgets]


def guess(w: Weights, s: Form, h: tf.Tensor, c: tf.Tensor) -> tf.Tensor:
    return (h if s.told == "h" else c) @ w.W_out + w.b_out


def unrolled(x: tf.Tensor, w: Weights, s: Form) -> Run:
    """T − 1 guesses and T states."""
    last = x.shape[1] - 1
    orders = {"": range(last), "next": range(1, last + 1), "ahead": range(last + 1), "behind": range(last - 1)}
    zeros = tf.zeros([x.shape[0], w.dim], tf.float64)
    run = Run([guess(w, s, zeros, zeros)] if s.words == "behind" else [], [zeros + w.S_h], [zeros + w.S_c])
    for t in orders.get(s.words, range(last - 1, -1, -1)):
        given = (run.h[-1], run.c[-1]) if s.returned == "hc" else (run.c[-1], run.h[-1])
        h, c = step(w, s, tf.gather(w.E, x[:, t]), *given)
        run.h.append(h)
        run.c.append(c)
        run.logits.append(guess(w, s, h, c))
    if s.words == "ahead":
        return run._replace(logits=run.logits[1:])
    return run._replace(logits=run.logits[::-1]) if s.words == "backwards" else run
