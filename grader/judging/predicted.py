"""Predictions as they came back, and how they compare with the truth. Sentences tell which prediction is for what."""

import re
from collections import Counter
from typing import Any

import numpy as np
from msgspec import Struct

from grader.data.truth import key_of
from grader.judging.arrays import Numbers, array
from grader.judging.examiner import Examiner
from grader.sandbox.guest.wire import Call, Listing, Mapping

NEUTRAL = 2
TWO_WAY = {0: 0, 1: 0, 3: 1, 4: 1}
NAMES = {"dev": r"dev|val", "test": r"test", "training": r"train"}


class Compared(Struct, frozen=True):
    accuracy: float
    examples: int
    missing: float  # share of the true sentences for which there is no prediction
    constant: bool  # one class for all


class Predicted(Struct, frozen=True):
    """In the notebook's order: sentences, the labels its examples had, those we put in their place, predictions."""

    texts: tuple[str, ...]
    labels: Numbers
    shuffled: Numbers
    predictions: Numbers

    @property
    def echoes(self) -> bool:
        """Whether it returned the labels that came with the examples."""
        return bool(np.mean(self.predictions == self.shuffled) > 0.99)

    def compared(self, truth: dict[str, int], labels: dict[int, int]) -> Compared:
        """With the true labels, translated as the notebook does; each sentence counts once."""
        first: dict[str, int] = {}
        for text, prediction in zip(self.texts, self.predictions.tolist(), strict=True):
            first.setdefault(key_of(text), prediction)
        wanted = {key: labels[label] for key, label in truth.items() if label in labels}
        known = [key for key in wanted if key in first]
        right = sum(first[key] == wanted[key] for key in known)
        return Compared(
            right / len(known) if known else 0.0,
            len(known),
            1 - len(known) / len(wanted) if wanted else 1.0,
            len(set(self.predictions.tolist())) == 1,
        )


class Reading(Struct, frozen=True):
    dev: Compared
    test: Compared
    classes: int


def predicted(value: Any) -> Predicted | None:
    """None for anything that is not a prediction for each sentence."""
    if not isinstance(value, Mapping):
        return None
    texts, rest = value.items.get("texts"), [array(value.items.get(n)) for n in ("labels", "shuffled", "predictions")]
    if not isinstance(texts, Listing) or not all(isinstance(text, str) for text in texts.items):
        return None
    labels, shuffled, predictions = rest
    if labels is None or shuffled is None or predictions is None or len(texts.items) == 0:
        return None
    if any(one.shape != (len(texts.items),) or one.dtype.kind not in "iu" for one in (labels, shuffled, predictions)):
        return None
    return Predicted(tuple(map(str, texts.items)), labels, shuffled, predictions)


def label_map(seen: Predicted, truth: dict[str, int]) -> dict[int, int]:
    """Which label of the notebook stands for each of the treebank's five, by the sentences of dev."""
    votes: dict[int, Counter[int]] = {}
    for text, label in zip(seen.texts, seen.labels.tolist(), strict=True):
        raw = truth.get(key_of(text))
        if raw is not None and label >= 0:
            votes.setdefault(raw, Counter())[label] += 1
    found = {raw: counter.most_common(1)[0][0] for raw, counter in votes.items()}
    return found if len(set(found.values())) > 1 else TWO_WAY


def sets_by_split(x: Examiner) -> dict[str, str]:
    """The notebook's names for its lists of training, dev and test examples: by their sizes, then by their names."""
    seen = x.ask("outcome.sets", Call("sets", into="sets")).values.get("sets")
    sizes = {name: size for name, size in seen.items.items() if type(size) is int} if isinstance(seen, Mapping) else {}
    found: dict[str, str] = {}
    for split, truth in (("dev", x.truth.dev), ("test", x.truth.test)) if x.truth else ():
        whole = (len(truth), sum(label != NEUTRAL for label in truth.values()))
        fitting = [name for name, size in sizes.items() if any(abs(size - n) <= 0.05 * n for n in whole)]
        named = [name for name in fitting if re.search(NAMES[split], name, re.IGNORECASE)]
        others = [name for name in fitting if not any(re.search(p, name, re.IGNORECASE) for p in NAMES.values())]
        if named or others:
            found[split] = (named or others)[0]
    training = [name for name in sizes if re.search(NAMES["training"], name, re.IGNORECASE)]
    if training:
        found["training"] = max(training, key=lambda name: int(sizes[name]))
    return found
