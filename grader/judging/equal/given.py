"""How the lab itself trains, by the head of its rubric."""

from collections.abc import Iterable

from grader.calibration.plan import Draw, Plan
from grader.course.head import Settings
from grader.judging.examiner import Examiner

LOOKS = 5  # epochs between two looks at dev, as calibrations have them


def handed_out(x: Examiner, roles: Iterable[str]) -> Plan:
    settings, sizes = x.head.settings, x.head.sizes
    assert settings is not None and sizes is not None, x.lab
    dim, embedding = sizes.given
    starts = {role: draw(settings, role) for role in roles}
    return Plan(
        lab=x.lab,
        epochs=settings.epochs,
        looks=LOOKS,
        batch=settings.batch,
        learning_rate=settings.learning_rate,
        penalty={role: 2 * settings.l2 for role in starts if role[0] == "W"},
        embedding=embedding,
        dim=dim,
        starts=starts,
        clip=settings.clip,
    )


def draw(settings: Settings, role: str) -> Draw:
    spread = {"E": settings.embedding_stddev, "b": settings.bias_stddev}.get(role[0], settings.stddev)
    return Draw("normal", spread) if spread else Draw("zero")
