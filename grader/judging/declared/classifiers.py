"""Classes with variables of their own: forward pass, loss, gradients, penalty, dropout, predictions, learning."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from itertools import islice

import numpy as np
from msgspec import Struct

from grader.course.subject import Settings, Subject
from grader.errors import OurFault
from grader.judging.comparing.arrays import Numbers, array
from grader.judging.declared.arguments import secret
from grader.judging.declared.bindings import Binding, Piece, Placed, Solver, bindings
from grader.judging.declared.identified import Gradients, even_values, identified
from grader.judging.declared.interview import YES, Interview, Wanted, asked_once, ending, form_examiner
from grader.judging.declared.outputs import outputs
from grader.judging.declared.penalty import penalty_word
from grader.judging.declared.readings import Fact, Reading, Spread, agrees
from grader.judging.declared.training import (
    ROWS,
    Batch,
    Trainee,
    batch_of,
    labels_of,
    losses,
    predicting,
    trainees,
    training,
)
from grader.judging.examiner import Examiner
from grader.judging.instruments.dropout import is_rate, whole
from grader.judging.instruments.learning import Learning
from grader.judging.meeting.watching import first_gradients, moved, watched_in
from grader.judging.model_answer import DECK, ModelAnswer
from grader.model import Level, Remark
from grader.sandbox.guest.wire import Scalar, Watched

CERTAIN = 40.0  # a logit's bias beside which no other logit counts in float32
ASKED_RATE = 0.4
DRAWS = 400  # of dropout masks
LESSON, STEPS = 48, 40  # examples and steps of a small training
TRIED = 12  # ways to see the variables, at most
SECONDS = 60.0


class Task(Struct, frozen=True):
    """What the model answer's class is made of, in its own sizes."""

    roles: Mapping[str, tuple[int, ...]]  # its variables that take part, by path
    fixed: tuple[int, ...]  # numbers that the task gives: of an input, of classes
    certain: str | None  # the role that is a bias of the outputs, where it can make every example sure
    output: tuple[int, ...] | None  # shape of what it gives for one example
    wanted: Wanted


class Scene(Struct, frozen=True):
    """A class that trains, which of its variables are which roles, and the secret weights."""

    x: Examiner
    subject: Subject
    task: Task
    one: Trainee
    binding: Binding

    @property
    def values(self) -> dict[str, Numbers]:
        """Strong enough to tell forms apart, weak enough for float32; the same for the same role and shape."""
        return {
            role: self.x.normal(f"role {role} ", shape, 1.5 / np.sqrt(max(shape[0], 1)) if len(shape) > 1 else 0.5)
            for role, shape in self.binding.shapes.items()
        }

    def planted(self, **others: Numbers) -> dict[str, Numbers]:
        return self.binding.planted({**self.values, **others}, self.one.variables)

    def rates(self, rate: float) -> dict[str, Scalar]:
        """Attributes named like a dropout rate, or like the share that is kept."""
        return {
            name: 1 - rate if "keep" in name.lower() else rate
            for name, old in self.one.scalars.items()
            if is_rate(name) and type(old) in (int, float)
        }

    def step(self, batch: Batch, weights: Mapping[str, Numbers]) -> Watched | None:
        """A step without dropout."""
        steps = training(self.one, self.subject, batch, weights, self.rates(0.0), before=whole())
        return watched_in(self.x.ask(f"{self.one.info.name}.step", *steps, seconds=SECONDS))

    @property
    def batch(self) -> Batch:
        return batch_of(self.x, self.subject, self.one.rows)


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
    right = [key for key in ("output", "loss") if key in deck and agrees(found.reading.get(key), deck[key])]
    return (runs is not None and runs.value == YES) + len(right)


def task_of(x: Examiner, subject: Subject, wanted: Wanted) -> Task:
    """Raises OurFault where the model answer has no class that takes a step."""
    one = next((one for one in trainees(x, subject) if one.works), None)
    if one is None or one.watched is None:
        raise OurFault(f"{x.lab}: the model answer has no class whose training takes a step with {subject.input!r}")
    gradients = first_gradients(one.watched)
    roles = {v.path: v.shape for v in one.variables if gradients.get(v.path) is not None}
    spec = secret(subject.input)
    fixed = (*spec.shape, int(np.prod(spec.shape)), *([spec.below] if spec.distribution == "integers" else []))
    if subject.classes:
        fixed = (*fixed, subject.classes)
    bare = Task(roles, fixed, None, None, wanted)
    scene = Scene(x, subject, bare, one, identity(roles))
    shown = outputs(one.watched, scene.batch.inputs, under_tape=True)
    sure = next((role for role in reversed(roles) if makes_sure(scene, role)), None)
    return Task(roles, fixed, sure, shown[0].shape[1:] if shown else None, wanted)


def identity(shapes: Mapping[str, tuple[int, ...]], there: Sequence[str] | None = None) -> Binding:
    """Each role in the variable of its own path."""
    places = {
        role: Placed((Piece(role, shape, (None,) * len(shape)),))
        for role, shape in shapes.items()
        if there is None or role in there
    }
    return Binding(places, {}, shapes)


def makes_sure(scene: Scene, role: str) -> bool:
    """Whether the cost's own gradient is gone once this role favours one class, and all examples are of that class."""
    shape = scene.task.roles[role]
    if scene.subject.classes < 2 or int(np.prod(shape)) != scene.subject.classes:
        return False
    watched = sure_step(scene, role)
    gradient = first_gradients(watched).get(role) if watched else None
    return gradient is not None and float(np.max(np.abs(gradient))) < 1e-6


def sure_step(scene: Scene, role: str) -> Watched | None:
    bias = np.full(scene.binding.shapes[role], -CERTAIN, np.float32)
    bias.reshape(-1)[0] = CERTAIN
    batch = Batch(scene.batch.inputs, np.zeros_like(scene.batch.labels))
    return scene.step(batch, scene.planted(**{role: bias}))


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
        self.names = (DECK, *answer.accepted, *answer.mistakes)

    def _scene(self, form: str, binding: Binding) -> tuple[object, Scene | Reading]:
        key = (form, tuple(sorted(binding.sizes.items())), tuple(binding.shapes.items()))
        if key not in self._scenes:
            x = form_examiner(self._x, self._answer, form, binding.sizes)
            self._scenes[key] = form_scene(asked_once(x), self._subject, self.task, binding.shapes)
        return key, self._scenes[key]

    def reading(self, form: str, binding: Binding) -> Reading:
        key, scene = self._scene(form, binding)
        if key not in self._readings:
            self._readings[key] = read(scene) if isinstance(scene, Scene) else scene
        return self._readings[key]

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
        odd = f"Your variables ({laid_out}) could not be matched with those of the lab; your instructor looks at it."
        enough = one.works and len(one.variables) >= len(task.roles)
        reading = {} if one.works else broken(one)
        return Interview(reading, as_it_is, one.info.cell, open=odd if enough else "", learning=learning)
    binding, right = explained(pupil, ways, forms)
    readings = partial(forms.reading, binding=binding)
    seen = read(pupil.seen_as(binding))
    if "output" not in seen:
        seen = with_output(seen, readings, forms.names)
    remarks: tuple[Remark, ...] = ()
    if binding.sizes and right:
        told = ", ".join(f"{new} in place of {old}" for old, new in binding.sizes.items())
        remarks = (Remark("own-sizes", f"Your class has sizes of its own ({told})."),)
    return Interview(seen, readings, one.info.cell, remarks=remarks, learning=learning)


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
    for form in forms.names[1:]:
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
    keys = [key for key in ("output", "loss") if key in form]
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
    """Of the model answer, or another form of it, with variables of these shapes; what it says where it does not run."""
    one = next(iter(sorted(trainees(x, subject), key=lambda one: not one.works)), None)
    if one is None or not one.works:
        return broken(one) if one else {}
    own = {v.path: v.shape for v in one.variables}
    if all(own.get(path, shape) == shape for path, shape in shapes.items()) and set(own) & set(shapes):
        return Scene(x, subject, task, one, identity(shapes, tuple(own)))
    first = next(bindings(shapes, task.fixed, one.variables), None)
    return Scene(x, subject, task, one, first) if first and first.shapes == dict(shapes) else {}


def broken(one: Trainee) -> Reading:
    told = f"a training step of `{one.info.name}`"
    return {"step": Fact(Level.RUNS, told, ending(one.trouble), part="step")}


def forward(scene: Scene, watched: Watched | None = None) -> dict[str, Fact]:
    """The facts that tell forms apart soonest."""
    batch = scene.batch
    watched = watched or scene.step(batch, scene.planted())
    found: dict[str, Fact] = {}
    shown = outputs(watched, batch.inputs, under_tape=True)
    if shown:
        found["output"] = Fact(Level.VALUES, "the output of the forward pass", shown[0], tuple(shown[1:]), "output")
    told = losses(watched)
    sure = sure_step(scene, scene.task.certain) if scene.task.certain in scene.binding.places else None
    if told:
        without = told[0] - losses(sure)[0] if losses(sure) else told[0]
        found["loss"] = Fact(Level.VALUES, "the loss of a batch, without a penalty,", np.asarray(without), part="loss")
    return found


def read(scene: Scene) -> Reading:
    batch = scene.batch
    watched = scene.step(batch, scene.planted())
    if watched is None or not watched.tape:
        return broken(scene.one)
    found = {"step": Fact(Level.RUNS, f"a training step of `{scene.one.info.name}`", YES, part="step")}
    found |= dict(variable_facts(scene))
    found |= forward(scene, watched)
    found |= dict(gradient_facts(scene, watched))
    if scene.task.wanted(Level.VALUES, "predictions"):
        found |= dict(prediction_facts(scene))
    if scene.task.wanted(Level.DROPOUT):
        found |= dict(dropout_facts(scene))
    return found


def name_of(role: str) -> str:
    return role.removeprefix("c.")


def variable_facts(scene: Scene) -> Iterator[tuple[str, Fact]]:
    for role, shape in scene.task.roles.items():
        name = name_of(role)
        word = "there" if role in scene.binding.places else "missing"
        yield f"{name} is there", Fact(Level.SHAPES, f"a variable like {name} {list(shape)}", word, part=name)


def gradient_facts(scene: Scene, watched: Watched) -> Iterator[tuple[str, Fact]]:
    gradients = scene.binding.by_role(first_gradients(watched))
    changes = scene.binding.by_role(moved(watched))
    certain = scene.task.certain
    sure = sure_step(scene, certain) if certain in scene.binding.places and certain else None
    alone = scene.binding.by_role(first_gradients(sure)) if sure else {}
    values = scene.values
    for role in scene.task.roles:
        name, gradient, penalty = name_of(role), gradients.get(role), alone.get(role)
        if role not in scene.binding.places:
            continue
        change = changes.get(role)
        word = "changes it" if change is not None and np.any(change) else "leaves it as it is"
        yield f"{name} moves", Fact(Level.GRADIENTS, f"{name}: a training step", word, part=name)
        if penalty is not None and role != certain:
            kind = penalty_word(penalty, values[role], scene.subject.settings is Settings.FIXED)
            yield f"penalty on {name}", Fact(Level.REGULARISATION, f"the penalty on {name}", kind, part=name)
        if gradient is not None:
            own = gradient - penalty if penalty is not None and role != certain else gradient
            yield f"gradient of {name}", Fact(Level.GRADIENTS, f"the gradient of the cost in {name}", own, part=name)


def prediction_facts(scene: Scene) -> Iterator[tuple[str, Fact]]:
    batch = scene.batch
    steps = predicting(scene.one, scene.subject, batch, scene.planted(), scene.rates(0.0), before=whole())
    seen = scene.x.ask(f"{scene.one.info.name}.predicts", *steps, seconds=SECONDS)
    first = watched_in(seen)
    told = array(first.returned) if first else None
    if told is not None and told.size == len(batch.labels):
        yield "predictions", Fact(Level.VALUES, "the predictions", told.reshape(-1).astype(float), part="predictions")


def dropout_facts(scene: Scene) -> Iterator[tuple[str, Fact]]:
    """Every row is the same example, so that rows differ by their masks alone."""
    one, subject = scene.one, scene.subject
    rows = DRAWS if one.rows == ROWS else one.rows
    first = batch_of(scene.x, subject, 1, "dropped")
    batch = Batch(np.repeat(first.inputs, rows, axis=0), labels_of(subject, rows))
    rates = scene.rates(ASKED_RATE)
    steps = training(one, subject, batch, scene.planted(), rates)
    watched = watched_in(scene.x.ask(f"{one.info.name}.dropped", *steps, seconds=SECONDS))
    shown = [o for o in outputs(watched, batch.inputs, True) if o.shape[1:] == scene.task.output]
    if shown:
        spread = Spread(shown[0].mean(axis=0), shown[0].std(axis=0))
        yield "dropout", Fact(Level.DROPOUT, "the output in training", spread, part="dropout")
    asked = scene.x.ask(
        f"{one.info.name}.predicts dropped", *predicting(one, subject, batch, scene.planted(), rates), seconds=SECONDS
    )
    told = [o for o in outputs(watched_in(asked), batch.inputs, False) if o.shape[1:] == scene.task.output]
    if told:
        word = "the same" if np.allclose(told[0], told[0][:1], rtol=1e-3, atol=1e-4) else "different"
        yield (
            "prediction",
            Fact(Level.DROPOUT, "what equal examples get when they are classified", word, part="prediction"),
        )


def learned(x: Examiner, subject: Subject, task: Task, one: Trainee) -> Learning | None:
    """A small task, once more with smaller inputs where its loss did not fall: a learning rate is made for its data."""
    if not one.works or not task.wanted(Level.LEARNS):
        return None
    found = Learning(())
    for scale in (0.5, 0.1):
        batch = lesson(x, subject, LESSON if one.rows == ROWS else one.rows, scale)
        steps = training(one, subject, batch, epochs=STEPS, steps=STEPS, losses_only=True)
        seen = x.ask(f"{one.info.name}.learns", *steps, seconds=SECONDS)
        watched = watched_in(seen)
        found = Learning(tuple(losses(watched)), seen.trouble or (watched.trouble if watched else None))
        if found.fell:
            break
    return found


def lesson(x: Examiner, subject: Subject, rows: int, scale: float) -> Batch:
    """Examples of a class lie around a centre of its own, or end in words of its own."""
    batch = batch_of(x, subject, rows, "lesson")
    if batch.inputs.dtype.kind == "f":
        centres = batch_of(x, subject, max(subject.classes, 2), "centres").inputs
        inputs = scale * (0.3 * batch.inputs + centres[batch.labels.astype(int) % len(centres)])
        return Batch(inputs.astype(np.float32), batch.labels)
    last = batch.inputs.reshape(rows, -1)[:, -1]
    return Batch(batch.inputs, (last % max(subject.classes, 2)).astype(np.int32))
