"""What a model of Keras computed under secret weights, fact by fact."""

from collections.abc import Callable, Iterator, Mapping, Sequence

import numpy as np
from msgspec import Struct

from grader.course.subject import Settings, Subject
from grader.judging.comparing.arrays import Numbers, array
from grader.judging.declared.aside import as_numbers_and_columns
from grader.judging.declared.bindings import Binding
from grader.judging.declared.interview import runs
from grader.judging.declared.keras_weights import number_of
from grader.judging.declared.penalty import penalty_of
from grader.judging.declared.readings import Fact, Spread
from grader.model import Level, Observation, Status
from grader.sandbox.guest.wire import Listing, VariableInfo
from grader.sandbox.guest.wire import Mapping as WireMapping

Told = tuple[int, str, Numbers | None, Numbers]  # a role's number, the weight's name, what is told of it, its value


class Weights(Struct, frozen=True):
    """Of a model, as it lists them; which of the model answer's they are, and the secret values of those."""

    own: Sequence[VariableInfo]
    binding: Binding
    values: Mapping[str, Numbers]

    def by_role(self, told: object, read: Callable[[object, VariableInfo], Numbers | None]) -> Iterator[Told]:
        found = self.binding.by_role({v.path: read(one, v) for one, v in zip(listed(told), self.own, strict=False)})
        for role, place in self.binding.places.items():
            yield number_of(role), place.pieces[0].path.rsplit(" ", 1)[0], found[role], self.values[role]


def listed(value: object) -> tuple[object, ...]:
    return value.items if isinstance(value, Listing) else ()


def computed(seen: Observation, weights: Weights, subject: Subject) -> dict[str, Fact]:
    answer = seen.values.get("r")
    if seen.status is not Status.ANSWERED or not isinstance(answer, WireMapping):
        return {"model runs": runs("calling and training the model", seen.trouble, "model")}
    told = answer.items
    fixed = subject.settings is Settings.FIXED
    found = dict(forward_facts(told, subject.classes > 0))
    found |= dict(penalty_facts(told, weights, fixed))
    found |= dict(dropout_facts(told, fixed))
    found |= dict(training_facts(told, weights))
    return found


def forward_facts(told: Mapping[str, object], scores: bool) -> Iterator[tuple[str, Fact]]:
    output = array(told.get("output"))
    if output is not None:
        shape, columns = f"has the shape {list(output.shape)}", [*output.shape, *[1] * (output.ndim == 1)]
        alike = f"has the shape {columns}"  # a number for each example may stand in a column of its own
        yield "output shape", Fact(Level.SHAPES, "the output", alike, part="output", shown=shape)
        others = tuple(as_numbers_and_columns([output]))[1:] if output.ndim else ()
        yield "output", Fact(Level.VALUES, "the output", output, others, "output", scores=scores)
    loss = array(told.get("loss"))
    value: str | Numbers = loss if loss is not None else "is not there, since the model is not compiled"
    yield "loss", Fact(Level.VALUES, "the loss without its penalty", value, part="loss")
    optimizer = str(told.get("optimizer")) or "not there, since the model is not compiled"
    yield "optimizer", Fact(Level.LEARNS, "the optimizer", f"is {optimizer}", part="optimizer")


def penalty_facts(told: Mapping[str, object], weights: Weights, fixed: bool) -> Iterator[tuple[str, Fact]]:
    for number, own, gradient, value in weights.by_role(told.get("penalty"), lambda one, _: array(one)):
        name = f"penalty on weight {number}"
        word = f"is {penalty_of(gradient, value).word(fixed)}"
        yield name, Fact(Level.REGULARISATION, f"the {name} ({own})", word, part=name)


def dropout_facts(told: Mapping[str, object], fixed: bool) -> Iterator[tuple[str, Fact]]:
    dropped, output, again = (array(told.get(name)) for name in ("dropped", "output", "again"))
    if dropped is None or output is None or again is None:
        return
    yield "dropout", Fact(Level.DROPOUT, "the output in training", Spread(dropped), part="dropout", follows=True)
    varies = "differs from draw to draw" if np.any(dropped.std(axis=0) > 1e-5) else "is always the same"
    yield "training", Fact(Level.DROPOUT, "what one example gives in training", varies, part="dropout")
    repeats = "is always the same" if np.allclose(output, again, atol=1e-5) else "differs from time to time"
    yield "prediction", Fact(Level.DROPOUT, "what one example gives in prediction", repeats, part="prediction")
    if fixed:
        rates = ", ".join(f"{float(rate):.3g}" for rate in listed(told.get("rates")))  # type: ignore[arg-type]
        yield "rates", Fact(Level.DROPOUT, "the list of dropout rates", f"is [{rates}]", part="rates")


def training_facts(told: Mapping[str, object], weights: Weights) -> Iterator[tuple[str, Fact]]:
    for number, own, moved, _ in weights.by_role(told.get("moved"), lambda one, v: np.full(v.shape, bool(one))):
        name = f"weight {number}"
        word = "is changed by a step of training" if np.any(moved) else "is left as it is by a step of training"
        yield f"{name} moves", Fact(Level.GRADIENTS, f"{name} ({own})", word, part=name)
