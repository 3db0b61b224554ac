"""Lab 6: one step of a captioner that looks at a part of the photo for each word.

Bahdanau et al. 2015 (arXiv 1409.0473), for photos Xu et al. 2015 (arXiv 1502.03044), as the course hands it out:

    s_i = tanh(a_i W_1 + b_1 + h W_2 + b_2) v + b_v      α = softmax over the L places      c = Σ_i α_i a_i
    z = σ(x K_z + b_z + h R_z + d_z)     r = σ(x K_r + b_r + h R_r + d_r)     x = [c; E[w]] or [E[w]; c]
    h̃ = tanh(x K_h + b_h + r * (h R_h + d_h))            h' = z * h + (1 − z) * h̃
    logits = (h' F_1 + f_1) F_2 + f_2

The GRU is that of Keras (`reset_after`); with a bias of one row the reset gate comes before the product. Its h is zero
in each step, or the decoder's last state: both are right. Extras of students: an LSTM in its place (K, R four times as
wide), a second GRU upon it, any other attention, whose weights α are then given.

Shapes: a [B, L, D], h [B, U], w [B, 1], E [V, e], W_1 [D, A], W_2 [U, A], v [A, 1], K [D + e, 3U]
with z, r, h̃ side by side, R [U, 3U], F_1 [U, F], F_2 [F, V].
"""

import numpy as np
import tensorflow as tf

from reference import Answers, Case
from reference.steps.captioning import EXTRA, ROLES, Form, Weights, attention, gru, step

RIGHT = {
    f"deck/{order}-{start}{'' if head == 'line' else '-' + head}": Form(joined=order, start=start, head=head)
    for head in ("line", "relu", "tanh")
    for start in ("zeros", "hidden")
    for order in ("ce", "ec")
}
WRONG = {
    "softmax-before-loss": Form(told="probabilities"),
    "rectified": Form(told="rectified"),
    "squashed": Form(told="squashed"),
    "layer-skipped": Form(head="none"),
    **{f"features-not-attended/{kind}": Form(context=kind)
       for kind in ("mean", "sum", "max", "first", "weights", "flat")},
    "context-averaged": Form(context="averaged"),
    "context-not-used": Form(joined="e"),
    "context-not-used/twice": Form(joined="ee"),
    "word-not-used": Form(joined="c"),
    "word-not-used/twice": Form(joined="cc"),
    "added": Form(joined="c+e"),
    "wrong-axis": Form(axis="time"),
}  # fmt: skip
QUERIES = {
    "deck": Form(),
    "hidden-not-attended": Form(query="zeros"),
    "attention_changed/batch": Form(scores="batch"),
    "attention_changed/last": Form(scores="last"),
    "attention_changed/none": Form(scores="none"),
    "attention_changed/sigmoid": Form(scores="sigmoid"),
}


def forms() -> dict[str, Form]:
    """The accepted ones first; then mistakes, each with the orders and starts that go with it."""
    found = dict(RIGHT)
    for name, form in WRONG.items():
        for start in ("zeros", "hidden"):
            for joined in dict.fromkeys((form.joined, form.joined[::-1]) if form.joined != "c+e" else ("c+e",)):
                kind = f"{name}{'-' if '/' in name else '/'}{joined}-{start}"
                found[kind] = form._replace(joined=joined, start=start)
    return found


FORMS = forms()
UPPER = ("zeros", "hidden")


def named(name: str) -> Form:
    """A form by its name, behind a tilde the start of a second GRU."""
    plain, _, upper = name.partition("~")
    return FORMS[plain]._replace(upper=upper)


def names_for(w: Weights) -> list[str]:
    return list(FORMS) if w.K2 is None else [f"{name}~{upper}" for name in FORMS for upper in UPPER]


def weights_of(case: Case) -> Weights:
    extra = {role: tf.constant(case[role], tf.float64) for role in EXTRA if role in case}
    return Weights(*(tf.constant(case[role], tf.float64) for role in ROLES), **extra)


def fits(w: Weights, form: Form, places: int) -> bool:
    """Whether the GRU's matrix has a row for each number that this form would give it."""
    depth, width = int(w.W1.shape[0]), int(w.E.shape[1])
    size = {"c": {"weights": places, "flat": places * depth}.get(form.context, depth), "e": width}
    ends = w.units if form.head == "none" else int(w.F1.shape[1])
    if ends != int(w.F2.shape[0]) or (w.units != int(w.F1.shape[0]) and form.head != "none"):
        return False
    if form.axis == "time" or form.joined == "c+e":
        rows = {size["c"], size["e"]}
        return rows == {int(w.K.shape[0])}
    return sum(size[part] for part in form.joined) == int(w.K.shape[0])


def asked(case: Case) -> tuple[Weights, tf.Tensor, tf.Tensor, tf.Tensor]:
    a, h = (tf.constant(case[key], tf.float64) for key in ("features", "hidden"))
    return weights_of(case), tf.constant(case["words"], tf.int32), a, h


def attentions(case: Case) -> Answers:
    w, _, a, h = asked(case)
    return {name: {"attention": attention(w, a, h, form).numpy()} for name, form in QUERIES.items()}


def steps(case: Case) -> Answers:
    """Every form, with the weights of the places as `query` says the notebook finds them."""
    w, words, a, h = asked(case)
    way = QUERIES[case["query"]]
    found: Answers = {}
    for name in names_for(w):
        form = named(name)
        if fits(w, form, int(a.shape[1])):
            logits, state, _ = step(w, words, a, h, form._replace(scores=way.scores, query=way.query))
            found[name] = {"logits": logits.numpy(), "state": state.numpy()}
    return found


def cells(case: Case) -> Answers:
    """States after a cell has read [B, K] whatever it was."""
    w, h = weights_of(case), tf.constant(case["hidden"], tf.float64)
    read = tf.constant(case["read"], tf.float64)
    return {"zeros": {"state": gru(w, read, tf.zeros_like(h)).numpy()}, "hidden": {"state": gru(w, read, h).numpy()}}


LOSSES = ("deck", "deck/per-word", "deck/per-guess", "deck/mean-of-words", "deck/sum", "deck/mean-of-all-words",
          "deck/sum-per-word", "deck/sum-per-guess", "deck/by-caption", "mask-after-mean", "mask-after-mean/sum",
          "mask-after-mean/per-word", "mask-after-mean/per-guess", "mask-lost", "mask-lost/sum",
          "mask-lost/per-word", "mask-lost/per-guess", "mask_inverted", "teacher_forcing_lost", "state_not_carried",
          "target_not_shifted", "word_given_away")  # fmt: skip


def losses(case: Case) -> Answers:
    """Of a batch of captions [B, T] for features [B, L, D], in the given form."""
    w, a = weights_of(case), tf.constant(case["encoded"], tf.float64)
    way = QUERIES[case["query"]]
    form = named(case["form"])._replace(scores=way.scores, query=way.query)
    target = tf.constant(case["target"], tf.int32)
    return {kind: {"loss": np.asarray(loss(w, a, target, form, kind))} for kind in LOSSES}


def loss(w: Weights, a: tf.Tensor, target: tf.Tensor, form: Form, kind: str) -> tf.Tensor:
    h = tf.zeros([target.shape[0], w.units], tf.float64)
    words, told = target[:, :1], []
    for t in range(1, target.shape[1]):
        words = target[:, t : t + 1] if kind == "word_given_away" else words
        logits, state, _ = step(w, words, a, h, form)
        told.append(logits)
        h = h if kind == "state_not_carried" else state
        own = tf.argmax(logits, axis=1, output_type=tf.int32)[:, None]
        words = own if kind == "teacher_forcing_lost" else target[:, t : t + 1]
    return cost(tf.stack(told), target, kind)


def gradients(case: Case) -> Answers:
    """Of the loss of the given `kind`, for every role that can be moved."""
    w, a = weights_of(case), tf.constant(case["encoded"], tf.float64)
    way = QUERIES[case["query"]]
    form = named(case["form"])._replace(scores=way.scores, query=way.query)
    moved = {role: one for role, one in w._asdict().items() if one is not None and role not in ("E", "alpha")}
    with tf.GradientTape() as tape:
        tape.watch(moved)
        total = loss(w, a, tf.constant(case["target"], tf.int32), form, case["kind"])
    found = tape.gradient(total, moved)
    return {"whole": {role: g.numpy() for role, g in found.items() if g is not None}}


def cost(told: tf.Tensor, target: tf.Tensor, kind: str) -> tf.Tensor:
    """Σ_t of the mean over captions of the cross-entropy of logits [T - 1, B, V] with the next word.

    Paddings (0) count nothing. The forms of `deck/` take other means of the same costs.
    """
    right = tf.transpose(target[:, :-1] if kind == "target_not_shifted" else target[:, 1:])
    kept = right == 0 if kind == "mask_inverted" else right != 0
    mask = tf.ones_like(right, tf.float64) if kind.startswith("mask-lost") else tf.cast(kept, tf.float64)
    costs = tf.nn.sparse_softmax_cross_entropy_with_logits(right, told) * mask
    each, steps = tf.reduce_sum(costs, axis=0), int(right.shape[0])
    if kind.startswith("mask-after-mean"):  # the mean of all costs of a step, times the share of words among them
        every = tf.nn.sparse_softmax_cross_entropy_with_logits(right, told)
        each = tf.reduce_sum(every * tf.reduce_mean(mask, axis=1, keepdims=True), axis=0)
    if kind == "deck/mean-of-words":
        return tf.reduce_sum(tf.reduce_sum(costs, axis=1) / tf.maximum(tf.reduce_sum(mask, axis=1), 1e-12))
    if kind == "deck/mean-of-all-words":
        return tf.reduce_sum(costs) / tf.reduce_sum(mask)
    if kind == "deck/by-caption":
        return tf.reduce_mean(each / tf.reduce_sum(mask, axis=0))
    total = tf.reduce_sum(each) if "/sum" in kind else tf.reduce_mean(each)
    if kind.endswith(("/per-word", "/sum-per-word")):
        return total / (steps + 1)
    return total / steps if kind.endswith(("/per-guess", "/sum-per-guess")) else total


WALKED = ("word_given_away", "teacher_forcing_lost", "state_not_carried")  # seen of what goes in, not of what comes out


def guesses(case: Case) -> Answers:
    """Losses of logits [T - 1, B, V] that a decoder gave for the right words of captions [B, T]."""
    target = tf.constant(case["target"], tf.int32)
    told = tf.constant(case["logits"], tf.float64)
    return {kind: {"loss": cost(told, target, kind).numpy()} for kind in LOSSES if kind not in WALKED}


QUESTIONS = {
    "attention": attentions,
    "step": steps,
    "cell": cells,
    "loss": losses,
    "guesses": guesses,
    "gradients": gradients,
}
