"""The model answer of lab 2: logistic regression turned into an MLP with two hidden layers and dropout."""
# ruff: noqa: E402, B905 - a notebook imports where it needs something, and zips as in any Python

# %% [markdown] id="B7nGxq1vRk4S"
# # Lab 2: MLP and dropout
#
# The logistic regression below works. Turn it into a multi-layer perceptron with two hidden layers:
#
# $$h_0 = f(x W_0 + b_0)$$
# $$h_1 = f(h_0 W_1 + b_1)$$
# $$y = \text{softmax}(h_1 W_2 + b_2)$$
#
# **Part One:** two hidden layers with ReLU. It will overfit: about 90% on the first 500 training examples, far less on
# the development set.
#
# **Part Two:** dropout after each non-linearity, only while training.

# %% id="Zt5cMw8yPf2J"
from google.colab import drive

drive.mount("/content/drive")

# %% [markdown] id="iK0rDe9uVo3L"
# ## The data

# %% id="Sx4hAb7nGq6T"
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

# %% [markdown] id="vM2pYj1cWz8E"
# ## Bag of words
#
# The vector of a sentence counts the words that are seen more than ten times in the training set.

# %% id="Rf9kUo5tLd0H"
import collections

import numpy as np


def feature_function(datasets):
    """Adds to each example its word counts ('features') and the same as a vector ('vector')."""
    counts = collections.Counter(word for example in datasets[0] for word in example["text"].split())
    frequent = [word for word in counts if counts[word] > 10]
    vocabulary = {word: index for index, word in enumerate(frequent)}

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

# %% [markdown] id="Jg3sXi6wBn7Q"
# ## Evaluation


# %% id="aC8eVr4yMk1P"
def evaluate_classifier(classifier, eval_set):
    """The share of examples that `classifier`, a function from examples to labels, gets right."""
    hypotheses = classifier(eval_set)
    correct = 0
    for hypothesis, example in zip(hypotheses, eval_set):
        if hypothesis == example["label"]:
            correct += 1
    return correct / len(eval_set)


# %% [markdown] id="Nu6zTq0hDf5W"
# ## The classifier
#
# Hints:
#
# - Weights that start at zero never part from each other: draw them from a normal distribution (stddev 0.1).
# - Mind the dimensions of each layer, and tell the optimizer about the new variables.
# - `tf.nn.relu`, `tf.nn.dropout`. Be careful with dropout at test time.

# %% id="Gp7jLb2xSo9I"
# %tensorflow_version 2.x
import tensorflow as tf

print(tf.__version__)


# %% id="EyS-IkAYSGCL"
class logistic_regression_classifier:
    ### STARTER: def __init__(self, dim):
    ### BEGIN SOLUTION
    def __init__(self, dim, learning_rate=0.3, training_epochs=100, hidden_layer_sizes=(50, 50), rate=0.2):
        ### END SOLUTION
        # hyper-parameters
        ### BEGIN SOLUTION
        self.learning_rate = learning_rate
        self.training_epochs = training_epochs
        ### END SOLUTION
        ### STARTER: self.learning_rate = 0.3
        ### STARTER: self.training_epochs = 100
        self.display_epoch_freq = 10
        self.batch_size = 256
        self.dim = dim
        ### BEGIN SOLUTION
        self.hidden_layer_sizes = hidden_layer_sizes
        self.rate = rate  # the share of units that dropout silences
        ### END SOLUTION
        ### STARTER: self.hidden_layer_sizes = [50, 50]  # TODO: use them
        ### STARTER: self.rate = 0.2  # TODO: Part Two

        # parameters
        ### STARTER: # TODO: the weights and biases of three layers
        ### STARTER: self.W0 = tf.Variable(tf.zeros([self.dim, 2]))
        ### STARTER: self.b0 = tf.Variable(tf.zeros([2]))
        ### STARTER: self.trainable_variables = [self.W0, self.b0]
        ### BEGIN SOLUTION
        size0, size1 = self.hidden_layer_sizes
        self.W0 = tf.Variable(tf.random.normal([self.dim, size0], stddev=0.1))
        self.b0 = tf.Variable(tf.zeros([size0]))
        self.W1 = tf.Variable(tf.random.normal([size0, size1], stddev=0.1))
        self.b1 = tf.Variable(tf.zeros([size1]))
        self.W2 = tf.Variable(tf.random.normal([size1, 2], stddev=0.1))
        self.b2 = tf.Variable(tf.zeros([2]))
        self.trainable_variables = [self.W0, self.b0, self.W1, self.b1, self.W2, self.b2]
        ### END SOLUTION

    ### STARTER: def model(self, x):
    ### STARTER:     # TODO: two hidden layers; in Part Two dropout with a rate that is an argument
    ### STARTER:     logits = tf.matmul(x, self.W0) + self.b0
    ### STARTER:     return logits
    ### BEGIN SOLUTION
    def model(self, x, rate):
        h0 = tf.nn.relu(tf.matmul(x, self.W0) + self.b0)
        h0 = tf.nn.dropout(h0, rate=rate)
        h1 = tf.nn.relu(tf.matmul(h0, self.W1) + self.b1)
        h1 = tf.nn.dropout(h1, rate=rate)
        logits = tf.matmul(h1, self.W2) + self.b2
        return logits

    ### END SOLUTION

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
                    ### STARTER: logits = self.model(vectors)
                    ### BEGIN SOLUTION
                    logits = self.model(vectors, self.rate)
                    ### END SOLUTION
                    cost = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=logits))

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
        ### STARTER: logits = self.model(vectors)
        ### BEGIN SOLUTION
        logits = self.model(vectors, 0.0)
        ### END SOLUTION
        return np.argmax(logits, axis=1)


# %% [markdown] id="Ye1fHs8kOa3U"
# ## Part One: two hidden layers
#
# Train without dropout. How far apart are the two accuracies?

# %% id="wQ5bNd0mZi6R"
### STARTER: classifier = logistic_regression_classifier(dim)
### BEGIN SOLUTION
classifier = logistic_regression_classifier(dim, rate=0.0)
### END SOLUTION
classifier.train(training_set, dev_set)

print("Train accuracy:", evaluate_classifier(classifier.classify, training_set[0:500]))
print("Dev accuracy:", evaluate_classifier(classifier.classify, dev_set))

# %% [markdown] id="Lc9vJt2gXp7D"
# ## Part Two: dropout
#
# Add dropout to the class above, run its cell again and train with a rate of 0.2. Once you are done, tune:
# the number and size of the layers, the rate, dropout on the input, where to stop.

# %% id="hT4oEy6rKw1B"
classifier = logistic_regression_classifier(dim)
classifier.train(training_set, dev_set)

print("Train accuracy:", evaluate_classifier(classifier.classify, training_set[0:500]))
print("Dev accuracy:", evaluate_classifier(classifier.classify, dev_set))

# %% [markdown] id="Dx0iFq3uSm8G"
# ## The test, once
#
# Share your results on the development and the test set, with your best hyper-parameters and dimensions.

# %% id="Pz7aWk5cVe2N"
# %matplotlib inline
import matplotlib.pyplot as plt

print("Test accuracy:", evaluate_classifier(classifier.classify, test_set))

epochs = [epoch for epoch, dev_acc, train_acc in classifier.curve]
plt.plot(epochs, [train_acc for epoch, dev_acc, train_acc in classifier.curve], label="train")
plt.plot(epochs, [dev_acc for epoch, dev_acc, train_acc in classifier.curve], label="dev")
plt.xlabel("epoch")
plt.ylabel("accuracy")
plt.legend()
plt.show()
