"""The model answer of lab 4: the recurrent classifier of lab 3, with gated recurrent units."""
# ruff: noqa: E402, B905, RUF005 - a notebook imports where it needs something, and zips and adds lists as in any Python

# %% [markdown] id="yH5uFo2kWz8L"
# # Lab 4: a classifier with gated recurrent units
#
# Below is the solved RNN of lab 3. Turn it into a GRU (Cho et al., 2014):
#
# $$z_t = \sigma([h_{t-1}, x_t] W_z + b_z) \quad \text{update gate}$$
# $$r_t = \sigma([h_{t-1}, x_t] W_r + b_r) \quad \text{reset gate}$$
# $$\tilde{h}_t = \tanh([r_t * h_{t-1}, x_t] W_{rnn} + b_{rnn}) \quad \text{candidate}$$
# $$h_t = (1 - z_t) * h_{t-1} + z_t * \tilde{h}_t$$

# %% id="Tz4nRk7eHb1W"
from google.colab import drive

drive.mount("/content/drive")

# %% [markdown] id="gX8pMv3qLd6F"
# ## The data

# %% id="Ja0sYc5iUw2N"
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

# %% [markdown] id="Kf6xBt9oEr3V"
# ## Sequences of word ids
#
# A sentence becomes 20 ids. Shorter ones are padded on the left, longer ones lose their first words, so the last word of
# a sentence is always the last one read. Words seen ten times or less in the training set share the id of `<UNK>`.

# %% id="uP1zGh8mSq4D"
import collections

import numpy as np

SEQ_LEN = 20
PADDING = "<PAD>"
UNKNOWN = "<UNK>"


def words_to_index_sequences(datasets):
    """Adds to each example its ids ('index_sequence'); returns the id of each word, and the word of each id."""
    counts = collections.Counter(word for example in datasets[0] for word in example["text"].lower().split())
    vocabulary = [PADDING, UNKNOWN] + [word for word in counts if counts[word] > 10]
    word_indices = {word: index for index, word in enumerate(vocabulary)}

    for dataset in datasets:
        for example in dataset:
            words = example["text"].lower().split()[-SEQ_LEN:]
            words = [PADDING] * (SEQ_LEN - len(words)) + words
            ids = [word_indices.get(word, word_indices[UNKNOWN]) for word in words]
            example["index_sequence"] = np.array(ids, dtype=np.int32)

    return word_indices, vocabulary


word_indices, indices_to_words = words_to_index_sequences([training_set, dev_set, test_set])

print("Words with an id of their own:", len(word_indices))
print(training_set[18])
print([indices_to_words[index] for index in training_set[18]["index_sequence"]])

# %% [markdown] id="Wn5jCy0vTl7A"
# ## Evaluation


# %% id="Ro2bXe6kFi9M"
def evaluate_classifier(classifier, eval_set):
    """The share of examples that `classifier`, a function from examples to labels, gets right."""
    hypotheses = classifier(eval_set)
    correct = 0
    for hypothesis, example in zip(hypotheses, eval_set):
        if hypothesis == example["label"]:
            correct += 1
    return correct / len(eval_set)


# %% [markdown] id="Dc3lPw8sIm1T"
# ## The classifier
#
# - Add the parameters of the two gates; those of the RNN become the candidate's.
# - Change `step`, with the equations above.
# - Let the L2 term take in the new matrices.
# - Wait 100 to 150 epochs: be patient.

# %% id="qG7aNx0vZe5R"
# %tensorflow_version 2.x
import tensorflow as tf

print(tf.__version__)


# %% id="nCzr4whzNnqy"
class RNNSentimentClassifier:
    def __init__(self, vocab_size, sequence_length):
        # hyper-parameters
        self.learning_rate = 1.0
        self.training_epochs = 500
        self.display_epoch_freq = 5
        self.dim = 12  # of the state
        self.embedding_dim = 8
        self.batch_size = 256
        self.vocab_size = vocab_size
        self.sequence_length = sequence_length
        self.l2_lambda = 0.001

        # parameters
        self.trainable_variables = []
        self.E = tf.Variable(tf.random.normal([self.vocab_size, self.embedding_dim], stddev=0.1))
        self.trainable_variables.append(self.E)

        self.W_rnn = tf.Variable(tf.random.normal([self.dim + self.embedding_dim, self.dim], stddev=0.1))
        self.trainable_variables.append(self.W_rnn)

        self.b_rnn = tf.Variable(tf.zeros([self.dim]))
        self.trainable_variables.append(self.b_rnn)

        ### STARTER: # TODO: the matrices and biases of the update gate and the reset gate
        ### BEGIN SOLUTION
        self.W_z = tf.Variable(tf.random.normal([self.dim + self.embedding_dim, self.dim], stddev=0.1))
        self.trainable_variables.append(self.W_z)

        self.b_z = tf.Variable(tf.zeros([self.dim]))
        self.trainable_variables.append(self.b_z)

        self.W_r = tf.Variable(tf.random.normal([self.dim + self.embedding_dim, self.dim], stddev=0.1))
        self.trainable_variables.append(self.W_r)

        self.b_r = tf.Variable(tf.zeros([self.dim]))
        self.trainable_variables.append(self.b_r)
        ### END SOLUTION

        self.W_cl = tf.Variable(tf.random.normal([self.dim, 2], stddev=0.1))
        self.trainable_variables.append(self.W_cl)

        self.b_cl = tf.Variable(tf.zeros([2]))
        self.trainable_variables.append(self.b_cl)

    def model(self, x):
        def step(x, h_prev):
            """x [batch, 1] of word ids, h_prev [batch, dim] -> the next state [batch, dim]"""
            emb = tf.nn.embedding_lookup(self.E, tf.reshape(x, [-1]))
            h_emb = tf.concat([h_prev, emb], 1)
            ### STARTER: # TODO: the gates, the candidate, the new state
            ### STARTER: h = tf.tanh(tf.matmul(h_emb, self.W_rnn) + self.b_rnn)
            ### BEGIN SOLUTION
            z = tf.sigmoid(tf.matmul(h_emb, self.W_z) + self.b_z)
            r = tf.sigmoid(tf.matmul(h_emb, self.W_r) + self.b_r)
            rh_emb = tf.concat([r * h_prev, emb], 1)
            h_tilde = tf.tanh(tf.matmul(rh_emb, self.W_rnn) + self.b_rnn)
            h = (1 - z) * h_prev + z * h_tilde
            ### END SOLUTION
            return h

        # one slice [batch, 1] for each word
        x_slices = tf.split(x, self.sequence_length, 1)
        h_zero = tf.zeros([self.batch_size, self.dim])

        h_prev = h_zero
        for t in range(self.sequence_length):
            h_prev = step(x_slices[t], h_prev)

        logits = tf.matmul(h_prev, self.W_cl) + self.b_cl
        return logits

    def train(self, training_data, dev_set):
        def get_minibatch(dataset, start_index, end_index):
            examples = dataset[start_index:end_index]
            vectors = np.array([example["index_sequence"] for example in examples])
            labels = [example["label"] for example in examples]
            return vectors, labels

        print("Training.")
        ### BEGIN SOLUTION
        self.curve = []
        ### END SOLUTION
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
                    ### STARTER: # TODO: the new matrices
                    l2_cost = tf.reduce_sum(tf.square(self.W_rnn)) + tf.reduce_sum(tf.square(self.W_cl))
                    ### BEGIN SOLUTION
                    l2_cost += tf.reduce_sum(tf.square(self.W_z)) + tf.reduce_sum(tf.square(self.W_r))
                    ### END SOLUTION
                    total_cost = cost + self.l2_lambda * l2_cost

                gradients = tape.gradient(total_cost, self.trainable_variables)
                gradients = [tf.clip_by_norm(gradient, 5.0) for gradient in gradients]
                optimizer = tf.optimizers.SGD(self.learning_rate)
                optimizer.apply_gradients(zip(gradients, self.trainable_variables))
                avg_cost += total_cost / total_batch

            if (epoch + 1) % self.display_epoch_freq == 0:
                dev_acc = evaluate_classifier(self.classify, dev_set[0:256])
                train_acc = evaluate_classifier(self.classify, training_set[0:256])
                ### BEGIN SOLUTION
                self.curve.append((epoch + 1, dev_acc, train_acc))
                ### END SOLUTION
                tf.print("Epoch:", epoch + 1, "Cost:", avg_cost, "Dev acc:", dev_acc, "Train acc:", train_acc)

    def classify(self, examples):
        """As many examples as `batch_size` says: the start state has that many rows."""
        vectors = np.array([example["index_sequence"] for example in examples])
        logits = self.model(vectors)
        return np.argmax(logits, axis=1)


random.seed(1)
np.random.seed(1)
tf.random.set_seed(1)
classifier = RNNSentimentClassifier(len(word_indices), SEQ_LEN)

# %% [markdown] id="Xk2oUd6bHs9J"
# ## Training

# %% id="fV8yEr1pQt4C"
classifier.train(training_set, dev_set)

# %% [markdown] id="Ag5mLz3wJn7I"
# ## Learning curves
#
# Plot the accuracy on the development and on the training set by epoch. Where should the training have stopped?

# %% id="Su9iBc0xKf6H"
### STARTER: # TODO: plot the accuracies
### BEGIN SOLUTION
# %matplotlib inline
import matplotlib.pyplot as plt

epochs = [epoch for epoch, dev_acc, train_acc in classifier.curve]
plt.plot(epochs, [train_acc for epoch, dev_acc, train_acc in classifier.curve], label="train")
plt.plot(epochs, [dev_acc for epoch, dev_acc, train_acc in classifier.curve], label="dev")
plt.xlabel("epoch")
plt.ylabel("accuracy")
plt.legend()
plt.show()
### END SOLUTION

# %% [markdown] id="nT1qYw4jGo8M"
# ## The test, once
#
# Once you are done: code an LSTM, or stack two layers of GRUs.

# %% id="vE6dRh2zPa5X"
print("Dev accuracy:", evaluate_classifier(classifier.classify, dev_set[0:256]))
print("Test accuracy:", evaluate_classifier(classifier.classify, test_set[0:256]))
