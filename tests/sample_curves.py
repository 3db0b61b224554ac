"""Learning curves of nobody in particular, for tests of drawings and pages."""

from msgspec.structs import replace
from sample_reports import good

from grader.figures import Band, Curve, CurvePoint
from grader.model import Report


def training(length: int, by: int = 1, best: int = 40, title: str = "Training in cell 4") -> Curve:
    """Dev is best at epoch `best` and falls again, train rises to the end."""
    epochs = range(by, by * length + 1, by)
    points = [CurvePoint(n, 0.69 / (1 + n / 9), 0.75 - abs(n - best) / by / length / 4, n / (n + 9)) for n in epochs]
    return Curve(title, tuple(points), "as you handed it in")


def with_curves() -> Report:
    """Two trainings, one of them cut short, and what right solutions reach."""
    curves = (training(100), replace(training(8, best=8, title="Training in cell 5"), source="as it ran here"))
    band = Band((1, 50, 100), (0.5, 0.66, 0.7), (0.55, 0.7, 0.74), "what 20 right solutions reach on dev.")
    return replace(good(), curves=curves, band=band)
