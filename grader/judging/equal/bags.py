"""Classifiers of bags of words: a vector of counts for each sentence, told as the words that are counted."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from msgspec import Struct

from grader.calibration.plan import Draw
from grader.judging.comparing.arrays import Numbers, array
from grader.judging.equal.understood import NotShown
from grader.sandbox.guest.wire import MethodCall, Scalar

if TYPE_CHECKING:  # which knows what was understood of the classifier
    from grader.judging.examiner import Examiner

NO_VECTOR = "its examples do not hold a vector of counts for each sentence"
NOTHING = -1  # stands behind the last word of a bag


class Bags(Struct, frozen=True, kw_only=True):
    """What a lab's equations say of them is said by what is made of this. A row of ids is a bag, in ascending order."""

    held: ClassVar[str] = "bags"
    sweeps: ClassVar[bool] = True
    padding: int | None = None
    table: str = ""

    def rows(self, arrays: Mapping[str, Numbers]) -> Numbers:
        if len(arrays) != 1:
            raise NotShown(NO_VECTOR)
        return next(iter(arrays.values()))

    def given(self, call: MethodCall, ids: Numbers) -> Numbers | None:
        """The counts [B, D] that a call was given, where they are those of our examples."""
        known = {row.tobytes() for row in ids.astype(np.int64)}
        arrays = [a for v in (*call.args, *call.kwargs.values()) if (a := array(v)) is not None and a.ndim == 2]
        bags = [found for a in arrays if (found := bags_of(a, ids.shape[1])) is not None]
        return next((found for found in bags if all(row.tobytes() in known for row in found)), None)

    def vectors(self, x: "Examiner", most: int) -> Numbers | None:
        return None

    def starts(self, drawn: Mapping[str, Draw]) -> dict[str, Draw]:
        return dict(drawn)

    def settings(self, w: Mapping[str, Numbers], scalars: Mapping[str, Scalar]) -> dict[str, Any]:
        return {}


def bags_of(counts: Numbers, longest: int) -> Numbers | None:
    """[B, D] -> [B, longest]; None where they are no counts, or of more words."""
    rows, places = np.nonzero(counts)
    times = counts[rows, places]
    if np.any(times != np.floor(times)) or np.any(times < 0):
        return None
    rows, places = np.repeat(rows, times.astype(np.int64)), np.repeat(places, times.astype(np.int64))
    sizes = np.bincount(rows, minlength=len(counts))
    if len(counts) == 0 or sizes.max() > longest:
        return None
    found = np.full((len(counts), longest), NOTHING, np.int64)
    found[rows, np.arange(len(rows)) - np.repeat(np.cumsum(sizes) - sizes, sizes)] = places
    return found


def counted(ids: Numbers) -> tuple[Numbers, Numbers]:
    """(the words that come in any of these bags, how often each comes in each [B, k])."""
    words = np.unique(ids[ids != NOTHING])
    rows, places = np.nonzero(ids != NOTHING)
    found = np.zeros((len(ids), len(words)))
    np.add.at(found, (rows, np.searchsorted(words, ids[rows, places])), 1.0)
    return words, found


def of_all_words(part: Numbers, words: Numbers, like: Numbers) -> Numbers:
    """A gradient of these rows of a matrix as that of the whole one: other words have no part in the cost."""
    whole = np.zeros(like.shape)
    whole[words] = part
    return whole
