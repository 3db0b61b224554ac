"""What a class computes: forward pass, loss, gradients, penalty, predictions, dropout."""

from collections.abc import Iterator

import numpy as np
from msgspec.structs import replace

from grader.course.subject import Settings
from grader.judging.comparing.arrays import Numbers, array
from grader.judging.declared.feeding import Batch, batch_of, labels_of
from grader.judging.declared.interview import YES, runs
from grader.judging.declared.outputs import any_rows, outputs
from grader.judging.declared.penalty import Penalty, penalty_of
from grader.judging.declared.readings import Fact, Reading, Spread
from grader.judging.declared.scene import SECONDS, Scene, sure_step, sure_values
from grader.judging.declared.training import ROWS, Trainee, Watching, losses, predicting, training
from grader.judging.instruments.dropout import whole
from grader.judging.meeting.watching import first_gradients, moved, watched_in
from grader.model import Level
from grader.sandbox.guest.wire import Watched

ASKED_RATE = 0.4
DRAWS = 1000  # of dropout masks
PIECES = 8  # in which they may come
SAME = 1e-4  # deviation of what is the same


def read(scene: Scene) -> Reading:
    batch = scene.batch
    watched = scene.step(batch, scene.planted())
    if watched is None or not watched.tape:
        return broken(scene.one)
    stops = watched.trouble is not None and not any(map(np.any, moved(watched).values()))
    found = dict(broken(replace(scene.one, trouble=watched.trouble)) if stops else running(scene.one))
    found |= dict(variable_facts(scene))
    found |= forward(scene, watched)
    found |= dict(gradient_facts(scene, watched))
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
    sure = sure_step(scene)
    if sure is None:
        return {}
    gradients, planted = scene.binding.by_role(first_gradients(sure)), sure_values(scene)
    return {role: penalty_of(gradient, planted[role]) for role, gradient in gradients.items() if gradient is not None}


def forward(scene: Scene, watched: Watched | None = None) -> dict[str, Fact]:
    """The facts that tell forms apart soonest."""
    batch = scene.batch
    watched = watched or scene.step(batch, scene.planted())
    found: dict[str, Fact] = {}
    shown = outputs(watched, batch.inputs, under_tape=True)
    if shown:
        found["output"] = Fact(Level.VALUES, "the output of the forward pass", shown[0], tuple(shown[1:]), "output")
    told = losses(watched)
    if told:
        own = np.asarray(told[0] - penalty_in_loss(scene))
        found["loss"] = Fact(Level.VALUES, "the loss without its penalty", own, part="loss")
    return found


def penalty_in_loss(scene: Scene) -> float:
    """All of it, by a step in which nothing else is in the loss; but for that on the bias which makes it so."""
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


def gradient_facts(scene: Scene, watched: Watched) -> Iterator[tuple[str, Fact]]:
    gradients = scene.binding.by_role(first_gradients(watched))
    changes = scene.binding.by_role(moved(watched))
    known, values = penalties(scene), scene.values
    for role in scene.binding.places:
        name, gradient, change = name_of(role), gradients.get(role), changes.get(role)
        stays = change is None or not np.any(change)
        word = "is left as it is by a step of training" if stays else "is changed by a step of training"
        yield f"{name} moves", Fact(Level.GRADIENTS, name, word, part=name)
        penalty = known.get(role)
        if penalty is not None:
            kind = penalty.word(scene.subject.settings is Settings.FIXED)
            yield f"penalty on {name}", Fact(Level.REGULARISATION, f"the penalty on {name}", f"is {kind}", part=name)
        if gradient is not None:
            own = gradient - penalty.slope(values[role]) if penalty is not None else gradient
            told = f"the gradient of the cost in {name}"
            yield f"gradient of {name}", Fact(Level.GRADIENTS, told, own, part=name, follows=True)


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
    draws = training_draws(scene, batch)
    if draws is not None:
        yield "dropout", Fact(Level.DROPOUT, "the output in training", Spread(draws), part="dropout", follows=True)
        varies = "differs from draw to draw" if np.any(draws.std(axis=0) > SAME) else "is always the same"
        yield "training", Fact(Level.DROPOUT, "what one example gives in training", varies, part="dropout")
    steps = predicting(one, subject, batch, scene.planted(), scene.any_rates(ASKED_RATE))
    asked = scene.x.ask(f"{one.info.name}.predicts dropped", *steps, seconds=SECONDS)
    told = like_outputs(scene, watched_in(asked), under_tape=False)
    if told is not None:
        word = "is always the same" if np.all(told.std(axis=0) <= SAME) else "differs from time to time"
        yield "prediction", Fact(Level.DROPOUT, "what one example gives in prediction", word, part="prediction")


def training_draws(scene: Scene, batch: Batch) -> Numbers | None:
    """Outputs of as many masks as it takes; a batch size that cannot be set gives them piece by piece."""
    found: list[Numbers] = []
    for seed in range(PIECES):
        watching = Watching(seed=seed)
        steps = training(scene.one, scene.subject, batch, scene.planted(), scene.any_rates(ASKED_RATE), watching)
        seen = scene.x.ask(f"{scene.one.info.name}.dropped", *steps, seconds=SECONDS)
        rows = like_outputs(scene, watched_in(seen), under_tape=True)
        if rows is None:
            break
        found.append(rows)
        if sum(map(len, found)) >= DRAWS:
            break
    return np.concatenate(found) if found else None


def like_outputs(scene: Scene, watched: Watched | None, under_tape: bool) -> Numbers | None:
    """The first result with the shape of outputs, of however many examples."""
    rows = any_rows(watched, scene.task.output, under_tape) if scene.task.output is not None else ()
    return next(iter(rows), None)
