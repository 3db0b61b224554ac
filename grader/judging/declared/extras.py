"""A class that holds more than the lab asks for, as an accepted form does: that form then stands for the model answer.

An extra has variables of its own, an MLP on top or a second direction, so that the model answer's roles do not reach
for it. What a mistake changes is known of the model answer without the extra; where it is a word, such as that a
matrix has no penalty, the same word tells it here.
"""

from collections.abc import Iterator, Sequence

from grader.judging.declared.bindings import Binding
from grader.judging.declared.forms import Forms
from grader.judging.declared.readings import Fact, Reading
from grader.judging.model_answer import DECK


class Extended:
    """Readings for a class bound to the variables of an accepted form."""

    def __init__(self, plain: Forms, form: str, own: Forms, binding: Binding) -> None:
        self._plain, self._form, self._own, self._binding = plain, form, own, binding

    def reading(self, form: str) -> Reading:
        base = self._own.reading(DECK, self._binding)
        return base if form in (DECK, self._form) else {**base, **self._words(form)}

    def differs(self, form: str, keys: Sequence[str]) -> bool:
        words = self._words(form)
        return any(key in words for key in keys)

    def _words(self, form: str) -> dict[str, Fact]:
        deck, theirs = self._plain.as_written(DECK), self._plain.as_written(form)
        return {
            key: fact
            for key, fact in theirs.items()
            if key in deck and isinstance(fact.value, str) and fact.value != deck[key].value
        }


def extras(forms: Forms, variables: int) -> Iterator[tuple[str, Forms]]:
    """Accepted forms with more variables than the model answer, and no more than the class has."""
    least = len(forms.task.roles)
    for form in forms.accepted if variables > least else ():
        own = forms.with_form_as_deck(form)
        if own is not None and least < len(own.task.roles) <= variables:
            yield form, own
