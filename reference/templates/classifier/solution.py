"""The model answer of "Lab title", and the notebook that students get.

Students get everything but what stands between BEGIN SOLUTION and END SOLUTION; there they find the STARTER lines.
After a change: `grader verify lab_slug`, then `python -m reference.handed_out` writes assignments/lab_slug.ipynb anew.
"""
# ruff: noqa: B905 - as in any Python

# %% [markdown]
# # Lab title
#
# A softmax regression tells three kinds of flowers apart by four measures. Give it its variables, its scores, and an L2
# penalty on the matrix. The training loop is there already.

# %%
import numpy as np
import tensorflow as tf


def grow(count, seed):
    """Measures [count, 4] and kinds [count] of flowers."""
    random = np.random.RandomState(seed)
    kinds = random.randint(0, 3, count)
    typical = np.array([[-1.0, 1.1, -1.3, -1.2], [0.1, -0.7, 0.3, 0.2], [0.9, -0.1, 1.0, 1.1]])
    measures = typical[kinds] + 0.5 * random.randn(count, 4)
    return measures.astype("float32"), kinds.astype("int32")


X_train, y_train = grow(300, seed=1)
X_test, y_test = grow(100, seed=2)

# %% [markdown]
# $$\text{scores} = x W + b$$
# $$\text{cost} = \text{cross-entropy} + \lambda \sum_{ij} W_{ij}^2$$


# %%
class SoftmaxRegression:
    def __init__(self, features=4, classes=3):
        self.learning_rate = 0.5
        self.batch_size = 30
        self.epochs = 20
        self.l2 = 0.001
        ### BEGIN SOLUTION
        self.W = tf.Variable(tf.zeros([features, classes]))
        self.b = tf.Variable(tf.zeros([classes]))
        self.trainable_variables = [self.W, self.b]
        ### END SOLUTION
        ### STARTER: self.trainable_variables = []

    def model(self, x):
        ### BEGIN SOLUTION
        return x @ self.W + self.b
        ### END SOLUTION
        ### STARTER: pass

    def train(self, X, y):
        for epoch in range(self.epochs):
            order = np.random.permutation(len(X))
            for start in range(0, len(X) - self.batch_size + 1, self.batch_size):
                rows = order[start : start + self.batch_size]
                with tf.GradientTape() as tape:
                    scores = self.model(X[rows])
                    losses = tf.nn.sparse_softmax_cross_entropy_with_logits(labels=y[rows], logits=scores)
                    cost = tf.reduce_mean(losses)
                    ### BEGIN SOLUTION
                    cost += self.l2 * tf.reduce_sum(self.W**2)
                    ### END SOLUTION
                    ### STARTER: # Add the penalty here.
                gradients = tape.gradient(cost, self.trainable_variables)
                for variable, gradient in zip(self.trainable_variables, gradients):
                    variable.assign_sub(self.learning_rate * gradient)
            if epoch % 5 == 0:
                print("epoch", epoch, "cost", float(cost))

    def classify(self, X):
        return np.argmax(self.model(X), axis=1)


# %%
regression = SoftmaxRegression()
regression.train(X_train, y_train)
print("accuracy", np.mean(regression.classify(X_test) == y_test))
