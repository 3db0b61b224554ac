"""A notebook that cannot be asked, by what it says itself: its checks stay open, and nothing of ours has failed.

What the kernel says of a fault in our own guest is a claim like all else from there, so it cannot stop a class; and it
may be true, so it costs no points.
"""

from grader.sandbox.guest.wire import Trouble


class Unaskable(Exception):
    """Its message is told to the student."""


UNSEALED = (
    "Your work has sizes of its own, or is fed in its own way, for which this self-check holds no answers. "
    "That is no mistake: it is checked when your work is graded. "
    "With the sizes that the lab gives you can check it here as well."
)


class Unsealed(Unaskable):
    """A question to the model answer for which a sealed file holds no reply; of the notebook that says nothing."""

    def __init__(self) -> None:
        super().__init__(UNSEALED)


def refused(what: str, trouble: Trouble | None) -> Unaskable:
    """What the kernel answered in place of `what`, also in a second try."""
    reason = f", saying “{trouble.message[:200]}”" if trouble else ""
    return Unaskable(
        f"Your notebook's kernel could not tell {what}{reason}. It was asked in a fresh kernel as well. "
        "What depends on it stays open, and your instructor decides."
    )


def too_large(shape: tuple[int, ...]) -> Unaskable:
    numbers = " × ".join(f"{n:,}" for n in shape)
    return Unaskable(
        f"Your notebook tells of {numbers} numbers in one place, more than it can be asked about. "
        "What depends on it stays open, and your instructor decides."
    )


def too_much() -> Unaskable:
    return Unaskable(
        "To judge sizes that your notebook tells of takes more memory than there is here. "
        "What depends on them stays open, and your instructor decides."
    )
