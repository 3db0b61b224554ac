"""Lab3 and Lab4: gradients without what a penalty adds to them, and how far they are from those of the lab's cost."""

from grader.judging.checks import compares_gradients
from grader.judging.comparing.arrays import Numbers
from grader.judging.comparing.compare import slug
from grader.judging.instruments.cut_gradients import factor
from grader.judging.instruments.gradient_table import relative_errors
from grader.judging.kinds.recurrent.interview import Evidence


@compares_gradients("lab3_rnn")
@compares_gradients("lab4_gru")
def gradient_errors(e: Evidence) -> dict[str, float]:
    """Where the forward pass is right: of the variable that has a role, or of the worst of its roles."""
    if e.arrangement is None or slug(e.explanation or "") != "deck" or "W_cl" not in e.plain:
        return {}
    seen = without_penalty(e)
    readout = seen.get("W_cl")
    if readout is None or readout.shape != e.plain["W_cl"].shape:
        return {}
    found: dict[str, float] = {}
    for role, error in relative_errors(seen, e.plain, factor(readout, e.plain["W_cl"])).items():
        for piece in e.arrangement.pieces(e.roles.get(role) or ""):
            found[piece.path] = max(error, found.get(piece.path, 0.0))
    return found


def without_penalty(e: Evidence) -> dict[str, Numbers | None]:
    """The gradients, but for what they hold of a penalty; `b_cl` had other values where that was seen."""
    bare = dict(e.gradients)
    for role, (_, penalty) in e.penalty.items():
        seen = bare.get(role)
        if seen is not None and seen.shape == penalty.shape and role != "b_cl":
            bare[role] = seen - penalty
    return bare
