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

import tensorflow as tf

from reference import Answers, Case
from reference.steps.lstm import BESIDES, FORMS, GATES, ROLES, F, Run, Weights, unrolled

PADDING = 2
FEW = 8  # parts, every four of which can be tried together


def values(case: Case) -> Answers:
    """case x and weights by role -> logits [T − 1, B, V] and states h, c [T, B, d] of every form."""
    x, w = tf.constant(case["x"], tf.int32), weights(case)
    return {name: answered(unrolled(x, w, form)) for name, form in FORMS.items()}


def answered(run: Run) -> dict[str, tf.Tensor]:
    return {key: tf.stack(part).numpy() for key, part in run._asdict().items()}


def first(case: Case) -> Answers:
    """Which candidates for the words' part of a gate make the first guess: case words [R], E, parts [n, e, d], readout.

    Logits [n, n, n, R, V] for every form that shows at the first word; the axes are the candidates for i, j and o.
    Where f has a say in it, a fourth one is that for f.
    """
    e = tf.gather(tf.constant(case["E"], tf.float64), case["words"])
    a = tf.einsum("re,ned->nrd", e, tf.constant(case["parts"], tf.float64))
    W_out, b_out = tf.constant(case["W_out"], tf.float64), tf.constant(case["b_out"], tf.float64)
    found: Answers = {}
    for name, s in FORMS.items():
        if not s.words and not s.forget_bias:
            i = F["1−σ" if s.coupled == "f" else s.i](a)[:, None, None]
            o, c = F[s.o](a)[None, None], i * F[s.j](a)[None, :, None]
            if s.forgets != "old" and len(a) > FEW:
                continue
            if s.forgets != "old":
                o, c = o[..., None, :, :], c[..., None, :, :] * F[s.f](a)
            c = F[s.carried](c)
            h = F[s.around](o * F[s.squashed](c))
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
    for role in BESIDES if kind == "b" else ():
        run = unrolled(x, known._replace(**{role: part}), FORMS[case["form"]])
        found[role] = {"logits": tf.stack(run.logits).numpy()}
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


def one_word(logits: tf.Tensor, x: tf.Tensor, place: int) -> tf.Tensor:
    return tf.reduce_mean(against(tf.transpose(x)[1:], logits)[place])


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
    "cost-of-one-word/last": lambda logits, x: one_word(logits, x, -1),
    "cost-of-one-word/first": lambda logits, x: one_word(logits, x, 0),
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
        tape.watch(w[: len(ROLES)])
        value = LOSSES[case["cost"]](tf.stack(unrolled(x, w, FORMS[case["form"]]).logits), x)
    gradients = tape.gradient(value, w[: len(ROLES)])
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
    found = {name: answered(unrolled(x, w, form)) for name, form in ways.items()}
    for cell in cells:  # probabilities, of which a softmax is taken again
        right = found[f"deck/{cell}" if cell else "deck"]["logits"]
        found[f"softmax-before-sampling/{cell}".rstrip("/")] = {"logits": tf.nn.softmax(right).numpy()}
    return found


def weights(case: Case) -> Weights:
    return Weights(**{role: tf.constant(case[role], tf.float64) for role in (*ROLES, *BESIDES) if role in case})


QUESTIONS = {"values": values, "first": first, "roles": roles, "cost": cost, "gradient": gradient, "sampled": sampled}
