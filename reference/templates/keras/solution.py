"""The model answer of "Lab title", and the notebook that students get.

Students get everything but what stands between BEGIN SOLUTION and END SOLUTION; there they find the STARTER lines.
After a change: `grader verify lab_slug`, then `python -m reference.handed_out` writes assignments/lab_slug.ipynb anew.
"""

# %% [markdown]
# # Lab title
#
# Three kinds of flowers are told apart by four measures. Build a small network with Keras, compile it, and fit it.

# %%
import numpy as np
import tensorflow as tf


def grow(count, seed):
    """Measures [count, 4] and kinds [count] of flowers."""
    random = np.random.RandomState(seed)
    kinds = random.randint(0, 3, count)
    typical = np.array([[-1.0, 1.1, -1.3, -1.2], [0.1, -0.7, 0.3, 0.2], [0.9, -0.1, 1.0, 1.1]])
    measures = typical[kinds] + 0.5 * random.randn(count, 4)
    return measures.astype("float32"), kinds.astype("int32")


X_train, y_train = grow(300, seed=1)
X_test, y_test = grow(100, seed=2)

# %% [markdown]
# ## The network
#
# - a dense layer with 16 units and ReLU
# - a dense layer with a softmax over the three kinds
#
# Compile it with Adam, the cross-entropy, and the accuracy as a metric.


# %%
def build_model():
    ### BEGIN SOLUTION
    model = tf.keras.Sequential(
        [
            tf.keras.Input((4,)),
            tf.keras.layers.Dense(16, activation="relu"),
            tf.keras.layers.Dense(3, activation="softmax"),
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
model.fit(X_train, y_train, epochs=20, validation_data=(X_test, y_test), verbose=2)
### END SOLUTION
