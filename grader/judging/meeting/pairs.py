"""Examples of two sentences as the notebooks on SNLI hold them, and the word vectors that their classes read."""

import re

import numpy as np

from grader.judging.comparing.arrays import Numbers, examples, send
from grader.judging.meeting.contact import Contact
from grader.sandbox.guest.wire import Listing, Put, Step

KEYS = ("sentence1_binary_parse", "sentence2_binary_parse")  # premise, hypothesis
LABELS = ("entailment", "neutral", "contradiction")
VECTORS = "loaded_embeddings"
HYPOTHESES = re.compile(r"hyp|hip|sentence2|(^|_)h\d?(_|$)|2$", re.IGNORECASE)
PADDED = 3  # words of a premise that are paddings, where some are
WIDTH = 50  # of a word vector, where nothing tells


def halves(x: Numbers) -> tuple[Numbers, Numbers]:
    """Premises and hypotheses, each [n, length], of inputs [n, 2 length]."""
    length = x.shape[1] // 2
    return x[:, :length], x[:, length:]


def with_paddings(x: Numbers) -> Numbers:
    """The same inputs with paddings for the first words of each premise."""
    short = x.copy()
    short[:, :PADDED] = 0
    return short


def pairs(x: Numbers, labels: Numbers) -> Listing:
    """Examples with the fields of SNLI's lines and with word ids."""
    texts = [[" ".join(f"w{i}" for i in row) for row in part] for part in halves(x.astype(int))]
    columns = {"gold_label": [LABELS[label % 3] for label in labels.tolist()], "label": list(labels)}
    for number, (key, text, ids) in enumerate(zip(KEYS, texts, halves(x.astype(np.int32)), strict=True), 1):
        columns |= {f"sentence{number}": text, key: text, f"{key}_index_sequence": list(ids)}
    return examples(**columns)


def is_small(contact: Contact) -> bool:
    """Whether the vocabulary is ours: its size was given to the constructor."""
    ours = contact.inputs.sizes[0][1]
    return any(type(v) is int and v == ours for v in (*contact.recipe.args, *contact.recipe.kwargs.values()))


def vectors(contact: Contact) -> Numbers:
    """Of each word of our small vocabulary, as wide as the notebook's own."""
    shape = contact.inventory.arrays.get(VECTORS, ())
    named = contact.inventory.scalars.get("embedding_dim")
    width = shape[1] if len(shape) == 2 else named if type(named) is int and 0 < named < 1000 else WIDTH
    drawn: Numbers = np.random.default_rng(width).normal(0.0, 0.8, (contact.inputs.sizes[0][1], width))
    return drawn.astype(np.float32)


def small_world(contact: Contact) -> list[Step]:
    """What a constructor reads beside its arguments, where the vocabulary is ours."""
    if not contact.inputs.pairs or not is_small(contact):
        return []
    found = vectors(contact)
    words = Listing(tuple(f"w{i}" for i in range(len(found))))
    return [Put(VECTORS, send(found)), Put("indices_to_words", words)]


def stacked(name: str, x: Numbers) -> Numbers:
    """The half that an array of this name holds."""
    return halves(x)[HYPOTHESES.search(name) is not None]
