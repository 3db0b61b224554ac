"""The model answer of the second lab: softmax regression on drawn digits gets a hidden layer, a penalty and dropout."""
# ruff: noqa: B905 - as in any Python

# %% [markdown]
# # Lab 2: A hidden layer
#
# The class below is a softmax regression on drawn digits. Give it a hidden layer of 32 units with ReLU, an L2 penalty
# on both matrices, and dropout after the hidden layer, in training only.

# %%
import numpy as np
import tensorflow as tf

ROWS = {
    0: "01110 10001 10001 10001 01110", 1: "00100 01100 00100 00100 01110", 2: "11110 00001 01110 10000 11111",
    3: "11110 00001 00110 00001 11110", 4: "10010 10010 11111 00010 00010", 5: "11111 10000 11110 00001 11110",
    6: "01110 10000 11110 10001 01110", 7: "11111 00010 00100 01000 01000", 8: "01110 10001 01110 10001 01110",
    9: "01110 10001 01111 00001 01110",
}  # fmt: skip


def draw(count, seed):
    random = np.random.RandomState(seed)
    labels = random.randint(0, 10, count)
    images = 0.2 * random.rand(count, 8, 8)
    for image, label in zip(images, labels):
        up, left = random.randint(0, 4, 2)
        image[up : up + 5, left : left + 5] += [[float(c) for c in row] for row in ROWS[label].split()]
    return images.reshape(count, 64).astype("float32"), labels.astype("int32")


X_train, y_train = draw(1500, 1)
X_test, y_test = draw(500, 2)

# %% [markdown]
# $$h = \text{ReLU}(x W_1 + b_1)$$
# $$\text{logits} = \text{dropout}(h)\, W_2 + b_2$$


# %%
class Network:
    def __init__(self, features=64, classes=10):
        self.learning_rate = 0.5
        self.batch_size = 50
        self.epochs = 20
        ### BEGIN SOLUTION
        self.hidden = 32
        self.l2 = 0.0005
        self.rate = 0.3
        self.W1 = tf.Variable(tf.random.normal([features, self.hidden], stddev=0.1))
        self.b1 = tf.Variable(tf.zeros([self.hidden]))
        self.W2 = tf.Variable(tf.random.normal([self.hidden, classes], stddev=0.1))
        self.b2 = tf.Variable(tf.zeros([classes]))
        self.trainable_variables = [self.W1, self.b1, self.W2, self.b2]
        ### END SOLUTION
        ### STARTER: self.W = tf.Variable(tf.zeros([features, classes]))
        ### STARTER: self.b = tf.Variable(tf.zeros([classes]))
        ### STARTER: self.trainable_variables = [self.W, self.b]

    ### BEGIN SOLUTION
    def model(self, x, rate=0.0):
        h = tf.nn.relu(x @ self.W1 + self.b1)
        if rate > 0:
            h = tf.nn.dropout(h, rate)
        return h @ self.W2 + self.b2

    ### END SOLUTION
    ### STARTER: def model(self, x):
    ### STARTER:     return x @ self.W + self.b

    def train(self, X, y):
        for epoch in range(self.epochs):
            order = np.random.permutation(len(X))
            for start in range(0, len(X) - self.batch_size + 1, self.batch_size):
                rows = order[start : start + self.batch_size]
                with tf.GradientTape() as tape:
                    ### BEGIN SOLUTION
                    logits = self.model(X[rows], self.rate)
                    ### END SOLUTION
                    ### STARTER: logits = self.model(X[rows])
                    losses = tf.nn.sparse_softmax_cross_entropy_with_logits(labels=y[rows], logits=logits)
                    cost = tf.reduce_mean(losses)
                    ### BEGIN SOLUTION
                    cost += self.l2 * (tf.reduce_sum(self.W1**2) + tf.reduce_sum(self.W2**2))
                    ### END SOLUTION
                gradients = tape.gradient(cost, self.trainable_variables)
                for variable, gradient in zip(self.trainable_variables, gradients):
                    variable.assign_sub(self.learning_rate * gradient)
            if epoch % 5 == 0:
                print("epoch", epoch, "cost", float(cost))

    def classify(self, X):
        return np.argmax(self.model(X).numpy(), axis=1)


# %%
network = Network()
network.train(X_train, y_train)
print("accuracy", np.mean(network.classify(X_test) == y_test))
