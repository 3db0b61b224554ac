"""Assignment 3: an LSTM reads a sentence and guesses the next word after each.

Hochreiter and Schmidhuber 1997, with the forget gate of Gers et al. 2000:

    i_t = σ([e_t, h_{t-1}] W_i + b_i)      input           f_t = σ([e_t, h_{t-1}] W_f + b_f)      forget
    o_t = σ([e_t, h_{t-1}] W_o + b_o)      output          j_t = tanh([e_t, h_{t-1}] W_j + b_j)   candidate
    c_t = f_t * c_{t-1} + i_t * j_t        h_t = o_t * tanh(c_t)        h_0 = c_0 = 0
    logits_t = h_t W_out + b_out           cost = mean over sentences of Σ_t cross-entropy(logits_t, x_{t+1})

Shapes: x [B, T] of word ids, E [V, e], every W of a gate [e + d, d] with the rows of e first, W_out [d, V].
There are T − 1 guesses, and T states with the zeros at the beginning.
"""

from collections.abc import Callable
from typing import NamedTuple

import tensorflow as tf

from reference import Answers, Case

PADDING = 2
GATES = "ifoj"
ROLES = ("E", *(f"{kind}_{gate}" for gate in GATES for kind in "Wb"), "W_out", "b_out")
F = {"σ": tf.sigmoid, "tanh": tf.tanh, "relu": tf.nn.relu, "line": tf.identity, "1−σ": lambda a: 1 - tf.sigmoid(a)}


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
    i = F[s.i](eh @ w.W_i + w.b_i)
    f = F[s.f](eh @ w.W_f + w.b_f + s.forget_bias)
    o = F[s.o](eh @ w.W_o + w.b_o)
    j = F[s.j](eh @ w.W_j + w.b_j)
    i, f = (1 - f if s.coupled == "f" else i), (1 - i if s.coupled == "i" else f)
    c = f * (c if s.keeps == "c" else h) + i * j
    h = o * F[s.squashed](c)
    return h, c


def guess(w: Weights, s: Form, h: tf.Tensor, c: tf.Tensor) -> tf.Tensor:
    return (h if s.told == "h" else c) @ w.W_out + w.b_out


def unrolled(x: tf.Tensor, w: Weights, s: Form) -> Run:
    """T − 1 guesses and T states."""
    last = x.shape[1] - 1
    orders = {"": range(last), "next": range(1, last + 1), "ahead": range(last + 1), "behind": range(last - 1)}
    zeros = tf.zeros([x.shape[0], w.dim], tf.float64)
    run = Run([guess(w, s, zeros, zeros)] if s.words == "behind" else [], [zeros], [zeros])
    for t in orders.get(s.words, range(last - 1, -1, -1)):
        given = (run.h[-1], run.c[-1]) if s.returned == "hc" else (run.c[-1], run.h[-1])
        h, c = step(w, s, tf.gather(w.E, x[:, t]), *given)
        run.h.append(h)
        run.c.append(c)
        run.logits.append(guess(w, s, h, c))
    if s.words == "ahead":
        return run._replace(logits=run.logits[1:])
    return run._replace(logits=run.logits[::-1]) if s.words == "backwards" else run


def values(case: Case) -> Answers:
    """case x and weights by role -> logits [T − 1, B, V] and states h, c [T, B, d] of every form."""
    x, w = tf.constant(case["x"], tf.int32), weights(case)
    return {name: answered(unrolled(x, w, form)) for name, form in FORMS.items()}


def answered(run: Run) -> dict[str, tf.Tensor]:
    return {key: tf.stack(part).numpy() for key, part in run._asdict().items()}


def first(case: Case) -> Answers:
    """Which candidates for the words' part of a gate make the first guess: case words [R], E, parts [n, e, d], readout.

    Logits [n, n, n, R, V] for every form that shows at the first word; the axes are the candidates for i, j and o.
    """
    e = tf.gather(tf.constant(case["E"], tf.float64), case["words"])
    a = tf.einsum("re,ned->nrd", e, tf.constant(case["parts"], tf.float64))
    W_out, b_out = tf.constant(case["W_out"], tf.float64), tf.constant(case["b_out"], tf.float64)
    found: Answers = {}
    for name, s in FORMS.items():
        if not s.words and not s.forget_bias:
            i = F["1−σ" if s.coupled == "f" else s.i](a)[:, None, None]
            c = i * F[s.j](a)[None, :, None]
            h = F[s.o](a)[None, None] * F[s.squashed](c)
            found[name] = {"logits": ((h if s.told == "h" else c + 0.0 * h) @ W_out + b_out).numpy()}
    return found


def roles(case: Case) -> Answers:
    """What one more part does, by the gates it may belong to: case x, weights, form, and part [d] or [e + d, d]."""
    x, known = tf.constant(case["x"], tf.int32), weights(case)
    part = tf.constant(case["part"], tf.float64)
    kind = "b" if part.shape.rank == 1 else "W"
    found: Answers = {}
    for gates in (*GATES, "", "if", "io", "ij", "fo", "fj", "oj", "ifo", "ifoj"):
        more = {f"{kind}_{gate}": getattr(known, f"{kind}_{gate}") + part for gate in gates}
        run = unrolled(x, known._replace(**more), FORMS[case["form"]])
        found[gates] = {"logits": tf.stack(run.logits).numpy()}
    return found


Loss = Callable[[tf.Tensor, tf.Tensor], tf.Tensor]  # logits [n, B, V], x [B, T] -> the cost


def against(targets: tf.Tensor, logits: tf.Tensor) -> tf.Tensor:
    """Cross-entropies [n, B] of targets [n, B]."""
    count = min(targets.shape[0], logits.shape[0])
    return tf.nn.sparse_softmax_cross_entropy_with_logits(labels=targets[:count], logits=logits[:count])


def next_word(logits: tf.Tensor, x: tf.Tensor) -> tf.Tensor:
    return tf.reduce_mean(tf.reduce_sum(against(tf.transpose(x)[1:], logits), axis=0))


def without_paddings(logits: tf.Tensor, x: tf.Tensor) -> tf.Tensor:
    costs = against(tf.transpose(x)[1:], logits)
    return tf.reduce_mean(tf.reduce_sum(costs * real(x)[: costs.shape[0]], axis=0))


def mean_of_each(logits: tf.Tensor, x: tf.Tensor) -> tf.Tensor:
    costs = against(tf.transpose(x)[1:], logits)
    words = real(x)[: costs.shape[0]]
    return tf.reduce_mean(tf.reduce_sum(costs * words, axis=0) / tf.maximum(tf.reduce_sum(words, axis=0), 1.0))


def real(x: tf.Tensor) -> tf.Tensor:
    """1 where the word to be guessed is none of the paddings, [n, B]."""
    return tf.cast(tf.transpose(x)[1:] != PADDING, tf.float64)


def this_word(logits: tf.Tensor, x: tf.Tensor) -> tf.Tensor:
    return tf.reduce_mean(tf.reduce_sum(against(tf.transpose(x), logits), axis=0))


def word_after_next(logits: tf.Tensor, x: tf.Tensor) -> tf.Tensor:
    return tf.reduce_mean(tf.reduce_sum(against(tf.transpose(x)[2:], logits), axis=0))


def rolled_round(logits: tf.Tensor, x: tf.Tensor) -> tf.Tensor:
    """The last word's target is the first word."""
    return tf.reduce_mean(tf.reduce_sum(against(tf.transpose(tf.roll(x, -1, 1)), logits), axis=0))


LOSSES: dict[str, Loss] = {
    "deck": next_word,
    "deck/paddings-left-out": without_paddings,
    "deck/mean-of-each-sentence": mean_of_each,
    "target-not-shifted": this_word,
    "target-not-shifted/two-ahead": word_after_next,
    "target-not-shifted/rolled": rolled_round,
    "softmax-before-loss": lambda logits, x: next_word(tf.nn.softmax(logits), x),
}


def cost(case: Case) -> Answers:
    """case logits [n, B, V] and x -> the cost of each form, and its slope [V] in a bias added to all logits."""
    logits, x = tf.constant(case["logits"], tf.float64), tf.constant(case["x"], tf.int32)
    found: Answers = {}
    for name, loss in LOSSES.items():
        if name.endswith("/rolled") and logits.shape[0] < x.shape[1]:
            continue
        bias = tf.zeros([logits.shape[2]], tf.float64)
        with tf.GradientTape() as tape:
            tape.watch(bias)
            value = loss(logits + bias, x)
        found[name] = {"cost": value.numpy(), "slope": tape.gradient(value, bias).numpy()}
    return found


def gradient(case: Case) -> Answers:
    """case x, weights by role, cost (its form) -> the gradient of the cost, by role, where the cell is the deck's."""
    x, w = tf.constant(case["x"], tf.int32), weights(case)
    with tf.GradientTape() as tape:
        tape.watch(w)
        value = LOSSES[case["cost"]](tf.stack(unrolled(x, w, FORMS[case["form"]]).logits), x)
    gradients = tape.gradient(value, w)
    return {"deck": {role: tf.convert_to_tensor(g).numpy() for role, g in zip(ROLES, gradients, strict=True)}}


def sampled(case: Case) -> Answers:
    """case x of sampled sentences, weights, form -> the logits [T − 1, B, V] that each way to sample draws from.

    Where the cell is not the deck's the sampler may be, with a step of its own.
    """
    x, w = tf.constant(case["x"], tf.int32), weights(case)
    trained = FORMS[case["form"]]
    own = trained._replace(words="behind" if trained.words == "behind" else "")
    cells = {"": own} if case["form"].startswith("deck") else {"": own, "-by-the-equations": FORMS["deck"]}
    ways = {f"deck/{cell}" if cell else "deck": form for cell, form in cells.items()}
    for cell, form in cells.items():
        for dropped in ("hc", "h", "c"):
            ways[f"sampler-forgets-state/{dropped}{cell}"] = form._replace(dropped=dropped)
        ways[f"c-h-swapped/sampler{cell}"] = form._replace(returned=form.returned[::-1])
        ways[f"c-h-swapped/sampler-keeps-h{cell}"] = form._replace(keeps="h")
        ways[f"c-h-swapped/sampler-reads-c{cell}"] = form._replace(reads="c")
    return {name: answered(unrolled(x, w, form)) for name, form in ways.items()}


def weights(case: Case) -> Weights:
    return Weights(**{role: tf.constant(case[role], tf.float64) for role in ROLES})


QUESTIONS = {"values": values, "first": first, "roles": roles, "cost": cost, "gradient": gradient, "sampled": sampled}
