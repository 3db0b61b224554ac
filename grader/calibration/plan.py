"""All that decides how a classifier trains, but for its start values themselves; a lab's own, by its head."""

from collections.abc import Iterable

from msgspec import Struct

from grader.course.head import Head, Settings, Sizes

LOOKS = 5  # epochs between two looks at dev
SHORT = 50  # epochs of a training that is looked at after each


class Draw(Struct, frozen=True):
    """How a variable's start values are drawn: `spread` is σ, or half the width of a uniform distribution."""

    family: str  # zero, normal, truncated, uniform
    spread: float = 0.0


class Plan(Struct, frozen=True):
    lab: str
    epochs: int
    looks: int  # every so many epochs, and after the last one, it is asked for its predictions
    batch: int
    learning_rate: float
    penalty: dict[str, float]  # by role: c of the gradient's part c·W
    starts: dict[str, Draw]  # by role
    embedding: int = 0
    dim: int = 0
    hidden: tuple[int, ...] = ()  # units of each hidden layer between counts of words and classes
    dropout: float = 0.0  # of each hidden layer's units
    clip: float = 0.0  # the norm to which the gradient of each variable is cut; 0: never
    apart: bool = False  # a gate's matrices for words and for states are variables of their own, and cut each by itself
    partial: bool = False  # the last, smaller batch of an epoch is trained on too
    shuffled: bool = True  # anew for each epoch; else one order for all of them
    skips_padding: bool = False  # a padding leaves the state as it is
    adam: bool = False  # each step is the first of a new Adam; else one of plain gradient descent


def handed_out(lab: str, head: Head, roles: Iterable[str]) -> Plan:
    settings, sizes = head.settings, head.sizes or Sizes("", (), layers=True)
    assert settings is not None, lab
    starts = {role: draw(settings, role) for role in roles}
    dim, embedding = (0, 0) if sizes.layers else sizes.given
    return Plan(
        lab=lab,
        epochs=settings.epochs,
        looks=LOOKS if settings.epochs >= SHORT else 1,
        batch=settings.batch,
        learning_rate=settings.learning_rate,
        penalty={role: 2 * settings.l2 for role in starts if role[0] == "W" and settings.l2},
        starts=starts,
        embedding=embedding,
        dim=dim,
        hidden=sizes.given if sizes.layers else (),
        dropout=settings.dropout,
        clip=settings.clip,
        adam=settings.adam == 1,
    )


def draw(settings: Settings, role: str) -> Draw:
    spread = {"E": settings.embedding_stddev, "b": settings.bias_stddev}.get(role[0], settings.stddev)
    return Draw("normal", spread) if spread else Draw("zero")
