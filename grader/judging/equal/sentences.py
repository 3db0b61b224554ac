"""Classifiers of sentences that train their word vectors: a row of ids for each sentence."""

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

NO_ROW = "its examples do not hold a row of word ids for each sentence"


class Sentences(Struct, frozen=True):
    held: ClassVar[str] = "ids"
    sweeps: ClassVar[bool] = False
    form: str  # of the reference, whose logits are those of the classifier
    skips_padding: bool = False  # a padding leaves the state as it is
    table: str = ""

    @property
    def padding(self) -> int | None:
        return 0 if self.skips_padding else None

    def rows(self, arrays: Mapping[str, Numbers]) -> Numbers:
        if len(arrays) != 1:
            raise NotShown(NO_ROW)
        return next(iter(arrays.values()))

    def given(self, call: MethodCall, ids: Numbers) -> Numbers | None:
        whole = whole_numbers(call, ids.shape[1])
        return whole[0] if len(whole) == 1 else None

    def vectors(self, x: "Examiner", most: int) -> Numbers | None:
        return None

    def starts(self, drawn: Mapping[str, Draw]) -> dict[str, Draw]:
        return dict(drawn)

    def settings(self, w: Mapping[str, Numbers], scalars: Mapping[str, Scalar]) -> dict[str, Any]:
        return sizes(w)

    def logits(self, x: "Examiner", ids: Numbers, w: Mapping[str, Numbers]) -> Numbers:
        return x.answers("values", x=ids.astype(np.int64), **w)[self.form]["logits"]

    def gradients(
        self, x: "Examiner", ids: Numbers, labels: Numbers, w: Mapping[str, Numbers]
    ) -> Mapping[str, Numbers]:
        return x.answers("step", form=self.form, x=ids.astype(np.int64), labels=labels, **w)["deck"]


def sizes(w: Mapping[str, Numbers]) -> dict[str, Any]:
    """Of a word's vector and of a state."""
    return {"embedding": w["E"].shape[1], "dim": w["W_cl"].shape[0]}


def whole_numbers(call: MethodCall, width: int) -> list[Numbers]:
    """The arrays [B, width] of whole numbers that a call was given."""
    arrays = [a for v in (*call.args, *call.kwargs.values()) if (a := array(v)) is not None]
    return [a for a in arrays if a.ndim == 2 and a.shape[1] == width and a.dtype.kind in "iu"]
