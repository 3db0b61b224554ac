"""What kind of penalty a gradient beyond the cost's own is: that of L2 follows the weights, that of L1 their signs."""

from enum import StrEnum

import numpy as np
from msgspec import Struct

from grader.judging.comparing.arrays import Numbers

NOTHING, CLOSE = 1e-7, 0.02


class PenaltyKind(StrEnum):
    NONE = "none"
    L2 = "L2"
    L1 = "L1"
    OTHER = "of another kind, or on a part of it only"


class Penalty(Struct, frozen=True):
    """L2 of strength c is c Σ w², whose gradient is 2 c w; L1 is c Σ |w|."""

    kind: PenaltyKind
    strength: float = 0.0

    def word(self, with_strength: bool) -> str:
        plain = self.kind in (PenaltyKind.NONE, PenaltyKind.OTHER)
        return str(self.kind) if plain or not with_strength else f"{self.kind} of {self.strength:.3g}"

    def size(self, weight: Numbers) -> float:
        norm = np.sum(weight * weight) if self.kind is PenaltyKind.L2 else np.sum(np.abs(weight))
        return self.strength * float(norm)

    def slope(self, weight: Numbers) -> Numbers:
        return self.strength * direction(self.kind, weight)


def direction(kind: PenaltyKind, weight: Numbers) -> Numbers:
    found: Numbers = 2 * weight if kind is PenaltyKind.L2 else np.sign(weight)
    return found


def penalty_of(gradient: Numbers | None, weight: Numbers, nothing: float = NOTHING) -> Penalty:
    if gradient is None or gradient.shape != weight.shape or not np.any(np.abs(gradient) > nothing):
        return Penalty(PenaltyKind.NONE)
    for kind in (PenaltyKind.L2, PenaltyKind.L1):
        way = direction(kind, weight)
        strength = float(np.sum(gradient * way) / np.sum(way * way))
        if float(np.max(np.abs(gradient - strength * way))) < CLOSE * float(np.max(np.abs(gradient))):
            return Penalty(kind, strength)
    return Penalty(PenaltyKind.OTHER)
