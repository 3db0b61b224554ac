"""The model answer of assignment 4: entailment with a matching GRU that attends to the premise word by word."""
# ruff: noqa: E402, B905, RUF005 - a notebook imports where it needs something, and zips and adds lists as in any Python

# %% [markdown] id="cT3vNw8kRf5Y"
# # Assignment 4: word by word attention
#
# In lab 5 the hypothesis was read to its end before attention looked back at the premise. Here it looks back at each word of
# the hypothesis: a *matching* network reads the hypothesis together with what the premise says about each of its words
# (Wang and Jiang, 2015, *Learning Natural Language Inference with LSTM*; with GRUs in the place of their LSTMs).
#
# One GRU reads both sentences, each from a state of zeros: $h^s_j$ are its states for the premise, $h^t_k$ those for the
# hypothesis. For each word $k$ of the hypothesis
#
# $$e_{kj} = [h^t_k; h^m_{k-1}] \, W \, h^s_j$$
# $$\alpha_{kj} = \frac{\exp(e_{kj})}{\sum_{j'} \exp(e_{kj'})}$$
# $$a_k = \sum_j \alpha_{kj} h^s_j$$
# $$h^m_k = \text{GRU}([a_k; h^t_k], h^m_{k-1})$$
#
# with $h^m_0 = 0$. The class comes from the last matching state. A GPU helps: Runtime > Change runtime type.

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


# %% [markdown] id="nW5hXe2jZq7C"
# ## The classifier
#
# Make the parameters in the constructor, and write `model`. It returns the logits, [batch, 3], and the attention: for each
# word of the hypothesis a weight for each word of the premise, [batch, premise, hypothesis].
#
# A way to begin (any other will do): `gru(emb, h_prev, name)` for both networks, `premise_step(x, h_prev)`, and
# `hypothesis_step(x, h_prev, h_prev_attn, premise_steps, projected_premise_steps)` that makes the attention for one word.
# Print shapes!


# %% id="9ggJEL7K6L6Z"
class RNNEntailmentClassifier:
    def __init__(self, vocab_size, sequence_length):
        # hyper-parameters
        self.training_epochs = 30
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
        ### STARTER: # TODO: the parameters of the encoder, of the matching network, of the attention and of the classifier
        ### BEGIN SOLUTION

        self.W_rnn, self.W_r, self.W_z = {}, {}, {}
        self.b_rnn, self.b_r, self.b_z = {}, {}, {}
        for name, in_dim in [("encoder", self.embedding_dim), ("matching", 2 * self.dim)]:
            self.W_rnn[name] = self.matrix(in_dim + self.dim, self.dim)
            self.W_r[name] = self.matrix(in_dim + self.dim, self.dim)
            self.W_z[name] = self.matrix(in_dim + self.dim, self.dim)
            self.b_rnn[name] = self.bias(self.dim)
            self.b_r[name] = self.bias(self.dim)
            self.b_z[name] = self.bias(self.dim)

        self.W_attn = self.matrix(2 * self.dim, self.dim)
        self.W_cl = self.matrix(self.dim, 3)
        self.b_cl = self.bias(3)

    def matrix(self, rows, columns):
        variable = tf.Variable(tf.random.normal([rows, columns], stddev=0.1))
        self.trainable_variables.append(variable)
        return variable

    def bias(self, size):
        variable = tf.Variable(tf.random.normal([size], stddev=0.1))
        self.trainable_variables.append(variable)
        return variable
        ### END SOLUTION

    def model(self, premise, hypothesis):
        """logits [batch, 3] and attention [batch, premise, hypothesis] of word ids, both [batch, sequence_length]"""
        ### STARTER: # TODO
        ### BEGIN SOLUTION

        def gru(emb, h_prev, name):
            emb_h_prev = tf.concat([emb, h_prev], 1)
            z = tf.sigmoid(tf.matmul(emb_h_prev, self.W_z[name]) + self.b_z[name])
            r = tf.sigmoid(tf.matmul(emb_h_prev, self.W_r[name]) + self.b_r[name])
            emb_r_h_prev = tf.concat([emb, r * h_prev], 1)
            h_tilde = tf.tanh(tf.matmul(emb_r_h_prev, self.W_rnn[name]) + self.b_rnn[name])
            return (1 - z) * h_prev + z * h_tilde

        def premise_step(x, h_prev):
            emb = tf.nn.embedding_lookup(self.E, tf.reshape(x, [-1]))
            return gru(emb, h_prev, "encoder")

        def hypothesis_step(x, h_prev, h_prev_attn, premise_steps):
            emb = tf.nn.embedding_lookup(self.E, tf.reshape(x, [-1]))
            h_t = gru(emb, h_prev, "encoder")
            query = tf.matmul(tf.concat([h_t, h_prev_attn], 1), self.W_attn)  # [batch, dim]
            scores = tf.linalg.matvec(premise_steps, query)  # [batch, premise]
            alpha = tf.nn.softmax(scores, axis=1)
            a_k = tf.reduce_sum(tf.expand_dims(alpha, 2) * premise_steps, axis=1)
            h_m = gru(tf.concat([a_k, h_t], 1), h_prev_attn, "matching")
            return h_t, h_m, alpha

        premise_slices = tf.split(premise, self.sequence_length, 1)
        hypothesis_slices = tf.split(hypothesis, self.sequence_length, 1)
        h_zero = tf.zeros([tf.shape(premise)[0], self.dim])

        h_prev = h_zero
        premise_steps_list = []
        for x in premise_slices:
            h_prev = premise_step(x, h_prev)
            premise_steps_list.append(h_prev)
        premise_steps = tf.stack(premise_steps_list, axis=1)  # [batch, premise, dim]

        h_prev, h_prev_attn = h_zero, h_zero
        attn_list = []
        for x in hypothesis_slices:
            h_prev, h_prev_attn, alpha = hypothesis_step(x, h_prev, h_prev_attn, premise_steps)
            attn_list.append(alpha)

        logits = tf.matmul(h_prev_attn, self.W_cl) + self.b_cl
        return logits, tf.stack(attn_list, axis=2)
        ### END SOLUTION

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
        """The attention of each example: [examples, premise, hypothesis]"""
        premises = np.array([example["sentence1_binary_parse_index_sequence"] for example in examples])
        hypotheses = np.array([example["sentence2_binary_parse_index_sequence"] for example in examples])
        _, attn = self.model(premises, hypotheses)
        return np.reshape(attn, [len(examples), self.sequence_length, self.sequence_length])


# %% [markdown] id="yB4sLg9tVm1U"
# ## Training

# %% id="Rj8cPz6wKd3E"
random.seed(1)
np.random.seed(1)
tf.random.set_seed(1)
classifier = RNNEntailmentClassifier(len(word_indices), SEQ_LEN)
classifier.train(training_set, dev_set)

# %% id="Hx2uFn7aSo9J"
print("Dev accuracy:", evaluate_classifier(classifier.classify, dev_set))
print("Test accuracy:", evaluate_classifier(classifier.classify, test_set))

# %% [markdown] id="pD6kTi1vGb8W"
# ## What does it look at?
#
# The weights of a word of the hypothesis sum to 1 over the words of the premise.

# %% id="Zq5mYe3rCh0N"
attn = classifier.get_attn(dev_set[0:5])
assert np.allclose(np.sum(attn, axis=1), 1.0, atol=1e-3)

# %% id="Wf9jOa4xLu6T"
# %matplotlib inline
import matplotlib.pyplot as plt


def plot_attn(examples, attn):
    """A map for each example: the words of the premise from top to bottom, those of the hypothesis from left to right."""
    for example, weights in zip(examples, attn):
        premise = [indices_to_words[index] for index in example["sentence1_binary_parse_index_sequence"]]
        hypothesis = [indices_to_words[index] for index in example["sentence2_binary_parse_index_sequence"]]
        fig, ax = plt.subplots(figsize=(5, 5))
        ax.imshow(weights, cmap="Blues", vmin=0.0, vmax=1.0)
        ax.set_yticks(range(len(premise)))
        ax.set_yticklabels(premise)
        ax.set_xticks(range(len(hypothesis)))
        ax.set_xticklabels(hypothesis, rotation=45, ha="right")
        ax.set_title(example["gold_label"])
        plt.show()


# %% id="Sk1gVb7eMy2Q"
to_plot = dev_set[0:4]
plot_attn(to_plot, classifier.get_attn(to_plot))

# %% [markdown] id="aN0dRx5oJp3F"
# ## Once you are done
#
# - Train the embeddings as well (more parameters).
# - Which words does the matching network look at when the classes are told apart?
