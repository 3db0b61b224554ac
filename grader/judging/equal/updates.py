"""What a step does with the gradients that its tape told: how far it goes along them, and where it cuts them."""

from collections.abc import Mapping, Sequence

import numpy as np

from grader.judging.comparing.arrays import Numbers
from grader.judging.equal.understood import NotShown

ByRole = Mapping[str, Numbers]
STRAIGHT = 0.01  # of a change, by which it may leave the direction of its gradient
ALIKE = 0.01  # two rates, or two norms, that count as one
EPSILON, BETA_2 = 1e-7, 0.999  # Keras' defaults
OF_DESCENT = "its steps are not those of plain gradient descent with one rate, as given"
OF_ADAM = "its steps are not those of an Adam that is made anew at each minibatch, as given"
LONG = 20.0  # a norm that every clipping which has to do with a training cuts


def first_of_adam(gradients: ByRole) -> dict[str, Numbers]:
    """The first step of a new Adam as Keras makes it by itself, as a multiple of its learning rate.

    Kingma and Ba 2015, algorithm 1, in the form given before section 2.1, at t = 1: where m = (1 − β₁)·g and
    v = (1 − β₂)·g², what is left is nearly the sign of g.
    """
    step: dict[str, Numbers] = {}
    for role, g in gradients.items():
        root = np.sqrt(1 - BETA_2) * g.astype(np.float64)
        step[role] = root / (np.abs(root) + EPSILON)
    return step


def rate(gradients: Sequence[ByRole], change: ByRole, *, adam: bool = False) -> float:
    """Over several steps, whose change is −rate times the sum of all gradients, or of what Adam makes of them."""
    rates = {}
    for role, moved in change.items():
        along = sum((one[role].astype(np.float64) for one in gradients), np.zeros(moved.shape))
        size = float(np.sum(along * along))
        found = -float(np.sum(moved * along)) / size if size else 0.0
        if found <= 0 or float(np.max(np.abs(moved + found * along))) > STRAIGHT * float(np.max(np.abs(moved))):
            raise NotShown(OF_ADAM if adam else OF_DESCENT)
        rates[role] = found
    middle = float(np.median(list(rates.values())))
    if any(abs(one - middle) > ALIKE * middle for one in rates.values()):
        raise NotShown("its steps do not go equally far along the gradients of all variables")
    return float(f"{middle:.3g}")


def clip(gradient: ByRole, change: ByRole, rate: float, embedding: str) -> float:
    """The norm to which a step along long gradients cut that of each variable; 0 where it cut none. Raises NotShown."""
    norms = {}
    for role, moved in change.items():
        along = gradient[role].astype(np.float64)
        length = float(np.linalg.norm(along))
        if length < LONG:
            continue
        share = -float(np.sum(moved * along)) / (rate * length**2)
        if float(np.max(np.abs(moved + share * rate * along))) > STRAIGHT * float(np.max(np.abs(moved))):
            raise NotShown("long gradients are cut otherwise than each to a norm")
        norms[role] = (share, share * length)
    if len(norms) < 2:
        raise NotShown("what becomes of long gradients could not be seen")
    if all(abs(share - 1) <= ALIKE for share, _ in norms.values()):
        return 0.0
    # embeddings are cut by the norm of their rows before those of one word are added up, which the tape does not tell
    lengths = [length for role, (_, length) in norms.items() if role != embedding]
    middle = float(np.median(lengths)) if lengths else 0.0
    same = bool(lengths) and all(abs(one - middle) <= ALIKE * middle for one in lengths)
    if not same or middle > LONG / 2 or any(share > 1 - ALIKE for share, _ in norms.values()):
        raise NotShown("long gradients are not each cut to the same norm")
    return float(f"{middle:.3g}")
