"""The model answer of lab 1: the normal density, written once in NumPy and once in TensorFlow."""
# ruff: noqa: E402 - a notebook imports where it needs something

# %% [markdown] id="mW3xk0TqZc1L"
# # Lab 1: Warming up
#
# The aim of today is that everything works: Python, NumPy, TensorFlow 2 and the data of the labs.
# Two functions are yours to write. **Run each cell, change its numbers, run it again, print shapes.**

# %% [markdown] id="p8Rf2hVnYb4E"
# ## The data
#
# Follow `0.Instructions` so that the folder of the labs is in your Drive, then allow Colab to see it.

# %% id="uC7dLw9sKq2A"
from google.colab import drive

drive.mount("/content/drive")

# %% [markdown] id="t5Jz1oXgHe8M"
# The Stanford Sentiment Treebank has one sentence a line, written as a tree. The digit after the first bracket
# says how positive the sentence is, from 0 to 4. We make two classes of them: 0 is negative, 1 is positive, and
# sentences in the middle are left out.

# %% id="Qa6vNs3yBi0R"
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
    return data


training_set = load_sst_data(sst_home + "train.txt")
dev_set = load_sst_data(sst_home + "dev.txt")
test_set = load_sst_data(sst_home + "test.txt")

print("Examples for training, development and test:", len(training_set), len(dev_set), len(test_set))

# %% [markdown] id="b1GyEk7cUo5D"
# Each example is a dictionary. A list comprehension collects something from all of them.

# %% id="Hn4wPz8qLt6X"
for example in training_set[:5]:
    print(example["label"], example["text"])

lengths = [len(example["text"].split()) for example in training_set]
print("The longest sentence has", max(lengths), "words.")
print("Positive sentences:", len([example for example in training_set if example["label"] == 1]))

# %% [markdown] id="S2rVf6jMdI9K"
# ## NumPy
#
# Arrays are multiplied and added element by element, and a number is *broadcast* to every element.

# %% id="o9TzXa5uWg1C"
import numpy as np

a = np.array([1, 2, 3, 4])
b = np.array([[10.0], [20.0]])

print(a * 2)
print(a * a)
print(np.dot(a, a))
print("a", a.shape, "b", b.shape, "a * b", (a * b).shape)
print(a * b)

# %% [markdown] id="y3KpDm0eRh7V"
# ### Your turn: NumPy
#
# Write the density of the normal distribution with $\mu = 0$ and $\sigma = 1$ so that it works on every element of an
# array at once, without a ready-made density:
#
# $$\frac{1}{\sqrt{2\sigma^2\pi}} e^{-\frac{(x-\mu)^2}{2\sigma^2}}$$
#
# For `[0, 1, 2, 3]` you should see `0.39894228 0.24197072 0.05399097 0.00443185`.


# %% id="YGTHTpqmJvhz"
def np_fn(x):
    ### STARTER: # write the density here
    ### STARTER: return None
    ### BEGIN SOLUTION
    mu = 0.0
    sigma = 1.0
    return 1 / np.sqrt(2 * sigma**2 * np.pi) * np.exp(-((x - mu) ** 2) / (2 * sigma**2))
    ### END SOLUTION


# %% id="Fe0iBq4lNx3Z"
x = np.array([0, 1, 2, 3])

print(np_fn(x))

# %% [markdown] id="k7ScOv2hAj6T"
# ## TensorFlow
#
# TensorFlow 2 computes at once, as NumPy does. It is stricter about types (an int32 and a float32 are not added up),
# and it can compute gradients.

# %% id="w8LmGd1rEy5P"
# %tensorflow_version 2.x
import tensorflow as tf

c = tf.constant([1.0, 2.0, 3.0, 4.0])

print(c * 2)
print(tf.reduce_sum(c * c))
print(tf.cast(a, tf.float32) + c)

# %% [markdown] id="Z6nUx3kQfB0H"
# ### Your turn: TensorFlow
#
# The same density with operations of TensorFlow. Look up `tf.cast`, `tf.sqrt`, `tf.square` and `tf.exp`.


# %% id="0aUb7TUcJvia"
def tf_fn(x):
    ### STARTER: # write the density here
    ### STARTER: return None
    ### BEGIN SOLUTION
    mu = 0.0
    sigma = 1.0
    x = tf.cast(x, tf.float32)
    return 1 / tf.sqrt(2 * sigma**2 * np.pi) * tf.exp(-tf.square(x - mu) / (2 * sigma**2))
    ### END SOLUTION


# %% id="d2QjRt9vCs7N"
print(tf_fn(x))
