"""The model answer of the third lab: a small convolutional network of Keras on drawn digits."""
# ruff: noqa: B905 - as in any Python

# %% [markdown]
# # Lab 3: A convolutional network
#
# Digits of 8 × 8 points, drawn and smudged. Build a network of Keras that tells them apart, compile it and fit it.

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
    random = np.random.RandomState(seed)
    labels = random.randint(0, 10, count)
    images = 0.2 * random.rand(count, 8, 8)
    for image, label in zip(images, labels):
        up, left = random.randint(0, 4, 2)
        image[up : up + 5, left : left + 5] += [[float(c) for c in row] for row in ROWS[label].split()]
    return images[..., None].astype("float32"), labels.astype("int32")


x_train, y_train = draw(1500, 1)
x_test, y_test = draw(500, 2)

# %% [markdown]
# ## The network
#
# - a convolution with 16 filters of 3 × 3 and ReLU
# - max-pooling by 2
# - flattened, half of it dropped in training
# - a dense layer with 32 units and ReLU, an L2 penalty of 0.001 on its kernel
# - a dense layer with a softmax over the ten digits
#
# Compile it with Adam, the cross-entropy and the accuracy.


# %%
def build_model():
    ### BEGIN SOLUTION
    model = tf.keras.Sequential(
        [
            tf.keras.Input((8, 8, 1)),
            tf.keras.layers.Conv2D(16, 3, activation="relu"),
            tf.keras.layers.MaxPooling2D(2),
            tf.keras.layers.Flatten(),
            tf.keras.layers.Dropout(0.5),
            tf.keras.layers.Dense(32, activation="relu", kernel_regularizer=tf.keras.regularizers.L2(0.001)),
            tf.keras.layers.Dense(10, activation="softmax"),
        ]
    )
    model.compile(optimizer="adam", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    return model
    ### END SOLUTION
    ### STARTER: pass


# %% [markdown]
# ## Fit it

# %%
model = build_model()
### BEGIN SOLUTION
model.fit(x_train, y_train, epochs=8, validation_data=(x_test, y_test), verbose=2)
### END SOLUTION
