"""How a class of a notebook is made, fed and trained for a step, with examples of ours in place of its own."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from msgspec import Struct
from msgspec.structs import replace

from grader.course.subject import Subject
from grader.judging.comparing.arrays import Numbers, array, examples, send
from grader.judging.declared.arguments import secret
from grader.judging.drawing import insist_on_writable
from grader.judging.examiner import Examiner
from grader.judging.meeting.asking import IN_ORDER
from grader.judging.meeting.classes import candidates, classifier_of, guess, recipes
from grader.judging.meeting.contact import Inputs, Recipe
from grader.judging.meeting.watching import watched_in
from grader.sandbox.guest.wire import (
    Array,
    ClassInfo,
    Inventory,
    Listing,
    ListVariables,
    Make,
    Opaque,
    Put,
    Ref,
    Scalar,
    Step,
    Trouble,
    Value,
    VariableInfo,
    VariableList,
    Watch,
    Watched,
)

ROWS = 6  # examples of a question
AS_WRITTEN = Inputs(())
INPUTS, LABELS, ONE_HOT, EXAMPLES = "inputs_of_ours", "labels_of_ours", "one_hot_labels_of_ours", "examples_of_ours"
LABELLED = re.compile(r"(^|_)(y|labels?|targets?|classes|etiquetas?|etiketak?)", re.IGNORECASE)
SETS = re.compile(r"^(x|data|inputs?|images?|train|dev|val|test|training|examples|dataset|datos|datuak)", re.IGNORECASE)


class Trainee(Struct, frozen=True):
    """A class that can be made and trained, as its first step showed."""

    info: ClassInfo
    recipe: Recipe
    trainer: str
    args: tuple[Value, ...]
    kwargs: dict[str, Value]
    inventory: Inventory
    variables: tuple[VariableInfo, ...] = ()
    scalars: Mapping[str, Scalar] = {}
    rows: int = ROWS
    watched: Watched | None = None
    trouble: Trouble | None = None

    @property
    def works(self) -> bool:
        return self.watched is not None and bool(self.watched.tape)

    @property
    def predictor(self) -> str | None:
        return classifier_of(self.info)


class Batch(Struct, frozen=True):
    """Examples of ours."""

    inputs: Numbers
    labels: Numbers


def batch_of(x: Examiner, subject: Subject, rows: int, purpose: str = "x") -> Batch:
    data = secret(subject.input).draw(x, f"classifier {purpose}", (rows,))
    return Batch(data, labels_of(subject, rows))


def labels_of(subject: Subject, rows: int) -> Numbers:
    if not subject.classes:
        return np.linspace(-1.0, 1.0, rows, dtype=np.float32)
    return np.arange(rows, dtype=np.int32) % subject.classes


def trainees(x: Examiner, subject: Subject) -> Iterator[Trainee]:
    """Classes that train, the last defined first; each in the first way to make it that takes a step."""
    inventory = x.survey()
    for info in candidates(inventory) if inventory is not None else ():
        first = None
        for recipe in made_small(recipes(inventory, info, AS_WRITTEN), subject) if inventory is not None else ():
            assert inventory is not None
            args, kwargs = training_arguments(subject, inventory, info, info.trains[0])
            one = tried(x, subject, Trainee(info, recipe, info.trains[0], args, kwargs, inventory))
            first = first or one
            if one.works:
                first = one
                break
        if first is not None:
            yield first


def made_small(own: Sequence[Recipe], subject: Subject) -> Iterator[Recipe]:
    """In the sizes that the lab gives: by the names of parameters, else in their order; then as the notebook made it."""
    for recipe in own:
        small = recipe
        for place, (name, size) in enumerate(subject.arguments.items()):
            known = name if name in recipe.parameters else (*recipe.parameters, *[""] * (place + 1))[place]
            if known and type(small.argument(known)) is int:
                small = small.changed(known, size)
        yield small
    if subject.arguments:
        yield from own


def tried(x: Examiner, subject: Subject, one: Trainee) -> Trainee:
    made = x.ask(
        f"{one.info.name}.make",
        Make("c", one.recipe.cls, one.recipe.args, one.recipe.kwargs),
        ListVariables("c", "v"),
    )
    listed = made.values.get("v")
    if not isinstance(listed, VariableList):
        return replace(one, trouble=made.trouble)
    insist_on_writable(listed.variables)
    one = replace(one, variables=listed.variables, scalars=listed.scalars)
    for rows in dict.fromkeys((ROWS, *own_batch(one), 256)):  # for a batch size that is written into class or loop
        one = replace(one, rows=rows)
        seen = x.ask(f"{one.info.name}.first", *training(one, subject, batch_of(x, subject, rows)), seconds=60)
        watched = watched_in(seen)
        if watched is not None and watched.tape:
            return replace(one, watched=watched, trouble=watched.trouble)
        one = replace(one, trouble=one.trouble or seen.trouble or (watched.trouble if watched else None))
    return one


def own_batch(one: Trainee) -> Iterator[int]:
    for name, value in one.scalars.items():
        if type(value) is int and "batch" in name.lower() and 0 < value < 1000:
            yield value


def training_arguments(
    subject: Subject, inventory: Inventory, info: ClassInfo, trainer: str
) -> tuple[tuple[Value, ...], dict[str, Value]]:
    """As the notebook passed them last, with our examples for its own; guessed by names where it never trained."""
    names = [parameter.name for parameter in info.methods.get(trainer, ())]
    done = [t for t in inventory.trainings if t.cls == info.name and t.method == trainer]
    if done:
        args = tuple(in_place_of(subject, names[i] if i < len(names) else "", v) for i, v in enumerate(done[-1].args))
        return args, {name: in_place_of(subject, name, v) for name, v in done[-1].kwargs.items()}
    needed = [parameter.name for parameter in info.methods.get(trainer, ()) if parameter.required]
    return tuple(by_name(subject, name) for name in needed), {}


def in_place_of(subject: Subject, name: str, value: Value) -> Value:
    if isinstance(value, Array | Opaque):
        return by_shape(subject, name, value.shape) if value.shape else by_name(subject, name)
    return value


def by_shape(subject: Subject, name: str, shape: tuple[int, ...]) -> Value:
    if shape[1:] == secret(subject.input).shape:
        return Ref(INPUTS)
    if len(shape) == 1:
        return Ref(LABELS)
    if len(shape) == 2 and shape[1] == 1:
        return Ref(f"{LABELS}[:, None]")
    return Ref(ONE_HOT) if len(shape) == 2 and shape[1] == subject.classes else by_name(subject, name)


def by_name(subject: Subject, name: str) -> Value:
    if subject.example and SETS.match(name):
        return Ref(EXAMPLES)
    if LABELLED.match(name):
        return Ref(LABELS)
    return Ref(INPUTS) if SETS.match(name) else guess(name)


def example_steps(one: Trainee, subject: Subject, batch: Batch) -> list[Step]:
    """Our examples, under names of ours and under all names by which the notebook may read its own."""
    classes = max(subject.classes, 1)
    one_hot = np.eye(classes, dtype=np.float32)[batch.labels.astype(int) % classes]
    data = {INPUTS: send(batch.inputs), LABELS: send(batch.labels), ONE_HOT: send(one_hot)}
    steps: list[Step] = [Put(name, value) for name, value in data.items()]
    if subject.example:
        steps.append(Put(EXAMPLES, dictionaries(subject, batch)))
        steps += [Put(name, Ref(EXAMPLES)) for name in one.inventory.data_sets]
    arrays = one.inventory.arrays
    shape = secret(subject.input).shape
    own = {name for name, size in arrays.items() if size[1:] == shape}
    lengths = {arrays[name][0] for name in own}
    for name, size in arrays.items():
        if name in own:
            steps.append(Put(name, data[INPUTS]))
        elif size[0] in lengths and len(size) == 1:
            steps.append(Put(name, data[LABELS]))
        elif size[0] in lengths and size[1:] == (subject.classes,):
            steps.append(Put(name, data[ONE_HOT]))
    return steps


def dictionaries(subject: Subject, batch: Batch) -> Listing:
    columns: dict[str, Any] = {}
    for key, what in subject.example.items():
        given = {"input": list(batch.inputs), "label": batch.labels.tolist()}.get(what)
        columns[key] = given if given is not None else [what] * len(batch.labels)
    return examples(**columns)


def instance(one: Trainee, weights: Mapping[str, Numbers], attributes: Mapping[str, Scalar]) -> list[Step]:
    steps: list[Step] = [Make("c", one.recipe.cls, one.recipe.args, one.recipe.kwargs)]
    steps += [Put(path, send(value)) for path, value in weights.items()]
    return steps + [Put(f"c.{name}", value) for name, value in attributes.items() if name in one.scalars]


def loop_settings(
    one: Trainee, rows: int, epochs: int
) -> tuple[dict[str, Scalar], tuple[Value, ...], dict[str, Value]]:
    """Attributes and arguments of the trainer that say how large a batch is and how often all are seen."""
    attributes = {
        name: new for name, old in one.scalars.items() if (new := setting(name, old, rows, epochs)) is not None
    }
    names = [parameter.name for parameter in one.info.methods.get(one.trainer, ())]
    args = list(one.args)
    for place, name in enumerate(names[: len(args)]):
        new = setting(name, args[place], rows, epochs)
        args[place] = args[place] if new is None else new
    kwargs = dict(one.kwargs)
    for parameter in one.info.methods.get(one.trainer, ())[len(args) :]:
        new = setting(parameter.name, kwargs.get(parameter.name, parameter.default), rows, epochs)
        if new is not None:
            kwargs[parameter.name] = new
    return attributes, tuple(args), kwargs


def setting(name: str, old: object, rows: int, epochs: int) -> int | None:
    low = name.lower()
    if type(old) is not int:
        return None
    if "batch" in low:
        return rows
    if re.search(r"epoch|iteration|n_iter|steps$", low):
        return 1 if re.search(r"freq|display|print|every", low) else epochs
    return None


def training(
    one: Trainee,
    subject: Subject,
    batch: Batch,
    weights: Mapping[str, Numbers] | None = None,
    attributes: Mapping[str, Scalar] | None = None,
    before: Sequence[Step] = (),
    seed: int = 0,
    epochs: int = 1,
    steps: int = 1,
    losses_only: bool = False,
) -> list[Step]:
    """A watched training (`w`) of one batch a step."""
    loop, args, kwargs = loop_settings(one, len(batch.labels), epochs)
    return [
        *before,
        *(Put(path, Ref(code)) for path, code in IN_ORDER),
        *instance(one, weights or {}, {**loop, **(attributes or {})}),
        *example_steps(one, subject, batch),
        Watch("c", one.trainer, "w", args, kwargs, steps=steps, seed=seed, losses_only=losses_only),
    ]


def predicting(
    one: Trainee,
    subject: Subject,
    batch: Batch,
    weights: Mapping[str, Numbers],
    attributes: Mapping[str, Scalar],
    before: Sequence[Step] = (),
) -> list[Step]:
    """Two watched predictions of the same examples, `w` and `again`."""
    loop, _, _ = loop_settings(one, len(batch.labels), 1)
    given = Ref(EXAMPLES) if subject.example else Ref(INPUTS)
    method = one.predictor or "predict"
    return [
        *before,
        *instance(one, weights, {**loop, **attributes}),
        *example_steps(one, subject, batch),
        Watch("c", method, "w", (given,)),
        Watch("c", method, "again", (given,), seed=1),
    ]


def losses(watched: Watched | None) -> list[float]:
    found = [array(event.loss) for event in watched.tape] if watched else []
    return [float(np.mean(loss)) for loss in found if loss is not None and loss.size]
