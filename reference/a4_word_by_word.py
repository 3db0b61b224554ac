"""Assignment 4: word by word attention (Wang and Jiang 2015, arXiv 1512.08849, section 3), with GRUs for their LSTMs.

    h^s_j = GRU(x_j, h^s_{j-1})     h^t_k = GRU(x_k, h^t_{k-1})     one encoder, both sentences from zeros
    e_kj = [h^t_k; h^m_{k-1}] W h^s_j       α_kj = exp e_kj / Σ_j' exp e_kj'      a_k = Σ_j α_kj h^s_j
    h^m_k = GRU([a_k; h^t_k], h^m_{k-1}),   h^m_0 = 0
    logits = h^m_L W_cl + b_cl

A GRU, of an input x and a state h:

    z = σ([x; h] W_z + b_z)     r = σ([x; h] W_r + b_r)     c = tanh([x; r * h] W_c + b_c)     h' = (1 − z) h + z c

Shapes: p and h [B, L] of word ids, E [V, e], W_·_p and W_·_h of the encoders [e + d, d] (where they are one, the same
twice), W_·_m of the matching GRU [3d, d] with the rows of a_k first, then h^t_k, then h^m_{k-1}; W_attn [2d, d],
W_cl [d, C]. Every weight may have one more axis before these, R: so many models are computed at once.

With `beside`, word vectors may be read by mistake where states are meant: W_·_m [3d + 2e, d] has rows for x_k and for
Σ_j α_kj x_j before those of h^m_{k-1}, and W_attn [2d + e, d] rows for x_k at its end.
"""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf

from reference import Answers, Case

CELLS = "phm"
GATES = "zrc"
NUMBERS = (
    *(f"{what}_{cell}" for what in ("after", "open", "always", "linear", "sigmoid", "relu") for cell in CELLS),
    "chained", "continued", "forgets", "fresh", "of_word", "share", "mixed", "crossed", "averaged", "even", "swapped",
    "direct",
)  # fmt: skip

OTHERS = {"linear": tf.identity, "sigmoid": tf.sigmoid, "relu": tf.nn.relu}  # in the place of the candidate's tanh

Weights = Mapping[str, tf.Tensor]  # by role, each [R, ...]


class Sight(NamedTuple):
    """What attention has before it for word k of the hypothesis."""

    Y: tf.Tensor  # h^s_j of all words of the premise [R, B, L, d]
    t: tf.Tensor  # h^t_k [R, B, d]
    m: tf.Tensor  # h^m_{k-1} [R, B, d]
    before: tf.Tensor  # h^t_{k-1} [R, B, d]
    last: tf.Tensor  # h^t_L [R, B, d]
    x: tf.Tensor  # x_k [R, B, e]


def gru(w: Weights, cell: str, x: tf.Tensor, h: tf.Tensor) -> tf.Tensor:
    """after = 1: r multiplies the state's product, which may have a bias of its own, as in Keras and cuDNN.

    open = 1: the reset gate has no say; always = 1: nor has the update gate. linear = 1 (sigmoid, relu): the candidate
    has no tanh (but that).
    """
    xh = tf.concat([x, h], axis=-1)
    z = tf.sigmoid(xh @ w[f"W_z_{cell}"] + w[f"b_z_{cell}"])
    r = tf.sigmoid(xh @ w[f"W_r_{cell}"] + w[f"b_r_{cell}"])
    r = w[f"open_{cell}"] + (1 - w[f"open_{cell}"]) * r
    z = w[f"always_{cell}"] + (1 - w[f"always_{cell}"]) * z
    from_x, from_h = tf.split(w[f"W_c_{cell}"], [x.shape[-1], h.shape[-1]], axis=1)
    after = w[f"after_{cell}"]
    state = after * r * (h @ from_h + w[f"b_s_{cell}"]) + (1 - after) * ((r * h) @ from_h)
    total = x @ from_x + state + w[f"b_c_{cell}"]
    c = tf.tanh(total)
    for name, other in OTHERS.items():
        if np.any(w[f"{name}_{cell}"]):
            c = c + w[f"{name}_{cell}"] * (other(total) - tf.tanh(total))
    return (1 - z) * h + z * c


def encoded(w: Weights, cell: str, words: tf.Tensor, h: tf.Tensor) -> tf.Tensor:
    """words [B, L, e] -> states [R, B, L, d]. forgets = 1: each word is read from zeros."""
    states = []
    for j in range(words.shape[1]):
        h = gru(w, cell, tf.broadcast_to(words[None, :, j], [h.shape[0], *words[:, j].shape]), h)
        states.append(h)
        h = (1 - w["forgets"]) * h
    return tf.stack(states, axis=2)


Attention = Callable[[Weights, Sight], tf.Tensor]  # -> α [R, B, L], or [R, B, L, d] with a weight for each number


def query(w: Weights, s: Sight, t: tf.Tensor, m: tf.Tensor) -> tf.Tensor:
    both = [t, m, *([s.x] if "beside" in w else [])]
    return tf.concat(both, axis=-1) @ w["W_attn"] + w["b_attn"]


def bilinear(w: Weights, s: Sight) -> tf.Tensor:
    return dotted(s.Y, query(w, s, s.t, s.m))


def dotted(Y: tf.Tensor, q: tf.Tensor) -> tf.Tensor:
    return tf.einsum("rbld,rbd->rbl", Y, q)


def over_words(e: tf.Tensor) -> tf.Tensor:
    return tf.nn.softmax(e, axis=2)


def across(e: tf.Tensor) -> tf.Tensor:
    """What was stacked as [L, B, ...] and then reshaped to [B, L, ...], where a transposition was needed."""
    return tf.reshape(tf.einsum("rbl...->rlb...", e), tf.shape(e))


def without_own_term(w: Weights, s: Sight) -> tf.Tensor:
    e = tf.exp(bilinear(w, s))
    return e / (tf.reduce_sum(e, axis=2, keepdims=True) - e)


def products(w: Weights, s: Sight) -> tf.Tensor:
    """[R, B, L, d]: the bilinear form before it is summed."""
    return s.Y * query(w, s, s.t, s.m)[:, :, None]


def scaled(w: Weights, s: Sight) -> tf.Tensor:
    """As in the Transformer; a W that is so many times larger gives the same."""
    return bilinear(w, s) / tf.sqrt(tf.cast(s.Y.shape[-1], tf.float64))


FORMS: dict[str, Attention] = {
    "deck": lambda w, s: over_words(bilinear(w, s)),
    "deck/scaled": lambda w, s: over_words(scaled(w, s)),
    "elementwise-product": lambda w, s: over_words(products(w, s)),
    "elementwise-product/states": lambda w, s: over_words(dotted(s.Y, s.t)),
    "elementwise-product/both-states": lambda w, s: over_words(dotted(s.Y, s.t + s.m)),
    "elementwise-product/all-three": lambda w, s: over_words(dotted(s.Y, s.t * s.m)),
    "elementwise-product/matching": lambda w, s: over_words(dotted(s.Y, s.m)),
    "softmax-axis": lambda w, s: tf.nn.softmax(products(w, s), axis=3),
    "softmax-axis/ones": lambda w, s: tf.ones_like(bilinear(w, s)),
    "softmax-axis/batch": lambda w, s: tf.nn.softmax(bilinear(w, s), axis=1),
    "softmax-twice": lambda w, s: over_words(over_words(bilinear(w, s))),
    "softmax-missing": bilinear,
    "softmax-missing/exponentials": lambda w, s: tf.exp(bilinear(w, s)),
    "softmax-missing/sigmoid": lambda w, s: tf.sigmoid(bilinear(w, s)),
    "own-term-missing": without_own_term,
    "matching-state-unused": lambda w, s: over_words(dotted(s.Y, query(w, s, s.t, 0 * s.m))),
    "matching-state-unused/word-twice": lambda w, s: over_words(dotted(s.Y, query(w, s, s.t, s.t))),
    "matching-state-unused/word-before": lambda w, s: over_words(dotted(s.Y, query(w, s, s.t, s.before))),
    "wrong-state": lambda w, s: over_words(dotted(s.Y, query(w, s, s.before, s.m))),
    "wrong-state/matching-twice": lambda w, s: over_words(dotted(s.Y, query(w, s, s.m, s.m))),
    "wrong-state/last": lambda w, s: over_words(dotted(s.Y, query(w, s, s.last, s.m))),
    "reshape-as-transpose/scores": lambda w, s: over_words(across(bilinear(w, s))),
    "reshape-as-transpose/weights": lambda w, s: across(over_words(bilinear(w, s))),
    "reshape-as-transpose/scored-states": lambda w, s: over_words(dotted(across(s.Y), query(w, s, s.t, s.m))),
    "uniform-attention": lambda w, s: over_words(0 * bilinear(w, s)),
    "score-squashed": lambda w, s: over_words(tf.tanh(bilinear(w, s))),
    "score-squashed/sigmoid": lambda w, s: over_words(tf.sigmoid(bilinear(w, s))),
    "score-squashed/relu": lambda w, s: over_words(tf.nn.relu(bilinear(w, s))),
    "score-squashed/query": lambda w, s: over_words(dotted(s.Y, tf.tanh(query(w, s, s.t, s.m)))),
}


def additive(w: Weights, s: Sight) -> tf.Tensor:
    """The paper's own score, equation 6: w^T tanh(W^s h^s_j + W^t h^t_k + W^m h^m_{k-1})."""
    M = tf.tanh(s.Y @ w["W_s"][:, None] + query(w, s, s.t, s.m)[:, :, None])
    return tf.einsum("rbld,rod->rbl", M, w["w"])


# Asked for by name alone: without its weights it is the uniform attention.
OTHER_SCORES: dict[str, Attention] = {"deck/additive": lambda w, s: over_words(additive(w, s))}


class States(NamedTuple):
    Y: tf.Tensor  # h^s [R, B, L, d]
    T: tf.Tensor  # h^t [R, B, L, d]
    words: tuple[tf.Tensor, tf.Tensor]  # x_j and x_k [R, B, L, e]


def read(w: Weights, p: tf.Tensor, h: tf.Tensor) -> States:
    """crossed = 1: both sentences' states went through `across`."""
    models = max(value.shape[0] for value in w.values())
    zeros = tf.zeros([models, p.shape[0], w["W_cl"].shape[1]], tf.float64)
    x, y = tf.gather(w["E"][0], p), tf.gather(w["E"][0], h)
    Y = encoded(w, "p", x, zeros)
    T = encoded(w, "h", y, w["chained"] * Y[:, :, -1])
    vectors = tuple(tf.broadcast_to(one[None], [models, *one.shape]) for one in (x, y))
    crossed = w["crossed"][..., None]
    return States(Y + crossed * (across(Y) - Y), T + crossed * (across(T) - T), vectors)


def matched(w: Weights, s: States, attention: Attention) -> dict[str, tf.Tensor]:
    """logits [R, B, C] and attn [R, B, hypothesis, premise], with d at its end where each number has a weight.

    share: a weight in the sum for a_k is so many times what it should be; mixed = 1: that sum is over `across(Y)`;
    continued = 1: h^m_0 is the premise's last state; averaged = 1: the classes are told by the mean of all h^m_k,
    direct = 1: by the last a_k; fresh = 1: the matching GRU starts each word from zeros, of_word = 1: from h^t_k,
    though the scores see h^m_{k-1}; even = 1: a_k is a plain mean; swapped = 1: it is one of the hypothesis's states.
    """
    averaged = s.Y + w["mixed"][..., None] * (across(s.Y) - s.Y) + w["swapped"][..., None] * (s.T - s.Y)
    before = tf.zeros_like(s.Y[:, :, 0])
    m = w["continued"] * s.Y[:, :, -1]
    alphas, states = [], []
    for k in range(s.T.shape[2]):
        t = s.T[:, :, k]
        sight = Sight(s.Y, t, m, before, s.T[:, :, -1], s.words[1][:, :, k])
        alpha = attention(w, sight)
        each = alpha if alpha.shape.rank == 4 else alpha[..., None]
        a = w["share"] * tf.reduce_sum((each + w["even"][..., None] * (over_words(0 * each) - each)) * averaged, axis=2)
        kept = (1 - w["fresh"]) * (m + w["of_word"] * (t - m))
        m = gru(w, "m", tf.concat([a, t, *beside(w, sight, s, alpha)], axis=-1), kept)
        alphas.append(alpha)
        states.append(m)
        before = t
    m = m + w["averaged"] * (tf.reduce_mean(tf.stack(states), axis=0) - m) + w["direct"] * (a - m)
    return {"logits": m @ w["W_cl"] + w["b_cl"], "attn": tf.stack(alphas, axis=2)}


def beside(w: Weights, sight: Sight, s: States, alpha: tf.Tensor) -> list[tf.Tensor]:
    """x_k and Σ_j α_kj x_j, which the equations do not read."""
    if "beside" not in w:
        return []
    each = tf.reduce_mean(alpha, axis=3) if alpha.shape.rank == 4 else alpha
    return [sight.x, w["share"] * tf.einsum("rbl,rble->rbe", each, s.words[0])]


def weights(case: Case) -> dict[str, tf.Tensor]:
    """By role, with R = 1 or as many as `changes`: what is added to some roles of each model. Others are zero."""
    changes = case.get("changes") or [{}]
    d, classes, e = case["W_cl"].shape[0], case["W_cl"].shape[1], case["E"].shape[1]
    shapes = {"E": case["E"].shape, "W_cl": (d, classes), "b_cl": (1, classes), "W_attn": (2 * d, d), "b_attn": (1, d)}
    shapes |= {"W_s": (d, d), "w": (1, d)}
    high = {"p": e + d, "h": e + d, "m": 3 * d}
    if case.get("beside"):
        shapes |= {"beside": (1, 1), "W_attn": (2 * d + e, d)}
        high["m"] += 2 * e
    shapes |= {f"W_{gate}_{cell}": (high[cell], d) for gate in GATES for cell in CELLS}
    shapes |= {f"b_{gate}_{cell}": (1, d) for gate in (*GATES, "s") for cell in CELLS}
    shapes |= dict.fromkeys(NUMBERS, (1, 1))
    found: dict[str, tf.Tensor] = {}
    for role, shape in shapes.items():
        base = filled(case.get(role, float(role == "share")), shape)
        changed = [change.get(role, 0.0) for change in changes] if any(role in change for change in changes) else [0.0]
        found[role] = tf.constant(base + np.stack([filled(value, shape) for value in changed]))
    return found


def filled(value: Any, shape: tuple[int, ...]) -> np.ndarray:
    """The numbers in this shape, or one number everywhere."""
    numbers = np.asarray(value, np.float64)
    return numbers.reshape(shape) if numbers.size > 1 else np.full(shape, numbers.reshape(-1)[0])


def values(case: Case) -> Answers:
    """case p, h, weights by role, changes, forms (names; all if none) -> what each form answers for each change."""
    w = weights(case)
    s = read(w, *words(case))
    known = FORMS | OTHER_SCORES
    return {
        name: {key: value.numpy() for key, value in matched(w, s, known[name]).items()}
        for name in case.get("forms") or FORMS
    }


def words(case: Case) -> tuple[tf.Tensor, tf.Tensor]:
    return tf.constant(case["p"], tf.int32), tf.constant(case["h"], tf.int32)


def step(case: Case) -> Answers:
    """case p, h, labels, weights by role, forms -> the mean cross-entropy and its gradient for each role."""
    w = weights(case)
    found: Answers = {}
    for name in case.get("forms") or FORMS:
        with tf.GradientTape() as tape:
            tape.watch(list(w.values()))
            scores = matched(w, read(w, *words(case)), FORMS[name])["logits"][0]
            cost = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels=case["labels"], logits=scores))
        gradients = tape.gradient(cost, w, unconnected_gradients="zero")
        told = {role: tf.convert_to_tensor(g)[0].numpy() for role, g in gradients.items() if role in case}
        found[name] = {"cost": cost.numpy(), **{role: g.reshape(case[role].shape) for role, g in told.items()}}
    return found


QUESTIONS = {"values": values, "step": step}
