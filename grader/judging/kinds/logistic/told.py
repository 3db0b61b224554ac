"""Assignment1: what several checks tell."""

from grader.judging.checks import blocked, unsure
from grader.judging.kinds.logistic.interview import Evidence
from grader.model import Finding

WEIGHTS = ("features", "classes")


def where(e: Evidence) -> int | None:
    return e.contact.info.cell if e.contact else None


def not_seen(e: Evidence) -> Finding:
    if e.unseen == "step":
        return unsure("Your classifier trains, but a step that starts from weights of our own could not be watched.")
    if e.unseen == "layout":
        return unsure(
            "Your class keeps its weights in a way that could not be read as one W [features, classes] and one "
            "b [classes]; your instructor will look at it."
        )
    return blocked("Not checked, because your class does not hold one W [features, classes].")
