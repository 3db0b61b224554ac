"""A loop over settings compares something only where what it runs over reaches the training."""

import pytest

from grader.judging.instruments.idle_loops import idle_loops
from grader.model import Cell

MAKE = "class Softmax:\n    def __init__(self, dim, lr=1.0):\n        self.lr = lr\n    def train(self, data): ...\n"
LOOP = "for {name} in (0.1, 1.0):\n    {before}\n    c.train(data)\n    scores[{name}] = accuracy(c)\n"


def over(name: str, before: str, more: str = "") -> tuple[tuple[str, int], ...]:
    return idle_loops([Cell(3, "code", MAKE + more), Cell(5, "code", LOOP.format(name=name, before=before))])


def test_a_loop_that_only_keeps_its_scores_by_the_setting_is_idle() -> None:
    assert over("lr", "c = Softmax(7)") == (("lr", 5),)
    assert over("lr", "print(lr); c = Softmax(7)") == (("lr", 5),)


@pytest.mark.parametrize(
    "before", ["c = Softmax(7, lr)", "c = Softmax(7, **{'lr': lr})", "c.lr = lr", "setattr(c, 'lr', lr)", "use(lr)"]
)
def test_what_reaches_the_classifier_in_any_way_is_no_idle_loop(before: str) -> None:
    assert over("lr", before) == ()


def test_what_a_function_reads_of_the_globals_may_reach_it() -> None:
    assert over("RATE", "c = Softmax(7)") == (("RATE", 5),)
    assert over("RATE", "c = Softmax(7)", "def rate():\n    return RATE\n") == ()
