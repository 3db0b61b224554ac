"""What a class computes: forward pass, loss, gradients, penalty, predictions, dropout."""

from collections.abc import Iterator

import numpy as np
from msgspec.structs import replace

from grader.course.subject import Settings
from grader.judging.comparing.arrays import array
from grader.judging.declared.feeding import Batch, batch_of, labels_of
from grader.judging.declared.interview import YES, ending
from grader.judging.declared.outputs import outputs
from grader.judging.declared.penalty import penalty_word
from grader.judging.declared.readings import Fact, Reading, Spread
from grader.judging.declared.scene import SECONDS, Scene, sure_step
from grader.judging.declared.training import ROWS, Trainee, losses, predicting, training
from grader.judging.instruments.dropout import whole
from grader.judging.meeting.watching import first_gradients, moved, watched_in
from grader.model import Level
from grader.sandbox.guest.wire import Watched

ASKED_RATE = 0.4
DRAWS = 400  # of dropout masks


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


def running(one: Trainee) -> Reading:
    return {"step": Fact(Level.RUNS, f"a training step of `{one.info.name}`", YES, part="step", whole=True)}


def broken(one: Trainee) -> Reading:
    told = f"a training step of `{one.info.name}`"
    return {"step": Fact(Level.RUNS, told, ending(one.trouble), part="step", whole=True)}


def forward(scene: Scene, watched: Watched | None = None) -> dict[str, Fact]:
    """The facts that tell forms apart soonest."""
    batch = scene.batch
    watched = watched or scene.step(batch, scene.planted())
    found: dict[str, Fact] = {}
    shown = outputs(watched, batch.inputs, under_tape=True)
    if shown:
        found["output"] = Fact(Level.VALUES, "the output of the forward pass", shown[0], tuple(shown[1:]), "output")
    told = losses(watched)
    sure = sure_step(scene)
    if told:
        without = told[0] - losses(sure)[0] if losses(sure) else told[0]
        found["loss"] = Fact(Level.VALUES, "the loss of a batch, without a penalty,", np.asarray(without), part="loss")
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
    certain, sure = scene.task.certain, sure_step(scene)
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
