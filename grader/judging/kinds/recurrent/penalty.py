"""Lab3 and Lab4: which matrices the L2 penalty reaches, by what a step's gradients hold beyond the cross-entropy's."""

import numpy as np

from grader.judging.comparing.arrays import Numbers
from grader.judging.kinds.recurrent.interview import Evidence

NOTHING = 1e-7  # in a penalty's gradient
LEAST = 1e-6  # times the weights: less is no penalty
MEANS = (
    "The penalty takes the mean of the squares where the formula takes their sum, so a matrix is held the less the "
    "larger it is: {names}."
)


def factors(e: Evidence) -> dict[str, float]:
    """c for each role whose penalty's gradient is c times the weights, 0 where some rows have none."""
    found: dict[str, float] = {}
    for role, (weights, seen) in e.penalty.items():
        if seen.shape != weights.shape:
            continue
        c = float(np.sum(seen * weights) / np.sum(weights * weights))
        if close(seen, c * weights):
            found[role] = c
        elif seen.ndim == 2 and np.any(np.max(np.abs(seen), axis=1) < NOTHING):
            found[role] = 0.0
    return found


def reached(e: Evidence, role: str) -> bool:
    """Whether the penalty's gradient holds anything for a part of this role."""
    return bool(np.any(np.abs(e.penalty[role][1]) > NOTHING))


def averaged(e: Evidence, c: dict[str, float]) -> list[str]:
    """The matrices that are held by c divided by their size, as by the mean of their squares."""
    sizes = {role: e.penalty[role][0].size for role in c if role.startswith("W") and c[role] >= LEAST}
    wholes = {role: c[role] * size for role, size in sizes.items()}
    if len({*sizes.values()}) > 1 and max(wholes.values()) < 1.02 * min(wholes.values()):
        return list(wholes)
    most = max(c.values())
    return [role for role, whole in wholes.items() if abs(whole - most) < 0.02 * most]


def unpenalised(e: Evidence, role: str) -> list[str]:
    """By the notebook's own names: the pieces of a role, one below the other, that the penalty does not reach."""
    path, rows = e.roles[role], np.abs(e.penalty[role][1])
    pieces = e.arrangement.pieces(path) if e.arrangement and path else ()
    heights = {v.path: v.shape[0] for v in e.contact.initial} if e.contact else {}
    names, start = [], e.arrangement.begins(path) if e.arrangement and path else 0
    for piece in pieces:
        part = rows[start : start + heights[piece.path]]
        start += heights[piece.path]
        if not np.any(part > NOTHING):
            names.append(f"`{own_name(piece.name)}`")
        elif np.any(np.max(part, axis=-1) <= NOTHING):
            names.append(f"a part of `{own_name(piece.name)}`")
    return names or [role]


def own_name(path: str) -> str:
    return path.replace("c.", "self.", 1)


def close(seen: Numbers, explained: Numbers) -> bool:
    return float(np.max(np.abs(seen - explained))) < 2e-5 + 0.02 * float(np.max(np.abs(explained)))
