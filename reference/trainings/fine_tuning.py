"""Fine-tunes a checkpoint of BERT on pairs as the solution notebook does: a run is one draw from what it reaches.

Taken from the notebook in reference/solutions: 5000 pairs drawn with its seed, Adam, clipping, a buffer of 100 that is
shuffled. Rows are as long as the longest pair where the notebook pads them to 128: paddings are masked, so that both
learn the same. Needs the Keras that transformers knows: TF_USE_LEGACY_KERAS=1, set before TensorFlow is loaded.
"""

import gc
import json
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import tensorflow as tf
from transformers import TFBertForSequenceClassification

from reference import Accuracies
from reference.lab5b_bert import cut_longest, pieces_of, rows
from reference.trainings.training_pairs import LABELS, opened

LAB = "lab5b_bert"
PAIRS, LENGTH, BUFFER, AT_ONCE = 5000, 128, 100, 64
Inputs = dict[str, np.ndarray]


class Course:
    """The pairs in `snli`, cut into the pieces of `checkpoint`."""

    def __init__(self, settings: Any, snli: Path, checkpoint: Path) -> None:
        self._settings = settings
        self.checkpoint = checkpoint
        self.splits = {
            name: encoded(read(snli, name, PAIRS if name == "train" else None), checkpoint)
            for name in ("train", "dev", "test")
        }

    def run(self, seed: int, marks: Sequence[int]) -> Accuracies:
        """One training; the accuracies after each number of epochs in `marks`."""
        settings = self._settings
        tf.keras.backend.clear_session()
        gc.collect()  # models hold each other, and nothing collects by itself in calibrations
        tf.keras.utils.set_random_seed(seed)
        model = TFBertForSequenceClassification.from_pretrained(self.checkpoint, num_labels=len(LABELS))
        adam = tf.keras.optimizers.Adam(settings.learning_rate, epsilon=1e-8, clipnorm=settings.clip)
        model.compile(adam, tf.keras.losses.SparseCategoricalCrossentropy(from_logits=True))
        batches = tf.data.Dataset.from_tensor_slices(self.splits["train"]).shuffle(BUFFER).batch(settings.batch)
        found: Accuracies = {}
        for epoch in range(1, max(marks) + 1):
            model.fit(batches, verbose=0)
            if epoch in marks:
                found[epoch] = {name: accuracy(model, *self.splits[name]) for name in ("dev", "test")}
        return found


def accuracy(model: TFBertForSequenceClassification, inputs: Inputs, labels: np.ndarray) -> float:
    scores = model.predict(inputs, batch_size=AT_ONCE, verbose=0).logits
    return float(np.mean(np.argmax(scores, axis=1) == labels))


def read(snli: Path, split: str, most: int | None) -> pd.DataFrame:
    """Labelled pairs; of many, as many as asked for are drawn."""
    with opened(snli / f"snli_1.0_{split}.jsonl") as lines:
        told = [pair for pair in map(json.loads, lines) if pair["gold_label"] in LABELS]
    found = pd.DataFrame(
        [(LABELS[pair["gold_label"]], pair["sentence1"], pair["sentence2"]) for pair in told],
        columns=["label", "sentence1", "sentence2"],
    )
    return found if most is None else found.sample(frac=1, random_state=1)[:most]


def encoded(pairs: pd.DataFrame, checkpoint: Path) -> tuple[Inputs, np.ndarray]:
    """Inputs [n, longest] by name, and labels [n]."""
    told = json.loads((checkpoint / "tokenizer_config.json").read_bytes())
    known = pieces_of(str(checkpoint), bool(told.get("do_lower_case", True)))
    sides = [[known.of_text(text) for text in pairs[side]] for side in ("sentence1", "sentence2")]
    both = [cut_longest(p, h, LENGTH) for p, h in zip(*sides, strict=True)]
    c, s = known.ids["[CLS]"], known.ids["[SEP]"]
    ids = rows([[c, *p, s, *h, s] for p, h in both]).astype(np.int32)
    types = rows([[0] * (len(p) + 2) + [1] * (len(h) + 1) for p, h in both]).astype(np.int32)
    inputs = {"input_ids": ids, "token_type_ids": types, "attention_mask": (ids != 0).astype(np.int32)}
    return inputs, pairs["label"].to_numpy()


@cache
def course(lab: str, settings: Any, *folders: Path) -> Course:
    assert lab == LAB
    return Course(settings, *folders)
