"""Lab5: how two GRUs may read a premise and a hypothesis, and what follows of the states alone.

Shapes as in reference/lab5_attention.py.
"""

from collections.abc import Callable
from typing import NamedTuple

import tensorflow as tf

from reference import Answers, Case
from reference.lab4_gru import Orders, gru, mirrored
from reference.lab4_gru import Weights as Gates
from reference.steps.recurrent import Step

ENCODERS = "ph"
GATES = ("z", "r", "rnn")


class States(NamedTuple):
    Y: tf.Tensor  # [B, L, d] of the premise
    H: tf.Tensor  # [B, L, d] of the hypothesis

    @property
    def h(self) -> tf.Tensor:
        return self.H[:, -1]


class Reader(NamedTuple):
    """How the two GRUs, which are given, may be written."""

    name: str
    cell: Callable[[Gates, Orders], Step]
    order: str  # of word and state
    chained: bool = True  # the hypothesis starts from the premise's last state
    encoders: str = ENCODERS  # whose GRU reads the premise, and whose the hypothesis


# The handout's is one of the first two; rewritten ones are no mistake of the attention.
READERS = (
    Reader("", gru, "eh"),
    Reader("state_first", gru, "he"),
    Reader("mirrored", mirrored, "eh"),
    Reader("mirrored_state_first", mirrored, "he"),
    Reader("from_zeros", gru, "eh", chained=False),
    Reader("from_zeros_state_first", gru, "he", chained=False),
    Reader("one_encoder", gru, "eh", encoders="pp"),
    Reader("one_encoder_state_first", gru, "he", encoders="pp"),
)


def encoder(case: Case, name: str) -> Gates:
    gates = {f"{kind}_{gate}": f64(case[f"{kind}_{gate}_{name}"]) for gate in GATES for kind in "Wb"}
    nothing = tf.zeros([0], tf.float64)
    return Gates(E=f64(case["E"]), W_cl=nothing, b_cl=nothing, **gates)


def f64(value: object) -> tf.Tensor:
    return tf.convert_to_tensor(value, tf.float64)


def read(case: Case, reader: Reader) -> States:
    """Both sentences, word by word."""
    E = f64(case["E"])
    h = tf.zeros([case["p"].shape[0], case["W_y"].shape[0]], tf.float64)
    found = []
    for name, own in zip(ENCODERS, reader.encoders, strict=True):
        step = reader.cell(encoder(case, own), Orders(*[reader.order] * 3))
        h, states = h if reader.chained else tf.zeros_like(h), []
        for t in range(case[name].shape[1]):
            h = step(tf.gather(E, case[name][:, t]), h)
            states.append(h)
        found.append(tf.stack(states, axis=1))
    return States(*found)


def endings(case: Case) -> Answers:
    """Logits of many models without a context, which hold the same cells and biases in other places.

    case p, h, E, W_cl, b_cl, cells [n, e + d, d], biases [m, d], models [R, 13] and halves [2, d, d] of W_combination:
    for z, r and rnn of the premise's GRU and then of the hypothesis's, which of the cells, after these which of the
    biases, last b_combination -> logits [R, B, C] of each reader with h_N in each half.
    """
    models = tf.constant(case["models"], tf.int32)
    places = [f"{gate}_{name}" for name in ENCODERS for gate in GATES]
    W = {place: tf.gather(f64(case["cells"]), models[:, i]) for i, place in enumerate(places)}
    b = {place: tf.gather(f64(case["biases"]), models[:, 6 + i])[:, None] for i, place in enumerate(places)}
    b_h = tf.gather(f64(case["biases"]), models[:, 12])[:, None]
    found: Answers = {}
    for reader in READERS:
        h = last_state(case, W, b, reader)
        stars = [tf.tanh(h @ half + b_h) for half in f64(case["halves"])]
        told = [(star @ f64(case["W_cl"]) + f64(case["b_cl"])).numpy() for star in stars]
        found[reader.name or "given"] = {"0": told[0], "1": told[1]}
    return found


def last_state(case: Case, W: dict[str, tf.Tensor], b: dict[str, tf.Tensor], reader: Reader) -> tf.Tensor:
    E, h = f64(case["E"]), tf.zeros([len(case["models"]), len(case["p"]), W["z_p"].shape[2]], tf.float64)
    for name, own in zip(ENCODERS, reader.encoders, strict=True):
        h = h if reader.chained else tf.zeros_like(h)
        for t in range(case[name].shape[1]):
            x = tf.tile(tf.gather(E, case[name][:, t])[None], [len(h), 1, 1])
            xh = tf.concat([x, h] if reader.order == "eh" else [h, x], axis=2)
            z, r = (tf.sigmoid(xh @ W[f"{gate}_{own}"] + b[f"{gate}_{own}"]) for gate in GATES[:2])
            reset = tf.concat([x, r * h] if reader.order == "eh" else [r * h, x], axis=2)
            c = tf.tanh(reset @ W[f"rnn_{own}"] + b[f"rnn_{own}"])
            h = z * h + (1 - z) * c if reader.cell is mirrored else (1 - z) * h + z * c
    return h
