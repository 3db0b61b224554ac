"""The model answer of "Lab title", and the notebook that students get.

Students get everything but what stands between BEGIN SOLUTION and END SOLUTION; there they find the STARTER lines.
After a change: `grader verify lab_slug`, then `python -m reference.handed_out` writes assignments/lab_slug.ipynb anew.
"""

# %% [markdown]
# # Lab title
#
# Write two functions with plain TensorFlow. `tf.nn.softmax` and the losses that Keras has ready are not allowed.

# %%
import tensorflow as tf

# %% [markdown]
# ## Softmax
#
# Scores [N, C] become probabilities [N, C]: each row is positive and sums to 1.
#
# $$p_{ij} = \frac{\exp s_{ij}}{\sum_k \exp s_{ik}}$$


# %%
def softmax(scores):
    ### BEGIN SOLUTION
    powers = tf.exp(scores - tf.reduce_max(scores, axis=-1, keepdims=True))
    return powers / tf.reduce_sum(powers, axis=-1, keepdims=True)
    ### END SOLUTION
    ### STARTER: pass


# %% [markdown]
# ## Cross-entropy
#
# Of scores [N, C] and the right classes [N], one number: $-\frac{1}{N} \sum_i \log p_{i, y_i}$


# %%
def cross_entropy(scores, labels):
    ### BEGIN SOLUTION
    right = tf.gather(softmax(scores), labels, batch_dims=1)
    return -tf.reduce_mean(tf.math.log(right))
    ### END SOLUTION
    ### STARTER: pass


# %% [markdown]
# ## Try them

# %%
scores = tf.constant([[1.0, 2.0, 3.0], [0.0, 0.0, 0.0]])
print(softmax(scores))
print(cross_entropy(scores, tf.constant([2, 0])))
