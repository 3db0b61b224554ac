"""The maths of one step of a captioner; what its letters mean is told in `lab6_captioning.py`."""

from typing import NamedTuple

import tensorflow as tf

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
    told: str = "logits"  # or what softmax, ReLU or tanh makes of them: probabilities, rectified, squashed
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
TOLD = {"logits": tf.identity, "probabilities": tf.nn.softmax, "rectified": tf.nn.relu, "squashed": tf.tanh}


def step(
    w: Weights, words: tf.Tensor, a: tf.Tensor, h: tf.Tensor, form: Form
) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
    """Logits [B, V], state [B, U], attention [B, L, 1]."""
    weights = attention(w, a, h, form)
    state = upon(w, read(w, words, context(a, weights, form), h, form), h, form)
    hidden = state if form.head == "none" else F[form.head](state @ w.F1 + w.f1)
    logits = hidden @ w.F2 + w.f2
    return TOLD[form.told](logits), state, weights
