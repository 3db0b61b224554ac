"""The model answer of assignment 3: a language model with an LSTM, its sampler, and four questions about it."""
# ruff: noqa: E402, B905, E501 - a notebook imports where it needs something, zips as in any Python, answers in long lines

# %% [markdown] id="hR3vKq8sWb2Y"
# # Assignment 3: language modelling with an LSTM
#
# A language model reads the words of a sentence one by one and says, after each of them, how likely every word is to
# come next. Yours is a long short-term memory network (Hochreiter and Schmidhuber, 1997; with a forget gate):
#
# $$i_t = \sigma([x_t, h_{t-1}] W_i + b_i) \qquad f_t = \sigma([x_t, h_{t-1}] W_f + b_f) \qquad o_t = \sigma([x_t, h_{t-1}] W_o + b_o)$$
# $$j_t = \tanh([x_t, h_{t-1}] W_j + b_j)$$
# $$c_t = f_t * c_{t-1} + i_t * j_t \qquad h_t = o_t * \tanh(c_t)$$

# %% id="Yc7mDe4tXn9P"
from google.colab import drive

drive.mount("/content/drive")

# %% [markdown] id="Lw2jTz6gQa5H"
# ## The data
#
# The sentences of the treebank, without their labels.

# %% id="Bp8xUf1kVr3S"
import random
import re

sst_home = "drive/My Drive/Colab Notebooks/dl4nlp_labs/data/trees/"


def load_sst_data(path):
    data = []
    with open(path, encoding="utf-8") as lines:
        for line in lines:
            # without brackets and digits only the words are left
            text = " ".join(re.sub(r"\(\d|\)", " ", line).split())
            data.append({"text": text})
    random.seed(1)
    random.shuffle(data)
    return data


training_set = load_sst_data(sst_home + "train.txt")
dev_set = load_sst_data(sst_home + "dev.txt")
test_set = load_sst_data(sst_home + "test.txt")

print("Sentences for training, development and test:", len(training_set), len(dev_set), len(test_set))

# %% [markdown] id="Ni5cGo9yJk7E"
# ## Sequences of word ids
#
# A sentence becomes 21 ids: `<S>`, its first words, `</S>`, and `<PAD>` up to the end. Words seen 25 times or less share
# the id of `<UNK>`.

# %% id="Zs4aMh6wRl1C"
import collections

import numpy as np

SEQ_LEN = 21
START = "<S>"
END = "</S>"
PADDING = "<PAD>"
UNKNOWN = "<UNK>"


def sentences_to_index_sequences(datasets):
    """Adds to each example its ids ('index_sequence'); returns the id of each word, and the word of each id."""
    counts = collections.Counter(word for example in datasets[0] for word in example["text"].lower().split())
    vocabulary = [START, END, PADDING, UNKNOWN] + [word for word in counts if counts[word] > 25]
    word_indices = {word: index for index, word in enumerate(vocabulary)}

    for dataset in datasets:
        for example in dataset:
            words = [START] + example["text"].lower().split() + [END]
            words = (words + [PADDING] * SEQ_LEN)[:SEQ_LEN]
            ids = [word_indices.get(word, word_indices[UNKNOWN]) for word in words]
            example["index_sequence"] = np.array(ids, dtype=np.int32)

    return word_indices, vocabulary


word_indices, indices_to_words = sentences_to_index_sequences([training_set, dev_set, test_set])

print("Words with an id of their own:", len(word_indices))
print(training_set[18])
print([indices_to_words[index] for index in training_set[18]["index_sequence"]])

# %% [markdown] id="Vt9pIb3fCd8A"
# ## The language model
#
# - Write the parameters and `model`, with the equations above and without anything that was built for recurrent networks.
# - `self.h` and `self.c` keep the 21 states, the zeros at the beginning included.
# - `logits` holds a tensor [batch, vocabulary] for each of the 20 words that are to be guessed, `costs` a tensor [batch].
#   After word t, the right guess is word t+1. Paddings count like words.
# - Dropout, with the rate that `model` is given, belongs on the connections that are not recurrent: from the state to the
#   logits, and from the embedding into the cell if you like. What one step hands to the next stays whole.
# - With `sample=True` take a single step: read the first column of `x`, begin with the states `h_zero` and `c_zero` that
#   are given (zeros where there are none), and return `h, c, logits` of that step.
# - `train` and `sample` are done. Their costs are divided by the batch size when printed, so the first is about 0.5, and
#   around 0.2 samples begin to look like English in places.

# %% id="Em6rWx2nOs5K"
# %tensorflow_version 2.x
import tensorflow as tf

print(tf.__version__)


# %% id="8o4syEQOgUvG"
class LanguageModel:
    def __init__(self, vocab_size, sequence_length):
        # hyper-parameters
        self.learning_rate = 0.3
        self.training_epochs = 250
        self.display_epoch_freq = 1
        self.dim = 32  # of the states
        self.embedding_dim = 16
        self.batch_size = 256
        self.rate = 0.25  # of dropout
        self.vocab_size = vocab_size
        self.sequence_length = sequence_length

        # where a sentence begins
        self.h_zero = tf.zeros([self.batch_size, self.dim])
        self.c_zero = tf.zeros([self.batch_size, self.dim])

        # parameters
        self.trainable_variables = []
        ### STARTER: # TODO: the embeddings, the LSTM, the output layer
        ### BEGIN SOLUTION
        self.E = self.parameter([self.vocab_size, self.embedding_dim])

        size = [self.embedding_dim + self.dim, self.dim]
        self.W_i, self.b_i = self.parameter(size), self.parameter([self.dim], 0.0)
        self.W_f, self.b_f = self.parameter(size), self.parameter([self.dim], 0.0)
        self.W_o, self.b_o = self.parameter(size), self.parameter([self.dim], 0.0)
        self.W_j, self.b_j = self.parameter(size), self.parameter([self.dim], 0.0)

        self.W_out, self.b_out = self.parameter([self.dim, self.vocab_size]), self.parameter([self.vocab_size], 0.0)
        ### END SOLUTION

    ### BEGIN SOLUTION
    def parameter(self, shape, stddev=0.1):
        variable = tf.Variable(tf.random.normal(shape, stddev=stddev))
        self.trainable_variables.append(variable)
        return variable

    def step(self, x, h_prev, c_prev, rate):
        """x [batch, 1] of word ids, states [batch, dim] -> the next states"""
        emb = tf.nn.embedding_lookup(self.E, tf.reshape(x, [-1]))
        emb = tf.nn.dropout(emb, rate)
        emb_h = tf.concat([emb, h_prev], 1)
        i = tf.sigmoid(tf.matmul(emb_h, self.W_i) + self.b_i)
        f = tf.sigmoid(tf.matmul(emb_h, self.W_f) + self.b_f)
        o = tf.sigmoid(tf.matmul(emb_h, self.W_o) + self.b_o)
        j = tf.tanh(tf.matmul(emb_h, self.W_j) + self.b_j)
        c = f * c_prev + i * j
        h = o * tf.tanh(c)
        return h, c

    def guess(self, h, rate):
        return tf.matmul(tf.nn.dropout(h, rate), self.W_out) + self.b_out

    ### END SOLUTION
    def model(self, x, rate, sample=False, h_zero=None, c_zero=None):
        # one slice [batch, 1] for each word
        x_slices = tf.split(tf.cast(x, tf.int32), self.sequence_length, 1)
        h_prev = self.h_zero if h_zero is None else h_zero
        c_prev = self.c_zero if c_zero is None else c_zero

        logits = []
        costs = []
        ### STARTER: # TODO: one step when `sample` is set, otherwise all of them
        ### BEGIN SOLUTION
        if sample:
            h, c = self.step(x_slices[0], h_prev, c_prev, 0.0)
            return h, c, self.guess(h, 0.0)

        self.h, self.c = [h_prev], [c_prev]
        for t in range(self.sequence_length - 1):
            h, c = self.step(x_slices[t], self.h[-1], self.c[-1], rate)
            self.h.append(h)
            self.c.append(c)
            guess = self.guess(h, rate)
            target = tf.reshape(x_slices[t + 1], [-1])
            logits.append(guess)
            costs.append(tf.nn.sparse_softmax_cross_entropy_with_logits(labels=target, logits=guess))
        ### END SOLUTION
        return logits, costs

    def train(self, training_data):
        def get_minibatch(dataset, start_index, end_index):
            return np.array([example["index_sequence"] for example in dataset[start_index:end_index]])

        print("Training.")
        for epoch in range(self.training_epochs):
            random.shuffle(training_set)
            avg_cost = 0.0
            total_batch = len(training_set) // self.batch_size
            for i in range(total_batch):
                start = i * self.batch_size
                vectors = get_minibatch(training_set, start, start + self.batch_size)

                with tf.GradientTape() as tape:
                    logits, costs = self.model(vectors, self.rate)
                    # the words of a sentence are summed up, the sentences averaged
                    cost_per_example = tf.reduce_sum(tf.stack(costs, axis=1), axis=1)
                    total_cost = tf.reduce_mean(cost_per_example)

                gradients = tape.gradient(total_cost, self.trainable_variables)
                optimizer = tf.optimizers.SGD(self.learning_rate)
                optimizer.apply_gradients(zip(gradients, self.trainable_variables))
                avg_cost += total_cost / (total_batch * self.batch_size)

            if (epoch + 1) % self.display_epoch_freq == 0:
                tf.print("Epoch:", epoch + 1, "Cost:", avg_cost, "Sample:", self.sample())

    def sample(self):
        def brittle_sampler():
            """One sentence; rounding errors can make the probabilities sum up to more than one, a ValueError."""
            word_ids = [0]  # <S>
            h, c = None, None
            for _ in range(self.sequence_length - 1):
                x = np.zeros((self.batch_size, self.sequence_length), dtype=np.int32)
                x[0][0] = word_ids[-1]
                h, c, logits = self.model(x, 0.0, True, h, c)
                row = np.array(logits)[0].astype(np.float64)
                exp_row = np.exp(row - np.max(row))
                word_ids.append(np.flatnonzero(np.random.multinomial(1, exp_row / exp_row.sum()))[0])
            return " ".join(indices_to_words[index] for index in word_ids)

        while True:
            try:
                return brittle_sampler()
            except ValueError:  # again, after a rounding error
                pass


random.seed(1)
np.random.seed(1)
tf.random.set_seed(1)
language_model = LanguageModel(len(word_indices), SEQ_LEN)

# %% [markdown] id="Dq1uSy7hPv4L"
# ## Training

# %% id="Ko8eBt5mGi3F"
language_model.train(training_set)

# %% [markdown] id="Wx6zCn2aHj9R"
# ## Samples

# %% id="Uf3lVd7kEp1T"
for _ in range(5):
    print(language_model.sample())

# %% [markdown] id="Sg5oYq8bMr2W"
# ## Questions
#
# Answer in the cells below each question, in a few sentences.

# %% [markdown] id="Ac9tIk4xZl6N"
# **Question 1.** Look at samples from the last epochs. Which three properties of written English has the model learnt?

# %% [markdown] id="Jh2wRf7vDu5Q"
### STARTER: # *Your answer:*
### BEGIN SOLUTION
# *Your answer:* A sentence begins once and ends with a full stop, after which only paddings come. Determiners are followed
# by nouns or adjectives, hardly ever by verbs. Function words like "the", "of" and "a" are about as frequent as in the
# reviews, and commas and quotation marks come where a phrase ends.
### END SOLUTION

# %% [markdown] id="Pb6sXm1gCe8Y"
# **Question 2.** With a model as large as we like, trained for as long as we like, with or without dropout: could the cost
# ever become 0? Why, or why not?

# %% [markdown] id="Oz3nLa9jTw7K"
### STARTER: # *Your answer:*
### BEGIN SOLUTION
# *Your answer:* No. The same beginning continues in several ways: after `<S>` alone, different first words are right in
# different sentences, so some of the probability has to go to each, and every one of them costs something.
### END SOLUTION

# %% [markdown] id="Fv8qHi5yUd4B"
# **Question 3.** Give an example of a text in which the LSTM's memory over many words makes for a lower cost than that of a
# plain recurrent network.

# %% [markdown] id="Mk7cEr2pNs1X"
### STARTER: # *Your answer:*
### BEGIN SOLUTION
# *Your answer:* A bracket that is opened long before it is closed, or "The films that the critic whom nobody liked praised
# so loudly were …": whether the verb is "was" or "were" depends on a noun ten words away.
### END SOLUTION

# %% [markdown] id="Gt4yBo6zWj9S"
# **Question 4.** Would the model be any worse if we deleted unknown words, rather than to write `<UNK>` in their place?

# %% [markdown] id="Xl1dPu8fQv3M"
### STARTER: # *Your answer:*
### BEGIN SOLUTION
# *Your answer:* Yes. Words that do not stand side by side would look as if they did ("the of the"), so that it learns word
# orders that are no English, and it could never tell that a word it does not know is to come.
### END SOLUTION
