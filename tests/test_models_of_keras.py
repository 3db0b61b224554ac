"""What a model of Keras is asked with, and how its answer is read: targets, labels, and logits for probabilities."""

import numpy as np
import pytest
import tensorflow as tf

from grader.judging.declared.keras_models import as_probabilities
from grader.judging.declared.readings import Fact, Reading, agrees, sigmoid
from grader.model import Level
from grader.sandbox.guest.answers.kinds.keras_models import computed, fitted, scores, takes, weights

LABELS = np.linspace(-1, 1, 6, dtype=np.float32)
PICTURES = np.random.default_rng(1).uniform(size=(6, 4, 4, 1)).astype("float32")


def network(*shape: int) -> tf.keras.Model:
    layers = tf.keras.layers
    model = tf.keras.Sequential(
        [tf.keras.Input((4, 4, 1)), layers.Flatten(), layers.Dense(int(np.prod(shape))), layers.Reshape(shape)]
    )
    model.compile("adam", "mse")
    return model


@pytest.mark.parametrize(
    ("shape", "targets"),
    [
        ((4, 4, 1), PICTURES),
        ((16,), PICTURES.reshape(6, 16)),
        ((5,), np.repeat(LABELS[:, None], 5, axis=1)),
        ((3, 2), np.broadcast_to(LABELS[:, None, None], (6, 3, 2))),
        ((1,), LABELS[:, None]),
        ((), LABELS),
    ],
    ids=str,
)
def test_the_loss_is_that_of_every_output(shape: tuple[int, ...], targets: np.ndarray) -> None:
    model = network(*shape)
    assert len(weights(model, PICTURES)["shapes"]) == 2
    seen = computed(model, PICTURES, LABELS, model.get_weights(), 0.0)
    assert seen["loss"] == pytest.approx(float(np.mean((seen["output"].numpy() - targets) ** 2)), rel=1e-4)


def test_an_autoencoder_learns_its_input() -> None:
    pictures = np.repeat(PICTURES, 6, axis=0)
    model = network(4, 4, 1)
    model.compile(tf.keras.optimizers.Adam(0.01), "mse")
    losses = fitted(model, pictures, np.zeros(36, np.float32), 0)
    assert losses[-1] < 0.8 * losses[0]


class Own(tf.keras.Model):
    """Its training step takes two of what it is given, and has the loss in it."""

    def __init__(self) -> None:
        super().__init__()
        self.dense, self.mean = tf.keras.layers.Dense(1), tf.keras.metrics.Mean(name="loss")

    def call(self, x: tf.Tensor) -> tf.Tensor:
        return self.dense(tf.reshape(x, [-1, 16]))

    def train_step(self, data: tuple[tf.Tensor, tf.Tensor]) -> dict[str, tf.Tensor]:
        x, y = data
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean((self(x) - y) ** 2)
        gradients = tape.gradient(loss, self.trainable_variables)
        self.optimizer.apply_gradients(zip(gradients, self.trainable_variables, strict=True))
        self.mean.update_state(loss)
        return {"loss": self.mean.result()}


def test_a_training_step_of_ones_own_is_taken_and_tells_the_loss() -> None:
    model = Own()
    model.compile("adam")
    weights(model, PICTURES)
    seen = computed(model, PICTURES, LABELS, model.get_weights(), 0.0)
    expected = float(np.mean((seen["output"].numpy() - LABELS[:, None]) ** 2))
    assert seen["loss"] == pytest.approx(expected, rel=1e-4) and seen["moved"] == [True, True]


def test_tags_that_exclude_nothing_have_a_sigmoid_each() -> None:
    output = tf.constant([[1.0, -2.0, 0.5]])
    for loss, function in (("Binary", tf.sigmoid), ("Categorical", tf.nn.softmax)):
        model = network(3)
        model.compile("adam", getattr(tf.keras.losses, f"{loss}Crossentropy")(from_logits=True))
        np.testing.assert_allclose(scores(model, output), function(output))
    single = network()
    single.compile("adam", tf.keras.losses.BinaryCrossentropy(from_logits=True))
    np.testing.assert_allclose(scores(single, output[0]), tf.sigmoid(output[0]))


def test_a_loss_of_ones_own_gets_labels_as_it_takes_them() -> None:
    rows, output = np.eye(3, dtype=np.float32), tf.zeros([3, 3])
    assert takes(lambda y, p: tf.reduce_mean(y * tf.math.log(tf.nn.softmax(p))), rows, output)
    assert not takes(tf.nn.sparse_softmax_cross_entropy_with_logits, rows, output)
    assert takes("categorical_crossentropy", rows, output)


def reading(output: np.ndarray, loss: float) -> Reading:
    return {
        "output": Fact(Level.VALUES, "the output", output, part="output", scores=True),
        "loss": Fact(Level.VALUES, "the loss", np.asarray(loss), part="loss"),
    }


def test_logits_are_as_good_where_the_loss_is_that_of_their_probabilities() -> None:
    logits = np.array([[1.0, -2.0, 0.5], [0.0, 3.0, -1.0]])
    right = reading(sigmoid(logits), 0.7)
    for loss, good in ((0.7, True), (0.9, False)):
        seen = as_probabilities(reading(logits, loss), [right])
        assert agrees(seen["output"], right["output"]) is good


class Hidden(tf.keras.layers.Layer):
    def __init__(self) -> None:
        super().__init__()
        self.inner = tf.keras.layers.Dropout(0.1)

    def call(self, x: tf.Tensor) -> tf.Tensor:
        return self.inner(x)


def test_a_dropout_in_a_layer_of_ones_own_gets_our_rate_for_a_question() -> None:
    hidden, none = Hidden(), tf.keras.layers.Dropout(0.0)
    model = tf.keras.Sequential([tf.keras.Input((3,)), hidden, none])
    seen = computed(model, np.ones((6, 3), np.float32), LABELS, [], 0.4)
    assert 0.35 < float(np.mean(np.asarray(seen["dropped"]) == 0)) < 0.45
    assert (hidden.inner.rate, none.rate) == (0.1, 0.0)


def loss_with(norm: tf.keras.layers.BatchNormalization) -> float:
    model = tf.keras.Sequential([tf.keras.Input((1,)), norm])
    model.compile("sgd", "mse")
    given = [np.ones(1), np.zeros(1), np.zeros(1), np.ones(1)]
    return float(computed(model, np.full((6, 1), 3.0, np.float32), LABELS, given, 0.4)["loss"])


def test_the_loss_of_a_model_does_not_depend_on_how_fast_its_moving_means_move() -> None:
    slow, fast = (tf.keras.layers.BatchNormalization(momentum=momentum) for momentum in (0.9, 0.5))
    assert loss_with(slow) == pytest.approx(loss_with(fast))
    assert (slow.momentum, fast.momentum) == (0.9, 0.5)
