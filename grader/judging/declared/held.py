"""Settings that a class is given in an object or a dict, such as a dataclass: they are set like its own attributes."""

from collections.abc import Mapping as Named

from msgspec.structs import replace

from grader.judging.meeting.contact import Recipe
from grader.sandbox.guest.wire import Mapping, Scalar, Value


def held_in(recipe: Recipe) -> dict[str, Scalar]:
    found: dict[str, Scalar] = {}
    for value in (*recipe.args, *recipe.kwargs.values()):
        if isinstance(value, Mapping) and holds_settings(value):
            found |= {name: one for name, one in value.items.items() if isinstance(one, bool | int | float)}
    return found


def holds_settings(value: Mapping) -> bool:
    """A dict of whole numbers alone may well be a vocabulary."""
    return bool(value.of) or any(type(one) is not int for one in value.items.values())


def holding(recipe: Recipe, settings: Named[str, Scalar]) -> Recipe:
    """The recipe with these settings in the place of those it holds."""
    if not settings:
        return recipe

    def changed(value: Value) -> Value:
        if not isinstance(value, Mapping) or not holds_settings(value):
            return value
        return replace(value, items={name: settings.get(name, one) for name, one in value.items.items()})

    kwargs = {name: changed(value) for name, value in recipe.kwargs.items()}
    return Recipe(recipe.cls, tuple(map(changed, recipe.args)), kwargs, recipe.parameters)
