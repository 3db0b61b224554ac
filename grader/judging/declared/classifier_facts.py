"""What a class computes: forward pass, loss, gradients, penalty, predictions, dropout."""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from msgspec.structs import replace

from grader.course.subject import Settings
from grader.judging.comparing.arrays import Numbers, array
from grader.judging.declared.aside import as_numbers_and_columns
from grader.judging.declared.dropout_facts import dropout_facts
from grader.judging.declared.interview import YES, runs
from grader.judging.declared.outputs import ONE_NUMBER, like_outputs, outputs
from grader.judging.declared.penalty import NOTHING, Penalty, PenaltyKind, penalty_of
from grader.judging.declared.predicting import predicting
from grader.judging.declared.readings import Fact, Reading
from grader.judging.declared.scene import CERTAIN, LEFT, NEARLY, SECONDS, Scene, sure_step, sure_values
from grader.judging.declared.steering import steered_facts, steering_of
from grader.judging.declared.training import Trainee, losses
from grader.judging.instruments.silence import whole
from grader.judging.meeting.watching import first_gradients, moved, watched_in
from grader.model import Level
from grader.sandbox.guest.wire import Watch, Watched

OTHER = PenaltyKind.OTHER
DUST = 1e-3  # of the largest value, by which equal columns may differ
UPHILL, TELLING = 0.99, 4  # cosine of the angle between a step and its gradient; numbers that tell it from chance
SAME = 1e-4  # by which what is the same may differ


def read(scene: Scene) -> Reading:
    steered = steering_of(scene) if scene.subject.steered else None
    scene, batch = steered.quiet if steered else scene, scene.batch
    watched = scene.step(batch, scene.planted())
    if watched is None or not watched.tape:
        return broken(scene.one)
    stops = watched.trouble is not None and not any(map(np.any, moved(watched).values()))
    found = dict(broken(replace(scene.one, trouble=watched.trouble)) if stops else running(scene.one))
    found |= dict(variable_facts(scene))
    found |= dict(start_facts(scene))
    found |= forward(scene, watched)
    found |= dict(gradient_facts(scene, watched))
    if steered is not None:
        found |= dict(steered_facts(steered))
    if scene.task.wanted(Level.VALUES, "predictions"):
        found |= dict(prediction_facts(scene))
    if scene.task.wanted(Level.DROPOUT):
        found |= dict(dropout_facts(scene))
    return found


def step_of(one: Trainee) -> str:
    return f"a training step of `{one.info.name}`"


def running(one: Trainee) -> Reading:
    return {"step": Fact(Level.RUNS, step_of(one), YES, part="step", whole=True)}


def broken(one: Trainee) -> Reading:
    return {"step": runs(step_of(one), one.trouble, "step")}


def penalties(scene: Scene) -> dict[str, Penalty]:
    """By role, from a step in which the cost's own gradient is gone; none are told where there is no such step."""
    scene = in_numbers(scene)
    sure = sure_step(scene)
    if sure is None:
        return {}
    gradients, planted = scene.binding.by_role(first_gradients(sure)), sure_values(scene)
    left = NOTHING if scene.surely == CERTAIN else LEFT * float(np.exp(-scene.surely))
    there = ((role, gradient) for role, gradient in gradients.items() if gradient is not None)
    found = {role: penalty_of(gradient, planted[role], left) for role, gradient in there}
    if scene.task.still:
        found = {role: one for role, one in found.items() if planted[role].ndim > 1 and one.kind is not OTHER}
    return found


def in_numbers(scene: Scene) -> Scene:
    """Less sure, where a cost of the class's own is no number otherwise: 0 times the logarithm of 0."""
    for way in (scene, *(replace(scene, surely=surely) for surely in NEARLY)):
        sure = sure_step(way)
        if sure is None or np.all(np.isfinite(losses(sure))):
            return way
    return scene


def forward(scene: Scene, watched: Watched | None = None) -> dict[str, Fact]:
    """The facts that tell forms apart soonest."""
    batch = scene.batch
    watched = watched or scene.step(batch, scene.planted())
    found: dict[str, Fact] = {}
    found |= output_fact(scene, scene.outputs(batch, watched))
    told = losses(watched)
    if told:
        own = np.asarray(told[0] - penalty_in_loss(scene))
        found["loss"] = Fact(Level.VALUES, "the loss without its penalty", own, part="loss")
    return found


def output_fact(scene: Scene, shown: Sequence[Numbers]) -> dict[str, Fact]:
    if not shown:
        return {}
    told, scores = "the output of the forward pass", scene.subject.classes > 0
    classes = scores and scene.task.output not in ONE_NUMBER
    first, *others = shown if classes else as_numbers_and_columns(shown)
    return {"output": Fact(Level.VALUES, told, first, tuple(others), "output", scores=scores)}


def masked(scene: Scene) -> bool:
    """Whether two steps with the same weights and examples, seeded otherwise, compute something else."""
    batch, weights = scene.batch, scene.planted()
    steps = [scene.step(batch, weights, seed) for seed in (0, 1)]
    one, other = (outputs(step, batch.inputs, under_tape=True) for step in steps)
    return bool(one and other) and one[0].shape == other[0].shape and not np.allclose(one[0], other[0], atol=SAME)


def predicted(scene: Scene) -> dict[str, Fact]:
    """The output of the forward pass, as it is in prediction."""
    first, _ = predicted_twice(scene)
    return output_fact(scene, outputs(first, scene.batch.inputs, under_tape=False))


def predicted_twice(scene: Scene) -> tuple[Watched | None, Watched | None]:
    """Two predictions of one object for the same examples."""
    *before, watch = predicting(scene.one, scene.batch, scene.planted(), scene.rates(0.0), before=whole())
    assert isinstance(watch, Watch)
    steps = (*before, watch, replace(watch, into="again"))
    seen = scene.x.ask(f"{scene.one.info.name}.predicts", *steps, seconds=SECONDS)
    second = seen.values.get("again")
    return watched_in(seen), second if isinstance(second, Watched) else None


def penalty_in_loss(scene: Scene) -> float:
    """All of it, by a step in which nothing else is in the loss; but for that on the bias which makes it so."""
    scene = in_numbers(scene)
    if scene.task.still:
        return sum(own.size(scene.values[role]) for role, own in penalties(scene).items())
    sure, certain = losses(sure_step(scene)), scene.task.certain
    if not sure:
        return 0.0
    own = penalties(scene).get(certain) if certain else None
    if own is None or certain is None:
        return sure[0]
    return sure[0] - own.size(sure_values(scene)[certain]) + own.size(scene.values[certain])


def name_of(role: str) -> str:
    return role.removeprefix("c.")


def variable_facts(scene: Scene) -> Iterator[tuple[str, Fact]]:
    for role, shape in scene.task.roles.items():
        name = name_of(role)
        word = "is there" if role in scene.binding.places else "is missing"
        yield f"{name} is there", Fact(Level.SHAPES, f"a variable like {name} {list(shape)}", word, part=name)


def start_facts(scene: Scene) -> Iterator[tuple[str, Fact]]:
    """Of each matrix: columns that start alike get the same gradient, and stay alike."""
    first = scene.one.watched
    values = {v.path: array(v.value) for v in (*first.after, *first.before)} if first else {}
    for role, value in scene.binding.by_role(values).items():
        if value is not None and value.ndim > 1:
            alike = float(np.max(np.ptp(value, axis=-1))) <= DUST * float(np.max(np.abs(value)))
            word = "start with equal columns" if alike else "start with columns that differ"
            yield (
                f"{name_of(role)} starts",
                Fact(Level.LEARNS, f"the values of {name_of(role)}", word, part=name_of(role)),
            )


def gradient_facts(scene: Scene, watched: Watched) -> Iterator[tuple[str, Fact]]:
    gradients = scene.binding.by_role(first_gradients(watched))
    changes = scene.binding.by_role(moved(watched))
    known, values = penalties(scene), scene.values
    moves = "is changed by a step of training"
    if goes_uphill(changes, gradients):
        moves = "is moved up its gradient by a step of training, where the cost grows"
    for role in scene.binding.places:
        name, gradient, change = name_of(role), gradients.get(role), changes.get(role)
        stays = change is None or not np.any(change)
        word = "is left as it is by a step of training" if stays else moves
        yield f"{name} moves", Fact(Level.GRADIENTS, f"the variable {name}", word, part=name)
        penalty = known.get(role)
        if penalty is not None:
            kind = penalty.word(scene.subject.settings is Settings.FIXED)
            yield f"penalty on {name}", Fact(Level.REGULARISATION, f"the penalty on {name}", f"is {kind}", part=name)
        if gradient is not None:
            own = np.asarray(gradient - penalty.slope(values[role]) if penalty is not None else gradient)
            told = f"the gradient of the cost in {name}"
            yield f"gradient of {name}", Fact(Level.GRADIENTS, told, own, part=name, follows=True)


def goes_uphill(changes: Mapping[str, Numbers | None], gradients: Mapping[str, Numbers | None]) -> bool:
    """Whether a step follows every gradient, as the sign of the step tells; what is drawn anew follows none."""
    pairs = [(change, gradients.get(role)) for role, change in changes.items() if change is not None and np.any(change)]
    told = [(change, gradient) for change, gradient in pairs if gradient is not None and np.any(gradient)]
    if sum(change.size for change, _ in told) < TELLING:
        return False
    lengths = (float(np.linalg.norm(change) * np.linalg.norm(gradient)) for change, gradient in told)
    return all(
        float(np.sum(change * gradient)) > UPHILL * length
        for (change, gradient), length in zip(told, lengths, strict=True)
    )


def prediction_facts(scene: Scene) -> Iterator[tuple[str, Fact]]:
    both = predicted_twice(scene)
    told = array(both[0].returned) if both[0] else None
    if told is not None:
        fits = told.size == len(scene.batch.labels)
        own = told.reshape(-1).astype(float) if fits else f"has the shape {list(told.shape)}"
        yield "predictions", Fact(Level.VALUES, "what is predicted", own, part="predictions")
    one, other = (like_outputs(watched, scene.task.output, under_tape=False) for watched in both)
    if one is not None and other is not None and one.shape == other.shape:
        same = np.allclose(one, other, rtol=1e-4, atol=1e-5)
        word = "is the same the second time" if same else "is another one the second time"
        yield "again", Fact(Level.VALUES, "what the same examples give", word, part="predictions")
