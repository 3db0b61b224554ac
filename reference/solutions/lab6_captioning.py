"""The model answer of lab 6: captions for photos, by a network that looks at a part of the photo for each word."""
# ruff: noqa: E402, B905, E501, SIM105 - a notebook imports where it needs something, zips as in any Python

# %% [markdown] id="K6s9Ii0TmuTq"
# # Lab 6: image captioning with visual attention
#
# Given a photo, the model of this lab writes a caption word by word. Before each word it looks at the photo anew and
# decides which parts of it matter for that word (Xu et al., 2015: Show, Attend and Tell).
#
# Most of the notebook is given. You complete `call` of the decoder.

# %% id="U8l4RJ0XRPEm"
try:
    # this magic exists in Colab alone
    # %tensorflow_version 2.x
    pass
except Exception:
    pass
import tensorflow as tf

import json
import os
import time

import matplotlib.pyplot as plt
import numpy as np
from PIL import Image
from sklearn.model_selection import train_test_split
from sklearn.utils import shuffle

print(tf.__version__)

# %% id="pR2mUz6wXh1d"
from google.colab import drive

drive.mount("/content/drive")

# %% [markdown] id="b6qbGw8MRPE5"
# ## Photos and captions
#
# A part of MS-COCO: every photo has about five captions. They begin with `<start>` and end with `<end>` already.

# %% id="krQuPYTtRPE7"
PATH = "drive/My Drive/Colab Notebooks/dl4nlp_labs/train2014-subset/"
annotation_file = PATH + "captions_train2014.json"

# %% id="4G3b8x8_RPFD"
with open(annotation_file, "r") as f:
    annotations = json.load(f)

all_captions = []
all_img_name_vector = []

for annot in annotations["annotations"]:
    caption = annot["caption"]
    image_id = annot["img_id"]
    full_coco_image_path = PATH + "COCO_train2014_" + "%012d.jpg" % (image_id)

    all_img_name_vector.append(full_coco_image_path)
    all_captions.append(caption)

# Shuffle captions and image names together
train_captions, img_name_vector = shuffle(all_captions, all_img_name_vector, random_state=1)

# A part of the captions is enough for this lab
num_examples = 5000
train_captions = train_captions[:num_examples]
img_name_vector = img_name_vector[:num_examples]

print(len(train_captions), "captions of", len(all_captions))
print(train_captions[0], img_name_vector[0])

# %% [markdown] id="8cSW4u-ORPFQ"
# ## What InceptionV3 sees
#
# A network that was trained to classify the photos of ImageNet turns each photo into 8×8 vectors of 2048 numbers, one
# for each of 64 places.

# %% id="zXR0217aRPFR"
def load_image(image_path):
    img = tf.io.read_file(image_path)
    img = tf.image.decode_jpeg(img, channels=3)
    img = tf.image.resize(img, (299, 299))
    img = tf.keras.applications.inception_v3.preprocess_input(img)
    return img, image_path


# %% id="RD3vW4SsRPFW"
image_model = tf.keras.applications.InceptionV3(include_top=False, weights="imagenet")
new_input = image_model.input
hidden_layer = image_model.layers[-1].output

image_features_extract_model = tf.keras.Model(new_input, hidden_layer)

# %% [markdown] id="rERqlR3WRPGO"
# The features of each photo are computed once and saved beside it.

# %% id="Dx_fvbVgRPGQ"
encode_train = sorted(set(img_name_vector))

image_dataset = tf.data.Dataset.from_tensor_slices(encode_train)
image_dataset = image_dataset.map(load_image, num_parallel_calls=tf.data.experimental.AUTOTUNE).batch(16)

for img, path in image_dataset:
    batch_features = image_features_extract_model(img)
    batch_features = tf.reshape(batch_features, (batch_features.shape[0], -1, batch_features.shape[3]))

    for bf, p in zip(batch_features, path):
        path_of_feature = p.numpy().decode("utf-8")
        np.save(path_of_feature, bf.numpy())

# %% [markdown] id="nyqH3zFwRPFi"
# ## Words become numbers

# %% id="HZfK8RhQRPFj"
def calc_max_length(tensor):
    return max(len(t) for t in tensor)


# %% id="oJGE34aiRPFo"
# Keep the 5000 most frequent words
top_k = 5000
tokenizer = tf.keras.preprocessing.text.Tokenizer(
    num_words=top_k, oov_token="<unk>", filters='!"#$%&()*+.,-/:;=?@[\\]^_`{|}~ '
)
tokenizer.fit_on_texts(train_captions)
train_seqs = tokenizer.texts_to_sequences(train_captions)

# %% id="8Q44tNQVRPFt"
tokenizer.word_index["<pad>"] = 0
tokenizer.index_word[0] = "<pad>"

# %% id="AidglIZVRPF4"
# Pad each sequence to the length of the longest one
cap_vector = tf.keras.preprocessing.sequence.pad_sequences(train_seqs, padding="post")

# %% id="gL0wkttkRPGA"
# Used to store the attention weights
max_length = calc_max_length(train_seqs)

# %% id="iS7DDMszRPGF"
img_name_train, img_name_val, cap_train, cap_val = train_test_split(
    img_name_vector, cap_vector, test_size=0.2, random_state=0
)

print(len(img_name_train), len(cap_train), len(img_name_val), len(cap_val))

# %% [markdown] id="uEWM9xrYcg45"
# ## A dataset for training

# %% id="Q3TnZ1ToRPGV"
BATCH_SIZE = 64
BUFFER_SIZE = 1000
embedding_dim = 256
units = 512
vocab_size = top_k + 1
num_steps = len(img_name_train) // BATCH_SIZE
# The shape of the vector extracted from InceptionV3 is (64, 2048)
features_shape = 2048
attention_features_shape = 64

# %% id="SmZS2N0bXG3T"
# Load the features that were saved
def map_func(img_name, cap):
    img_tensor = np.load(img_name.decode("utf-8") + ".npy")
    return img_tensor, cap


# %% id="FDF_Nm3tRPGZ"
dataset = tf.data.Dataset.from_tensor_slices((img_name_train, cap_train))

# Use map to load the numpy files in parallel
dataset = dataset.map(
    lambda item1, item2: tf.numpy_function(map_func, [item1, item2], [tf.float32, tf.int32]),
    num_parallel_calls=tf.data.experimental.AUTOTUNE,
)

# Shuffle and batch
dataset = dataset.shuffle(BUFFER_SIZE).batch(BATCH_SIZE)
dataset = dataset.prefetch(buffer_size=tf.data.experimental.AUTOTUNE)

# %% [markdown] id="nrvoDphgRPGd"
# ## The model
#
# The encoder puts one dense layer on the features. The attention scores each of the 64 places with the decoder's last
# state; its result, the context, is the weighted sum of the places.

# %% id="ja2LFTMSdeV3"
class BahdanauAttention(tf.keras.Model):
    def __init__(self, units):
        super(BahdanauAttention, self).__init__()
        self.W1 = tf.keras.layers.Dense(units)
        self.W2 = tf.keras.layers.Dense(units)
        self.V = tf.keras.layers.Dense(1)

    def call(self, features, hidden):
        # features(CNN_encoder output) shape == (batch_size, 64, embedding_dim)

        # hidden shape == (batch_size, hidden_size)
        # hidden_with_time_axis shape == (batch_size, 1, hidden_size)
        hidden_with_time_axis = tf.expand_dims(hidden, 1)

        # score shape == (batch_size, 64, hidden_size)
        score = tf.nn.tanh(self.W1(features) + self.W2(hidden_with_time_axis))

        # attention_weights shape == (batch_size, 64, 1)
        attention_weights = tf.nn.softmax(self.V(score), axis=1)

        # context_vector shape after sum == (batch_size, embedding_dim)
        context_vector = attention_weights * features
        context_vector = tf.reduce_sum(context_vector, axis=1)

        return context_vector, attention_weights


# %% id="AZ7R1RxHRPGf"
class CNN_Encoder(tf.keras.Model):
    # The features are there already; this encoder passes them through a dense layer
    def __init__(self, embedding_dim):
        super(CNN_Encoder, self).__init__()
        # shape after fc == (batch_size, 64, embedding_dim)
        self.fc = tf.keras.layers.Dense(embedding_dim)

    def call(self, x):
        x = self.fc(x)
        x = tf.nn.relu(x)
        return x


# %% [markdown] id="Wq2bRn7fZs0L"
# **Your part.** Complete `call` of the decoder. It gets the last word `x` of each caption, the features of the photo
# and its own last state, and returns the scores of all words for the next place, its new state, and the attention
# weights. All the layers you need are there.

# %% id="V9UbGQmERPGi"
class RNN_Decoder(tf.keras.Model):
    def __init__(self, embedding_dim, units, vocab_size):
        super(RNN_Decoder, self).__init__()
        self.units = units

        self.embedding = tf.keras.layers.Embedding(vocab_size, embedding_dim)
        self.gru = tf.keras.layers.GRU(
            self.units, return_sequences=True, return_state=True, recurrent_initializer="glorot_uniform"
        )
        self.fc1 = tf.keras.layers.Dense(self.units)
        self.fc2 = tf.keras.layers.Dense(vocab_size)

        self.attention = BahdanauAttention(self.units)

    def call(self, x, features, hidden):
        # x shape == (batch_size, 1), features shape == (batch_size, 64, embedding_dim), hidden shape == (batch_size, units)

        # TODO: get the context vector and the attention weights from the attention model
        ### BEGIN SOLUTION
        context_vector, attention_weights = self.attention(features, hidden)
        ### END SOLUTION

        # TODO: embed x; shape after the embedding == (batch_size, 1, embedding_dim)
        ### BEGIN SOLUTION
        x = self.embedding(x)
        ### END SOLUTION

        # TODO: concatenate context vector and embedding; shape == (batch_size, 1, embedding_dim + embedding_dim)
        ### BEGIN SOLUTION
        x = tf.concat([tf.expand_dims(context_vector, 1), x], axis=-1)
        ### END SOLUTION

        # TODO: pass the concatenated vector to the GRU, which returns its output and its state
        ### BEGIN SOLUTION
        output, state = self.gru(x)
        ### END SOLUTION

        # TODO: apply the first dense layer; shape == (batch_size, 1, units)
        ### BEGIN SOLUTION
        x = self.fc1(output)
        ### END SOLUTION

        # TODO: reshape to (batch_size, units)
        ### BEGIN SOLUTION
        x = tf.reshape(x, (-1, x.shape[2]))
        ### END SOLUTION

        # TODO: apply the second dense layer; shape == (batch_size, vocab_size)
        ### BEGIN SOLUTION
        x = self.fc2(x)
        ### END SOLUTION

        return x, state, attention_weights

    def reset_state(self, batch_size):
        return tf.zeros((batch_size, self.units))


# %% id="Qs_Sr03wRPGk"
encoder = CNN_Encoder(embedding_dim)
decoder = RNN_Decoder(embedding_dim, units, vocab_size)

# %% id="-bYN7xA0RPGl"
optimizer = tf.keras.optimizers.Adam()
loss_object = tf.keras.losses.SparseCategoricalCrossentropy(from_logits=True, reduction="none")


def loss_function(real, pred):
    mask = tf.math.logical_not(tf.math.equal(real, 0))
    loss_ = loss_object(real, pred)

    mask = tf.cast(mask, dtype=loss_.dtype)
    loss_ *= mask

    return tf.reduce_mean(loss_)


# %% [markdown] id="6A3Ni64joyab"
# ## Checkpoints

# %% id="PpJAqPMWo0uE"
checkpoint_path = "./checkpoints/train"
ckpt = tf.train.Checkpoint(encoder=encoder, decoder=decoder, optimizer=optimizer)
ckpt_manager = tf.train.CheckpointManager(ckpt, checkpoint_path, max_to_keep=5)

# %% id="fUkbqhc_uObw"
start_epoch = 0
if ckpt_manager.latest_checkpoint:
    start_epoch = int(ckpt_manager.latest_checkpoint.split("-")[-1])
    ckpt.restore(ckpt_manager.latest_checkpoint)

# %% [markdown] id="PHod7t72RPGn"
# ## Training
#
# The decoder is given the right word at each step, whatever it would have said itself (teacher forcing).

# %% id="Vt4WZ5mhJE-E"
# In a separate cell, because running the training cell more than once would reset it
loss_plot = []


# %% id="sqgyz2ANKlpU"
@tf.function
def train_step(img_tensor, target):
    loss = 0

    # The captions of different photos have nothing to do with each other
    hidden = decoder.reset_state(batch_size=target.shape[0])

    dec_input = tf.expand_dims([tokenizer.word_index["<start>"]] * target.shape[0], 1)

    with tf.GradientTape() as tape:
        features = encoder(img_tensor)

        for i in range(1, target.shape[1]):
            # pass the features through the decoder
            predictions, hidden, _ = decoder(dec_input, features, hidden)

            loss += loss_function(target[:, i], predictions)

            # teacher forcing
            dec_input = tf.expand_dims(target[:, i], 1)

    total_loss = loss / int(target.shape[1])

    trainable_variables = encoder.trainable_variables + decoder.trainable_variables

    gradients = tape.gradient(loss, trainable_variables)

    optimizer.apply_gradients(zip(gradients, trainable_variables))

    return loss, total_loss


# %% id="UlA4VIQpRPGo"
EPOCHS = 20

for epoch in range(start_epoch, EPOCHS):
    start = time.time()
    total_loss = 0

    for batch, (img_tensor, target) in enumerate(dataset):
        batch_loss, t_loss = train_step(img_tensor, target)
        total_loss += t_loss

        if batch % 100 == 0:
            print(
                "Epoch {} Batch {} Loss {:.4f}".format(epoch + 1, batch, batch_loss.numpy() / int(target.shape[1]))
            )
    # store the loss of the epoch, to plot it later
    loss_plot.append(total_loss / num_steps)

    if epoch % 5 == 0:
        ckpt_manager.save()

    print("Epoch {} Loss {:.6f}".format(epoch + 1, total_loss / num_steps))
    print("Time taken for 1 epoch {} sec\n".format(time.time() - start))

# %% id="1Wm83G-ZBPcC"
plt.plot(loss_plot)
plt.xlabel("Epochs")
plt.ylabel("Loss")
plt.title("Loss Plot")
plt.show()

# %% [markdown] id="xGvOcLQKghXN"
# ## Captions
#
# Here the decoder is given its own last word; it stops when it says `<end>`.

# %% id="RCWpDtyNRPGs"
def evaluate(image):
    attention_plot = np.zeros((max_length, attention_features_shape))

    hidden = decoder.reset_state(batch_size=1)

    temp_input = tf.expand_dims(load_image(image)[0], 0)
    img_tensor_val = image_features_extract_model(temp_input)
    img_tensor_val = tf.reshape(img_tensor_val, (img_tensor_val.shape[0], -1, img_tensor_val.shape[3]))

    features = encoder(img_tensor_val)

    dec_input = tf.expand_dims([tokenizer.word_index["<start>"]], 0)
    result = []

    for i in range(max_length):
        predictions, hidden, attention_weights = decoder(dec_input, features, hidden)

        attention_plot[i] = tf.reshape(attention_weights, (-1,)).numpy()

        predicted_id = tf.random.categorical(predictions, 1)[0][0].numpy()
        result.append(tokenizer.index_word[predicted_id])

        if tokenizer.index_word[predicted_id] == "<end>":
            return result, attention_plot

        dec_input = tf.expand_dims([predicted_id], 0)

    attention_plot = attention_plot[: len(result), :]
    return result, attention_plot


# %% id="fD_y7PD6RPGt"
def plot_attention(image, result, attention_plot):
    temp_image = np.array(Image.open(image))

    fig = plt.figure(figsize=(10, 10))

    len_result = len(result)
    for l in range(len_result):
        temp_att = np.resize(attention_plot[l], (8, 8))
        ax = fig.add_subplot(len_result // 2 + 1, len_result // 2 + 1, l + 1)
        ax.set_title(result[l])
        img = ax.imshow(temp_image)
        ax.imshow(temp_att, cmap="gray", alpha=0.6, extent=img.get_extent())

    plt.tight_layout()
    plt.show()


# %% id="io7ws3ReRPGv"
# captions on the validation set
rid = np.random.randint(0, len(img_name_val))
image = img_name_val[rid]
real_caption = " ".join([tokenizer.index_word[i] for i in cap_val[rid] if i not in [0]])
result, attention_plot = evaluate(image)

print("Real Caption:", real_caption)
print("Prediction Caption:", " ".join(result))
plot_attention(image, result, attention_plot)
# opening the image
Image.open(img_name_val[rid])

# %% [markdown] id="Rprk3HEvZuxb"
# ## Try it on your own photos

# %% id="9Psd1quzaAWg"
image_url = "https://tensorflow.org/images/surf.jpg"
image_extension = image_url[-4:]
image_path = tf.keras.utils.get_file("image" + image_extension, origin=image_url)

result, attention_plot = evaluate(image_path)
print("Prediction Caption:", " ".join(result))
plot_attention(image_path, result, attention_plot)
# opening the image
Image.open(image_path)
