"""The gradients of a first step of training, by variable, as a page shows them. They decide nothing here."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from grader.figures import GradientRow
from grader.judging.comparing.arrays import Numbers
from grader.judging.meeting.contact import Contact
from grader.judging.meeting.watching import first_gradients, moved

MOST = 40  # variables on a page
LONGEST = 60  # characters of a name


def gradient_rows(evidence: Any, errors: Callable[[Any], Mapping[str, float]] | None = None) -> tuple[GradientRow, ...]:
    """Empty where no class was trained for a step. `errors`: by path, relative to the gradient of the lab's cost."""
    contact = getattr(evidence, "contact", None)
    if not isinstance(contact, Contact) or contact.watched is None or not contact.works:
        return ()
    gradients, changes = first_gradients(contact.watched), moved(contact.watched)
    relative = errors(evidence) if errors else {}
    return tuple(
        GradientRow(
            variable=written(variable.path),
            shape=variable.shape,
            norm=None if (gradient := gradients.get(variable.path)) is None else norm(gradient),
            moved=bool(np.any(changes.get(variable.path, np.zeros(1)))),
            asked=variable.path in gradients,
            error=relative.get(variable.path),
        )
        for variable in contact.watched.before[:MOST]
    )


def written(path: str) -> str:
    """As in the student's class."""
    return path.replace("c.", "self.", 1)[:LONGEST]


def norm(gradient: Numbers) -> float:
    return float(np.linalg.norm(gradient.astype(np.float64)))


def relative_errors(
    seen: Mapping[str, Numbers | None], expected: Mapping[str, Numbers], scale: float = 1.0
) -> dict[str, float]:
    """By role: the length of the difference over the length of what is expected."""
    found = {}
    for role, right in expected.items():
        gradient, length = seen.get(role), float(np.linalg.norm(right)) * abs(scale)
        if gradient is not None and gradient.size == right.size and length > 0:
            found[role] = float(np.linalg.norm(np.reshape(gradient, right.shape) - scale * right)) / length
    return found
