"""The model answer of assignment 2: neighbours, orientation and analogies with GloVe's word vectors."""
# ruff: noqa: E402 - a notebook imports where it needs something

# %% [markdown] id="Wv2nGd7kTq0E"
# # Assignment 2: word embeddings
#
# Vectors that were learnt from six billion words know a good deal about what words mean. You will look at what lies near
# a word, at which words are praise and which are blame, and you will complete **analogies**:
# *man* is to *king* as *woman* is to what?

# %% id="Lr9xBf3mYc6J"
from google.colab import drive

drive.mount("/content/drive")

# %% [markdown] id="Zk5hUo1pNa8S"
# ## The vectors
#
# GloVe has a line for each word: the word and 50 numbers. The most frequent words come first, so the first 100000 lines
# hold nearly every word you will want; with `threshold=0` all 400000 are read, which takes half a minute.

# %% id="Qd4tMj8sVe2R"
import bz2

import numpy as np

embeddings_home = "drive/My Drive/Colab Notebooks/dl4nlp_labs/data/embeddings/"


def read(file, threshold=0):
    words, rows = [], []
    for line in file:
        word, vector = line.rstrip().split(" ", 1)
        words.append(word)
        rows.append(np.array(vector.split(" "), dtype=np.float32))
        if len(words) == threshold:
            break
    return words, np.stack(rows)


with bz2.open(embeddings_home + "glove.6B.50d.txt.bz2", "rt", encoding="utf-8") as file:
    words, matrix = read(file, threshold=100000)

print(len(words), "words, vectors of shape", matrix.shape)

# %% [markdown] id="Fy7wKc0aIg5X"
# Divided by its length, every vector is one long. The cosine of two words is then no more than their dot product.

# %% id="Hb6sPl2vOz9D"
word2ind = {word: i for i, word in enumerate(words)}
matrix /= np.linalg.norm(matrix, axis=1, keepdims=True)

print("pound is word number", word2ind["pound"])
print("its length is", np.linalg.norm(matrix[word2ind["pound"]]))

# %% [markdown] id="Mj1cRw4gXs7U"
# ## Similar and related words
#
# The tables below are printed by these three functions. `knn` holds numbers of words, the best first, and `sim` a
# similarity for each word of the vocabulary.

# %% id="Ue3zTa9fHk1B"
RULE = "-" * 47


def print_header(title):
    print(title)
    print(RULE)
    print(f"{'':>7} {'word':<20} {'number':>8} {'cosine':>9}")
    print(RULE)


def print_row(index, last, trg_words, knn, sim):
    if last:
        print(f"{'...':>7}")
    print(f"{index + 1:>7} {trg_words[knn[index]]:<20} {knn[index]:>8} {sim[knn[index]]:>9.4f}")


def print_footer():
    print(RULE)
    print()


# %% id="Xn8vEq5bLd3K"
def knn(word, k=10):
    print_header(word)
    if word not in word2ind:
        print("(OOV)")
        return
    sim = matrix @ matrix[word2ind[word]]
    knn = np.argsort(-sim)
    for i in range(k):
        print_row(i, False, words, knn, sim)
    print_row(len(words) - 1, True, words, knn, sim)
    print_footer()


knn("pound")

# %% [markdown] id="Gs0yJo6iCf4M"
# Print 30 neighbours of *france, jesus, xbox, reddish, scratched* and *megabits*. Which of them are similar to the word,
# which are only related to it? Where does a word have two meanings?

# %% id="Tt2lWh7nQr8A"
for word in ["france", "jesus", "xbox", "reddish", "scratched", "megabits"]:
    knn(word, 30)

# %% [markdown] id="Ba9kXv1eDm6P"
# *Your answer:*

# %% [markdown] id="Io4gSn5uYp2C"
# ## Semantic orientation
#
# Is a word praise or blame? Add up its similarity to some words that are surely positive and take away its similarity to
# some that are surely negative (Turney and Littman, 2003).

# %% id="Cw7rFz0oKt9V"
seed_pos = ["good", "nice", "excellent", "positive", "fortunate", "correct", "superior"]
seed_neg = ["bad", "nasty", "poor", "negative", "unfortunate", "wrong", "inferior"]


def determine_coefficient(candidate_word, seed_pos, seed_neg):
    candidate = matrix[word2ind[candidate_word]]
    positive = sum(np.dot(candidate, matrix[word2ind[seed]]) for seed in seed_pos)
    negative = sum(np.dot(candidate, matrix[word2ind[seed]]) for seed in seed_neg)
    return positive - negative


for word in ["superb", "terrible", "charming", "tedious", "table"]:
    print(word, determine_coefficient(word, seed_pos, seed_neg))

# %% [markdown] id="Ev6mQd3jHx1N"
# Choose seeds of your own, for another opposition if you like, and see which words end up where.

# %% id="Ok1bUy8wRg5L"
### STARTER: own_pos = []
### STARTER: own_neg = []
### STARTER:
### STARTER: # print the coefficient of some words
### BEGIN SOLUTION
own_pos = ["happy", "glad", "cheerful", "joy"]
own_neg = ["sad", "angry", "lonely", "fear"]

for word in ["smile", "death", "celebrate", "disaster", "table"]:
    print(word, determine_coefficient(word, own_pos, own_neg))
### END SOLUTION

# %% [markdown] id="Jp5aNi2tSv7Z"
# ## Analogies
#
# *a* is to *b* as *c* is to what? The step from *a* to *b*, taken from *c*, should end near the answer (Mikolov et al.,
# 2013): look for the words whose vectors are most similar to
#
# $$c - a + b$$
#
# The pair is (a, b), the seed is c. Fill `sim` with a similarity for each word of the vocabulary, and `knn` with the
# numbers of all words, the most similar first. For `("france", "paris"), "italy"` you should see *rome*.


# %% id="PoI1QpJsOVRY"
def analogy(pront_pair, pront_seed, k=10):
    a, b = pront_pair
    c = pront_seed
    print_header(f"{a} is to {b} as {c} is to ...")
    for word in (a, b, c):
        if word not in word2ind:
            print(word, "(OOV)")
            return
    ### STARTER: sim = None  # a similarity for each word
    ### STARTER: knn = None  # the numbers of the words, the most similar first
    ### BEGIN SOLUTION
    target = matrix[word2ind[c]] - matrix[word2ind[a]] + matrix[word2ind[b]]
    sim = matrix @ target
    knn = np.argsort(-sim)
    ### END SOLUTION
    for i in range(k):
        print_row(i, False, words, knn, sim)
    print_row(len(words) - 1, True, words, knn, sim)
    print_footer()


# %% id="Dz8eVc6xGh3W"
analogy(("france", "paris"), "italy")
analogy(("man", "king"), "woman")

# %% [markdown] id="Rq0jLs4yBk9T"
# Try ten analogies of your own. At which rank does the word you expected stand?

# %% id="Ax3dPf7zMw5G"
### STARTER: # ten analogies
### BEGIN SOLUTION
tried = [
    ("germany", "berlin", "spain"),
    ("poland", "warsaw", "greece"),
    ("japan", "yen", "india"),
    ("man", "woman", "uncle"),
    ("father", "mother", "brother"),
    ("dog", "dogs", "bird"),
    ("big", "bigger", "cold"),
    ("good", "best", "bad"),
    ("walk", "walked", "jump"),
    ("france", "french", "sweden"),
]
for a, b, c in tried:
    analogy((a, b), c, 5)
### END SOLUTION

# %% [markdown] id="Nf9uOt1rJe8Y"
# *Your answer:*

# %% [markdown] id="Vi2oHq6cWa4D"
# ## A map of the words
#
# t-SNE puts 50 dimensions into two, so that neighbours stay neighbours. The colour is the orientation of a word.

# %% id="Sg7pKz3lEb0F"
import matplotlib.pyplot as plt
from sklearn.manifold import TSNE

shown = words[1000:1300]
points = TSNE(n_components=2, random_state=1).fit_transform(matrix[1000:1300])
orientation = [determine_coefficient(word, seed_pos, seed_neg) for word in shown]

plt.figure(figsize=(10, 10))
plt.scatter(points[:, 0], points[:, 1], c=orientation, cmap="coolwarm", s=12)
for (x, y), word in list(zip(points, shown))[::10]:
    plt.annotate(word, (x, y), fontsize=8)
plt.colorbar(label="semantic orientation")
plt.show()
