"""The numbers the solution notebooks train with as handed out; apart from the maths, so that reading them is quick."""

from typing import NamedTuple


class Settings(NamedTuple):
    epochs: int
    batch: int
    learning_rate: float
    l2: float = 0.0  # times the sum of squares of the penalised matrices
    clip: float = 0.0  # the norm to which the gradient of each variable is cut; 0: never
    dropout: float = 0.0
    stddev: float = 0.1  # of the initial matrices; biases start at zero
    embedding_stddev: float = 0.0
    bias_stddev: float = 0.0
    adam: int = 0  # 1: a new optimizer at every minibatch, as handed out, so that each step is Adam's first; 2: one


SETTINGS = {
    "a1_logistic_regression": Settings(epochs=50, batch=256, learning_rate=1.0, stddev=0.0),
    "lab2_mlp": Settings(epochs=100, batch=256, learning_rate=0.3, dropout=0.2),
    "lab3_rnn": Settings(epochs=500, batch=256, learning_rate=0.2, l2=0.001, clip=5.0, embedding_stddev=0.1),
    "lab4_gru": Settings(epochs=500, batch=256, learning_rate=1.0, l2=0.001, clip=5.0, embedding_stddev=0.1),
    "lab5_attention": Settings(epochs=5, batch=64, learning_rate=0.001, clip=5.0, bias_stddev=0.1, adam=1),
    "a4_word_by_word": Settings(epochs=30, batch=64, learning_rate=0.001, clip=5.0, bias_stddev=0.1, adam=1),
    "lab5b_bert": Settings(
        epochs=3, batch=16, learning_rate=3e-5, clip=1.0, stddev=0.0, adam=2
    ),  # BERT drops out itself
}
