"""A class that trains, in the roles of the model answer, and a step of it under secret weights."""

from collections.abc import Mapping, Sequence

import numpy as np
from msgspec import Struct
from msgspec.structs import replace

from grader.course.subject import Subject
from grader.errors import OurFault
from grader.judging.comparing.arrays import Numbers
from grader.judging.declared.aside import outputs_aside
from grader.judging.declared.bindings import Binding
from grader.judging.declared.cuts import Piece, Placed
from grader.judging.declared.feeding import Batch, batch_of
from grader.judging.declared.interview import Wanted
from grader.judging.declared.outputs import outputs
from grader.judging.declared.penalty import PenaltyKind, penalty_of
from grader.judging.declared.telling import telling
from grader.judging.declared.training import Trainee, Watching, trainees, training
from grader.judging.examiner import Examiner
from grader.judging.instruments.dropout import is_rate
from grader.judging.instruments.silence import whole
from grader.judging.meeting.watching import first_gradients, watched_in
from grader.sandbox.guest.wire import Scalar, Watched

CERTAIN = 40.0  # a logit's bias beside which no other logit counts in float32
NEARLY, LEFT = (14.0, 11.0), 20.0  # for which a cross-entropy by hand has no logarithm of 0; × e⁻ of it is left
SECONDS = 60.0


class Task(Struct, frozen=True):
    """What the model answer's class is made of, in its own sizes."""

    roles: Mapping[str, tuple[int, ...]]  # its variables that take part, by path
    fixed: tuple[int, ...]  # numbers that the task gives: of an input, of classes
    certain: str | None  # the role that is a bias of the outputs, where it can make every example sure
    output: tuple[int, ...] | None  # shape of what it gives for one example
    wanted: Wanted
    still: bool = False  # for inputs and biases of zero, no gradient of a matrix holds more than a penalty


class Scene(Struct, frozen=True):
    """A class that trains, which of its variables are which roles, and the secret weights."""

    x: Examiner
    task: Task
    one: Trainee
    binding: Binding
    surely: float = CERTAIN

    @property
    def subject(self) -> Subject:
        return self.one.subject

    @property
    def values(self) -> dict[str, Numbers]:
        """Strong enough to tell forms apart, weak enough for float32; the same for the same role and shape."""
        spread = {
            role: 1.5 / np.sqrt(max(shape[0], 1)) if len(shape) > 1 else 0.5
            for role, shape in self.binding.shapes.items()
        }
        shapes = self.binding.shapes.items()
        drawn = {role: self.x.normal(f"role {role} ", shape, spread[role]) for role, shape in shapes}
        pools = any(len(shape) > 2 for shape in self.binding.shapes.values())  # where there is a kernel
        return {role: telling(value) for role, value in drawn.items()} if pools else drawn

    def planted(self) -> dict[str, Numbers]:
        return self.binding.planted(self.values, self.one.variables)

    def rates(self, rate: float) -> dict[str, Scalar]:
        """Attributes named like a dropout rate, or like the share that is kept."""
        return {
            name: 1 - rate if "keep" in name.lower() else rate
            for name, old in self.one.numbers.items()
            if is_rate(name) and type(old) in (int, float) and name not in self.one.strides
        }

    def any_rates(self, rate: float) -> dict[str, Scalar]:
        """Where no name tells of one, every share between 0 and 1: what else may be such matters to no forward pass."""
        shares = {name: rate for name, old in self.one.numbers.items() if isinstance(old, float) and 0 < old < 1}
        return self.rates(rate) or dict(shares)

    def step(self, batch: Batch, weights: Mapping[str, Numbers], seed: int = 0) -> Watched | None:
        """A step without dropout."""
        steps = training(self.one, batch, weights, self.rates(0.0), Watching(tuple(whole()), seed=seed))
        return watched_in(self.x.ask(f"{self.one.info.name}.step", *steps, seconds=SECONDS))

    def outputs(self, batch: Batch, watched: Watched | None) -> list[Numbers]:
        """Of a watched step with the secret weights, and then of methods that it does not call."""
        shown = outputs(watched, batch.inputs, under_tape=True)
        if self.subject.classes:
            return shown
        return shown + outputs_aside(self.x, self.one, batch, self.planted(), self.rates(0.0))

    @property
    def batch(self) -> Batch:
        return batch_of(self.x, self.subject, self.one.rows)


def task_of(x: Examiner, subject: Subject, wanted: Wanted, rows: int) -> Task:
    """Raises OurFault where the model answer has no class that takes a step."""
    one = next((one for one in trainees(x, subject, rows) if one.works), None)
    if one is None or one.watched is None:
        raise OurFault(f"{x.lab}: the model answer has no class whose training takes a step with {subject.input!r}")
    gradients = first_gradients(one.watched)
    roles = {v.path: v.shape for v in one.variables if gradients.get(v.path) is not None}
    if not roles:
        raise OurFault(f"{x.lab}: no gradient of the model answer's training reaches a variable of its class")
    fixed: tuple[int, ...] = (1,)
    for spec in subject.inputs.values():
        below = [spec.below] if spec.distribution == "integers" else []
        fixed = (*fixed, *spec.shape, int(np.prod(spec.shape)), *below)
    if subject.classes:
        fixed = (*fixed, subject.classes)
    bare = Task(roles, fixed, None, None, wanted)
    scene = Scene(x, bare, one, identity(roles))
    shown = outputs(one.watched, scene.batch.inputs, under_tape=True)
    width = shown[0].shape[1:] if shown else ()
    fixed = (*fixed, *width)  # the number of outputs is none that a student chooses
    sure = next((role for role in reversed(roles) if makes_sure(scene, role)), None)
    found = Task(roles, fixed, sure, width if shown else None, wanted)
    tried = replace(scene, task=replace(found, still=True))
    return tried.task if sure is None and is_still(tried) else found


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
    size, classes = int(np.prod(scene.task.roles[role])), scene.subject.classes
    if classes < 2 or (size != classes and (size, classes) != (1, 2)):
        return False
    watched = sure_step(replace(scene, task=replace(scene.task, certain=role)))
    gradient = first_gradients(watched).get(role) if watched else None
    return gradient is not None and float(np.max(np.abs(gradient))) < 1e-6


def is_still(scene: Scene) -> bool:
    """Of labels that are smoothed nothing is ever sure; but what a layer makes of zeros is zero, mostly."""
    if not scene.subject.classes or any(one.dtype.kind != "f" for one in scene.batch.inputs):
        return False
    step = sure_step(scene)
    matrices = [role for role, shape in scene.task.roles.items() if len(shape) > 1]
    found = first_gradients(step) if step else {}
    kinds = [penalty_of(found.get(role), scene.values[role]).kind for role in matrices if found.get(role) is not None]
    return len(kinds) == len(matrices) > 0 and PenaltyKind.OTHER not in kinds


def sure_step(scene: Scene) -> Watched | None:
    """A step in which the class is sure, and right, of every example: its gradient is the penalty's alone.

    Sure of the first class, or where there is one output of the second; where targets are numbers, they are what the
    class gives itself.
    """
    role, batch = scene.task.certain, scene.batch
    if not scene.subject.classes:
        return as_it_says(scene)
    if scene.task.still:
        batch = Batch(tuple(map(np.zeros_like, batch.inputs)), batch.labels)
        return scene.step(batch, scene.binding.planted(sure_values(scene), scene.one.variables))
    if role is None or role not in scene.binding.places:
        return None
    labels = np.full_like(batch.labels, int(np.prod(scene.binding.shapes[role])) == 1)
    return scene.step(Batch(batch.inputs, labels), scene.binding.planted(sure_values(scene), scene.one.variables))


def sure_values(scene: Scene) -> dict[str, Numbers]:
    """The secret weights, with a bias of the outputs that favours one class, or without any."""
    values, role = scene.values, scene.task.certain
    if scene.task.still:
        return {role: value if value.ndim > 1 else np.zeros_like(value) for role, value in values.items()}
    if role in values:
        bias = np.full(scene.binding.shapes[role], -scene.surely, np.float32)
        bias.reshape(-1)[0] = scene.surely
        values[role] = bias
    return values


def as_it_says(scene: Scene) -> Watched | None:
    """With one example over and over: a cost that compares every estimate with every target is gone as well.

    Of several things that the class gives, the estimate is that by which nothing but penalties is left.
    """
    plain, weights = scene.batch, scene.planted()
    batch = Batch(tuple(np.repeat(one[:1], len(one), axis=0) for one in plain.inputs), plain.labels)
    first: Watched | None = None
    for shown in scene.outputs(batch, scene.step(batch, weights)):
        if shown.size == len(batch.labels):
            step = scene.step(Batch(batch.inputs, shown.reshape(-1).astype(np.float32)), weights)
            if step is not None and penalties_alone(scene, step):
                return step
            first = first or step
    return first


def penalties_alone(scene: Scene, step: Watched) -> bool:
    gradients, values = scene.binding.by_role(first_gradients(step)), scene.values
    kinds = (penalty_of(gradient, values[role]).kind for role, gradient in gradients.items() if gradient is not None)
    return PenaltyKind.OTHER not in kinds
