"""The model answer of lab 5: entailment with two GRU encoders and attention over the words of the premise."""
# ruff: noqa: E402, B905, RUF005 - a notebook imports where it needs something, and zips and adds lists as in any Python

# %% [markdown] id="mB6sLk0vXw3A"
# # Lab 5: attention
#
# Does the hypothesis follow from the premise (entailment), contradict it, or neither (neutral)? Two GRUs read the two
# sentences; when the hypothesis has been read, attention looks back at the words of the premise (Rocktäschel et al.,
# 2015, *Reasoning about Entailment with Neural Attention*, section 2.3):
#
# $$M = \tanh(W^y Y + W^h h_N \otimes e_L)$$
# $$\alpha = \text{softmax}(w^T M)$$
# $$r = Y \alpha^T$$
# $$h^* = \tanh(W^p r + W^x h_N)$$
#
# $Y$ holds the states of the premise's GRU, one for each of its $L$ words; $h_N$ is the last state of the hypothesis's.
# Everything but $M$ and $w^T M$ is here already. A GPU helps: Runtime > Change runtime type.

# %% id="Qe4tRz9hPc7U"
from google.colab import drive

drive.mount("/content/drive")

# %% id="wN1yFj8mVb2K"
# %tensorflow_version 2.x
import tensorflow as tf

device_name = tf.test.gpu_device_name()
if device_name != "/device:GPU:0":
    raise SystemError("GPU device not found")
print("Found GPU at: {}".format(device_name))

# %% [markdown] id="Lp5xGa3cTs6D"
# ## The data: Stanford Natural Language Inference

# %% id="oK7dUq2bZn9R"
import bz2
import json
import random

snli_home = "drive/My Drive/Colab Notebooks/dl4nlp_labs/data/snli/"

LABEL_MAP = {"entailment": 0, "neutral": 1, "contradiction": 2}


def load_snli_data(path):
    data = []
    with bz2.open(path, "rt", encoding="utf-8") as lines:
        for line in lines:
            example = json.loads(line)
            if example["gold_label"] not in LABEL_MAP:
                continue  # "-": the annotators did not agree
            example["label"] = LABEL_MAP[example["gold_label"]]
            data.append(example)
    random.seed(1)
    random.shuffle(data)
    return data


training_set = load_snli_data(snli_home + "snli_1.0_train.jsonl.bz2")
dev_set = load_snli_data(snli_home + "snli_1.0_dev.jsonl.bz2")
test_set = load_snli_data(snli_home + "snli_1.0_test.jsonl.bz2")

print("Pairs for training, development and test:", len(training_set), len(dev_set), len(test_set))

# %% [markdown] id="Vh2kCy7nMf4E"
# ## Sequences of word ids
#
# Each sentence becomes 10 ids: shorter ones are padded on the left, longer ones lose their first words.

# %% id="Sx9rIb6wGl1J"
import collections
import re

import numpy as np

SEQ_LEN = 10
PADDING = "<PAD>"
UNKNOWN = "<UNK>"
SENTENCES = ["sentence1_binary_parse", "sentence2_binary_parse"]


def tokenize(parse):
    # without brackets only the words are left
    return re.sub(r"\(|\)", " ", parse).lower().split()


def sentences_to_padded_index_sequences(datasets):
    """Adds to each example the ids of both sentences; returns the id of each word, and the word of each id."""
    counts = collections.Counter()
    for example in datasets[0]:
        for key in SENTENCES:
            counts.update(tokenize(example[key]))
    vocabulary = [PADDING, UNKNOWN] + list(counts)
    word_indices = {word: index for index, word in enumerate(vocabulary)}

    for dataset in datasets:
        for example in dataset:
            for key in SENTENCES:
                words = tokenize(example[key])[-SEQ_LEN:]
                words = [PADDING] * (SEQ_LEN - len(words)) + words
                ids = [word_indices.get(word, word_indices[UNKNOWN]) for word in words]
                example[key + "_index_sequence"] = np.array(ids, dtype=np.int32)

    return word_indices, vocabulary


word_indices, indices_to_words = sentences_to_padded_index_sequences([training_set, dev_set, test_set])

print("Words with an id of their own:", len(word_indices))
print(training_set[6])

# %% [markdown] id="Ew8jHt5qBd0N"
# ## Word vectors
#
# The embeddings come from GloVe and stay as they are. Words that are not among the first 45000 lines keep zeros.

# %% id="kR3vPm1fAz6Y"
glove_home = "drive/My Drive/Colab Notebooks/dl4nlp_labs/data/embeddings/"
words_to_load = 45000
embedding_dim = 50

loaded_embeddings = np.zeros((len(word_indices), embedding_dim), dtype=np.float32)
with bz2.open(glove_home + "glove.6B.50d.txt.bz2", "rt", encoding="utf-8") as lines:
    for i, line in enumerate(lines):
        if i >= words_to_load:
            break
        fields = line.split()
        if fields[0] in word_indices:
            loaded_embeddings[word_indices[fields[0]], :] = np.array(fields[1:], dtype=np.float32)

print("dog:", loaded_embeddings[word_indices["dog"], :5])

# %% [markdown] id="Uc6nDo4sWi2H"
# ## Evaluation


# %% id="zG0lQe7yKj5V"
def evaluate_classifier(classifier, eval_set):
    """The share of pairs that `classifier`, a function from examples to labels, gets right."""
    hypotheses = classifier(eval_set)
    correct = 0
    for hypothesis, example in zip(hypotheses, eval_set):
        if hypothesis == example["label"]:
            correct += 1
    return correct / len(eval_set)


# %% [markdown] id="Fb1aXs8uRc3M"
# ## The classifier
#
# Fill `wm_list` inside `model` with one tensor [batch, 1] for each word of the premise: its score, before the softmax.
# Hint: iterate over the states of the premise, and print shapes.


# %% id="buWTbwThTYh4"
class RNNEntailmentClassifier:
    def __init__(self, vocab_size, sequence_length):
        # hyper-parameters
        self.training_epochs = 5
        self.display_epoch_freq = 1
        self.display_step_freq = 250
        self.dim = 24  # of the states
        self.embedding_dim = 50
        self.batch_size = 64
        self.vocab_size = vocab_size
        self.sequence_length = sequence_length

        # parameters
        self.trainable_variables = []
        self.E = tf.Variable(loaded_embeddings, trainable=False)

        self.W_rnn, self.W_r, self.W_z = {}, {}, {}
        self.b_rnn, self.b_r, self.b_z = {}, {}, {}
        for name in ["p", "h"]:  # premise and hypothesis
            in_dim = self.embedding_dim + self.dim
            self.W_rnn[name] = tf.Variable(tf.random.normal([in_dim, self.dim], stddev=0.1))
            self.b_rnn[name] = tf.Variable(tf.random.normal([self.dim], stddev=0.1))
            self.trainable_variables += [self.W_rnn[name], self.b_rnn[name]]

            self.W_r[name] = tf.Variable(tf.random.normal([in_dim, self.dim], stddev=0.1))
            self.b_r[name] = tf.Variable(tf.random.normal([self.dim], stddev=0.1))
            self.trainable_variables += [self.W_r[name], self.b_r[name]]

            self.W_z[name] = tf.Variable(tf.random.normal([in_dim, self.dim], stddev=0.1))
            self.b_z[name] = tf.Variable(tf.random.normal([self.dim], stddev=0.1))
            self.trainable_variables += [self.W_z[name], self.b_z[name]]

        # attention
        self.W_y_attn = tf.Variable(tf.random.normal([self.dim, self.dim], stddev=0.1))
        self.W_h_attn = tf.Variable(tf.random.normal([self.dim, self.dim], stddev=0.1))
        self.w_attn = tf.Variable(tf.random.normal([self.dim, 1], stddev=0.1))
        self.trainable_variables += [self.W_y_attn, self.W_h_attn, self.w_attn]

        self.W_combination = tf.Variable(tf.random.normal([2 * self.dim, self.dim], stddev=0.1))
        self.b_combination = tf.Variable(tf.random.normal([self.dim], stddev=0.1))
        self.trainable_variables += [self.W_combination, self.b_combination]

        self.W_cl = tf.Variable(tf.random.normal([self.dim, 3], stddev=0.1))
        self.b_cl = tf.Variable(tf.random.normal([3], stddev=0.1))
        self.trainable_variables += [self.W_cl, self.b_cl]

    def model(self, premise, hypothesis):
        def gru(emb, h_prev, name):
            emb_h_prev = tf.concat([emb, h_prev], 1)
            z = tf.sigmoid(tf.matmul(emb_h_prev, self.W_z[name]) + self.b_z[name])
            r = tf.sigmoid(tf.matmul(emb_h_prev, self.W_r[name]) + self.b_r[name])
            emb_r_h_prev = tf.concat([emb, r * h_prev], 1)
            h_tilde = tf.tanh(tf.matmul(emb_r_h_prev, self.W_rnn[name]) + self.b_rnn[name])
            return (1 - z) * h_prev + z * h_tilde

        def step(x, h_prev, name):
            emb = tf.nn.embedding_lookup(self.E, tf.reshape(x, [-1]))
            return gru(emb, h_prev, name)

        # one slice [batch, 1] for each word
        premise_slices = tf.split(premise, self.sequence_length, 1)
        hypothesis_slices = tf.split(hypothesis, self.sequence_length, 1)
        h_zero = tf.zeros([tf.shape(premise)[0], self.dim])

        premise_steps_list = []
        h_prev = h_zero
        for t in range(self.sequence_length):
            h_prev = step(premise_slices[t], h_prev, "p")
            premise_steps_list.append(h_prev)

        # the hypothesis's encoder starts where the premise's ended
        for t in range(self.sequence_length):
            h_prev = step(hypothesis_slices[t], h_prev, "h")
        h_n = h_prev

        # attention
        wm_list = []
        ### STARTER: # TODO: a tensor [batch, 1] for each word of the premise
        ### BEGIN SOLUTION
        projected_h = tf.matmul(h_n, self.W_h_attn)
        for y_t in premise_steps_list:
            m_t = tf.tanh(tf.matmul(y_t, self.W_y_attn) + projected_h)
            wm_list.append(tf.matmul(m_t, self.w_attn))
        ### END SOLUTION
        wm = tf.stack(wm_list, axis=1)  # [batch, sequence_length, 1]
        attn = tf.nn.softmax(wm, axis=1)

        premise_steps = tf.stack(premise_steps_list, axis=1)  # [batch, sequence_length, dim]
        r = tf.reduce_sum(premise_steps * attn, axis=1)

        r_h_n = tf.concat([r, h_n], 1)
        h_star = tf.tanh(tf.matmul(r_h_n, self.W_combination) + self.b_combination)
        logits = tf.matmul(h_star, self.W_cl) + self.b_cl
        return logits, attn

    def train(self, training_data, dev_data):
        def get_minibatch(dataset, start_index, end_index):
            examples = dataset[start_index:end_index]
            premises = np.array([example["sentence1_binary_parse_index_sequence"] for example in examples])
            hypotheses = np.array([example["sentence2_binary_parse_index_sequence"] for example in examples])
            labels = [example["label"] for example in examples]
            return premises, hypotheses, labels

        print("Training.")
        step = 1
        for epoch in range(self.training_epochs):
            random.shuffle(training_data)
            avg_cost = 0.0
            total_batch = len(training_data) // self.batch_size
            for i in range(total_batch):
                start = i * self.batch_size
                premises, hypotheses, labels = get_minibatch(training_data, start, start + self.batch_size)

                with tf.GradientTape() as tape:
                    logits, _ = self.model(premises, hypotheses)
                    cost = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=logits))

                gradients = tape.gradient(cost, self.trainable_variables)
                pairs = [(g, v) for g, v in zip(gradients, self.trainable_variables) if g is not None]
                pairs = [(tf.clip_by_norm(g, 5.0), v) for g, v in pairs]
                optimizer = tf.optimizers.Adam()
                optimizer.apply_gradients(pairs)

                if step % self.display_step_freq == 0:
                    dev_acc = evaluate_classifier(self.classify, dev_data[0:1000])
                    train_acc = evaluate_classifier(self.classify, training_data[0:1000])
                    tf.print("Step:", step, "Dev acc:", dev_acc, "Train acc:", train_acc)
                step += 1
                avg_cost += cost / total_batch

            if (epoch + 1) % self.display_epoch_freq == 0:
                tf.print("Epoch:", epoch + 1, "Cost:", avg_cost)

    def classify(self, examples):
        premises = np.array([example["sentence1_binary_parse_index_sequence"] for example in examples])
        hypotheses = np.array([example["sentence2_binary_parse_index_sequence"] for example in examples])
        logits, _ = self.model(premises, hypotheses)
        return np.argmax(logits, axis=1)

    def get_attn(self, examples):
        """The attention of each example over the words of its premise: [examples, sequence_length, 1]"""
        premises = np.array([example["sentence1_binary_parse_index_sequence"] for example in examples])
        hypotheses = np.array([example["sentence2_binary_parse_index_sequence"] for example in examples])
        _, attn = self.model(premises, hypotheses)
        return np.reshape(attn, [len(examples), self.sequence_length, 1])


# %% [markdown] id="dJ4wNv9tYo7B"
# ## Training

# %% id="Ia3gMx6rHp8S"
random.seed(1)
np.random.seed(1)
tf.random.set_seed(1)
classifier = RNNEntailmentClassifier(len(word_indices), SEQ_LEN)
classifier.train(training_set, dev_set)

# %% id="Tk7cBy1eOu5L"
print("Dev accuracy:", evaluate_classifier(classifier.classify, dev_set))
print("Test accuracy:", evaluate_classifier(classifier.classify, test_set))

# %% [markdown] id="qZ2hEw0jXn4F"
# ## What does it look at?
#
# Draw the attention of a few pairs.

# %% id="Pv9sJd5aCr1G"
# %matplotlib inline
import matplotlib.pyplot as plt


def plot_attn(examples, attn):
    """A row of weights over the words of each premise, with the hypothesis above it."""
    for example, weights in zip(examples, attn):
        words = [indices_to_words[index] for index in example["sentence1_binary_parse_index_sequence"]]
        fig, ax = plt.subplots(figsize=(8, 1.2))
        ax.imshow(np.reshape(weights, [1, -1]), cmap="Blues", vmin=0.0)
        ax.set_xticks(range(len(words)))
        ax.set_xticklabels(words, rotation=45, ha="right")
        ax.set_yticks([])
        ax.set_title("{} ({})".format(example["sentence2"], example["gold_label"]))
        plt.show()


# %% id="yU8fKo3lNm6Q"
to_plot = dev_set[0:4]
plot_attn(to_plot, classifier.get_attn(to_plot))

# %% [markdown] id="hX5iTb7vEa2W"
# ## Once you are done
#
# - Train the embeddings as well (more parameters).
# - Larger states, larger vectors of GloVe: how accurate can it become?
