"""Predictions as they came back, and how they compare with the truth. Sentences tell which prediction is for what."""

from collections import Counter
from typing import TYPE_CHECKING, Any

import numpy as np
from msgspec import Struct

from grader.data.sentences import key_of
from grader.judging.comparing.arrays import Numbers, array
from grader.judging.examiner import Examiner
from grader.sandbox.guest.wire import Call, Listing, Mapping

if TYPE_CHECKING:  # a wheel for students has no labels
    from grader.data.truth import Truth

TWO_WAY = {0: 0, 1: 0, 3: 1, 4: 1}
THREE_WAY = {0: 0, 1: 1, 2: 2}
FIVE = 5
NO_LABEL = -(2**62)
MOST = 0.8  # some sentences come in several splits


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


def label_map(seen: Predicted, truth: "Truth") -> dict[int, int] | None:
    """Which label of the notebook stands for each of the treebank's five, or of the three of pairs, by dev.

    None where labels do not tell negative from positive, or these three apart: nothing is known of what right would be.
    """
    votes: dict[int, Counter[int]] = {}
    for text, label in zip(seen.texts, seen.labels.tolist(), strict=True):
        raw = truth.dev.get(key_of(text))
        if raw is not None and label > NO_LABEL:
            votes.setdefault(raw, Counter())[label] += 1
    if not votes:
        return labels_of(truth)
    found = {raw: counter.most_common(1)[0][0] for raw, counter in votes.items()}
    if truth.inference:
        return found if len(set(found.values())) == len(found) == len(THREE_WAY) else None
    sides = {found.get(raw) for raw in (0, 1)}, {found.get(raw) for raw in (3, 4)}
    if len(set(found.values())) == len(found) == FIVE:
        return found
    if len(sides[0]) == len(sides[1]) == 1 and sides[0] != sides[1] and len(found) == len(TWO_WAY):
        return found
    return None


def labels_of(truth: "Truth") -> dict[int, int]:
    """As the course writes them."""
    return THREE_WAY if truth.inference else TWO_WAY


def sets_by_split(x: Examiner) -> dict[str, str]:
    """Where the notebook keeps its training, dev and test examples, by their sentences.

    Of several lists the one without the neutral sentences counts, then the largest.
    """
    seen = x.ask("outcome.sets", Call("grader_sets", into="sets")).values.get("sets")
    found: dict[str, tuple[bool, int, str]] = {}
    for path, told in seen.items.items() if isinstance(seen, Mapping) else ():
        size, texts = (told.items.get("size"), told.items.get("texts")) if isinstance(told, Mapping) else (None, None)
        if type(size) is not int or not isinstance(texts, Listing) or x.truth is None:
            continue
        split = split_of([key_of(text) for text in texts.items if isinstance(text, str)], x.truth)
        decided = sum(label in labels_of(x.truth) for label in getattr(x.truth, split, {}).values())
        found[split] = max(found.get(split, (False, 0, "")), (abs(size - decided) <= 0.05 * decided, size, path))
    return {split: path for split, (*_, path) in found.items()}


def split_of(keys: list[str], truth: "Truth") -> str:
    """dev or test, where nearly all of the sentences are of one, else training."""
    shares = {name: np.mean([key in part for key in keys]) for name, part in (("dev", truth.dev), ("test", truth.test))}
    best = max(shares, key=lambda name: shares[name])
    return best if keys and shares[best] > MOST else "training"
