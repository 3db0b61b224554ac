"""How another object like a trained one is set up: with the settings of that moment, and nothing that is none."""

from grader.judging.instruments.retraining import settings
from grader.sandbox.guest.wire import Put, Training


def test_an_optimizer_that_a_class_keeps_is_not_overwritten_by_its_name() -> None:
    """`optimizer` tells which kind made the steps; where that is an attribute, it holds the optimizer itself."""
    scalars = {"learning_rate": 0.2, "optimizer": "SGD", "optimizer.learning_rate": 0.2, "batch_size": 64}
    training = Training("Classifier", "train", (), {}, scalars, 0.4, 10, False)
    assert settings("c", training) == [Put("c.learning_rate", 0.2), Put("c.batch_size", 64)]
