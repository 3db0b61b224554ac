"""Lab2: which checks are of a network with fewer layers than asked: all that do not compare it with the slide's."""

from collections.abc import Callable
from functools import wraps

from grader.judging.checks import blocked, unsure
from grader.judging.kinds.perceptron.interview import Evidence, more_than_asked
from grader.model import Finding

Judge = Callable[[Evidence], Finding]
LACKING = {  # by the number of matrices that it takes
    2: "Not checked because a hidden layer has to be there first.",
    3: "Not checked because two hidden layers have to be there first.",
}


def with_layers(least: int) -> Callable[[Judge], Judge]:
    """A check that says nothing of a network of fewer matrices, and is open where its layers were not understood."""

    def of(judge: Judge) -> Judge:
        @wraps(judge)
        def judged(e: Evidence) -> Finding:
            if unread(e):
                return unsure("Not decided, because your layers could not be told apart.")
            if len(e.chain) < least:
                return blocked(LACKING[least])
            return judge(e)

        return judged

    return of


def unread(e: Evidence) -> bool:
    """Whether the class has variables for more layers than were understood."""
    if not e.chain:
        shapes = [v.shape for v in e.contact.initial] if e.contact else []
        return sum(len(shape) == 2 for shape in shapes) > 2 or any(len(shape) > 2 for shape in shapes)
    incomplete = len(e.chain) == 2 or any(layer.b is None for layer in e.chain)
    return incomplete and e.explanation is None and bool(more_than_asked(e))
