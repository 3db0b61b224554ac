"""Lab2: a multi-layer perceptron with dropout (deck, "Lab2: MLP and Dropout").

    h_0 = f(x W_0 + b_0)
    h_1 = f(h_0 W_1 + b_1)
    y = softmax(h_1 W_2 + b_2),   f = ReLU

Shapes: x [B, D], W_i [d_i, d_{i+1}], b_i [d_{i+1}], d_0 = D, the last d = C classes; labels [B] of int. Any number of
layers. Dropout (Srivastava et al., JMLR 2014), inverted: a unit is zero with probability `rate`, else multiplied by
1 / (1 − rate).
"""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import NamedTuple

import tensorflow as tf

from reference import Answers, Case

Activation = Callable[[tf.Tensor], tf.Tensor]


class Layer(NamedTuple):
    W: tf.Tensor
    b: tf.Tensor


def mlp(x: tf.Tensor, layers: Sequence[Layer], f: Activation | Sequence[Activation] = tf.nn.relu) -> tf.Tensor:
    """x [B, D] -> logits [B, C]; `f` for all hidden layers, or one for each."""
    h = x
    for i, (W, b) in enumerate(layers[:-1]):
        h = (f if callable(f) else f[i])(h @ W + b)
    W, b = layers[-1]
    return h @ W + b


OTHERS: dict[str, Activation] = {
    "sigmoid": tf.sigmoid,
    "tanh": tf.tanh,
    "elu": tf.nn.elu,
    "leaky_relu": tf.nn.leaky_relu,
    "softplus": tf.nn.softplus,
    "gelu": tf.nn.gelu,
    "swish": tf.nn.swish,
    "selu": tf.nn.selu,
    "softmax": tf.nn.softmax,
    "exp": tf.exp,
}


Form = Callable[[tf.Tensor, Sequence[Layer]], tf.Tensor]


def forms(hidden: int) -> dict[str, Form]:
    """What a model with so many hidden layers may compute: the accepted ones, then the known mistakes."""
    bare = logit_forms(hidden)
    deck, *others = bare
    found = {deck: bare[deck], "probabilities": as_probabilities(bare[deck])}
    for name in others:
        found |= {name: bare[name], with_softmax(name): as_probabilities(bare[name])}
    return found


def as_probabilities(form: Form) -> Form:
    return lambda x, w: tf.nn.softmax(form(x, w))


def with_softmax(name: str) -> str:
    """The name of a form whose logits go through a softmax: a second mistake, or a valid form with a cost to match."""
    return "probabilities" if name == "deck" else f"{name}{'-' if '/' in name else '/'}softmax"


def logit_forms(hidden: int) -> dict[str, Form]:
    relu, line = tf.nn.relu, tf.identity
    found: dict[str, Form] = {
        "deck": mlp,
        "no-nonlinearity": lambda x, w: mlp(x, w, line),
        "relu-on-logits": lambda x, w: relu(mlp(x, w)),
        "no-nonlinearity/relu-on-logits": lambda x, w: relu(mlp(x, w, line)),
    }
    for i in range(hidden):
        one = [line if i == j else relu for j in range(hidden)]
        found[f"no-nonlinearity/layer-{i + 1}"] = lambda x, w, one=one: mlp(x, w, one)
        found[f"no-nonlinearity/layer-{i + 1}-relu-on-logits"] = lambda x, w, one=one: relu(mlp(x, w, one))
    found |= {f"bias-unused/{name}": partial(without_biases, roles=roles) for name, roles in biases(hidden).items()}
    for after in [tuple(range(hidden)), *((i,) for i in range(hidden))]:
        name = "-".join(str(i + 1) for i in after)
        found[f"bias-after-nonlinearity/{name}"] = lambda x, w, after=after: bias_after(x, w, after)
    for name in ("sigmoid", "tanh"):
        found[f"squashed-logits/{name}"] = lambda x, w, f=OTHERS[name]: f(mlp(x, w))
    for name, f in OTHERS.items():
        found[f"other-nonlinearity/{name}"] = lambda x, w, f=f: mlp(x, w, f)
        found[f"other-nonlinearity/{name}-on-logits-too"] = lambda x, w, f=f: f(mlp(x, w, f))
        for i in range(hidden):
            one = [f if i == j else relu for j in range(hidden)]
            found[f"other-nonlinearity/{name}-layer-{i + 1}"] = lambda x, w, one=one: mlp(x, w, one)
    return found


def bias_after(x: tf.Tensor, layers: Sequence[Layer], after: Sequence[int]) -> tf.Tensor:
    """These hidden layers compute f(h W) + b."""
    h = x
    for i, (W, b) in enumerate(layers[:-1]):
        h = tf.nn.relu(h @ W) + b if i in after else tf.nn.relu(h @ W + b)
    W, b = layers[-1]
    return h @ W + b


def biases(hidden: int) -> dict[str, dict[int, int | None]]:
    """Which bias a layer adds in the place of its own, None for none: of one layer, of all, of the hidden ones."""
    last, every = hidden, dict.fromkeys(range(hidden + 1))
    found: dict[str, dict[int, int | None]] = {f"layer-{i + 1}": {i: None} for i in every}
    found |= {"all": dict(every), "hidden": {i: None for i in every if i != last}}
    return found | {f"layer-{i + 1}-takes-{j + 1}": {i: j} for i in range(hidden) for j in range(hidden) if i != j}


def without_biases(x: tf.Tensor, layers: Sequence[Layer], roles: Mapping[int, int | None]) -> tf.Tensor:
    """A bias of another width cannot be added: those logits are no number."""
    changed = list(layers)
    for i, j in roles.items():
        b = layers[i].b if j is None else layers[j].b
        if b.shape != layers[i].b.shape:
            return tf.fill([x.shape[0], layers[-1].b.shape[0]], tf.constant(float("nan"), x.dtype))
        changed[i] = layers[i]._replace(b=tf.zeros_like(b) if j is None else b)
    return mlp(x, changed)


def values(case: Case) -> Answers:
    """case x, layers [(W, b), ...] -> what `model` may return without dropout."""
    x, layers = tf.constant(case["x"], tf.float64), layers_of(case)
    return {name: {"logits": form(x, layers).numpy()} for name, form in forms(len(layers) - 1).items()}


def step(case: Case) -> Answers:
    """case x, layers, labels and a form (default: the deck's) -> cost and gradients "W0", "b0", … without dropout.

    With the softmax once, or once too often.
    """
    x, layers = tf.constant(case["x"], tf.float64), layers_of(case)
    bare = logit_forms(len(layers) - 1)
    form = next(f for name, f in bare.items() if case.get("form", "deck") in (name, with_softmax(name)))
    outputs: dict[str, Activation] = {"deck": tf.identity, "softmax-before-loss": tf.nn.softmax}
    found: Answers = {}
    for name, output in outputs.items():
        with tf.GradientTape() as tape:
            tape.watch(layers)
            cost = tf.reduce_mean(
                tf.nn.sparse_softmax_cross_entropy_with_logits(logits=output(form(x, layers)), labels=case["labels"])
            )
        gradients = tape.gradient(cost, layers, unconnected_gradients="zero")
        found[name] = {"cost": cost.numpy()}
        for i, (W, b) in enumerate(gradients):
            found[name] |= {f"W{i}": W.numpy(), f"b{i}": b.numpy()}
    return found


def layers_of(case: Case) -> list[Layer]:
    return [Layer(tf.constant(W, tf.float64), tf.constant(b, tf.float64)) for W, b in case["layers"]]


QUESTIONS = {"values": values, "step": step}
