"""A lab's model answer and its other forms: asked in a kernel of ours, as the notebooks of students are in theirs."""

from collections.abc import Callable, Mapping

from msgspec import Struct

from grader.course.rubric import Rubric
from grader.model import Observation
from grader.sandbox.guest.wire import Question

DECK = ""  # the form that is the model answer itself
STARTER = "starter"  # the form that students are given; no edit may have this name

Sizes = Mapping[int, int]  # a number the model answer has for a size -> the one a notebook has for it


class ModelAnswer(Struct, frozen=True):
    accepted: tuple[str, ...]  # names of forms that are right too
    mistakes: tuple[str, ...]  # of those that are not: `slug.2` is another way to make the mistake `slug`
    ask: Callable[[str, Sizes, Question], Observation]
    sealed: bool = False  # what it was asked is all that it answers: in its own sizes, to which others are narrowed

    @property
    def names(self) -> tuple[str, ...]:
        return (*self.accepted, *self.mistakes)

    def of(self, form: str, sizes: Sizes) -> Callable[[Question], Observation]:
        """How one form is asked."""
        return lambda question: self.ask(form, sizes, question)


class Declared(Struct, frozen=True):
    """What the declared judge goes by."""

    rubric: Rubric
    answer: ModelAnswer


def mistake_of(form: str) -> str:
    return form.split(".", maxsplit=1)[0]
