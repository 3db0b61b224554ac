"""The model answer of the fifth lab: a network of Keras with two inputs, a picture and a hint."""
# ruff: noqa: B905 - as in any Python

# %% [markdown]
# # Lab 5: A picture and a hint
#
# A drawn digit comes with a hint: 0 where it is below four, 1 where it is below seven, else 2. Build a network of Keras
# with both inputs that tells the digits apart, compile it and fit it.

# %%
import numpy as np
import tensorflow as tf

ROWS = {
    0: "01110 10001 10001 10001 01110", 1: "00100 01100 00100 00100 01110", 2: "11110 00001 01110 10000 11111",
    3: "11110 00001 00110 00001 11110", 4: "10010 10010 11111 00010 00010", 5: "11111 10000 11110 00001 11110",
    6: "01110 10000 11110 10001 01110", 7: "11111 00010 00100 01000 01000", 8: "01110 10001 01110 10001 01110",
    9: "01110 10001 01111 00001 01110",
}  # fmt: skip


def draw(count, seed):
    """Pictures [count, 64], hints [count, 1] and digits [count]."""
    random = np.random.RandomState(seed)
    digits = random.randint(0, 10, count)
    images = 0.2 * random.rand(count, 8, 8)
    for image, digit in zip(images, digits):
        up, left = random.randint(1, 3, 2)
        image[up : up + 5, left : left + 5] += [[float(c) for c in row] for row in ROWS[digit].split()]
    hints = np.digitize(digits, [4, 7])[:, None]
    return images.reshape(count, 64).astype("float32"), hints.astype("int32"), digits.astype("int32")


x_train, hint_train, y_train = draw(1500, 1)
x_test, hint_test, y_test = draw(500, 2)

# %% [markdown]
# ## The network
#
# - an embedding of the hint with 4 numbers, flattened
# - beside it the picture
# - a dense layer with 32 units and ReLU
# - dropout of 0.2, in training
# - a dense layer with a softmax over the ten digits
#
# The picture is the first input and the hint the second. Compile with Adam and the cross-entropy.


# %%
def build_model():
    ### BEGIN SOLUTION
    picture = tf.keras.Input((64,))
    hint = tf.keras.Input((1,), dtype="int32")
    embedded = tf.keras.layers.Flatten()(tf.keras.layers.Embedding(3, 4)(hint))
    joined = tf.keras.layers.Concatenate()([embedded, picture])
    hidden = tf.keras.layers.Dense(32, activation="relu")(joined)
    hidden = tf.keras.layers.Dropout(0.2)(hidden)
    digits = tf.keras.layers.Dense(10, activation="softmax")(hidden)
    model = tf.keras.Model([picture, hint], digits)
    model.compile(optimizer="adam", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    return model
    ### END SOLUTION
    ### STARTER: pass


# %% [markdown]
# ## Fit it

# %%
model = build_model()
### BEGIN SOLUTION
model.fit([x_train, hint_train], y_train, epochs=8, validation_data=([x_test, hint_test], y_test), verbose=2)
### END SOLUTION
