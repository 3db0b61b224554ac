"""Lab3: a recurrent network reads the words of a sentence (deck, "Lab3: RNN based classifier").

    h_t = tanh([e_t; h_{t-1}] W_rnn + b_rnn),   h_0 = 0
    logits = h_T W_cl + b_cl
    cost = mean cross-entropy + 0.001 (Σ W_rnn² + Σ W_cl²)

Shapes as in reference/steps/recurrent.py, with one recurrent matrix.
"""

from collections.abc import Callable, Sequence
from itertools import product
from typing import NamedTuple

import tensorflow as tf

from reference import Answers, Case
from reference.steps import recurrent
from reference.steps.recurrent import Readout, forgetful, head_of, joined, logits, padded, unrolled, with_heads

Activation = Callable[[tf.Tensor], tf.Tensor]


class Weights(NamedTuple):
    E: tf.Tensor
    W_rnn: tf.Tensor
    b_rnn: tf.Tensor
    W_cl: tf.Tensor
    b_cl: tf.Tensor
    W_back: tf.Tensor | None = None  # of a second network that reads backwards, an extra
    b_back: tf.Tensor | None = None
    head: tuple[tuple[tf.Tensor, tf.Tensor], ...] = ()
    f: Callable[[tf.Tensor], tf.Tensor] = tf.nn.relu

    @property
    def out(self) -> Readout:
        return Readout(self.E, self.W_cl, self.b_cl, self.head, self.f)

    @property
    def dim(self) -> int:
        return int(self.W_rnn.shape[1])


Form = Callable[[tf.Tensor, Weights], tf.Tensor]


def rnn(
    w: Weights, order: str = "eh", f: Activation = tf.tanh, bias: bool = True
) -> Callable[[tf.Tensor, tf.Tensor], tf.Tensor]:
    """One step of the plain recurrent network."""
    b = w.b_rnn if bias else tf.zeros_like(w.b_rnn)
    return lambda e, h: f(joined(e, h, order) @ w.W_rnn + b)


def one_to_begin(x: tf.Tensor, w: Weights, first: str, then: str) -> tf.Tensor:
    """The first word is joined to the state in one order, the rest in the other."""
    cells = iter([rnn(w, first), *[rnn(w, then)] * (x.shape[1] - 1)])

    def step(e: tf.Tensor, h: tf.Tensor) -> tf.Tensor:
        return next(cells)(e, h)

    return logits(x, w.out, w.dim, step)


def forms(w: Weights) -> dict[str, Form]:
    """What a class with these weights may compute: the accepted forms first."""
    return with_heads(two_ways() if w.W_back is not None else one_way(), w)


def two_ways() -> dict[str, Form]:
    """Bidirectional: both last states side by side, in every order."""
    found: dict[str, Form] = {}
    for first, order, back in product(("forwards", "backwards"), ("eh", "he"), ("eh", "he")):
        name = "deck" if not found else f"deck/bidirectional-{first}-{order}-{back}"
        found[name] = lambda x, w, a=first, o=order, b=back: bidirectional(x, w, a, o, b)
    return found


def bidirectional(x: tf.Tensor, w: Weights, first: str, order: str, back: str) -> tf.Tensor:
    other = w._replace(W_rnn=w.W_back, b_rnn=w.b_back)
    forwards = unrolled(x, w.E, w.dim, rnn(w, order))
    backwards = unrolled(x, w.E, w.dim, rnn(other, back), words=range(x.shape[1] - 1, -1, -1))
    states = [forwards, backwards] if first == "forwards" else [backwards, forwards]
    return w.out(tf.concat(states, axis=1))


def one_way() -> dict[str, Form]:
    found: dict[str, Form] = {}
    for order in ("eh", "he"):
        found["deck" if order == "eh" else "deck/he"] = lambda x, w, o=order: logits(x, w.out, w.dim, rnn(w, o))
        found[f"deck/padded-{order}"] = lambda x, w, o=order: padded(x, w.out, w.dim, rnn(w, o))
    found["deck/first-he"] = lambda x, w: one_to_begin(x, w, "he", "eh")
    found["deck/first-eh"] = lambda x, w: one_to_begin(x, w, "eh", "he")
    for order in ("eh", "he"):
        found |= {
            f"{name}/{order}" if "/" not in name else f"{name}-{order}": form for name, form in slips(order).items()
        }
    return found


def over_examples(x: tf.Tensor, w: Weights, order: str) -> tf.Tensor:
    """Rows of x taken for time: the state goes from one example's last word to the next example's."""
    h = tf.zeros([1, w.dim], tf.float64)
    states = [h := rnn(w, order)(tf.gather(w.E, x[b : b + 1, -1]), h) for b in range(x.shape[0])]
    return w.out(tf.concat(states, axis=0))


# Word and state joined so that the numbers of different examples meet in one row, though the shape fits.
JOINED_WRONG = {
    "wrong-concat-axis": lambda e, h: tf.reshape(
        tf.concat([tf.reshape(e, [-1]), tf.reshape(h, [-1])], 0), [-1, e.shape[1] + h.shape[1]]
    ),
    "wrong-concat-axis/turned": lambda e, h: tf.reshape(
        tf.concat([tf.transpose(e), tf.transpose(h)], 0), [-1, e.shape[1] + h.shape[1]]
    ),
}

# The places of the words that are read, of all there are.
READ_WRONG: dict[str, Callable[[range], Sequence[int]]] = {
    "word-skipped/first": lambda words: words[1:],
    "word-skipped/last": lambda words: words[:-1],
    "word-skipped/first-and-last": lambda words: words[1:-1],
    "word-skipped/every-other": lambda words: words[::2],
    "word-skipped/backwards": lambda words: words[::-1],
    "word-skipped/first-then-backwards": lambda words: [-t for t in words],
    "word-skipped/first-twice": lambda words: [0, *words],
    "word-skipped/last-twice": lambda words: [*words, -1],
    "word-skipped/first-alone": lambda words: [0 for _ in words],
    "word-skipped/last-alone": lambda words: [-1 for _ in words],
}
OTHER_STEPS: dict[str, Activation] = {
    "nonlinearity-missing": tf.identity,
    "sigmoid-for-tanh": tf.sigmoid,
    "sigmoid-for-tanh/relu": tf.nn.relu,
    "sigmoid-for-tanh/leaky-relu": tf.nn.leaky_relu,
    "sigmoid-for-tanh/elu": tf.nn.elu,
    "sigmoid-for-tanh/softplus": tf.nn.softplus,
    "sigmoid-for-tanh/softsign": tf.nn.softsign,
}
ON_LOGITS: dict[str, Activation] = {
    "relu-on-logits": tf.nn.relu,
    "relu-on-logits/tanh": tf.tanh,
    "relu-on-logits/sigmoid": tf.sigmoid,
}


def slips(order: str) -> dict[str, Form]:
    """The known mistakes, with words and state joined in this order."""
    found: dict[str, Form] = {
        "state-not-carried": lambda x, w: forgetful(x, w.out, w.dim, rnn(w, order)),
        "state-not-carried/first": lambda x, w: logits(x, w.out, w.dim, rnn(w, order), words=[0]),
        "loops-over-batch/rows": lambda x, w: over_examples(x, w, order),
        "loops-over-batch": lambda x, w: logits(x, w.out, w.dim, rnn(w, order), words=range(min(x.shape))),
        "nonlinearity-missing/after-the-loop": lambda x, w: w.out(
            tf.tanh(unrolled(x, w.E, w.dim, rnn(w, order, tf.identity)))
        ),
        "states-averaged": lambda x, w: recurrent.averaged(x, w.out, w.dim, rnn(w, order)),
        "states-averaged/sum": lambda x, w: recurrent.summed(x, w.out, w.dim, rnn(w, order)),
        "states-averaged/largest": lambda x, w: recurrent.largest(x, w.out, w.dim, rnn(w, order)),
        "bias-missing": lambda x, w: logits(x, w.out, w.dim, rnn(w, order, bias=False)),
        "bias-outside-tanh": lambda x, w: logits(
            x, w.out, w.dim, lambda e, h: tf.tanh(joined(e, h, order) @ w.W_rnn) + w.b_rnn
        ),
    }
    for name, read in JOINED_WRONG.items():
        found[name] = lambda x, w, read=read: logits(
            x, w.out, w.dim, lambda e, h: tf.tanh(read(e, h) @ w.W_rnn + w.b_rnn)
        )
    for name, places in READ_WRONG.items():
        found[name] = lambda x, w, places=places: logits(
            x, w.out, w.dim, rnn(w, order), words=places(range(x.shape[1]))
        )
    for name, f in OTHER_STEPS.items():
        found[name] = lambda x, w, f=f: logits(x, w.out, w.dim, rnn(w, order, f))
    for name, f in ON_LOGITS.items():
        found[name] = lambda x, w, f=f: f(logits(x, w.out, w.dim, rnn(w, order)))
    return found


def values(case: Case) -> Answers:
    """case x and the weights by role -> the logits of every form."""
    x, w = tf.constant(case["x"], tf.int32), weights(case)
    return recurrent.with_softmax({name: {"logits": form(x, w).numpy()} for name, form in forms(w).items()})


def step(case: Case) -> Answers:
    """case x, labels, weights, form -> the gradient of the mean cross-entropy for each role, under the role's name."""
    x, w = tf.constant(case["x"], tf.int32), weights(case)
    with tf.GradientTape() as tape:
        tape.watch([getattr(w, role) for role in ROLES if role in case])
        cost = recurrent.cross_entropy(case["form"], forms(w), x, w, case["labels"])
    sources = {role: getattr(w, role) for role in ROLES if role in case}
    gradients = tape.gradient(cost, sources, unconnected_gradients="zero")
    return {"deck": {"cost": cost.numpy()} | {role: tf.convert_to_tensor(g).numpy() for role, g in gradients.items()}}


ROLES = ("E", "W_rnn", "b_rnn", "W_cl", "b_cl", "W_back", "b_back")


def weights(case: Case) -> Weights:
    return Weights(**{role: tf.constant(case[role], tf.float64) for role in ROLES if role in case}, head=head_of(case))


QUESTIONS = {"values": values, "step": step}
