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

from typing import NamedTuple

import numpy as np
import tensorflow as tf

from reference import Answers, Case

ROLES = ("E", "W1", "b1", "W2", "b2", "v", "bv", "K", "R", "b", "F1", "f1", "F2", "f2")
EXTRA = ("K2", "R2", "b2_", "alpha")


class Weights(NamedTuple):
    E: tf.Tensor
    W1: tf.Tensor
    b1: tf.Tensor
    W2: tf.Tensor
    b2: tf.Tensor
    v: tf.Tensor
    bv: tf.Tensor
    K: tf.Tensor
    R: tf.Tensor
    b: tf.Tensor  # [2, 3U], or [3U] where the reset gate comes first
    F1: tf.Tensor
    f1: tf.Tensor
    F2: tf.Tensor
    f2: tf.Tensor
    K2: tf.Tensor | None = None  # of a second GRU, which reads the first one's state
    R2: tf.Tensor | None = None
    b2_: tf.Tensor | None = None
    alpha: tf.Tensor | None = None  # weights [B, L, 1] of an attention that is not the course's

    @property
    def units(self) -> int:
        return int(self.R.shape[0])


class Form(NamedTuple):
    """What a step does; the course's by default."""

    scores: str = "softmax"  # how scores become weights
    query: str = "hidden"  # what the attention is asked with; or zeros
    context: str = "attended"  # what stands for the photo
    joined: str = "ce"  # context and embedding; "ec" the other way round, "c", "e" alone, "c+e" their sum
    axis: str = "features"  # along which they are joined; "time": the GRU reads one after the other
    start: str = "zeros"  # the state of the GRU before it reads; or hidden
    head: str = "line"  # the function after the first dense layer; "none": that layer is left out
    told: str = "logits"  # or their softmax
    upper: str = ""  # the state a second GRU starts from: "zeros" or "hidden"; none without one


def attention(w: Weights, a: tf.Tensor, h: tf.Tensor, form: Form) -> tf.Tensor:
    """Weights [B, L, 1] of the places."""
    if w.alpha is not None:
        return w.alpha
    h = tf.zeros_like(h) if form.query == "zeros" else h
    scores = tf.tanh(a @ w.W1 + w.b1 + (h @ w.W2 + w.b2)[:, None, :]) @ w.v + w.bv
    return {
        "softmax": lambda: tf.nn.softmax(scores, axis=1),
        "batch": lambda: tf.nn.softmax(scores, axis=0),
        "last": lambda: tf.nn.softmax(scores, axis=2),
        "none": lambda: scores,
        "sigmoid": lambda: tf.sigmoid(scores),
    }[form.scores]()


def context(a: tf.Tensor, weights: tf.Tensor, form: Form) -> tf.Tensor:
    """What stands for the photo, [B, D] but for the last two."""
    return {
        "attended": lambda: tf.reduce_sum(weights * a, axis=1),
        "mean": lambda: tf.reduce_mean(a, axis=1),
        "sum": lambda: tf.reduce_sum(a, axis=1),
        "max": lambda: tf.reduce_max(a, axis=1),
        "first": lambda: a[:, 0],
        "averaged": lambda: tf.reduce_mean(weights * a, axis=1),
        "weights": lambda: weights[:, :, 0],
        "flat": lambda: tf.reshape(a, [a.shape[0], -1]),
    }[form.context]()


def gru(w: Weights, x: tf.Tensor, h: tf.Tensor) -> tf.Tensor:
    """The next state [B, U]; that of an LSTM whose cell is empty, where the matrices are those of one."""
    if int(w.R.shape[1]) == 4 * w.units:
        return lstm(w, x, h)
    u, after = w.units, len(w.b.shape) == 2
    b, d = (w.b[0], w.b[1]) if after else (w.b, tf.zeros_like(w.b))
    xz, xr, xh = tf.split(x @ w.K + b, 3, axis=1)
    Rz, Rr, Rh = tf.split(w.R, 3, axis=1)
    z = tf.sigmoid(xz + h @ Rz + d[:u])
    r = tf.sigmoid(xr + h @ Rr + d[u : 2 * u])
    candidate = tf.tanh(xh + r * (h @ Rh + d[2 * u :]) if after else xh + (r * h) @ Rh)
    return z * h + (1 - z) * candidate


def lstm(w: Weights, x: tf.Tensor, h: tf.Tensor) -> tf.Tensor:
    """h' = o * tanh(i * tanh(c̃)): Keras' order i, f, c̃, o (Hochreiter & Schmidhuber 1997)."""
    i, _, candidate, o = tf.split(x @ w.K + h @ w.R + w.b, 4, axis=1)
    return tf.sigmoid(o) * tf.tanh(tf.sigmoid(i) * tf.tanh(candidate))


def upon(w: Weights, state: tf.Tensor, h: tf.Tensor, form: Form) -> tf.Tensor:
    """What the second GRU makes of the first one's state; that itself where there is none."""
    if not form.upper:
        return state
    second = w._replace(K=w.K2, R=w.R2, b=w.b2_)
    return gru(second, state, h if form.upper == "hidden" else tf.zeros_like(h))


def read(w: Weights, words: tf.Tensor, c: tf.Tensor, h: tf.Tensor, form: Form) -> tf.Tensor:
    """The state [B, U] after the word and what stands for the photo."""
    e = tf.gather(w.E, words[:, 0])
    h = h if form.start == "hidden" else tf.zeros_like(h)
    parts = {"c": c, "e": e}
    if form.axis == "time":
        for part in form.joined:
            h = gru(w, parts[part], h)
        return h
    if form.joined == "c+e":
        return gru(w, c + e, h)
    return gru(w, tf.concat([parts[part] for part in form.joined], axis=1), h)


F = {"line": tf.identity, "relu": tf.nn.relu, "tanh": tf.tanh}


def step(
    w: Weights, words: tf.Tensor, a: tf.Tensor, h: tf.Tensor, form: Form
) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
    """Logits [B, V], state [B, U], attention [B, L, 1]."""
    weights = attention(w, a, h, form)
    state = upon(w, read(w, words, context(a, weights, form), h, form), h, form)
    hidden = state if form.head == "none" else F[form.head](state @ w.F1 + w.f1)
    logits = hidden @ w.F2 + w.f2
    return (tf.nn.softmax(logits) if form.told == "probabilities" else logits), state, weights


RIGHT = {
    f"deck/{order}-{start}{'' if head == 'line' else '-' + head}": Form(joined=order, start=start, head=head)
    for head in ("line", "relu", "tanh")
    for start in ("zeros", "hidden")
    for order in ("ce", "ec")
}
WRONG = {
    "softmax-before-loss": Form(told="probabilities"),
    "layer-skipped": Form(head="none"),
    **{f"features-not-attended/{kind}": Form(context=kind)
       for kind in ("mean", "sum", "max", "first", "averaged", "weights", "flat")},
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


LOSSES = ("deck", "deck/per-word", "deck/per-guess", "deck/mean-of-words", "deck/sum", "mask-lost", "mask-lost/sum",
          "mask_inverted", "teacher_forcing_lost", "state_not_carried", "target_not_shifted",
          "word_given_away")  # fmt: skip


def losses(case: Case) -> Answers:
    """Of a batch of captions [B, T] for features [B, L, D], in the given form."""
    w, a = weights_of(case), tf.constant(case["encoded"], tf.float64)
    way = QUERIES[case["query"]]
    form = named(case["form"])._replace(scores=way.scores, query=way.query)
    target = tf.constant(case["target"], tf.int32)
    return {kind: {"loss": np.asarray(loss(w, a, target, form, kind))} for kind in LOSSES}


def loss(w: Weights, a: tf.Tensor, target: tf.Tensor, form: Form, kind: str) -> tf.Tensor:
    """Σ_t of the mean over captions of the cross-entropy with the next word, paddings (0) counting nothing."""
    h = tf.zeros([target.shape[0], w.units], tf.float64)
    words, total = target[:, :1], tf.constant(0.0, tf.float64)
    for t in range(1, target.shape[1]):
        words = target[:, t : t + 1] if kind == "word_given_away" else words
        logits, state, _ = step(w, words, a, h, form)
        right = target[:, t - 1] if kind == "target_not_shifted" else target[:, t]
        total += cost(right, logits, kind)
        h = h if kind == "state_not_carried" else state
        own = tf.argmax(logits, axis=1, output_type=tf.int32)[:, None]
        words = own if kind == "teacher_forcing_lost" else target[:, t : t + 1]
    return total / divisor(kind, int(target.shape[1]))


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


def cost(right: tf.Tensor, logits: tf.Tensor, kind: str) -> tf.Tensor:
    """Of one word [B] of each caption."""
    costs = tf.nn.sparse_softmax_cross_entropy_with_logits(right, logits)
    kept = right == 0 if kind == "mask_inverted" else right != 0
    mask = tf.ones_like(costs) if kind.startswith("mask-lost") else tf.cast(kept, tf.float64)
    if kind == "deck/mean-of-words":
        return tf.reduce_sum(costs * mask) / tf.maximum(tf.reduce_sum(mask), 1e-12)
    return tf.reduce_sum(costs * mask) if kind.endswith("/sum") else tf.reduce_mean(costs * mask)


def divisor(kind: str, length: int) -> int:
    return {"deck/per-word": length, "deck/per-guess": length - 1}.get(kind, 1)


def guesses(case: Case) -> Answers:
    """Losses of logits [T - 1, B, V] that a decoder gave for the right words of captions [B, T]."""
    target = tf.constant(case["target"], tf.int32)
    told = tf.constant(case["logits"], tf.float64)
    found = {}
    for kind in (kind for kind in LOSSES if kind.startswith(("deck", "mask"))):
        total = tf.add_n([cost(target[:, t + 1], logits, kind) for t, logits in enumerate(tf.unstack(told))])
        found[kind] = {"loss": (total / divisor(kind, int(target.shape[1]))).numpy()}
    return found


QUESTIONS = {"attention": attentions, "step": steps, "loss": losses, "guesses": guesses, "gradients": gradients}
