"""The model answer of lab 3: a classifier that reads a sentence word by word with a plain recurrent layer."""
# ruff: noqa: E402, B905, RUF005 - a notebook imports where it needs something, and zips and adds lists as in any Python

# %% [markdown] id="cN8wSg1zXo5K"
# # Lab 3: a classifier with a recurrent neural network
#
# Below is a classifier with nothing between its embeddings and its output. Give it a recurrent layer:
#
# $$h_t = \tanh([x_t; h_{t-1}] W_{rnn} + b)$$
#
# where $x_t$ is the embedding of word $t$. The state after the last word stands for the sentence:
#
# $$y = \text{softmax}(h_{20} W_{cl} + b_{cl})$$

# %% id="Qb5tWm2xKe8R"
from google.colab import drive

drive.mount("/content/drive")

# %% [markdown] id="Hn7cZs0vLp4D"
# ## The data

# %% id="oF3yAj6uGw9T"
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

# %% [markdown] id="Vd1kXr8mNq5B"
# ## Sequences of word ids
#
# A sentence becomes 20 ids. Shorter ones are padded on the left, longer ones lose their first words, so the last word of
# a sentence is always the last one read. Words seen ten times or less in the training set share the id of `<UNK>`.

# %% id="iS6hEz3bPt0C"
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

# %% [markdown] id="Ym9gLf4wUc7J"
# ## Evaluation


# %% id="eK2vDn5aRx8Q"
def evaluate_classifier(classifier, eval_set):
    """The share of examples that `classifier`, a function from examples to labels, gets right."""
    hypotheses = classifier(eval_set)
    correct = 0
    for hypothesis, example in zip(hypotheses, eval_set):
        if hypothesis == example["label"]:
            correct += 1
    return correct / len(eval_set)


# %% [markdown] id="Bv6mQa3rJy0H"
# ## The classifier
#
# - Define the parameters of the recurrent layer. The cost below expects the matrix under the name `W_rnn`, and the
#   optimizer has to know all of them.
# - Define one step: `tf.nn.embedding_lookup`, `tf.concat`, `tf.matmul`, `tf.tanh`.
# - Unroll: one step for each of the slices, each from the state that the one before has left.
# - Print shapes where in doubt: batch x embedding, batch x hidden. `tf.reshape` turns [batch, 1] into [batch].
# - The L2 term and the clipping of gradients are there already.
# - Be patient: for a long time the accuracy seems to stand still.

# %% id="zU4dHt9lOf2G"
# %tensorflow_version 2.x
import tensorflow as tf

print(tf.__version__)


# %% id="piE_Cr6zspx6"
class RNNSentimentClassifier:
    def __init__(self, vocab_size, sequence_length):
        # hyper-parameters
        self.learning_rate = 0.2
        self.training_epochs = 500
        self.display_epoch_freq = 5
        self.dim = 24  # of the state
        self.embedding_dim = 8
        self.batch_size = 256
        self.vocab_size = vocab_size
        self.sequence_length = sequence_length
        self.l2_lambda = 0.001

        # parameters
        self.trainable_variables = []
        self.E = tf.Variable(tf.random.normal([self.vocab_size, self.embedding_dim], stddev=0.1))
        self.trainable_variables.append(self.E)

        ### STARTER: # TODO: the matrix and the bias of the recurrent layer
        ### BEGIN SOLUTION
        self.W_rnn = tf.Variable(tf.random.normal([self.embedding_dim + self.dim, self.dim], stddev=0.1))
        self.trainable_variables.append(self.W_rnn)

        self.b_rnn = tf.Variable(tf.zeros([self.dim]))
        self.trainable_variables.append(self.b_rnn)
        ### END SOLUTION

        self.W_cl = tf.Variable(tf.random.normal([self.dim, 2], stddev=0.1))
        self.trainable_variables.append(self.W_cl)

        self.b_cl = tf.Variable(tf.zeros([2]))
        self.trainable_variables.append(self.b_cl)

    def model(self, x):
        def step(x, h_prev):
            """x [batch, 1] of word ids, h_prev [batch, dim] -> the next state [batch, dim]"""
            ### STARTER: # TODO: one step of the recurrent layer
            ### STARTER: return h
            ### BEGIN SOLUTION
            emb = tf.nn.embedding_lookup(self.E, tf.reshape(x, [-1]))
            emb_h = tf.concat([emb, h_prev], 1)
            return tf.tanh(tf.matmul(emb_h, self.W_rnn) + self.b_rnn)
            ### END SOLUTION

        # one slice [batch, 1] for each word
        x_slices = tf.split(x, self.sequence_length, 1)
        h_zero = tf.zeros([self.batch_size, self.dim])

        ### STARTER: # TODO: unroll it over all slices
        ### STARTER: h = step(x_slices[0], h_zero)
        ### BEGIN SOLUTION
        h = h_zero
        for t in range(self.sequence_length):
            h = step(x_slices[t], h)
        ### END SOLUTION

        logits = tf.matmul(h, self.W_cl) + self.b_cl
        return logits

    def train(self, training_data, dev_set):
        def get_minibatch(dataset, start_index, end_index):
            examples = dataset[start_index:end_index]
            vectors = np.array([example["index_sequence"] for example in examples])
            labels = [example["label"] for example in examples]
            return vectors, labels

        print("Training.")
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
                    l2_cost = tf.reduce_sum(tf.square(self.W_rnn)) + tf.reduce_sum(tf.square(self.W_cl))
                    total_cost = cost + self.l2_lambda * l2_cost

                gradients = tape.gradient(total_cost, self.trainable_variables)
                gradients = [tf.clip_by_norm(gradient, 5.0) for gradient in gradients]
                optimizer = tf.optimizers.SGD(self.learning_rate)
                optimizer.apply_gradients(zip(gradients, self.trainable_variables))
                avg_cost += total_cost / total_batch

            if (epoch + 1) % self.display_epoch_freq == 0:
                dev_acc = evaluate_classifier(self.classify, dev_set[0:256])
                train_acc = evaluate_classifier(self.classify, training_set[0:256])
                tf.print("Epoch:", epoch + 1, "Cost:", avg_cost, "Dev acc:", dev_acc, "Train acc:", train_acc)

    def classify(self, examples):
        """As many examples as `batch_size` says: the start state has that many rows."""
        vectors = np.array([example["index_sequence"] for example in examples])
        logits = self.model(vectors)
        return np.argmax(logits, axis=1)


# %% [markdown] id="Ew7kNb2cMs6P"
# ## Training

# %% id="Lp1xVi5tYa9Z"
classifier = RNNSentimentClassifier(len(word_indices), SEQ_LEN)

# %% id="hQ3fCu8gRd0S"
classifier.train(training_set, dev_set)

# %% [markdown] id="Oy9eTj4nKw6X"
# ## The test, once
#
# Once you are done: put an MLP on top of the last state, or read the sentence from both sides (bidirectional).

# %% id="Mb0rZl7qIv3E"
print("Dev accuracy:", evaluate_classifier(classifier.classify, dev_set[0:256]))
print("Test accuracy:", evaluate_classifier(classifier.classify, test_set[0:256]))
