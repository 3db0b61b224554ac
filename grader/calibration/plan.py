"""All that decides how a recurrent classifier trains, but for its start values themselves."""

from msgspec import Struct


class Draw(Struct, frozen=True):
    """How a variable's start values are drawn: `spread` is σ, or half the width of a uniform distribution."""

    family: str  # zero, normal, truncated, uniform
    spread: float = 0.0


class Plan(Struct, frozen=True):
    lab: str
    epochs: int
    looks: int  # every so many epochs, and after the last one, it is asked for its predictions
    batch: int
    learning_rate: float  # of plain gradient descent
    penalty: dict[str, float]  # by role: c of the gradient's part c·W
    embedding: int
    dim: int
    starts: dict[str, Draw]  # by role
    clip: float = 0.0  # the norm to which the gradient of each variable is cut; 0: never
    partial: bool = False  # the last, smaller batch of an epoch is trained on too
    shuffled: bool = True  # anew for each epoch; else one order for all of them
    skips_padding: bool = False  # a padding leaves the state as it is
