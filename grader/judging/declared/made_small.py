"""In which sizes a class of a notebook is made, and how its labels are spelled."""

import re
from collections.abc import Iterator, Mapping, Sequence

from msgspec.structs import replace

from grader.course.subject import Subject
from grader.judging.declared.arguments import wired
from grader.judging.meeting.contact import Recipe

FLOATS = (0.0, 1.0)


def as_floats_too(subject: Subject) -> Iterator[Subject]:
    """A cross-entropy by hand, or of a sigmoid, may take two classes as floats alone."""
    yield subject
    if subject.classes == 2 and not subject.labels and not subject.example:
        yield replace(subject, labels=FLOATS)


def made_small(own: Sequence[Recipe], subject: Subject) -> Iterator[tuple[Subject, Recipe]]:
    """In the sizes that the lab gives, by names of parameters, else in their order; then with sizes of the notebook.

    Those may be written into a class as well as given to it, the length of a sentence for instance.
    """
    for recipe in own:
        yield subject, in_sizes(recipe, subject)
        if subject.own:
            plain = replace(subject, own={})
            yield plain, in_sizes(recipe, plain)
        given = {name: recipe.argument(known) for name, known in parameters(recipe, subject).items()}
        own_sizes = {name: v for name, v in given.items() if type(v) is int and v != subject.arguments[name]}
        for some in (*({name: v} for name, v in reversed(own_sizes.items())), own_sizes) if own_sizes else ():
            sized = resized(subject, some)
            yield sized, in_sizes(recipe, sized)
    if subject.arguments:
        yield from ((subject, recipe) for recipe in own)


def parameters(recipe: Recipe, subject: Subject) -> dict[str, str]:
    """For each argument that the lab gives, the notebook's name of it."""
    in_order = zip(subject.arguments, (*recipe.parameters, *[""] * len(subject.arguments)), strict=False)
    named = {name: name if name in recipe.parameters else known for name, known in in_order}
    return {name: known for name, known in named.items() if known}


def in_sizes(recipe: Recipe, subject: Subject) -> Recipe:
    for name, known in parameters(recipe, subject).items():
        recipe = recipe.changed(known, subject.arguments[name])
    for name, value in subject.own.items():
        recipe = recipe.changed(name, wired(value, "numpy", wide=False)) if name in recipe.parameters else recipe
    return recipe


def resized(subject: Subject, sizes: Mapping[str, int]) -> Subject:
    """With other arguments, and inputs to match: the numbers of an input are those of the arguments."""
    numbers = {str(subject.arguments[name]): str(size) for name, size in sizes.items()}

    def spelled(text: str) -> str:
        return re.sub(r"\d+", lambda match: numbers.get(match[0], match[0]), text)

    several = {name: spelled(text) for name, text in subject.spelled.items()}
    own = several if isinstance(subject.input, dict) else spelled(subject.input)
    return replace(subject, arguments={**subject.arguments, **sizes}, input=own)
