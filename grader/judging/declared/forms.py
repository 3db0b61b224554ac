"""The model answer's forms in the sizes of a notebook: what they answer, and which of their variables is what."""

from collections.abc import Mapping, Sequence
from itertools import islice
from typing import Any

from msgspec.structs import replace

from grader.course.subject import Subject
from grader.errors import OurFault
from grader.judging.declared.bindings import Binding, Solver, bindings
from grader.judging.declared.classifier_facts import broken, forward, read
from grader.judging.declared.feeding import orders_alike
from grader.judging.declared.identified import Gradients, even_values, identified
from grader.judging.declared.interview import Wanted, asked_once, form_examiner
from grader.judging.declared.narrowed import all_narrowed
from grader.judging.declared.readings import Reading, alike, computes
from grader.judging.declared.scene import Scene, Task, identity, task_of
from grader.judging.declared.training import trainees
from grader.judging.examiner import Examiner
from grader.judging.meeting.watching import first_gradients
from grader.judging.model_answer import DECK, STARTER, ModelAnswer, Sizes
from grader.judging.unaskable import Unsealed

TRIED = 12  # ways to see the variables, at most


class Forms:
    """The model answer's forms in the sizes of a notebook: what they answer, and their gradients under even values."""

    def __init__(self, x: Examiner, subject: Subject, answer: ModelAnswer, wanted: Wanted, rows: int) -> None:
        """Raises OurFault where the model answer has no class that takes a step."""
        self._x, self._subject, self._answer, self._wanted, self._rows = x, subject, answer, wanted, rows
        self.task = task_of(form_examiner(x, answer, DECK), subject, wanted, rows)
        self._scenes: dict[object, Scene | Reading] = {}
        self._readings: dict[object, Reading] = {}
        self.names, self.accepted, self.sealed = (DECK, *answer.names), answer.accepted, answer.sealed
        self._as_written: Forms | None = None

    def _scene(self, form: str, binding: Binding) -> tuple[object, Scene | Reading]:
        key = (form, tuple(sorted(binding.sizes.items())), tuple(binding.shapes.items()))
        if key not in self._scenes:
            own, numbers = resized_own(self._subject.own, binding.sizes)
            x = form_examiner(self._x, self._answer, form, numbers)
            found = self._in_order(form, asked_once(x), replace(self._subject, own=own), binding)
            self._scenes[key] = self._by_gradients(found, binding) if isinstance(found, Scene) else found
        return key, self._scenes[key]

    def _in_order(self, form: str, x: Examiner, subject: Subject, binding: Binding) -> Scene | Reading:
        """Of a form that is right with its inputs in the order in which it computes what the model answer does."""
        first = form_scene(x, (subject, self._rows), self.task, binding.shapes)
        if form not in self.accepted or len(subject.inputs) == 1:
            return first
        deck = self.reading(DECK, binding)
        ways = (form_scene(x, (way, self._rows), self.task, binding.shapes) for way in orders_alike(subject))
        right = (way for way in ways if isinstance(way, Scene) and computes(forward(way), deck))
        return next(right, first)

    def _by_gradients(self, scene: Scene, binding: Binding) -> Scene:
        """Of a form that calls its variables otherwise: which of them is what, by the model answer's gradients."""
        if all(role == place.pieces[0].path for role, place in scene.binding.places.items()):
            return scene
        solver = Solver(self.task.roles, frozenset(self.task.fixed))
        values, expected = even_values(scene.x, scene.values, solver), self.gradients(DECK, binding)
        return replace(scene, binding=identified(scene.binding, solver, values, even_gradients(scene), expected))

    def reading(self, form: str, binding: Binding) -> Reading:
        key, scene = self._scene(form, binding)
        if key not in self._readings:
            self._readings[key] = read(scene) if isinstance(scene, Scene) else scene
        return self._readings[key]

    def knows(self, binding: Binding) -> bool:
        """Whether the model answer can be asked in these sizes, as a sealed one cannot in most."""
        try:
            self.reading(DECK, binding)
        except Unsealed:
            return False
        return True

    def differs(self, form: str, keys: Sequence[str]) -> bool:
        """Whether it does in the model answer's own sizes, asked once for all: else no other sizes have to be tried."""
        deck, theirs = self.as_written(DECK), self.as_written(form)
        return not alike(theirs, deck, [*keys, *(key for key in theirs if key not in deck)])

    def as_written(self, form: str) -> Reading:
        """In the model answer's own sizes."""
        if self._as_written is None:
            x = asked_once(replace(self._x, seed=0))
            self._as_written = Forms(x, self._subject, self._answer, self._wanted, self._rows)
        return self._as_written.reading(form, identity(self.task.roles))

    def with_form_as_deck(self, form: str) -> "Forms | None":
        """None where the form's class takes no step by itself."""
        ask = self._answer.ask
        answer = ModelAnswer((), (), lambda _, sizes, question: ask(form, sizes, question), self.sealed)
        try:
            return Forms(self._x, self._subject, answer, self._wanted, self._rows)
        except OurFault:
            return None

    def ask_everything(self) -> None:
        """What any notebook in these sizes may bring up, also one that does more than the lab asks for."""
        as_it_is = identity(self.task.roles)
        for form in (STARTER, *self.names):
            self.as_written(form)
            self.reading(form, as_it_is)
            self.gradients(form, as_it_is)
        for form in self.accepted:
            if (own := self.with_form_as_deck(form)) is not None:
                own.reading(DECK, identity(own.task.roles))
                own.gradients(DECK, identity(own.task.roles))

    def gradients(self, form: str, binding: Binding) -> Gradients:
        _, scene = self._scene(form, binding)
        return scene.binding.by_role(even_gradients(scene)) if isinstance(scene, Scene) else {}


def even_gradients(scene: Scene) -> Gradients:
    """By path, with the same numbers in all variables that could be taken for each other."""
    values = even_values(scene.x, scene.values, Solver(scene.task.roles, frozenset(scene.task.fixed)))
    watched = scene.step(scene.batch, scene.binding.planted(values, scene.one.variables))
    return first_gradients(watched) if watched else {}


def form_scene(
    x: Examiner, asked: tuple[Subject, int], task: Task, shapes: Mapping[str, tuple[int, ...]]
) -> Scene | Reading:
    """Of a form of the model answer, with variables of these shapes; what it says instead where it does not run."""
    one = next(iter(sorted(trainees(x, *asked), key=lambda one: not one.works)), None)
    if one is None or not one.works:
        return broken(one) if one else {}
    own = {v.path: v.shape for v in one.variables}
    if set(own) <= set(shapes) and all(shapes[path] == shape for path, shape in own.items()):
        return Scene(x, task, one, identity(shapes, tuple(own)))
    ways = list(islice(bindings(shapes, task.fixed, one.variables), TRIED))
    same = [way for way in ways[:1] if way.shapes == dict(shapes)]
    first = next(iter(same or all_narrowed(ways, Solver(shapes, frozenset(task.fixed)), one.variables)), None)
    return Scene(x, task, one, first) if first else {}


def resized_own(own: Mapping[str, Any], sizes: Sizes) -> tuple[dict[str, Any], dict[int, int]]:
    """Arguments of the model answer's own in the sizes of a notebook, and the sizes that its source has then."""
    listed = {name: value if isinstance(value, list) else [value] for name, value in own.items()}
    numbers = {n for values in listed.values() for n in values if type(n) is int}
    made = {name: [sizes.get(n, n) for n in values] for name, values in listed.items()}
    given = {name: made[name] if isinstance(value, list) else made[name][0] for name, value in own.items()}
    return given, {old: new for old, new in sizes.items() if old not in numbers}
