"""The model answer of the fourth lab: two drawn digits go through one layer, and are the same digit or not."""
# ruff: noqa: B905 - as in any Python

# %% [markdown]
# # Lab 4: The same digit?
#
# Two pictures go through the same hidden layer. Whether they show the same digit is told from the states of both:
# the state of the left one, beside the absolute difference of the two.

# %%
import numpy as np
import tensorflow as tf

ROWS = {
    0: "01110 10001 10001 10001 01110", 1: "00100 01100 00100 00100 01110", 2: "11110 00001 01110 10000 11111",
    3: "11110 00001 00110 00001 11110", 4: "10010 10010 11111 00010 00010", 5: "11111 10000 11110 00001 11110",
    6: "01110 10000 11110 10001 01110", 7: "11111 00010 00100 01000 01000", 8: "01110 10001 01110 10001 01110",
    9: "01110 10001 01111 00001 01110",
}  # fmt: skip


def draw(labels, random):
    images = 0.2 * random.rand(len(labels), 8, 8)
    for image, label in zip(images, labels):
        up, left = random.randint(1, 3, 2)
        image[up : up + 5, left : left + 5] += [[float(c) for c in row] for row in ROWS[label].split()]
    return images.reshape(len(labels), 64).astype("float32")


def pairs(count, seed):
    """Two pictures [count, 64] each, and whether they show the same digit [count]."""
    random = np.random.RandomState(seed)
    one, other = random.randint(0, 10, (2, count))
    other = np.where(random.rand(count) < 0.45, one, other)
    return draw(one, random), draw(other, random), (one == other).astype("int32")


left_train, right_train, same_train = pairs(1200, 1)
left_test, right_test, same_test = pairs(400, 2)

# %% [markdown]
# $$u = \tanh(l W + b) \qquad v = \tanh(r W + b)$$
# $$\text{logits} = [u;\, |u - v|]\, V + c$$


# %%
class Twins:
    def __init__(self, points=64, classes=2):
        self.learning_rate = 0.3
        self.batch_size = 40
        self.epochs = 15
        ### BEGIN SOLUTION
        self.hidden = 24
        self.W = tf.Variable(tf.random.normal([points, self.hidden], stddev=0.15))
        self.b = tf.Variable(tf.zeros([self.hidden]))
        self.V = tf.Variable(tf.random.normal([2 * self.hidden, classes], stddev=0.1))
        self.c = tf.Variable(tf.zeros([classes]))
        self.trainable_variables = [self.W, self.b, self.V, self.c]
        ### END SOLUTION
        ### STARTER: self.trainable_variables = []

    def encode(self, x):
        ### BEGIN SOLUTION
        return tf.tanh(x @ self.W + self.b)
        ### END SOLUTION
        ### STARTER: pass

    def model(self, left, right):
        ### BEGIN SOLUTION
        u, v = self.encode(left), self.encode(right)
        return tf.concat([u, tf.abs(u - v)], axis=1) @ self.V + self.c
        ### END SOLUTION
        ### STARTER: pass

    def train(self, left, right, same):
        for epoch in range(self.epochs):
            order = np.random.permutation(len(left))
            for start in range(0, len(left) - self.batch_size + 1, self.batch_size):
                rows = order[start : start + self.batch_size]
                with tf.GradientTape() as tape:
                    logits = self.model(left[rows], right[rows])
                    losses = tf.nn.sparse_softmax_cross_entropy_with_logits(labels=same[rows], logits=logits)
                    cost = tf.reduce_mean(losses)
                gradients = tape.gradient(cost, self.trainable_variables)
                for variable, gradient in zip(self.trainable_variables, gradients):
                    variable.assign_sub(self.learning_rate * gradient)
            if epoch % 5 == 0:
                print("epoch", epoch, "cost", float(cost))

    def classify(self, left, right):
        return np.argmax(self.model(left, right).numpy(), axis=1)


# %%
twins = Twins()
twins.train(left_train, right_train, same_train)
print("accuracy", np.mean(twins.classify(left_test, right_test) == same_test))
