"""Secret weights of classes with a kernel, and of models of Keras, under which forms differ that mostly would not."""

from grader.judging.comparing.arrays import Numbers

BELOW = 6.0


def telling(weight: Numbers) -> Numbers:
    """Of a bias with the last number far below 0: there a ReLU cuts even the largest of many moments."""
    if weight.ndim != 1 or weight.size < 3:
        return weight
    changed = weight.copy()
    changed[-1] -= BELOW
    return changed
