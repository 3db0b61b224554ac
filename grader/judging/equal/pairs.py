"""Classifiers of pairs of sentences with word vectors that are not trained: two rows of ids for each pair."""

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from msgspec import Struct

from grader.calibration.plan import Draw
from grader.judging.comparing.arrays import Numbers, array
from grader.judging.equal.sentences import sizes, whole_numbers
from grader.judging.equal.understood import NotShown
from grader.sandbox.guest.wire import MethodCall, Read, Scalar

if TYPE_CHECKING:  # which knows what was understood of the classifier
    from grader.judging.examiner import Examiner

NO_ROWS = "its examples do not hold two rows of word ids for each pair"
NO_VECTORS = "the vectors of its words were not found"
PREMISE, HYPOTHESIS = re.compile(r"1|prem|(^|_)p(_|$)"), re.compile(r"2|hyp|hip|(^|_)h(_|$)")


class Pairs(Struct, frozen=True, kw_only=True):
    """What a lab's equations say of them is said by what is made of this."""

    held: ClassVar[str] = "ids"
    sweeps: ClassVar[bool] = False
    width: int  # of a word vector
    table: str = ""
    padding: int | None = None

    def rows(self, arrays: Mapping[str, Numbers]) -> Numbers:
        """Premises before hypotheses, as the keys tell."""
        named = [[a for key, a in arrays.items() if name.search(key.lower())] for name in (PREMISE, HYPOTHESIS)]
        if len(arrays) != 2 or [len(found) for found in named] != [1, 1]:
            raise NotShown(NO_ROWS)
        return np.concatenate([found[0] for found in named], axis=1)

    def given(self, call: MethodCall, ids: Numbers) -> Numbers | None:
        """In whichever order its pairs are handed over."""
        together, halves = whole_numbers(call, ids.shape[1]), whole_numbers(call, ids.shape[1] // 2)
        if len(together) == 1 and not halves:
            return together[0]
        if len(halves) != 2 or together or halves[0].shape != halves[1].shape:
            return None
        known = {row.tobytes() for row in ids.astype(np.int64)}
        ways = [np.concatenate(order, axis=1) for order in (halves, halves[::-1])]
        return next((way for way in ways if all(row.tobytes() in known for row in way.astype(np.int64))), None)

    def vectors(self, x: "Examiner", most: int) -> Numbers | None:
        if self.table:
            return None
        fits = f"len(getattr(v, 'shape', ())) == 2 and v.shape[1] == {self.width} and v.shape[0] > {most}"
        held = "[globals().get('loaded_embeddings'), *globals().values()]"
        table = array(x.ask("equal.vectors", Read(f"next(v for v in {held} if {fits})", "E")).values.get("E"))
        if table is None or table.ndim != 2 or table.shape[1] != self.width or len(table) <= most:
            raise NotShown(NO_VECTORS)
        return table

    def words_of(self, ids: Numbers, w: Mapping[str, Numbers]) -> dict[str, Numbers]:
        """Premises, hypotheses and the vectors of their words, of no others."""
        words, places = np.unique(ids.astype(np.int64), return_inverse=True)
        p, h = np.split(places.reshape(ids.shape), 2, axis=1)
        return {"p": p, "h": h, "E": w["E"][words]}

    def starts(self, drawn: Mapping[str, Draw]) -> dict[str, Draw]:
        return dict(drawn)

    def settings(self, w: Mapping[str, Numbers], scalars: Mapping[str, Scalar]) -> dict[str, Any]:
        return sizes(w)
