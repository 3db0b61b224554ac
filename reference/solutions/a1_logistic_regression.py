"""The model answer of assignment 1: logistic regression on word counts, its learning rate and L2 weight tuned."""
# ruff: noqa: E402, B905 - a notebook imports where it needs something, and zips as in any Python

# %% [markdown] id="c9VtMx2kRe5B"
# # Assignment 1: Logistic regression, SGD and regularization
#
# A logistic regression that tells negative sentences (0) from positive ones (1) is given, and it works.
# Your goals:
#
# 1. pick an effective learning rate for SGD: make it an argument of the constructor and try several,
# 2. add L2 regularization to the cost,
# 3. pick an effective L2 weight,
# 4. look at some learning curves (optional).
#
# Choose by the accuracy on the **development** set. The test set is blind: look at it once, at the very end.

# %% id="Xo3bHn7wLd0K"
from google.colab import drive

drive.mount("/content/drive")

# %% [markdown] id="Ju6yQp1zTs4F"
# ## The data

# %% id="g8EaWk5mCi2V"
import random
import re

sst_home = "drive/My Drive/Colab Notebooks/dl4nlp_labs/data/trees/"

easy_label_map = {0: 0, 1: 0, 2: None, 3: 1, 4: 1}


def load_sst_data(path):
    data = []
    with open(path, encoding="utf-8") as lines:
        for line in lines:
            label = easy_label_map[int(line[1])]
            if label is None:
                continue
            # without brackets and digits only the words are left
            text = " ".join(re.sub(r"\(\d|\)", " ", line).split())
            data.append({"label": label, "text": text})
    random.seed(1)
    random.shuffle(data)
    return data


training_set = load_sst_data(sst_home + "train.txt")
dev_set = load_sst_data(sst_home + "dev.txt")
test_set = load_sst_data(sst_home + "test.txt")

print("Examples for training, development and test:", len(training_set), len(dev_set), len(test_set))

# %% [markdown] id="N1rSf9dUoG6Z"
# ## Bag of words
#
# The vector of a sentence counts how often each word of the training set stands in it.
# How long is it? How many parameters will the model have?

# %% id="l4DqYv8hBx3M"
import collections

import numpy as np


def feature_function(datasets):
    """Adds to each example its word counts ('features') and the same as a vector ('vector')."""
    vocabulary = {}
    for example in datasets[0]:
        for word in example["text"].split():
            vocabulary.setdefault(word, len(vocabulary))

    for dataset in datasets:
        for example in dataset:
            words = [word for word in example["text"].split() if word in vocabulary]
            example["features"] = collections.Counter(words)
            example["vector"] = np.zeros(len(vocabulary))
            for word, count in example["features"].items():
                example["vector"][vocabulary[word]] = count

    return vocabulary, len(vocabulary)


word_indices, dim = feature_function([training_set, dev_set, test_set])

print("Length of a vector:", dim)
print(training_set[0]["text"], training_set[0]["features"])

# %% [markdown] id="R7kzCe0pAw5J"
# ## Evaluation


# %% id="Tb2mXi6uFq9O"
def evaluate_classifier(classifier, eval_set):
    """The share of examples that `classifier`, a function from examples to labels, gets right."""
    hypotheses = classifier(eval_set)
    correct = 0
    for hypothesis, example in zip(hypotheses, eval_set):
        if hypothesis == example["label"]:
            correct += 1
    return correct / len(eval_set)


# %% [markdown] id="e5HgLs3nVy8P"
# ## The classifier
#
# $$h = \exp(xW + b)$$
#
# The squared L2 norm adds all squared weights, times $\lambda$, to the cost of a minibatch (not those of the bias):
#
# $$J_i(W) = -\log \left( \frac{\exp(W_{c_i}^T x)}{\sum_{c' \in C} \exp(W_{c'}^T x)} \right) + \lambda \sum_k W_k^2$$

# %% id="Wf1oJd4tKc7U"
# %tensorflow_version 2.x
import tensorflow as tf

print(tf.__version__)


# %% id="xwuDSo6pg36G"
class logistic_regression_classifier:
    ### STARTER: def __init__(self, dim):
    ### BEGIN SOLUTION
    def __init__(self, dim, learning_rate=1.0, reg_weight=0.0, training_epochs=50):
        ### END SOLUTION
        # hyper-parameters
        ### BEGIN SOLUTION
        self.learning_rate = learning_rate
        self.training_epochs = training_epochs
        ### END SOLUTION
        ### STARTER: self.learning_rate = 1.0  # TODO: an argument
        ### STARTER: self.training_epochs = 50
        self.display_epoch_freq = 5
        self.batch_size = 256
        ### BEGIN SOLUTION
        self.reg_weight = reg_weight
        ### END SOLUTION
        ### STARTER: self.reg_weight = 0.0  # TODO: an argument too, and used in the cost

        # parameters
        self.dim = dim
        self.W = tf.Variable(tf.zeros([self.dim, 2]))
        self.b = tf.Variable(tf.zeros([2]))
        self.trainable_variables = [self.W, self.b]

    def model(self, x):
        logits = tf.matmul(x, self.W) + self.b
        return logits

    def train(self, training_data, dev_set):
        def get_minibatch(dataset, start_index, end_index):
            examples = dataset[start_index:end_index]
            vectors = np.array([example["vector"] for example in examples], dtype=np.float32)
            labels = [example["label"] for example in examples]
            return vectors, labels

        self.curve = []
        for epoch in range(self.training_epochs):
            random.shuffle(training_set)
            avg_cost = 0.0
            total_batch = len(training_set) // self.batch_size
            for i in range(total_batch):
                start = i * self.batch_size
                vectors, labels = get_minibatch(training_set, start, start + self.batch_size)

                with tf.GradientTape() as tape:
                    logits = self.model(vectors)
                    cost = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=logits))
                    ### STARTER: # TODO: add the L2 penalty
                    ### BEGIN SOLUTION
                    cost += self.reg_weight * tf.reduce_sum(tf.square(self.W))
                    ### END SOLUTION

                gradients = tape.gradient(cost, self.trainable_variables)
                optimizer = tf.optimizers.SGD(self.learning_rate)
                optimizer.apply_gradients(zip(gradients, self.trainable_variables))
                avg_cost += cost / total_batch

            if (epoch + 1) % self.display_epoch_freq == 0:
                dev_acc = evaluate_classifier(self.classify, dev_set[0:500])
                train_acc = evaluate_classifier(self.classify, training_set[0:500])
                self.curve.append((epoch + 1, dev_acc, train_acc))
                tf.print("Epoch:", epoch + 1, "Cost:", avg_cost, "Dev acc:", dev_acc, "Train acc:", train_acc)

    def classify(self, examples):
        vectors = np.array([example["vector"] for example in examples], dtype=np.float32)
        return np.argmax(self.model(vectors), axis=1)


# %% [markdown] id="Ig8uNr2yMa0Q"
# ## Training
#
# With the values given. What happens with a learning rate that is far too high, or far too low?

# %% id="Dv6cSp9eZh1T"
classifier = logistic_regression_classifier(dim)
classifier.train(training_set, dev_set)

print("Dev accuracy:", evaluate_classifier(classifier.classify, dev_set))

# %% [markdown] id="q3JxBa7kOr4W"
# ## Learning rate
#
# Train with several learning rates and compare the accuracy on the development set.

# %% id="Lm5tUd0iPe8H"
### STARTER: # your learning rates here
### BEGIN SOLUTION
lr_accuracies = {}
for learning_rate in [0.1, 0.3, 1.0]:
    classifier = logistic_regression_classifier(dim, learning_rate=learning_rate, training_epochs=10)
    classifier.train(training_set, dev_set)
    lr_accuracies[learning_rate] = evaluate_classifier(classifier.classify, dev_set)
    print("Learning rate:", learning_rate, "Dev accuracy:", lr_accuracies[learning_rate])

best_lr = max(lr_accuracies, key=lr_accuracies.get)
print("Best learning rate:", best_lr)
### END SOLUTION

# %% [markdown] id="z0FwRn6sVg2C"
# ## L2 weight
#
# Keep your best learning rate and try several values of $\lambda$.

# %% id="Yk9bEq4oXl7D"
### STARTER: # your values of lambda here
### BEGIN SOLUTION
reg_accuracies = {}
for reg_weight in [0.0001, 0.001, 0.01]:
    classifier = logistic_regression_classifier(dim, learning_rate=best_lr, reg_weight=reg_weight, training_epochs=10)
    classifier.train(training_set, dev_set)
    reg_accuracies[reg_weight] = evaluate_classifier(classifier.classify, dev_set)
    print("L2 weight:", reg_weight, "Dev accuracy:", reg_accuracies[reg_weight])

best_reg = max(reg_accuracies, key=reg_accuracies.get)
print("Best L2 weight:", best_reg)
### END SOLUTION

# %% [markdown] id="H2vPc8gTjS5N"
# ## The model you choose
#
# Train it once more and draw how its accuracy grows on the training and the development set. Where would you stop?

# %% id="Ua7iKy1mDw3Z"
# %matplotlib inline
import matplotlib.pyplot as plt

### BEGIN SOLUTION
classifier = logistic_regression_classifier(dim, learning_rate=best_lr, reg_weight=best_reg)
### END SOLUTION
### STARTER: classifier = logistic_regression_classifier(dim)
classifier.train(training_set, dev_set)

epochs = [epoch for epoch, dev_acc, train_acc in classifier.curve]
plt.plot(epochs, [train_acc for epoch, dev_acc, train_acc in classifier.curve], label="train")
plt.plot(epochs, [dev_acc for epoch, dev_acc, train_acc in classifier.curve], label="dev")
plt.xlabel("epoch")
plt.ylabel("accuracy")
plt.legend()
plt.show()

# %% [markdown] id="s6MzGf9eBo0X"
# ### What did you choose, and why?
#
### STARTER: # *Write your learning rate, your $\lambda$ and your reasons here.*
### BEGIN SOLUTION
# The learning rate and the L2 weight with the best accuracy on the development set. A low rate has not arrived after
# ten epochs. A large $\lambda$ keeps the weights so small that the training set is not learnt either.
### END SOLUTION

# %% [markdown] id="A4hNrQ8uWc1J"
# ## The test, once

# %% id="Ot2dLx5yEv6K"
print("Test accuracy:", evaluate_classifier(classifier.classify, test_set))
