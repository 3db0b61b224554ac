"""The model answer of the lab on transformers: BERT fine-tuned for sentiment, then for pairs of sentences."""
# ruff: noqa: E402 - a notebook imports where it needs something

# %% [markdown] id="Tn4vWq8sKd1R"
# # Lab5: Transformers with TensorFlow
#
# So far every model of ours started from random numbers. **BERT** has read a good part of the web before we meet it; all
# we do is put a small classifier on top and train both for a few minutes, which is called *fine-tuning*.
#
# First you will see how that is done for sentiment, with code that is complete. Then you will prepare **pairs** of
# sentences, premise and hypothesis, and fine-tune the same model to say whether the one follows from the other.
#
# Choose a GPU first: *Runtime → Change runtime type*.

# %% id="Bz7mXc2pLf5Y"
# !pip install transformers

# %% id="Gk3rJh9tAw6E"
from google.colab import drive

drive.mount("/content/drive")

# %% [markdown] id="Ps5nUe1oVi8C"
# ## Sentiment
#
# Reviews of films again, as positive (1) or negative (0); neutral ones are left out. This time they are kept in tables.

# %% id="Xd6bQy4gMj0S"
import re

import numpy as np
import pandas as pd
import tensorflow as tf

data_home = "drive/My Drive/Colab Notebooks/dl4nlp_labs/data/"


def load_sst_data(path, easy_label_map={0: 0, 1: 0, 2: None, 3: 1, 4: 1}):
    rows = []
    with open(path, encoding="utf-8") as file:
        for line in file:
            label = easy_label_map[int(line[1])]
            if label is None:
                continue
            text = re.sub(r"\s*(\(\d)|(\))\s*", "", line)
            rows.append((label, text[1:]))
    return pd.DataFrame(rows, columns=["label", "text"])


training_set = load_sst_data(data_home + "trees/train.txt")
dev_set = load_sst_data(data_home + "trees/dev.txt")
test_set = load_sst_data(data_home + "trees/test.txt")

print(training_set.shape, dev_set.shape, test_set.shape)
training_set.head()

# %% id="Ja8wTl3hFv2N"
# Shuffle dataset
training_set = training_set.sample(frac=1, random_state=1).reset_index(drop=True)
dev_set = dev_set.sample(frac=1, random_state=1).reset_index(drop=True)
test_set = test_set.sample(frac=1, random_state=1).reset_index(drop=True)

# %% [markdown] id="Ku1eSz7xRo9I"
# ### Word pieces
#
# BERT has some thirty thousand *word pieces*. A frequent word is one piece, a rare one is cut into several; those that do
# not begin a word are marked by `##`.

# %% id="Cf2pHy6vNb4W"
from transformers import BertTokenizer, InputFeatures, TFBertForSequenceClassification

tokenizer = BertTokenizer.from_pretrained("bert-base-cased")

print(tokenizer.tokenize("This is a very interesting sentence."))
print(tokenizer.encode("This is a very interesting sentence."))

# %% [markdown] id="Oe9kMq5jDt3L"
# **Exercise 1.** Into which word pieces is *rumination* cut, and why is it not a single one?

# %% [markdown] id="Yi4zGa0uXs7B"
### STARTER: # *Your answer:*
### BEGIN SOLUTION
# *Your answer:* Into rum and ##ination. The vocabulary has room for frequent words only, and this one is rare; its pieces are
# frequent in other words.
### END SOLUTION

# %% [markdown] id="Rw8cLp6nEh2V"
# ### Features
#
# A model wants numbers, all rows of the same length: the ids of the pieces (`input_ids`), which of the two sentences each
# belongs to (`token_type_ids`), and what is text and what is padding (`attention_mask`).

# %% id="Av5tKr1mZd8J"
max_length = 128


def convert_examples_to_features(texts, labels):
    labels = list(labels)
    batch_encoding = tokenizer.batch_encode_plus(list(texts), max_length=max_length, pad_to_max_length=True)

    features = []
    for i in range(len(texts)):
        inputs = {k: batch_encoding[k][i] for k in batch_encoding}
        features.append(InputFeatures(**inputs, label=labels[i]))

    for i in range(5):
        print("*** Example ***")
        print("text: %s" % texts[i])
        print("features: %s" % features[i])

    return features


train_features = convert_examples_to_features(training_set["text"], training_set["label"])
dev_features = convert_examples_to_features(dev_set["text"], dev_set["label"])
test_features = convert_examples_to_features(test_set["text"], test_set["label"])

# %% id="Uq0xBn7yWc3F"
def convert_features_to_tf_dataset(features):
    def gen():
        for example in features:
            yield (
                {
                    "input_ids": example.input_ids,
                    "attention_mask": example.attention_mask,
                    "token_type_ids": example.token_type_ids,
                },
                example.label,
            )

    return tf.data.Dataset.from_generator(
        gen,
        ({"input_ids": tf.int32, "attention_mask": tf.int32, "token_type_ids": tf.int32}, tf.int64),
        (
            {
                "input_ids": tf.TensorShape([None]),
                "attention_mask": tf.TensorShape([None]),
                "token_type_ids": tf.TensorShape([None]),
            },
            tf.TensorShape([]),
        ),
    )


train_dataset = convert_features_to_tf_dataset(train_features).shuffle(100).batch(32)
dev_dataset = convert_features_to_tf_dataset(dev_features).batch(64)
test_dataset = convert_features_to_tf_dataset(test_features).batch(64)

# %% [markdown] id="Ns3hVj9gTe6K"
# ### Fine-tuning
#
# The classifier on top gives scores, so the loss takes `from_logits=True`. The learning rate is small: what BERT knows is
# to be adapted, not overwritten.

# %% id="Fo6yAl2dPx5Q"
model = TFBertForSequenceClassification.from_pretrained("bert-base-cased", num_labels=2)

optimizer = tf.keras.optimizers.Adam(learning_rate=3e-5, epsilon=1e-08, clipnorm=1.0)
loss = tf.keras.losses.SparseCategoricalCrossentropy(from_logits=True)
metric = tf.keras.metrics.SparseCategoricalAccuracy("accuracy")
model.compile(optimizer=optimizer, loss=loss, metrics=[metric])

model.summary()

# %% id="Hm1sEr8wIu4Z"
history = model.fit(train_dataset, epochs=3, validation_data=dev_dataset)

# %% id="Lt7jCk5bOg0D"
test_loss, test_accuracy = model.evaluate(test_dataset)
print("Test accuracy: %.4f" % test_accuracy)

# %% [markdown] id="Zb2fUw6qYp9M"
# ## Natural language inference
#
# A premise and a hypothesis: does the second follow from the first (*entailment*, 0), may it be so (*neutral*, 1), or can
# it not (*contradiction*, 2)? With attention we had some 65 % of the pairs right.

# %% id="Eg9nXo3vHa7T"
import bz2
import json

nli_labels = {"entailment": 0, "neutral": 1, "contradiction": 2}


def load_snli_data(path):
    rows = []
    with bz2.open(path, "rt", encoding="utf-8") as file:
        for line in file:
            example = json.loads(line)
            if example["gold_label"] in nli_labels:
                rows.append((nli_labels[example["gold_label"]], example["sentence1"], example["sentence2"]))
    return pd.DataFrame(rows, columns=["label", "sentence1", "sentence2"])


snli_home = data_home + "snli/"
nli_training_set = load_snli_data(snli_home + "snli_1.0_train.jsonl.bz2")
nli_dev_set = load_snli_data(snli_home + "snli_1.0_dev.jsonl.bz2")
nli_test_set = load_snli_data(snli_home + "snli_1.0_test.jsonl.bz2")

# 5000 pairs are enough to see what it can do; with 15000 it gets better (optional)
nli_training_set = nli_training_set.sample(frac=1, random_state=1).reset_index(drop=True)[:5000]
nli_dev_set = nli_dev_set[:1000]

print(nli_training_set.shape, nli_dev_set.shape, nli_test_set.shape)
nli_training_set.head()

# %% [markdown] id="Wk5gDs1rJq8N"
# ### Pairs of sentences
#
# BERT has seen pairs before: `[CLS] premise [SEP] hypothesis [SEP]`, where `token_type_ids` are 0 in the first and 1 in
# the second sentence. **Complete the function**: all that is missing is the encoding of the pairs.
#
# *Hint:* `zip`, a list comprehension, and `batch_encode_plus` once more, which takes pairs as well.

# %% id="3zFQ2QNwXLoB"
def convert_nli_examples_to_features(premises, hypotheses, labels):
    labels = list(labels)
    # TODO: encode the pairs (premise, hypothesis), cut and padded to max_length
    ### STARTER: batch_encoding =
    ### BEGIN SOLUTION
    pairs = [(premise, hypothesis) for premise, hypothesis in zip(premises, hypotheses)]
    batch_encoding = tokenizer.batch_encode_plus(pairs, max_length=max_length, pad_to_max_length=True)
    ### END SOLUTION

    features = []
    for i in range(len(labels)):
        inputs = {k: batch_encoding[k][i] for k in batch_encoding}
        features.append(InputFeatures(**inputs, label=labels[i]))

    for i in range(5):
        print("*** Example ***")
        print("premise: %s" % premises[i])
        print("hypothesis: %s" % hypotheses[i])
        print("features: %s" % features[i])

    return features

# %% id="Iv8qRz4cSm6A"
nli_train_features = convert_nli_examples_to_features(
    nli_training_set["sentence1"], nli_training_set["sentence2"], nli_training_set["label"]
)
nli_dev_features = convert_nli_examples_to_features(
    nli_dev_set["sentence1"], nli_dev_set["sentence2"], nli_dev_set["label"]
)
nli_test_features = convert_nli_examples_to_features(
    nli_test_set["sentence1"], nli_test_set["sentence2"], nli_test_set["label"]
)

# %% [markdown] id="Dx0uPf7kBy3G"
# **Exercise 2.** Look at the first example above. Which of its ids belong to the second sentence, and how do you see it?

# %% [markdown] id="Qc6lMw2tVn1O"
### STARTER: # *Your answer:*
### BEGIN SOLUTION
# *Your answer:* Those after the first 102, up to and with the second one: 102 is [SEP], and token_type_ids are 1 there. The
# zeros that follow are padding.
### END SOLUTION

# %% id="Jr4aHe9zUk5X"
nli_train_dataset = convert_features_to_tf_dataset(nli_train_features).shuffle(100).batch(16)
nli_dev_dataset = convert_features_to_tf_dataset(nli_dev_features).batch(64)
nli_test_dataset = convert_features_to_tf_dataset(nli_test_features).batch(64)

# %% id="Sy1oGt8iLd7P"
nli_model = TFBertForSequenceClassification.from_pretrained("bert-base-cased", num_labels=3)

optimizer = tf.keras.optimizers.Adam(learning_rate=3e-5, epsilon=1e-08, clipnorm=1.0)
loss = tf.keras.losses.SparseCategoricalCrossentropy(from_logits=True)
metric = tf.keras.metrics.SparseCategoricalAccuracy("accuracy")
nli_model.compile(optimizer=optimizer, loss=loss, metrics=[metric])

# %% id="Vp3wKj6fCb0E"
nli_history = nli_model.fit(nli_train_dataset, epochs=3, validation_data=nli_dev_dataset)

# %% id="Mh5xZs2yRg9U"
test_loss, test_accuracy = nli_model.evaluate(nli_test_dataset)
print("NLI test accuracy: %.4f" % test_accuracy)

# %% [markdown] id="Tf8eBv1nAo4C"
# ## Once you are done
#
# - Train with 15000 pairs.
# - Try another model, such as XLNet.
# - Try sentences in other languages with `bert-base-multilingual-cased`.
