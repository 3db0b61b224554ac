"""The model answer of the first lab: convolution and max-pooling written out, with plain TensorFlow."""

# %% [markdown]
# # Lab 1: Filters
#
# Two operations that convolutional networks are made of, written by hand. No loop over pixels is needed, but loops are
# allowed. `tf.nn.conv2d`, `tf.nn.max_pool` and what Keras has ready are not.

# %%
import tensorflow as tf

# %% [markdown]
# ## Convolution
#
# $$y_{ij} = \sum_{u,v} x_{i+u,\,j+v}\, k_{uv}$$
#
# Only places where the whole kernel lies on the image. An image [H, W] and a kernel [h, w] give [H−h+1, W−w+1].


# %%
def conv2d(image, kernel):
    ### BEGIN SOLUTION
    h, w = kernel.shape
    rows, columns = image.shape[0] - h + 1, image.shape[1] - w + 1
    total = tf.zeros([rows, columns], image.dtype)
    for u in range(h):
        for v in range(w):
            total += image[u : u + rows, v : v + columns] * kernel[u, v]
    return total
    ### END SOLUTION
    ### STARTER: pass


# %% [markdown]
# ## Max-pooling
#
# The largest of each `size` × `size` square; squares do not overlap. What is left over at the right and below is cut.


# %%
def max_pool(image, size):
    ### BEGIN SOLUTION
    rows, columns = image.shape[0] // size, image.shape[1] // size
    squares = tf.reshape(image[: rows * size, : columns * size], [rows, size, columns, size])
    return tf.reduce_max(squares, axis=[1, 3])
    ### END SOLUTION
    ### STARTER: pass


# %% [markdown]
# ## Try them

# %%
image = tf.reshape(tf.range(30.0), [5, 6])
print(conv2d(image, tf.constant([[1.0, -1.0]])))
print(max_pool(image, 2))
