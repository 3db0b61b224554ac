"""Models of Keras: layers by what they compute, loss, penalty, dropout, what a step of training moves, how they fit."""

from collections.abc import Iterator, Mapping, Sequence
from functools import cache

import numpy as np
from msgspec import Struct

from grader.course.subject import Settings, Subject, secret
from grader.judging.comparing.arrays import Numbers, array, send
from grader.judging.declared.arguments import draw, wired
from grader.judging.declared.interview import YES, Interview, Wanted, ending, form_examiner
from grader.judging.declared.penalty import penalty_word
from grader.judging.declared.readings import Fact, Reading, Spread
from grader.judging.examiner import Examiner
from grader.judging.instruments.learning import Learning
from grader.judging.meeting.classes import recipes
from grader.judging.meeting.contact import Inputs
from grader.judging.model_answer import DECK, ModelAnswer, Sizes
from grader.model import Level, Observation, Remark, Status
from grader.sandbox.guest.wire import Call, FunctionInfo, Inventory, Listing, Make, Ref, Step
from grader.sandbox.guest.wire import Mapping as WireMapping

ROWS, LESSON = 6, 32  # examples of a question, and of a small training
ASKED_RATE = 0.4  # of every dropout layer, where rates are free
SECONDS = 60.0
NO_ARGUMENTS = Inputs(())
BUILDING = ("build", "make", "create", "model", "crea", "modelo", "sortu", "eredu")  # in names of functions


class Origin(Struct, frozen=True):
    """Steps that put the model into slot `c`."""

    name: str
    steps: tuple[Step, ...]
    cell: int | None = None


class Built(Struct, frozen=True):
    origin: Origin
    shapes: tuple[tuple[int, ...], ...] = ()
    names: tuple[str, ...] = ()
    trained: tuple[bool, ...] = ()
    trouble: str = ""


def interview_keras(x: Examiner, subject: Subject, answer: ModelAnswer, wanted: Wanted) -> Interview:
    built = first_built(x, subject)

    @cache
    def of_form(form: str) -> Reading:
        plain = form_examiner(x, answer, form)
        made = first_built(plain, subject)
        sizes = sizes_between(made, built) if subject.settings is Settings.FREE else {}
        if not sizes:
            return reading(plain, subject, made)
        other = form_examiner(x, answer, form, sizes)
        return reading(other, subject, first_built(other, subject))

    if built is None:
        what = f"`{subject.build}`" if subject.build else "a model"
        return Interview({}, of_form, missing=f"There is no {what} of Keras that your notebook leaves behind.")
    learning = learned(x, subject, built) if wanted(Level.LEARNS) and not built.trouble else None
    tuned = sizes_between(first_built(form_examiner(x, answer, DECK), subject), built)
    return Interview(
        reading(x, subject, built),
        of_form,
        cell=built.origin.cell,
        learning=learning,
        remarks=tuple(about_sizes(tuned)),
    )


def about_sizes(sizes: Sizes) -> Iterator[Remark]:
    if sizes:
        told = ", ".join(f"{new} in place of {old}" for old, new in sizes.items())
        yield Remark("own-sizes", f"Your model has sizes of its own ({told}).")


def first_built(x: Examiner, subject: Subject) -> Built | None:
    """The first model that can be made and called; else the first that was tried, with what stopped it."""
    first = None
    for origin in origins(x, subject):
        seen = x.ask(
            f"{origin.name}.weights",
            *origin.steps,
            Call("keras_weights", (Ref("c"), send(inputs(x, subject, "weights", 1))), into="w"),
            seconds=SECONDS,
        )
        found = seen.values.get("w")
        if isinstance(found, WireMapping):
            return Built(
                origin,
                tuple(shape_of(shape) for shape in listed(found.items.get("shapes"))),
                tuple(map(str, listed(found.items.get("names")))),
                tuple(map(bool, listed(found.items.get("trained")))),
            )
        first = first or Built(origin, trouble=ending(seen.trouble))
    return first


def shape_of(value: object) -> tuple[int, ...]:
    return tuple(n for n in listed(value) if isinstance(n, int))


def listed(value: object) -> tuple[object, ...]:
    return value.items if isinstance(value, Listing) else ()


def origins(x: Examiner, subject: Subject) -> Iterator[Origin]:
    """What the lab names first: a function that builds it, a class, a global; then any global that is a model."""
    survey = x.survey()
    if survey is None:
        return
    functions = sorted(survey.functions, key=lambda f: f.name != subject.build)
    for info in functions if subject.build else ():
        named = info.name == subject.build
        if named or (any(word in info.name.lower() for word in BUILDING) and can_be_called(info, subject)):
            given = tuple(wired(value, "numpy", wide=False) for value in subject.arguments.values())
            names = [parameter.name for parameter in info.parameters]
            made = Call(info.name, (), dict(zip(subject.arguments, given, strict=True)), "made", keep=True)
            if not set(subject.arguments) <= set(names):
                made = Call(info.name, given[: len(names)], {}, "made", keep=True)
            yield Origin(info.name, (made, as_slot("made")), info.cell)
    yield from of_classes(survey, subject)
    for name in listed(x.ask("keras.models", Call("keras_models", into="m")).values.get("m")):
        yield Origin(str(name), (as_slot(str(name)),))


def can_be_called(info: FunctionInfo, subject: Subject) -> bool:
    return sum(parameter.required for parameter in info.parameters) <= len(subject.arguments)


def as_slot(path: str) -> Step:
    return Call("(lambda thing: thing)", (Ref(path),), {}, "c", keep=True)


def of_classes(survey: Inventory, subject: Subject) -> Iterator[Origin]:
    """Classes with a method `call`, that of the lab's name first."""
    able = [info for info in survey.classes if "call" in info.methods]
    for info in sorted(reversed(able), key=lambda info: info.name != subject.build):
        made = recipes(survey, info, NO_ARGUMENTS)[-1]
        yield Origin(info.name, (Make("c", made.cls, made.args, made.kwargs),), info.cell)


def inputs(x: Examiner, subject: Subject, purpose: str, rows: int) -> Numbers:
    return draw(x, secret(subject.input), f"keras {purpose}", (rows,))


def labels(subject: Subject, rows: int) -> Numbers:
    if not subject.classes:
        return np.linspace(-1.0, 1.0, rows, dtype=np.float32)
    return np.arange(rows, dtype=np.int32) % subject.classes


def values(x: Examiner, built: Built) -> tuple[Numbers, ...]:
    """Secret weights, the same for the same place and shape; what has to be positive is."""
    drawn = []
    for place, (shape, name) in enumerate(zip(built.shapes, built.names, strict=True)):
        fan = int(np.prod(shape[:-1])) if len(shape) > 1 else 4
        value = x.normal(f"keras weight {place} ", shape, 1.2 / np.sqrt(max(fan, 1)))
        drawn.append(np.abs(value) + 0.5 if "variance" in name else value)
    return tuple(drawn)


def sizes_between(made: Built | None, built: Built | None) -> Sizes:
    """Which numbers of a form have to be others for its weights to have the notebook's shapes; none if that fails."""
    if made is None or built is None or [len(s) for s in made.shapes] != [len(s) for s in built.shapes]:
        return {}
    sizes: dict[int, int] = {}
    for ours, theirs in zip(made.shapes, built.shapes, strict=True):
        for old, new in zip(ours, theirs, strict=True):
            if sizes.setdefault(old, new) != new:
                return {}
    return {old: new for old, new in sizes.items() if old != new}


def reading(x: Examiner, subject: Subject, built: Built | None) -> Reading:
    if built is None:
        return {}
    found = {
        "model runs": Fact(Level.RUNS, "the model, made and called,", built.trouble or YES, part="model", whole=True)
    }
    if built.trouble:
        return found
    shapes = ", ".join(str(list(shape)) for shape in built.shapes)
    found["weights"] = Fact(Level.SHAPES, "the weights", shapes, part="weights")
    rate = ASKED_RATE if subject.settings is Settings.FREE else 0.0
    given = Listing(tuple(send(value) for value in values(x, built)))
    data = send(inputs(x, subject, "x", ROWS))
    seen = x.ask(
        f"{built.origin.name}.computed",
        *built.origin.steps,
        Call("keras_computed", (Ref("c"), data, send(labels(subject, ROWS)), given, rate), into="r"),
        seconds=SECONDS,
    )
    return found | computed(seen, subject, built, values(x, built))


def computed(seen: Observation, subject: Subject, built: Built, weights: Sequence[Numbers]) -> dict[str, Fact]:
    answer = seen.values.get("r")
    if seen.status is not Status.ANSWERED or not isinstance(answer, WireMapping):
        return {
            "model runs": Fact(
                Level.RUNS, "the model, called and trained,", ending(seen.trouble), part="model", whole=True
            )
        }
    told = answer.items
    found = dict(forward_facts(told))
    found |= dict(penalty_facts(told, subject, built, weights))
    found |= dict(dropout_facts(told, subject))
    found |= dict(training_facts(told, built))
    return found


def forward_facts(told: Mapping[str, object]) -> Iterator[tuple[str, Fact]]:
    output = array(told.get("output"))
    if output is not None:
        yield "output shape", Fact(Level.SHAPES, "the shape of the output", str(list(output.shape)), part="output")
        yield "output", Fact(Level.VALUES, "the output", output, part="output")
    loss = array(told.get("loss"))
    value: str | Numbers = loss if loss is not None else "the model is not compiled"
    yield "loss", Fact(Level.VALUES, "the loss, without a penalty,", value, part="loss")
    optimizer = str(told.get("optimizer")) or "none"
    yield "optimizer", Fact(Level.LEARNS, "the optimizer", optimizer, part="optimizer")


def penalty_facts(
    told: Mapping[str, object], subject: Subject, built: Built, weights: Sequence[Numbers]
) -> Iterator[tuple[str, Fact]]:
    for place, (value, weight) in enumerate(zip(listed(told.get("penalty")), weights, strict=False), 1):
        name = f"penalty on weight {place}"
        word = penalty_word(array(value), weight, subject.settings is Settings.FIXED)
        yield name, Fact(Level.REGULARISATION, f"the {name} ({built.names[place - 1]})", word, part=name)


def dropout_facts(told: Mapping[str, object], subject: Subject) -> Iterator[tuple[str, Fact]]:
    dropped, output, again = (array(told.get(name)) for name in ("dropped", "output", "again"))
    if dropped is None or output is None or again is None:
        return
    spread = Spread(dropped.mean(axis=0), dropped.std(axis=0))
    yield "dropout", Fact(Level.DROPOUT, "the output in training", spread, part="dropout")
    repeats = "the same" if np.allclose(output, again, atol=1e-5) else "different"
    yield "prediction", Fact(Level.DROPOUT, "the same examples predicted twice", repeats, part="prediction")
    if subject.settings is Settings.FIXED:
        rates = ", ".join(f"{float(rate):.3g}" for rate in listed(told.get("rates")))  # type: ignore[arg-type]
        yield "rates", Fact(Level.DROPOUT, "the dropout rates", rates or "none", part="rates")


def training_facts(told: Mapping[str, object], built: Built) -> Iterator[tuple[str, Fact]]:
    for place, moved in enumerate(listed(told.get("moved"))):
        name = f"weight {place + 1}"
        word = "moves" if moved else "stays as it is"
        yield (
            f"{name} moves",
            Fact(Level.GRADIENTS, f"{name} ({built.names[place]}) in a step of training", word, part=name),
        )


def learned(x: Examiner, subject: Subject, built: Built) -> Learning:
    """A small task: examples of a class lie around a centre of its own."""
    targets = labels(subject, LESSON)
    data = inputs(x, subject, "lesson", LESSON)
    if data.dtype.kind == "f":
        centres = inputs(x, subject, "centres", max(subject.classes, 2))
        data = (0.3 * data + centres[targets.astype(int) % len(centres)]).astype(np.float32)
    seen = x.ask(
        f"{built.origin.name}.learns",
        *built.origin.steps,
        Call("keras_fitted", (Ref("c"), send(data), send(targets), 0), into="losses"),
        seconds=2 * SECONDS,
    )
    losses = [array(loss) for loss in listed(seen.values.get("losses"))]
    return Learning(tuple(float(loss) for loss in losses if loss is not None and loss.size == 1), seen.trouble)
