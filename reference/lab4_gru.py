"""Lab4: a gated recurrent unit reads the words of a sentence (deck, "Lab4: GRU based classifier"; Cho et al. 2014).

    z_t = σ([h_{t-1}, e_t] W_z + b_z)              update
    r_t = σ([h_{t-1}, e_t] W_r + b_r)              reset
    h̃_t = tanh([r_t * h_{t-1}, e_t] W_rnn + b_rnn)
    h_t = (1 − z_t) * h_{t-1} + z_t * h̃_t,   h_0 = 0
    logits = h_T W_cl + b_cl
    cost = mean cross-entropy + 0.001 (Σ W_rnn² + Σ W_z² + Σ W_r² + Σ W_cl²)

Shapes as in reference/steps/recurrent.py, with three recurrent matrices. Each concatenation may stand in either order.
"""

from collections.abc import Callable
from itertools import product
from typing import NamedTuple

import tensorflow as tf

from reference import Answers, Case
from reference.steps import recurrent
from reference.steps.recurrent import Readout, Step, forgetful, head_of, joined, logits, padded, with_heads


class Weights(NamedTuple):
    E: tf.Tensor
    W_z: tf.Tensor
    b_z: tf.Tensor
    W_r: tf.Tensor
    b_r: tf.Tensor
    W_rnn: tf.Tensor
    b_rnn: tf.Tensor
    W_cl: tf.Tensor
    b_cl: tf.Tensor
    head: tuple[tuple[tf.Tensor, tf.Tensor], ...] = ()
    f: Callable[[tf.Tensor], tf.Tensor] = tf.nn.relu

    @property
    def out(self) -> Readout:
        return Readout(self.E, self.W_cl, self.b_cl, self.head, self.f)

    @property
    def dim(self) -> int:
        return int(self.W_rnn.shape[1])


class Orders(NamedTuple):
    z: str
    r: str
    candidate: str


Form = Callable[[tf.Tensor, Weights], tf.Tensor]
Cell = Callable[[Weights, Orders], Step]
DECK = Orders("he", "he", "he")


Mix = Callable[[tf.Tensor, tf.Tensor, tf.Tensor], tf.Tensor]  # of update gate, old state and candidate: the new state
ACTIVATIONS = {"σ": tf.sigmoid, "tanh": tf.tanh, "relu": tf.nn.relu, "line": tf.identity}


def mixed(z: tf.Tensor, h: tf.Tensor, c: tf.Tensor) -> tf.Tensor:
    return (1 - z) * h + z * c


def gru(w: Weights, o: Orders = DECK, mix: Mix = mixed, functions: tuple[str, str, str] = ("σ", "σ", "tanh")) -> Step:
    """`functions` of update gate, reset gate and candidate."""
    update, reset, candidate = (ACTIVATIONS[name] for name in functions)

    def step(e: tf.Tensor, h: tf.Tensor) -> tf.Tensor:
        z = update(joined(e, h, o.z) @ w.W_z + w.b_z)
        r = reset(joined(e, h, o.r) @ w.W_r + w.b_r)
        return mix(z, h, candidate(joined(e, r * h, o.candidate) @ w.W_rnn + w.b_rnn))

    return step


def mixing(mix: Mix) -> Cell:
    return lambda w, o: gru(w, o, mix)


mirrored = mixing(lambda z, h, c: z * h + (1 - z) * c)  # the form of Cho et al. 2014, Keras and PyTorch


def with_activations(update: str, reset: str, candidate: str) -> Cell:
    return lambda w, o: gru(w, o, functions=(update, reset, candidate))


def reset_after(w: Weights, o: Orders, bias_inside: bool = False) -> Step:
    """The reset gate acts on the product of state and matrix, not on the state before it (cuDNN's form)."""

    def step(e: tf.Tensor, h: tf.Tensor) -> tf.Tensor:
        z = tf.sigmoid(joined(e, h, o.z) @ w.W_z + w.b_z)
        r = tf.sigmoid(joined(e, h, o.r) @ w.W_r + w.b_r)
        from_h = joined(tf.zeros_like(e), h, o.candidate) @ w.W_rnn
        from_e = joined(e, tf.zeros_like(h), o.candidate) @ w.W_rnn
        c = tf.tanh(from_e + r * (from_h + w.b_rnn)) if bias_inside else tf.tanh(from_e + r * from_h + w.b_rnn)
        return (1 - z) * h + z * c

    return step


def without_reset(w: Weights, o: Orders) -> Step:
    def step(e: tf.Tensor, h: tf.Tensor) -> tf.Tensor:
        z = tf.sigmoid(joined(e, h, o.z) @ w.W_z + w.b_z)
        return (1 - z) * h + z * tf.tanh(joined(e, h, o.candidate) @ w.W_rnn + w.b_rnn)

    return step


def without_update(w: Weights, o: Orders) -> Step:
    def step(e: tf.Tensor, h: tf.Tensor) -> tf.Tensor:
        r = tf.sigmoid(joined(e, h, o.r) @ w.W_r + w.b_r)
        return tf.tanh(joined(e, r * h, o.candidate) @ w.W_rnn + w.b_rnn)

    return step


def plain_rnn(w: Weights, o: Orders) -> Step:
    return lambda e, h: tf.tanh(joined(e, h, o.candidate) @ w.W_rnn + w.b_rnn)


def reset_elsewhere(place: str) -> Cell:
    """r multiplies the word, word and state (if widths agree), or their whole product; or the state gets 1 - r."""

    def cell(w: Weights, o: Orders) -> Step:
        def step(e: tf.Tensor, h: tf.Tensor) -> tf.Tensor:
            z = tf.sigmoid(joined(e, h, o.z) @ w.W_z + w.b_z)
            r = tf.sigmoid(joined(e, h, o.r) @ w.W_r + w.b_r)
            if place == "product":
                c = tf.tanh(r * (joined(e, h, o.candidate) @ w.W_rnn) + w.b_rnn)
            elif place == "sum":
                c = tf.tanh(r * (joined(e, h, o.candidate) @ w.W_rnn + w.b_rnn))
            elif place == "mirrored":
                c = tf.tanh(joined(e, (1 - r) * h, o.candidate) @ w.W_rnn + w.b_rnn)
            else:
                c = tf.tanh(joined(r * e, r * h if place == "both" else h, o.candidate) @ w.W_rnn + w.b_rnn)
            return (1 - z) * h + z * c

        return step

    return cell


def reset_astray(place: str) -> Cell:
    """What r has multiplied goes further than into the candidate, or r multiplies the candidate once it is made."""

    def cell(w: Weights, o: Orders) -> Step:
        def step(e: tf.Tensor, h: tf.Tensor) -> tf.Tensor:
            r = tf.sigmoid(joined(e, h, o.r) @ w.W_r + w.b_r)
            z = tf.sigmoid(joined(e, r * h if place == "update" else h, o.z) @ w.W_z + w.b_z)
            c = tf.tanh(joined(e, h if place == "candidate" else r * h, o.candidate) @ w.W_rnn + w.b_rnn)
            kept, new = r * h if place == "state" else h, r * c if place == "candidate" else c
            return (1 - z) * kept + z * new

        return step

    return cell


def changed(**roles: str) -> Cell:
    """The deck's cell with some roles played by another variable."""
    return lambda w, o: gru(w._replace(**{role: getattr(w, other) for role, other in roles.items()}), o)


def without_bias(*roles: str) -> Cell:
    return lambda w, o: gru(w._replace(**{role: tf.zeros_like(getattr(w, role)) for role in roles}), o)


MISTAKES: dict[str, Cell] = {
    "mirrored-update": mirrored,
    "mixture-incomplete/candidate-only": mixing(lambda z, h, c: z * c),
    "mixture-incomplete/whole-candidate": mixing(lambda z, h, c: (1 - z) * h + c),
    "mixture-incomplete/whole-state": mixing(lambda z, h, c: h + z * c),
    "mixture-incomplete/same-share": mixing(lambda z, h, c: z * h + z * c),
    "reset-after-product": reset_after,
    "mirrored-reset": reset_elsewhere("mirrored"),
    "reset-missing": without_reset,
    "update-missing": without_update,
    "update-missing/reset-missing": plain_rnn,
    "reset-after-product/bias-inside": lambda w, o: reset_after(w, o, bias_inside=True),
    "reset-on-input/product": reset_elsewhere("product"),
    "reset-on-input/sum": reset_elsewhere("sum"),
    **{f"reset-misplaced/{place}": reset_astray(place) for place in ("update", "candidate", "state")},
    "gate-activations-swapped": with_activations("tanh", "tanh", "σ"),
    "gate-activations-swapped/gates": with_activations("tanh", "tanh", "tanh"),
    "gate-activations-swapped/update": with_activations("tanh", "σ", "tanh"),
    "gate-activations-swapped/reset": with_activations("σ", "tanh", "tanh"),
    "gate-activations-swapped/candidate": with_activations("σ", "σ", "σ"),
    "gate-activations-swapped/relu-candidate": with_activations("σ", "σ", "relu"),
    "gate-activations-swapped/no-candidate": with_activations("σ", "σ", "line"),
    "gate-activations-swapped/no-gates": with_activations("line", "line", "tanh"),
    "shared-gate-matrix": changed(W_r="W_z"),
    "shared-gate-matrix/r": changed(W_z="W_r"),
    "shared-gate-matrix/candidate": changed(W_z="W_rnn", W_r="W_rnn"),
    "shared-gate-matrix/whole": changed(W_r="W_z", b_r="b_z"),
    "shared-gate-matrix/whole-r": changed(W_z="W_r", b_z="b_r"),
    "bias-missing": without_bias("b_z", "b_r", "b_rnn"),
    "bias-missing/gates": without_bias("b_z", "b_r"),
    "bias-missing/z": without_bias("b_z"),
    "bias-missing/r": without_bias("b_r"),
    "bias-missing/candidate": without_bias("b_rnn"),
}


SAME_WIDTH: dict[str, Cell] = {
    "reset-on-input": reset_elsewhere("word"),
    "reset-on-input/both": reset_elsewhere("both"),
}


def forms(w: Weights) -> dict[str, Form]:
    """What a class with these weights may compute: the accepted forms first."""
    reset_reads_word = w.W_r.shape[1] == w.E.shape[1]
    if reset_reads_word and w.E.shape[1] != w.dim:
        return with_heads({"deck": no_form, **input_forms()}, w)
    return with_heads(plain_forms(reset_reads_word), w)


def no_form(x: tf.Tensor, w: Weights) -> tf.Tensor:
    """The deck's cell cannot be computed when the reset gate has the word's width: no logits equal nan."""
    return tf.fill([x.shape[0], w.b_cl.shape[0]], tf.constant(float("nan"), tf.float64))


def input_forms() -> dict[str, Form]:
    found: dict[str, Form] = {}
    for gates, candidate in product(("he", "eh"), repeat=2):
        o = Orders(gates, gates, candidate)
        found[tagged("reset-on-input", o)] = unrolled(reset_elsewhere("word"), o)
    return found


def plain_forms(same_width: bool) -> dict[str, Form]:
    """The deck's cell in every order, then each known mistake with gates and candidate in either order."""
    found: dict[str, Form] = {}
    for z, r, c in product(("he", "eh"), repeat=3):
        name = "deck" if (z, r, c) == DECK else f"deck/{z}-{r}-{c}"
        found[name] = unrolled(gru, Orders(z, r, c))
    for gates, candidate in product(("he", "eh"), repeat=2):
        o = Orders(gates, gates, candidate)
        found[f"deck/padded-{gates}-{candidate}"] = lambda x, w, o=o: padded(x, w.out, w.dim, gru(w, o))
    for gates, candidate in product(("he", "eh"), repeat=2):
        o = Orders(gates, gates, candidate)
        cells = {**MISTAKES, **(SAME_WIDTH if same_width else {})}
        found |= {tagged(name, o): unrolled(cell, o) for name, cell in cells.items()}
        found[tagged("relu-on-logits", o)] = lambda x, w, o=o: tf.nn.relu(unrolled(gru, o)(x, w))
        found[tagged("state-not-carried", o)] = lambda x, w, o=o: forgetful(x, w.out, w.dim, gru(w, o))
        found[tagged("word-skipped", o)] = lambda x, w, o=o: logits(
            x, w.out, w.dim, gru(w, o), words=range(1, x.shape[1])
        )
        found[tagged("word-skipped/last", o)] = lambda x, w, o=o: logits(
            x, w.out, w.dim, gru(w, o), words=range(x.shape[1] - 1)
        )
        found[tagged("word-skipped/backwards", o)] = lambda x, w, o=o: logits(
            x, w.out, w.dim, gru(w, o), words=range(x.shape[1] - 1, -1, -1)
        )
        found[tagged("states-averaged", o)] = lambda x, w, o=o: recurrent.averaged(x, w.out, w.dim, gru(w, o))
        found[tagged("states-averaged/sum", o)] = lambda x, w, o=o: recurrent.summed(x, w.out, w.dim, gru(w, o))
    return found


def unrolled(cell: Cell, o: Orders) -> Form:
    return lambda x, w: logits(x, w.out, w.dim, cell(w, o))


def tagged(name: str, o: Orders) -> str:
    return f"{name}{'-' if '/' in name else '/'}{o.z}-{o.candidate}"


def values(case: Case) -> Answers:
    """case x and the weights by role -> the logits of every form."""
    x, w = tf.constant(case["x"], tf.int32), weights(case)
    return recurrent.with_softmax({name: {"logits": form(x, w).numpy()} for name, form in forms(w).items()})


def roles(case: Case) -> Answers:
    """case x and the weights in any roles -> the deck's cell in every order only: for finding who is who."""
    x, w = tf.constant(case["x"], tf.int32), weights(case)
    deck = {name: form for name, form in forms(w).items() if name.split("/")[0] == "deck"}
    return recurrent.with_softmax({name: {"logits": form(x, w).numpy()} for name, form in deck.items()})


def step(case: Case) -> Answers:
    """case x, labels, weights, form -> the gradient of the mean cross-entropy for each role, under the role's name."""
    x, w = tf.constant(case["x"], tf.int32), weights(case)
    with tf.GradientTape() as tape:
        tape.watch([getattr(w, role) for role in ROLES if role in case])
        cost = recurrent.cross_entropy(case["form"], forms(w), x, w, case["labels"])
    sources = {role: getattr(w, role) for role in ROLES if role in case}
    gradients = tape.gradient(cost, sources, unconnected_gradients="zero")
    return {"deck": {"cost": cost.numpy()} | {role: tf.convert_to_tensor(g).numpy() for role, g in gradients.items()}}


ROLES = ("E", "W_z", "b_z", "W_r", "b_r", "W_rnn", "b_rnn", "W_cl", "b_cl")


def weights(case: Case) -> Weights:
    return Weights(**{role: tf.constant(case[role], tf.float64) for role in ROLES if role in case}, head=head_of(case))


QUESTIONS = {"values": values, "roles": roles, "step": step}
