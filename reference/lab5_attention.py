"""Lab5: attention over the words of the premise (Rocktäschel et al. 2015, arXiv 1509.06664, section 2.3).

    Y = [h_1 … h_L] of the premise's GRU, started from zeros;  h_N of the hypothesis's GRU, started from h_L
    M = tanh(W^y Y + W^h h_N ⊗ e_L)      α = softmax(w^T M) over the L words
    r = Y α^T                            h* = tanh([r; h_N] W_combination + b_combination)
    logits = h* W_cl + b_cl

Shapes: p and h [B, L] of word ids, E [V, e], matrices of the GRUs [e + d, d], W_y and W_h [d, a], w [a] with a = d,
W_combination [2d, d], W_cl [d, C]. Rows stand for examples here: W^y Y is written Y @ W_y.
"""

from collections.abc import Callable
from itertools import permutations, product
from typing import NamedTuple

import tensorflow as tf

from reference import Answers, Case
from reference.steps.pairs import ENCODERS, GATES, READERS, States, endings, f64, read

CELLS = tuple(f"{kind}_{gate}_{name}" for name in ENCODERS for gate in GATES for kind in "Wb")
ATTENTION = ("W_y", "W_h", "w")
READOUT = ("W_combination", "b_combination", "W_cl", "b_cl")


class Attention(NamedTuple):
    W_y: tf.Tensor
    W_h: tf.Tensor
    w: tf.Tensor


Scores = Callable[[States, Attention], tf.Tensor]  # -> w^T M [B, L]
Weighting = Callable[[tf.Tensor], tf.Tensor]  # scores [B, L] -> α [B, L]


def added(Y: tf.Tensor, h: tf.Tensor) -> tf.Tensor:
    """h [B, d] beside every word (⊗ e_L), or a state for each word [B, L, d]."""
    return Y + (h[:, None] if h.shape.rank == 2 else h)


def scores(s: States, a: Attention) -> tf.Tensor:
    M = tf.tanh(added(s.Y @ a.W_y, s.h @ a.W_h))
    return tf.linalg.matvec(M, a.w)


def turned(*, y: bool, h: bool) -> Scores:
    """The paper's own products with column vectors, W^y Y and W^h h_N: here the matrices are turned round."""
    return lambda s, a: scores(
        s, a._replace(W_y=tf.transpose(a.W_y) if y else a.W_y, W_h=tf.transpose(a.W_h) if h else a.W_h)
    )


RIGHT: dict[str, Scores] = {
    "deck": scores,
    "deck/turned": turned(y=True, h=True),
    "deck/turned-y": turned(y=True, h=False),
    "deck/turned-h": turned(y=False, h=True),
}


def with_state(state: Callable[[States], tf.Tensor]) -> Scores:
    """Another state in the place of h_N."""
    return lambda s, a: tf.linalg.matvec(tf.tanh(added(s.Y @ a.W_y, state(s) @ a.W_h)), a.w)


def over_hypothesis(state: Callable[[States], tf.Tensor]) -> Scores:
    return lambda s, a: tf.linalg.matvec(tf.tanh(added(s.H @ a.W_y, state(s) @ a.W_h)), a.w)


def with_function(f: Callable[[tf.Tensor], tf.Tensor]) -> Scores:
    return lambda s, a: tf.linalg.matvec(f(added(s.Y @ a.W_y, s.h @ a.W_h)), a.w)


def handed_on(s: States, a: Attention, f: Callable[[tf.Tensor], tf.Tensor]) -> tf.Tensor:
    """Each word is added to what came out for the word before, as where a loop writes over the projection of h_N."""
    found, before = [], s.h @ a.W_h
    for y in tf.unstack(s.Y, axis=1):
        before = f(y @ a.W_y + before)
        found.append(before)
    return tf.stack(found, axis=1)


def projected(a: Attention, Y: tf.Tensor, h: tf.Tensor) -> tf.Tensor:
    return tf.linalg.matvec(tf.tanh(added(Y, h)), a.w)


SCORES: dict[str, Scores] = {
    "wrong-state/premise-last": with_state(lambda s: s.Y[:, -1]),
    "wrong-state/first": with_state(lambda s: s.H[:, 0]),
    "wrong-state/before-last": with_state(lambda s: s.H[:, -2]),
    "wrong-state/each": with_state(lambda s: s.H),
    "wrong-state/mean": with_state(lambda s: tf.reduce_mean(s.H, axis=1)),
    "wrong-state/sum": with_state(lambda s: tf.reduce_sum(s.H, axis=1)),
    "wrong-state/premise-first": with_state(lambda s: s.Y[:, 0]),
    "wrong-state/each-of-the-premise": with_state(lambda s: s.Y),
    "wrong-state/going-on": lambda s, a: tf.linalg.matvec(handed_on(s, a, tf.tanh), a.w),
    "wrong-state/going-on-inside": lambda s, a: tf.linalg.matvec(tf.tanh(handed_on(s, a, tf.identity)), a.w),
    "hypothesis-ignored": lambda s, a: projected(a, s.Y @ a.W_y, 0 * (s.h @ a.W_h)),
    "tanh-missing": with_function(tf.identity),
    "tanh-missing/sigmoid": with_function(tf.sigmoid),
    "tanh-missing/relu": with_function(tf.nn.relu),
    "tanh-missing/after-w": lambda s, a: tf.tanh(with_function(tf.identity)(s, a)),
    "tanh-missing/on-h-alone": lambda s, a: tf.linalg.matvec(added(s.Y @ a.W_y, tf.tanh(s.h @ a.W_h)), a.w),
    "attention-over-hypothesis": over_hypothesis(lambda s: s.h),
    "attention-over-hypothesis/of-the-premise": over_hypothesis(lambda s: s.Y[:, -1]),
    "attention-over-hypothesis/each": over_hypothesis(lambda s: s.Y),
    "w-attn-missing": lambda s, a: tf.reduce_sum(tf.tanh(added(s.Y @ a.W_y, s.h @ a.W_h)), axis=2),
    "w-attn-missing/mean": lambda s, a: tf.reduce_mean(tf.tanh(added(s.Y @ a.W_y, s.h @ a.W_h)), axis=2),
    "product-for-sum": lambda s, a: projected(a, (s.Y @ a.W_y) * (s.h @ a.W_h)[:, None], 0 * (s.h @ a.W_h)),
    "product-for-sum/of-states": lambda s, a: projected(a, (s.Y * s.h[:, None]) @ a.W_y, 0 * (s.h @ a.W_h)),
    "product-for-sum/dot": lambda s, a: tf.linalg.matvec(s.Y @ a.W_y, s.h @ a.W_h),
    "product-for-sum/dot-of-states": lambda s, a: tf.linalg.matvec(s.Y, s.h),
    "product-for-sum/bilinear": lambda s, a: tf.linalg.matvec(s.Y @ a.W_y, s.h),
    "product-for-sum/bilinear-h": lambda s, a: tf.linalg.matvec(s.Y, s.h @ a.W_h),
    "projection-missing/h": lambda s, a: projected(a, s.Y @ a.W_y, s.h),
    "projection-missing/y": lambda s, a: projected(a, s.Y, s.h @ a.W_h),
    "projection-missing/both": lambda s, a: projected(a, s.Y, s.h),
    "projection-missing/one-for-both": lambda s, a: projected(a, s.Y @ a.W_y, s.h @ a.W_y),
    "projection-missing/other-for-both": lambda s, a: projected(a, s.Y @ a.W_h, s.h @ a.W_h),
    "minus-sign": lambda s, a: projected(a, s.Y @ a.W_y, -(s.h @ a.W_h)),
    "minus-sign/scores": lambda s, a: -scores(s, a),
    "minus-sign/y": lambda s, a: projected(a, -(s.Y @ a.W_y), s.h @ a.W_h),
}


def over_words(wm: tf.Tensor) -> tf.Tensor:
    return tf.nn.softmax(wm, axis=1)


def across_examples(wm: tf.Tensor) -> tf.Tensor:
    """Scores stacked as [L, B] are read as [B, L] without being transposed."""
    return tf.reshape(tf.transpose(wm), wm.shape)


WEIGHTINGS: dict[str, Weighting] = {
    "softmax-axis/batch": lambda wm: tf.nn.softmax(wm, axis=0),
    "softmax-axis/features": tf.ones_like,
    "softmax-axis/everything": lambda wm: tf.reshape(tf.nn.softmax(tf.reshape(wm, [-1])), wm.shape),
    "softmax-twice": lambda wm: over_words(over_words(wm)),
    "softmax-twice/batch-first": lambda wm: over_words(tf.nn.softmax(wm, axis=0)),
    "softmax-twice/thrice": lambda wm: over_words(over_words(over_words(wm))),
    "softmax-missing": tf.identity,
    "softmax-missing/exponentials": tf.exp,
    "softmax-missing/sigmoid": tf.sigmoid,
    "softmax-missing/shares": lambda wm: wm / tf.reduce_sum(wm, axis=1, keepdims=True),
    "uniform-attention": lambda wm: over_words(tf.zeros_like(wm)),
    "examples-mixed": lambda wm: over_words(across_examples(wm)),
    "examples-mixed/after-softmax": lambda wm: across_examples(over_words(wm)),
}


FORMS: list[tuple[str, Scores, Weighting]] = [
    *((name, form, over_words) for name, form in {**RIGHT, **SCORES}.items()),
    *((name, scores, weighting) for name, weighting in WEIGHTINGS.items()),
    ("softmax-axis/of-M", with_function(lambda M: tf.nn.softmax(tf.tanh(M))), over_words),
    ("softmax-axis/of-M-alone", with_function(lambda M: tf.nn.softmax(tf.tanh(M))), tf.identity),
    ("w-attn-missing/none", lambda s, a: tf.tanh(added(s.Y @ a.W_y, s.h @ a.W_h)), over_words),
]


# Only where the attention is as wide as a state.
SQUARE = {name for name in RIGHT if "turned" in name} | {
    "projection-missing/h", "projection-missing/y", "projection-missing/both", "product-for-sum/bilinear",
    "product-for-sum/bilinear-h", "w-attn-missing/none",
}  # fmt: skip


def logits(case: Case, s: States, r: tf.Tensor, order: str = "rh") -> tf.Tensor:
    """Of the context r [B, d], which stands before or behind h_N."""
    W, b, W_cl, b_cl = (f64(case[role]) for role in READOUT)
    h_star = tf.tanh(tf.concat([r, s.h] if order == "rh" else [s.h, r], axis=1) @ W + b)
    return h_star @ W_cl + b_cl


def answered(
    case: Case, s: States, alpha: tf.Tensor, mistaken: bool = False, wm: tf.Tensor | None = None
) -> dict[str, tf.Tensor]:
    """alpha [B, L], or [B, L, d] with a weight for each number of a state; wm: the scores behind it.

    mistaken: with the logits of mistakes that come after it, too.
    """
    alpha_d = alpha[..., None] if alpha.shape.rank == 2 else alpha
    r = tf.reduce_sum(s.Y * alpha_d, axis=1)
    found = {"attn": alpha.numpy()}
    if "W_combination" in case:
        found |= {"logits": logits(case, s, r).numpy(), "logits_h_first": logits(case, s, r, "hr").numpy()}
        for order, mark in (("rh", ""), ("hr", "h_first")) if mistaken else ():
            told = wrong(case, s, alpha_d, order) | ({} if wm is None else unsoftened(case, s, wm, order))
            found |= {marked(name, mark): value.numpy() for name, value in told.items()}
    return found


def unsoftened(case: Case, s: States, wm: tf.Tensor, order: str) -> dict[str, tf.Tensor]:
    """Of scores [B, L] in the place of the weights."""
    return {"context-wrong/scores": logits(case, s, tf.reduce_sum(s.Y * wm[..., None], axis=1), order)}


def wrong(case: Case, s: States, alpha: tf.Tensor, order: str) -> dict[str, tf.Tensor]:
    """Logits by the mistake behind them, with alpha [B, L, 1] or [B, L, d]."""
    W, b, W_cl, b_cl = (f64(case[role]) for role in READOUT)
    contexts = {
        "context-wrong": tf.reduce_sum(s.H * alpha, axis=1),
        "context-wrong/mean-of-the-weighted": tf.reduce_mean(s.Y * alpha, axis=1),
        "context-wrong/unweighted": tf.reduce_mean(s.Y, axis=1),
        "context-wrong/last-state": s.Y[:, -1],
        "context-wrong/none": s.h,
    }
    r = tf.reduce_sum(s.Y * alpha, axis=1)
    beside = {
        "state-left-out": r,
        "state-left-out/premise": s.Y[:, -1],
        "state-left-out/mean": tf.reduce_mean(s.H, axis=1),
        "state-left-out/first": s.H[:, 0],
    }
    found = {name: logits(case, s, c, order) for name, c in contexts.items()}
    found |= {name: logits(case, States(s.Y, h[:, None]), r, order) for name, h in beside.items()}
    inside = tf.concat([r, s.h] if order == "rh" else [s.h, r], axis=1) @ W
    told = tf.tanh(inside + b) @ W_cl + b_cl
    return found | {
        "combination-incomplete": tf.tanh(inside) @ W_cl + b_cl,
        "combination-incomplete/tanh": (inside + b) @ W_cl + b_cl,
        "combination-incomplete/relu": tf.nn.relu(inside + b) @ W_cl + b_cl,
        "combination-incomplete/sigmoid": tf.sigmoid(inside + b) @ W_cl + b_cl,
        "combination-incomplete/both": inside @ W_cl + b_cl,
        "combination-incomplete/b_cl": tf.tanh(inside + b) @ W_cl,
        "softmax-before-loss": tf.nn.softmax(told),
        "relu-on-logits": tf.nn.relu(told),
    }


def values(case: Case) -> Answers:
    """case p, h and weights by role -> attn [B, L] and logits [B, C] of every form, the right ones first."""
    a = Attention(*(f64(case[role]) for role in ATTENTION))
    found: Answers = {}
    for reader in READERS:
        s = read(case, reader)
        for name, form, weighting in FORMS:
            if name in SQUARE and a.W_y.shape[0] != a.W_y.shape[1]:
                continue
            wm = form(s, a)
            found[marked(name, reader.name)] = answered(case, s, weighting(wm), name in RIGHT, wm)
    return dict(sorted(found.items(), key=lambda item: not item[0].startswith("deck")))


def marked(name: str, mark: str) -> str:
    if not mark:
        return name
    return f"{name}-{mark}" if "/" in name else f"{name}/{mark}"


def readouts(case: Case) -> Answers:
    """case p, h, weights by role and alpha -> logits that follow from that attention, and those of mistakes."""
    alpha = f64(case["alpha"])
    return {marked("deck", reader.name): answered(case, read(case, reader), alpha, mistaken=True) for reader in READERS}


def step(case: Case) -> Answers:
    """case p, h, labels, weights, form of the right attention, order ("rh" or "hr") -> logits, and each role's gradient
    of the mean cross-entropy, under the role's name.
    """
    sources = {role: f64(case[role]) for role in (*CELLS, *ATTENTION, *READOUT)}
    name, reader = next((name, r) for name, r in product(RIGHT, READERS) if marked(name, r.name) == case["form"])
    with tf.GradientTape() as tape:
        tape.watch(sources)
        given = {**case, **sources}
        s = read(given, reader)
        alpha = over_words(RIGHT[name](s, Attention(*(sources[role] for role in ATTENTION))))
        r = tf.reduce_sum(s.Y * alpha[..., None], axis=1)
        told = logits(given, s, r, case["order"])
        cost = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(logits=told, labels=case["labels"]))
    gradients = tape.gradient(cost, sources, unconnected_gradients="zero")  # where one GRU reads both
    return {"deck": {"logits": told.numpy(), **{role: gradient.numpy() for role, gradient in gradients.items()}}}


def roles(case: Case) -> Answers:
    """The right attention for every way to give the weights to encoders, gates and projections.

    Each is named by whose weights the roles take, in the order p h z r rnn W_y W_h.
    """
    found: Answers = {}
    for encoders, gates, reader in product(permutations(ENCODERS), permutations(GATES), READERS[:2]):
        swapped = dict(case)
        for name, gate, kind in product(ENCODERS, GATES, "Wb"):
            given, other = gates[GATES.index(gate)], encoders[ENCODERS.index(name)]
            swapped[f"{kind}_{gate}_{name}"] = case[f"{kind}_{given}_{other}"]
        s = read(swapped, reader)
        for projections in permutations(ATTENTION[:2]):
            a = Attention(*(f64(case[role]) for role in (*projections, "w")))
            given_to = " ".join((*encoders, *gates, *projections))
            found[f"{given_to} {reader.name}".strip()] = answered(case, s, over_words(scores(s, a)))
    return found


QUESTIONS = {"values": values, "readouts": readouts, "step": step, "roles": roles, "endings": endings}
