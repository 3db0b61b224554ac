"""Counts, places and articles read as a person would write them."""

import pytest

from grader.wording.counting import article, ordinal, quantity


def test_one_thing_is_one_and_others_are_many() -> None:
    assert [quantity(n, "step") for n in (0, 1, 2)] == ["0 steps", "1 step", "2 steps"]
    assert quantity(1, "analogy", "analogies") == "1 analogy" and quantity(3, "analogy", "analogies") == "3 analogies"


@pytest.mark.parametrize(
    ("what", "written"),
    [
        ("int array", "an int array"),
        ("float array", "a float array"),
        ("L2 penalty", "an L2 penalty"),
        ("learning rate", "a learning rate"),
        ("MLP", "an MLP"),
        ("GRU", "a GRU"),
        ("unit", "a unit"),
        ("Adam step", "an Adam step"),
    ],
)
def test_an_article_goes_by_the_sound(what: str, written: str) -> None:
    assert article(what) == written


def test_places_are_counted_as_people_do() -> None:
    assert [ordinal(n) for n in (1, 10, 11, 12, 21, 22, 33, 111)] == [
        "first", "tenth", "11th", "12th", "21st", "22nd", "33rd", "111th",
    ]  # fmt: skip
