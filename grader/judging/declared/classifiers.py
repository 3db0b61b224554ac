"""Classes with variables of their own: which class it is, which of its variables is what, what it computes."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from itertools import islice

from msgspec import Struct
from msgspec.structs import replace

from grader.course.subject import Subject
from grader.judging.declared.bindings import Binding, Solver, bindings
from grader.judging.declared.classifier_facts import broken, forward, read
from grader.judging.declared.identified import Gradients, even_values, identified
from grader.judging.declared.interview import YES, Interview, Wanted, asked_once, form_examiner, own_sizes
from grader.judging.declared.lessons import learned
from grader.judging.declared.readings import FORWARD, Reading, agrees, alike
from grader.judging.declared.scene import Scene, Task, identity, task_of
from grader.judging.declared.training import Trainee, trainees
from grader.judging.examiner import Examiner
from grader.judging.meeting.watching import first_gradients
from grader.judging.model_answer import DECK, ModelAnswer
from grader.model import Level

TRIED = 12  # ways to see the variables, at most


def interview_classifier(x: Examiner, subject: Subject, answer: ModelAnswer, wanted: Wanted) -> Interview:
    task = task_of(form_examiner(x, answer, DECK), subject, wanted)

    forms = Forms(x, subject, answer, task)
    best: Interview | None = None
    for one in trainees(x, subject):
        found = interview_class(Pupil(x, subject, task, one), forms)
        if best is None or rank(found) > rank(best):
            best = found
        if rank(best) == 3:
            break
    missing = "No class with a training method was left by your notebook."
    return best or Interview({}, partial(forms.reading, binding=Binding({}, {}, task.roles)), missing=missing)


def rank(found: Interview) -> int:
    """How much of the work a class shows, where a notebook has several."""
    deck = found.forms(DECK)
    runs = found.reading.get("step")
    right = [key for key in FORWARD if key in deck and agrees(found.reading.get(key), deck[key])]
    return (runs is not None and runs.value == YES) + len(right)


class Pupil(Struct, frozen=True):
    """A class of a notebook, before it is known which of its variables is what."""

    x: Examiner
    subject: Subject
    task: Task
    one: Trainee

    def seen_as(self, binding: Binding) -> Scene:
        return Scene(self.x, self.subject, self.task, self.one, binding)


class Forms:
    """The model answer's forms in the sizes of a notebook: what they answer, and their gradients under even values."""

    def __init__(self, x: Examiner, subject: Subject, answer: ModelAnswer, task: Task) -> None:
        self._x, self._subject, self._answer, self.task = x, subject, answer, task
        self._scenes: dict[object, Scene | Reading] = {}
        self._readings: dict[object, Reading] = {}
        self.names = (DECK, *answer.names)
        self._as_written: Forms | None = None

    def _scene(self, form: str, binding: Binding) -> tuple[object, Scene | Reading]:
        key = (form, tuple(sorted(binding.sizes.items())), tuple(binding.shapes.items()))
        if key not in self._scenes:
            x = form_examiner(self._x, self._answer, form, binding.sizes)
            found = form_scene(asked_once(x), self._subject, self.task, binding.shapes)
            self._scenes[key] = self._by_gradients(found, binding) if isinstance(found, Scene) else found
        return key, self._scenes[key]

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

    def differs(self, form: str, keys: Sequence[str]) -> bool:
        """Whether it does in the model answer's own sizes, asked once for all: else no other sizes have to be tried."""
        if self._as_written is None:
            x = asked_once(replace(self._x, seed=0))
            self._as_written = Forms(x, self._subject, self._answer, self.task)
        own = identity(self.task.roles)
        deck, theirs = (self._as_written.reading(name, own) for name in (DECK, form))
        return not alike(theirs, deck, [*keys, *(key for key in theirs if key not in deck)])

    def gradients(self, form: str, binding: Binding) -> Gradients:
        _, scene = self._scene(form, binding)
        return scene.binding.by_role(even_gradients(scene)) if isinstance(scene, Scene) else {}


def even_gradients(scene: Scene) -> Gradients:
    """By path, with the same numbers in all variables that could be taken for each other."""
    values = even_values(scene.x, scene.values, Solver(scene.task.roles, frozenset(scene.task.fixed)))
    watched = scene.step(scene.batch, scene.binding.planted(values, scene.one.variables))
    return first_gradients(watched) if watched else {}


def interview_class(pupil: Pupil, forms: Forms) -> Interview:
    x, subject, task, one = pupil.x, pupil.subject, pupil.task, pupil.one
    ways = list(islice(bindings(task.roles, task.fixed, one.variables), TRIED)) if one.works else []
    learning = learned(x, subject, task, one)
    if not ways:
        as_it_is = partial(forms.reading, binding=Binding({}, {}, task.roles))
        laid_out = ", ".join(f"{v.path.removeprefix('c.')} {list(v.shape)}" for v in one.variables[:8])
        odd = (
            f"Your variables ({laid_out}) could not be matched with those of the lab; your instructor will look at it."
        )
        enough = one.works and len(one.variables) >= len(task.roles)
        reading = {} if one.works else broken(one)
        found = Interview(reading, as_it_is, forms.differs, one.info.cell, learning=learning)
        return replace(found, open=odd if enough else "")
    binding, right = explained(pupil, ways, forms)
    readings = partial(forms.reading, binding=binding)
    seen = read(pupil.seen_as(binding))
    if "output" not in seen:
        seen = with_output(seen, readings, forms.names)
    remarks = own_sizes("class", binding.sizes) if right else ()
    return Interview(seen, readings, forms.differs, one.info.cell, remarks=remarks, learning=learning)


def explained(pupil: Pupil, ways: Sequence[Binding], forms: Forms) -> tuple[Binding, bool]:
    """The first way to give variables to roles by which the class computes what a form does; whether a form does."""
    solver = Solver(pupil.task.roles, frozenset(pupil.task.fixed))
    alike: list[tuple[Binding, Gradients]] = []
    for way in ways:
        if is_form(pupil, way, DECK, forms):
            return way, True
        gradients = even_gradients(pupil.seen_as(way))
        binding = by_gradients(pupil, way, gradients, DECK, forms, solver)
        if is_form(pupil, binding, DECK, forms):
            return binding, True
        alike.append((way, gradients))
    for form in (name for name in forms.names[1:] if forms.differs(name, FORWARD)):
        for way, gradients in alike[:2]:
            for binding in (way, by_gradients(pupil, way, gradients, form, forms, solver)):
                if is_form(pupil, binding, form, forms):
                    return binding, True
    return ways[0], False


def is_form(pupil: Pupil, binding: Binding, form: str, forms: Forms) -> bool:
    return computes(forward(pupil.seen_as(binding)), forms.reading(form, binding))


def by_gradients(pupil: Pupil, way: Binding, gradients: Gradients, form: str, forms: Forms, solver: Solver) -> Binding:
    values = even_values(pupil.x, pupil.seen_as(way).values, solver)
    return identified(way, solver, values, gradients, forms.gradients(form, way))


def computes(seen: Reading, form: Reading) -> bool:
    keys = [key for key in FORWARD if key in form]
    shown = [key for key in keys if key in seen]
    return bool(shown) and all(agrees(seen[key], form[key]) for key in shown)


def with_output(seen: Reading, forms: Callable[[str], Reading], names: Sequence[str]) -> Reading:
    """Where no function of the class gives logits: those of the form whose loss and gradients it has."""
    keys = [key for key, fact in seen.items() if key == "loss" or fact.level is Level.GRADIENTS]
    for name in names if "loss" in keys else ():
        form = forms(name)
        if "output" in form and all(key in form and agrees(seen[key], form[key]) for key in keys):
            return {**seen, "output": form["output"]}
    return seen


def form_scene(x: Examiner, subject: Subject, task: Task, shapes: Mapping[str, tuple[int, ...]]) -> Scene | Reading:
    """Of a form of the model answer, with variables of these shapes; what it says instead where it does not run."""
    one = next(iter(sorted(trainees(x, subject), key=lambda one: not one.works)), None)
    if one is None or not one.works:
        return broken(one) if one else {}
    own = {v.path: v.shape for v in one.variables}
    if set(own) <= set(shapes) and all(shapes[path] == shape for path, shape in own.items()):
        return Scene(x, subject, task, one, identity(shapes, tuple(own)))
    first = next(bindings(shapes, task.fixed, one.variables), None)
    return Scene(x, subject, task, one, first) if first and first.shapes == dict(shapes) else {}
