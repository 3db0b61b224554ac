"""Models of Keras: layers by what they compute, loss, penalty, dropout, what a step of training moves, how they fit."""

from collections.abc import Callable, Iterable, Iterator
from functools import cache, partial
from itertools import product

import numpy as np
from msgspec import Struct
from msgspec.structs import replace

from grader.course.subject import Settings, Subject
from grader.judging.comparing.arrays import Numbers, array, send
from grader.judging.declared.aside import as_numbers_and_columns
from grader.judging.declared.bindings import Binding
from grader.judging.declared.feeding import drawn_inputs, labels_of, orders_alike, orders_of
from grader.judging.declared.interview import YES, Interview, Wanted, form_examiner, own_sizes, runs
from grader.judging.declared.keras_facts import Weights, computed, listed
from grader.judging.declared.keras_origins import Origin, origins
from grader.judging.declared.keras_weights import Weight, by_layers, number_of, variables, ways_to_see
from grader.judging.declared.lessons import lesson
from grader.judging.declared.readings import Fact, Reading, Spread, agrees, sigmoid, softmax
from grader.judging.declared.telling import telling
from grader.judging.examiner import Examiner
from grader.judging.instruments.learning import Learning
from grader.judging.model_answer import DECK, ModelAnswer, Sizes
from grader.model import Level
from grader.sandbox.guest.wire import Call, Listing, Ref, Trouble, Value
from grader.sandbox.guest.wire import Mapping as WireMapping

ROWS, LESSON = 6, 32  # examples of a question, and of a small training
ASKED_RATE = 0.4  # of every dropout layer, where rates are free
SECONDS = 60.0
NOT_COMPILED = "NotCompiled"  # a trouble that is none of Python's
NOTHING_BOUND = Binding({}, {}, {})


class Built(Struct, frozen=True):
    subject: Subject  # with its inputs in the order in which the model takes them
    origin: Origin
    shapes: tuple[tuple[int, ...], ...] = ()  # of its weights, as the model lists them
    names: tuple[str, ...] = ()
    binding: Binding = NOTHING_BOUND  # which weight of the model answer each is
    named: bool = False  # it takes a dict of its inputs
    compiled: bool = False
    works: bool = True  # it could be made and called
    trouble: Trouble | None = None


def interview_keras(x: Examiner, subject: Subject, answer: ModelAnswer, wanted: Wanted) -> Interview:
    deck = in_roles(first_built(form_examiner(x, answer, DECK), subject))
    forms: dict[tuple[str, str], Reading] = {}

    @cache
    def made_of(form: str) -> Built | None:
        return in_roles(first_built(form_examiner(x, answer, form), subject), deck)

    def of_form(form: str, built: Built | None) -> Reading:
        """In the sizes of the notebook's model, as it is seen."""
        made = made_of(form)
        sizes = sizes_between(made, built) if subject.settings is Settings.FREE else {}
        if (key := (form, repr(sizes))) not in forms:
            other = form_examiner(x, answer, form, sizes)
            forms[key] = reading(other, in_roles(first_built(other, subject), deck) if sizes else made)
        return forms[key]

    first = first_built(x, subject)
    if first is None:
        what = f"`{subject.build}`" if subject.build else "a model"
        missing = f"There is no {what} of Keras that your notebook leaves behind."
        return Interview({}, partial(of_form, built=None), missing=missing)
    built = in_best_way(x, first, deck, of_form, (DECK, *answer.accepted))
    learning = learned(x, built) if wanted(Level.LEARNS) and built.works else None
    right = (of_form(form, built) for form in (DECK, *answer.accepted))
    return Interview(
        as_probabilities(reading(x, built), right),
        partial(of_form, built=built),
        cell=built.origin.cell,
        learning=learning,
        remarks=own_sizes("model", sizes_between(deck, built)),
    )


def in_best_way(
    x: Examiner, first: Built, deck: Built | None, of_form: Callable[[str, Built], Reading], right: Iterable[str]
) -> Built:
    """With its weights, and inputs of one shape, so that it computes what a right form does; as they stand if none."""
    if deck is None or not first.works:
        return first
    fixed = {1, first.subject.classes, *(n for one in first.subject.inputs.values() for n in (*one.shape, one.below))}
    seen = [replace(first, binding=way) for way in ways_to_see(weights(first), weights(deck), fixed - {0})]
    ways = [replace(one, subject=way) for one, way in product(seen, orders_alike(first.subject))]
    seen_as = {place: list(outputs_of(x, one)) for place, one in enumerate(ways)} if len(ways) > 1 else {}
    for form, (place, shown) in product(right, seen_as.items()):
        expected = of_form(form, ways[place]).get("output")
        if expected is not None and any(agrees(replace(expected, value=one), expected) for one in shown):
            return ways[place]
    return ways[0]


def outputs_of(x: Examiner, built: Built) -> Iterator[Numbers]:
    """As it is, and as probabilities: the loss may take their softmax."""
    seen = x.ask(
        f"{built.origin.name}.output",
        *built.origin.steps,
        Call("grader_keras_weights", (Ref("c"), sent(built, inputs(x, built.subject, "weights", 1))), into="w"),
        Call("(lambda model, values: model.set_weights(values))", (Ref("c"), given(x, built)), keep=True),
        Call("grader_keras_predicted", (Ref("c"), sent(built, inputs(x, built.subject, "x", ROWS))), into="y"),
        seconds=SECONDS,
    )
    output = array(seen.values.get("y"))
    if output is not None and output.ndim:
        shares = [sigmoid(output), *([softmax(output)] if output.ndim > 1 else [])]
        yield from as_numbers_and_columns([output, *shares])


def weights(built: Built) -> list[Weight]:
    return list(zip(built.names, built.shapes, strict=True))


def in_roles(built: Built | None, deck: Built | None = None) -> Built | None:
    if built is None:
        return None
    return replace(built, binding=by_layers(weights(built), weights(deck or built)))


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
        ways = [Built(way, origin) for way in orders_of(subject)]
        tried = (called(x, way) for way in (*ways, *([Built(subject, origin, named=True)] if len(ways) > 1 else [])))
        first = next(tried)
        built = first if first.works else next((other for other in tried if other.works), first)
        if best is None or (built.works, built.compiled) > (best.works, best.compiled):
            best = built
        if best.compiled:
            break
    return best


def called(x: Examiner, built: Built) -> Built:
    seen = x.ask(
        f"{built.origin.name}.weights",
        *built.origin.steps,
        Call("grader_keras_weights", (Ref("c"), sent(built, inputs(x, built.subject, "weights", 1))), into="w"),
        seconds=SECONDS,
    )
    found = seen.values.get("w")
    if not isinstance(found, WireMapping):
        return replace(built, works=False, trouble=seen.trouble)
    shapes = tuple(shape_of(shape) for shape in listed(found.items.get("shapes")))
    names = tuple(map(str, listed(found.items.get("names"))))
    return replace(built, shapes=shapes, names=names, compiled=found.items.get("compiled") is True)


def shape_of(value: object) -> tuple[int, ...]:
    return tuple(n for n in listed(value) if isinstance(n, int))


def inputs(x: Examiner, subject: Subject, purpose: str, rows: int) -> tuple[Numbers, ...]:
    return drawn_inputs(x, subject, f"keras {purpose}", rows)


def sent(built: Built, inputs: tuple[Numbers, ...]) -> Value:
    """Several as a list, as a model of Keras takes them, or by the lab's names."""
    if len(inputs) == 1:
        return send(inputs[0])
    each = map(send, inputs)
    return WireMapping(dict(zip(built.subject.inputs, each, strict=True))) if built.named else Listing(tuple(each))


def values(x: Examiner, built: Built) -> dict[str, Numbers]:
    """Secret weights, the same for the same role and shape; what has to be positive is."""
    return {role: value_of(x, role, number_of(role) - 1, shape) for role, shape in built.binding.shapes.items()}


def value_of(x: Examiner, name: str, number: int, shape: tuple[int, ...]) -> Numbers:
    fan = int(np.prod(shape[:-1])) if len(shape) > 1 else 4
    value = x.normal(f"keras weight {number} ", shape, 1.2 / np.sqrt(max(fan, 1)))
    return np.abs(value) + 0.5 if "variance" in name else telling(value)


def given(x: Examiner, built: Built) -> Listing:
    """All weights of the model, in its order."""
    own = variables(weights(built))
    planted = built.binding.planted(values(x, built), own)
    free = {v.path: value_of(x, v.path, -number_of(v.path), v.shape) for v in own if v.path not in planted}
    return Listing(tuple(send({**planted, **free}[v.path].astype(np.float32)) for v in own))


def shapes_of(built: Built) -> list[tuple[int, ...]]:
    """Of its weights as the model answer lists them, then of those of its own."""
    roles = sorted(built.binding.places, key=number_of)
    own = [v.shape for v in variables(weights(built)) if v.path not in built.binding.paths]
    return [*(built.binding.shapes[role] for role in roles), *own]


def sizes_between(made: Built | None, built: Built | None) -> Sizes:
    """Which numbers of a form have to be others for its weights to have the notebook's shapes; none if that fails."""
    if made is None or built is None:
        return {}
    ours, theirs = shapes_of(made), shapes_of(built)
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
    shapes = ", ".join(str(list(shape)) for shape in shapes_of(built))
    found["weights"] = Fact(Level.SHAPES, "the list of weights", f"is {shapes}", part="weights")
    rate = ASKED_RATE if subject.settings is Settings.FREE else 0.0
    data, secret = sent(built, inputs(x, subject, "x", ROWS)), given(x, built)
    seen = x.ask(
        f"{built.origin.name}.computed",
        *built.origin.steps,
        Call("grader_keras_computed", (Ref("c"), data, send(labels_of(subject, ROWS)), secret, rate), into="r"),
        seconds=SECONDS,
    )
    known = Weights(variables(weights(built)), built.binding, values(x, built))
    return found | computed(seen, known, subject)


def learned(x: Examiner, built: Built) -> Learning:
    if not built.compiled:
        return Learning((), Trouble(NOT_COMPILED, "the model is not compiled, so that it cannot be fitted"))
    batch = lesson(x, built.subject, LESSON, 1.0)
    seen = x.ask(
        f"{built.origin.name}.learns",
        *built.origin.steps,
        Call("grader_keras_fitted", (Ref("c"), sent(built, batch.inputs), send(batch.labels), 0), into="losses"),
        seconds=2 * SECONDS,
    )
    losses = [array(loss) for loss in listed(seen.values.get("losses"))]
    return Learning(tuple(float(loss) for loss in losses if loss is not None and loss.size == 1), seen.trouble)
