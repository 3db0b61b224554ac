"""Models of Keras: layers by what they compute, loss, penalty, dropout, what a step of training moves, how they fit."""

from collections.abc import Callable, Iterable, Iterator
from functools import cache

import numpy as np
from msgspec import Struct
from msgspec.structs import replace

from grader.course.subject import Settings, Subject
from grader.judging.comparing.arrays import Numbers, array, send
from grader.judging.declared.arguments import wired
from grader.judging.declared.feeding import drawn_inputs, labels_of, orders_alike, orders_of
from grader.judging.declared.interview import YES, Interview, Wanted, form_examiner, own_sizes, runs
from grader.judging.declared.keras_facts import computed, listed
from grader.judging.declared.keras_weights import Roles, roles_of
from grader.judging.declared.lessons import lesson
from grader.judging.declared.readings import Fact, Reading, Spread, agrees, sigmoid, softmax
from grader.judging.declared.telling import telling
from grader.judging.examiner import Examiner
from grader.judging.instruments.learning import Learning
from grader.judging.meeting.classes import recipes
from grader.judging.meeting.contact import Inputs
from grader.judging.model_answer import DECK, ModelAnswer, Sizes
from grader.model import Level
from grader.sandbox.guest.wire import Call, FunctionInfo, Inventory, Listing, Make, Ref, Step, Trouble, Value
from grader.sandbox.guest.wire import Mapping as WireMapping

ROWS, LESSON = 6, 32  # examples of a question, and of a small training
ASKED_RATE = 0.4  # of every dropout layer, where rates are free
SECONDS = 60.0
NOT_COMPILED = "NotCompiled"  # a trouble that is none of Python's
NO_ARGUMENTS = Inputs(())
BUILDING = ("build", "make", "create", "model", "crea", "modelo", "sortu", "eredu")  # in names of functions


class Origin(Struct, frozen=True):
    """Steps that put the model into slot `c`."""

    name: str
    steps: tuple[Step, ...]
    cell: int | None = None


class Built(Struct, frozen=True):
    subject: Subject  # with its inputs in the order in which the model takes them
    origin: Origin
    shapes: tuple[tuple[int, ...], ...] = ()  # of its weights, as the model lists them
    names: tuple[str, ...] = ()
    roles: Roles = ()  # which weight of the model answer each is; the model answer's own are their places
    compiled: bool = False
    works: bool = True  # it could be made and called
    trouble: Trouble | None = None


def interview_keras(x: Examiner, subject: Subject, answer: ModelAnswer, wanted: Wanted) -> Interview:
    deck = first_built(form_examiner(x, answer, DECK), subject)
    built = in_roles(first_built(x, subject), deck)

    @cache
    def of_form(form: str) -> Reading:
        plain = form_examiner(x, answer, form)
        made = in_roles(first_built(plain, subject), deck)
        sizes = sizes_between(made, built) if subject.settings is Settings.FREE else {}
        if not sizes:
            return reading(plain, made)
        other = form_examiner(x, answer, form, sizes)
        return reading(other, in_roles(first_built(other, subject), deck))

    if built is None:
        what = f"`{subject.build}`" if subject.build else "a model"
        return Interview({}, of_form, missing=f"There is no {what} of Keras that your notebook leaves behind.")
    learning = learned(x, built) if wanted(Level.LEARNS) and built.works else None
    tuned = sizes_between(deck, built)
    seen = in_best_order(x, built, of_form(DECK))
    return Interview(
        as_probabilities(seen, map(of_form, (DECK, *answer.accepted))),
        of_form,
        cell=built.origin.cell,
        learning=learning,
        remarks=own_sizes("model", tuned),
    )


def in_best_order(x: Examiner, built: Built, deck: Reading) -> Reading:
    """Inputs of one shape a model takes in any order: in that by which it computes what the model answer does."""
    first = reading(x, built)
    for way in orders_alike(built.subject) if built.works else ():
        seen = first if way == built.subject else reading(x, replace(built, subject=way))
        if "output" in deck and agrees(seen.get("output"), deck["output"]):
            return seen
    return first


def in_roles(built: Built | None, deck: Built | None) -> Built | None:
    if built is None or deck is None:
        return built
    own, theirs = (list(zip(one.names, one.shapes, strict=True)) for one in (built, deck))
    return replace(built, roles=roles_of(own, theirs))


def as_probabilities(seen: Reading, right: Iterable[Reading]) -> Reading:
    """Logits with the loss of a right form's probabilities are as good: a loss of one's own takes their softmax itself.

    Keras' own losses tell by `from_logits`.
    """
    mine = seen.get("output")
    if mine is None or not isinstance(mine.value, np.ndarray):
        return seen
    for form in right:
        theirs = form.get("output")
        if theirs is None or agrees(mine, theirs):
            return seen
        if "loss" not in form or not agrees(seen.get("loss"), form["loss"]):
            continue
        for shares in (softmax, sigmoid):
            if agrees(replace(mine, value=shares(mine.value)), theirs):
                return {**seen, **dict(in_shares(seen, shares))}
    return seen


def in_shares(seen: Reading, shares: Callable[[Numbers], Numbers]) -> Iterator[tuple[str, Fact]]:
    for key in ("output", "dropout"):
        if isinstance(value := seen[key].value if key in seen else None, np.ndarray):
            yield key, replace(seen[key], value=shares(value))
        elif isinstance(value, Spread):
            yield key, replace(seen[key], value=Spread(shares(value.draws)))


def first_built(x: Examiner, subject: Subject) -> Built | None:
    """The first model that can be made, called, and is compiled; else one that can be called, else any."""
    best: Built | None = None
    for origin in origins(x, subject):
        tried = (called(x, way, origin) for way in orders_of(subject))
        first = next(tried)
        built = first if first.works else next((other for other in tried if other.works), first)
        if best is None or (built.works, built.compiled) > (best.works, best.compiled):
            best = built
        if best.compiled:
            break
    return best


def called(x: Examiner, subject: Subject, origin: Origin) -> Built:
    seen = x.ask(
        f"{origin.name}.weights",
        *origin.steps,
        Call("grader_keras_weights", (Ref("c"), sent(inputs(x, subject, "weights", 1))), into="w"),
        seconds=SECONDS,
    )
    found = seen.values.get("w")
    if not isinstance(found, WireMapping):
        return Built(subject, origin, works=False, trouble=seen.trouble)
    return Built(
        subject,
        origin,
        tuple(shape_of(shape) for shape in listed(found.items.get("shapes"))),
        names := tuple(map(str, listed(found.items.get("names")))),
        tuple(range(len(names))),
        found.items.get("compiled") is True,
    )


def shape_of(value: object) -> tuple[int, ...]:
    return tuple(n for n in listed(value) if isinstance(n, int))


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
    for name in listed(x.ask("keras.models", Call("grader_keras_models", into="m")).values.get("m")):
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


def inputs(x: Examiner, subject: Subject, purpose: str, rows: int) -> tuple[Numbers, ...]:
    return drawn_inputs(x, subject, f"keras {purpose}", rows)


def sent(inputs: tuple[Numbers, ...]) -> Value:
    """Several as a list, as a model of Keras takes them."""
    return send(inputs[0]) if len(inputs) == 1 else Listing(tuple(map(send, inputs)))


def values(x: Examiner, built: Built) -> tuple[Numbers, ...]:
    """Secret weights, the same for the same role and shape; what has to be positive is."""
    drawn = []
    for place, (shape, name, role) in enumerate(zip(built.shapes, built.names, built.roles, strict=True)):
        fan = int(np.prod(shape[:-1])) if len(shape) > 1 else 4
        drawn_for = -1 - place if role is None else role
        value = x.normal(f"keras weight {drawn_for} ", shape, 1.2 / np.sqrt(max(fan, 1)))
        drawn.append(np.abs(value) + 0.5 if "variance" in name else telling(value))
    return tuple(drawn)


def in_order(built: Built) -> list[int]:
    """Places of its weights as the model answer lists them, then those of its own."""
    return sorted(range(len(built.roles)), key=lambda place: (built.roles[place] is None, built.roles[place] or 0))


def sizes_between(made: Built | None, built: Built | None) -> Sizes:
    """Which numbers of a form have to be others for its weights to have the notebook's shapes; none if that fails."""
    if made is None or built is None:
        return {}
    ours, theirs = ([one.shapes[place] for place in in_order(one)] for one in (made, built))
    if [len(s) for s in ours] != [len(s) for s in theirs]:
        return {}
    sizes = {n: n for shape in ours[-1:] for n in shape[-1:]}  # as many outputs as the task asks for
    for old, new in (pair for both in zip(ours, theirs, strict=True) for pair in zip(*both, strict=True)):
        if sizes.setdefault(old, new) != new:
            return {}
    return {old: new for old, new in sizes.items() if old != new}


def reading(x: Examiner, built: Built | None) -> Reading:
    if built is None:
        return {}
    subject = built.subject
    if not built.works:
        return {"model runs": runs("making and calling the model", built.trouble, "model")}
    found = {"model runs": Fact(Level.RUNS, "making and calling the model", YES, part="model", whole=True)}
    shapes = ", ".join(str(list(built.shapes[place])) for place in in_order(built))
    found["weights"] = Fact(Level.SHAPES, "the list of weights", f"is {shapes}", part="weights")
    rate = ASKED_RATE if subject.settings is Settings.FREE else 0.0
    given = Listing(tuple(send(value) for value in values(x, built)))
    data = sent(inputs(x, subject, "x", ROWS))
    seen = x.ask(
        f"{built.origin.name}.computed",
        *built.origin.steps,
        Call("grader_keras_computed", (Ref("c"), data, send(labels_of(subject, ROWS)), given, rate), into="r"),
        seconds=SECONDS,
    )
    weights = tuple(zip(built.names, values(x, built), built.roles, strict=True))
    return found | computed(seen, weights, subject)


def learned(x: Examiner, built: Built) -> Learning:
    if not built.compiled:
        return Learning((), Trouble(NOT_COMPILED, "the model is not compiled, so that it cannot be fitted"))
    batch = lesson(x, built.subject, LESSON, 1.0)
    seen = x.ask(
        f"{built.origin.name}.learns",
        *built.origin.steps,
        Call("grader_keras_fitted", (Ref("c"), sent(batch.inputs), send(batch.labels), 0), into="losses"),
        seconds=2 * SECONDS,
    )
    losses = [array(loss) for loss in listed(seen.values.get("losses"))]
    return Learning(tuple(float(loss) for loss in losses if loss is not None and loss.size == 1), seen.trouble)
