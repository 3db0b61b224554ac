"""How a class of a notebook is made, fed and trained for a step, with examples of ours in place of its own."""

import re
from collections.abc import Iterator, Mapping
from itertools import chain, count

import numpy as np
from msgspec import Struct
from msgspec.structs import replace

from grader.course.subject import Subject
from grader.judging.comparing.arrays import Numbers, array, send
from grader.judging.declared.feeding import Batch, batch_of, example_steps, training_arguments
from grader.judging.declared.held import held_in, holding
from grader.judging.declared.loops import setting
from grader.judging.declared.made_small import as_floats_too, made_small
from grader.judging.drawing import insist_on_writable
from grader.judging.examiner import Examiner
from grader.judging.instruments.dropout import is_rate
from grader.judging.meeting.asking import IN_ORDER
from grader.judging.meeting.classes import candidates, classifier_of, recipes, usable
from grader.judging.meeting.contact import Inputs, Recipe
from grader.judging.meeting.watching import first_gradients, moved, watched_in
from grader.judging.meeting.written_calls import with_written
from grader.sandbox.guest.wire import (
    Array,
    ClassInfo,
    Inventory,
    ListVariables,
    Make,
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

AS_WRITTEN = Inputs(())
CHOSEN = (
    "lambda a, size=None, *more, **named: __import__('numpy').resize(range(a), size) if type(a) is int and size "
    "else __import__('numpy').random.RandomState(0).choice(a, size, *more, **named)"
)
SURELY_DROPOUT = re.compile(r"drop|keep", re.IGNORECASE)


class Trainee(Struct, frozen=True):
    """A class that can be made and trained, as its first step showed."""

    subject: Subject  # in the sizes that it was made in
    info: ClassInfo
    recipe: Recipe
    trainer: str
    args: tuple[Value, ...]
    kwargs: dict[str, Value]
    inventory: Inventory
    variables: tuple[VariableInfo, ...] = ()
    scalars: Mapping[str, Scalar] = {}
    rows: int = 0  # examples of a question; 0: as many as we like
    guessed: bool = False  # its arguments are read from the text, or made up: nobody saw one made
    built_by_a_step: bool = False  # as where it holds layers of Keras: before, there are no variables
    watched: Watched | None = None
    trouble: Trouble | None = None
    set_to: Mapping[str, Scalar] = {}  # attributes that every question sets
    before: tuple[Step, ...] = ()  # of every question
    strides: tuple[str, ...] = ()  # attributes called like a share of dropout that are a learning rate

    @property
    def numbers(self) -> dict[str, Scalar]:
        """Its attributes, and what it is given in an object or dict."""
        return {**held_in(self.recipe), **self.scalars}

    @property
    def free_rows(self) -> bool:
        return self.rows == rows_of(self.subject)

    @property
    def works(self) -> bool:
        return self.watched is not None and bool(self.watched.tape)

    @property
    def predictor(self) -> str | None:
        """Where none is called so, the last that tells of examples and that training does not need."""
        return classifier_of(self.info) or next(reversed(self.aside), None)

    @property
    def aside(self) -> tuple[str, ...]:
        """Methods that its training did not call and that take examples, one by one or all in one, and nothing else."""
        called = {call.method for call in self.watched.calls} if self.watched else {*self.info.methods}
        free = [(name, given) for name, given in self.info.methods.items() if name not in (*called, *self.info.trains)]
        return tuple(
            name
            for name, given in free
            if name == "__call__" or not name.startswith("__")
            if sum(parameter.required for parameter in given) in (1, len(self.subject.inputs))
        )


class Watching(Struct, frozen=True):
    """How a training is watched: after which steps of ours, and for how many of its own."""

    before: tuple[Step, ...] = ()
    steps: int = 1
    losses_only: bool = False
    seed: int = 0
    epochs: int = 0  # as many as it believes to train, where those are more than the steps that are watched


A_STEP = Watching()


def trainees(x: Examiner, subject: Subject, rows: int = 0) -> Iterator[Trainee]:
    """Classes that train, the last defined first; each in the first way to make it that takes a step of these rows."""
    seen = x.survey()
    if seen is None:
        return
    inventory = with_written(seen, x.cells)
    for info in candidates(inventory):
        first = None
        known = bool(usable(seen, info)) or not any(p.required for p in info.parameters[1:])
        ways = recipes(inventory, info, AS_WRITTEN)
        ways += [] if known else [way for way in recipes(seen, info, AS_WRITTEN) if way not in ways]
        for sized, recipe in chain.from_iterable(made_small(ways, way) for way in as_floats_too(subject)):
            args, kwargs = training_arguments(sized, inventory, info, info.trains[0])
            one = Trainee(sized, info, recipe, info.trains[0], args, kwargs, inventory, rows=rows, guessed=not known)
            one = tried(x, one)
            first = first or one
            if one.works:
                first = one
                break
        if first is not None:
            yield first


def rows_of(subject: Subject) -> int:
    """Examples of a question, unlike every size of an input: a loop over one is then none over the other."""
    shapes = (one.shape for one in subject.inputs.values())
    sizes = {near for shape in shapes for size in shape for near in (size - 1, size, size + 1)}
    return next(rows for rows in count(5) if rows not in sizes)


def tried(x: Examiner, one: Trainee) -> Trainee:
    made = x.ask(
        f"{one.info.name}.make",
        Make("c", one.recipe.cls, one.recipe.args, one.recipe.kwargs),
        ListVariables("c", "v", scalars=True),
    )
    listed = made.values.get("v")
    if not isinstance(listed, VariableList):
        return replace(one, trouble=made.trouble)
    insist_on_writable(listed.variables)
    one = replace(one, variables=listed.variables, scalars=listed.scalars)
    usual = one.rows or rows_of(one.subject)
    one = replace(one, before=drawn_in_order(x))
    for rows in dict.fromkeys((usual, *own_batch(one), 256)):  # for a batch size that is written into class or loop
        one = replace(one, rows=rows)
        seen = x.ask(f"{one.info.name}.first", *training(one, batch_of(x, one.subject, rows)), seconds=60)
        watched = watched_in(seen)
        if watched is not None and watched.tape:
            if one.before and (drawn := rows_drawn(one, watched)) > rows:
                return tried(x, replace(one, rows=drawn))
            one = replace(one, watched=watched, trouble=watched.trouble)
            late = tuple(replace(v, value=None) for v in watched.after)
            one = replace(one, variables=late, built_by_a_step=True) if built_late(one, watched) else one
            return replace(one, strides=tuple(strides_of(x, one)))
        one = replace(one, trouble=one.trouble or seen.trouble or (watched.trouble if watched else None))
    return replace(one, rows=usual)


def drawn_in_order(x: Examiner) -> tuple[Step, ...]:
    """Where the notebook draws its batches by `choice`, all examples come in their order."""
    called = any("random.choice(" in cell.source for cell in x.cells)
    return (Put("__import__('numpy').random.choice", Ref(CHOSEN)),) if called else ()


def rows_drawn(one: Trainee, watched: Watched) -> int:
    """How many examples a step takes, where it draws so many of however many there are; 0 if that is not seen."""
    given = chain.from_iterable(call.args for call in watched.calls if call.under_tape)
    shapes = [value.shape for value in given if isinstance(value, Array) and value.shape]
    own = [secret.shape for secret in one.subject.inputs.values()]
    return next((shape[0] for shape in shapes if shape[1:] in own), 0)


def strides_of(x: Examiner, one: Trainee) -> Iterator[str]:
    """A plain `rate` may be either: where it is 0, a learning rate moves nothing any more."""
    if one.watched is None or not any(map(np.any, moved(one.watched).values())):
        return
    for name, old in one.numbers.items():
        if is_rate(name) and not SURELY_DROPOUT.search(name) and isinstance(old, float):
            steps = training(one, batch_of(x, one.subject, one.rows), {}, {name: 0.0})
            watched = watched_in(x.ask(f"{one.info.name}.without.{name}", *steps, seconds=60))
            if watched is not None and watched.tape and not any(map(np.any, moved(watched).values())):
                yield name


def built_late(one: Trainee, watched: Watched) -> bool:
    """Whether variables that it trains were not there before, as those of layers of Keras."""
    gradients = first_gradients(watched)
    known = {v.path for v in one.variables}
    return not known or any(v.path not in known and gradients.get(v.path) is not None for v in watched.after)


def own_batch(one: Trainee) -> Iterator[int]:
    for name, value in one.scalars.items():
        if setting(name, value, 1, 0) == 1 and isinstance(value, int) and 0 < value < 1000:
            yield value


def instance(one: Trainee, weights: Mapping[str, Numbers], attributes: Mapping[str, Scalar], rows: int) -> list[Step]:
    """For questions of so many examples; where a step has to build its variables, that has its settings too."""
    settings = {**one.set_to, **attributes}
    own: list[Step] = [Put(f"c.{name}", value) for name, value in settings.items() if name in one.scalars]
    recipe = holding(one.recipe, {name: value for name, value in settings.items() if name in held_in(one.recipe)})
    steps: list[Step] = [Make("c", recipe.cls, recipe.args, recipe.kwargs)]
    if one.built_by_a_step and weights:
        _, args, kwargs = loop_settings(one, rows, 1)
        steps += [*own, Watch("c", one.trainer, "b", args, kwargs)]
    return [*steps, *(Put(path, send(value)) for path, value in weights.items()), *own]


def loop_settings(
    one: Trainee, rows: int, epochs: int
) -> tuple[dict[str, Scalar], tuple[Value, ...], dict[str, Value]]:
    """Attributes and arguments of the trainer that say how large a batch is and how often all are seen."""
    attributes: dict[str, Scalar] = {}
    for name, old in one.numbers.items():
        if (new := setting(name, old, rows, epochs)) is not None:
            attributes[name] = new
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


def training(
    one: Trainee,
    batch: Batch,
    weights: Mapping[str, Numbers] | None = None,
    attributes: Mapping[str, Scalar] | None = None,
    watching: Watching = A_STEP,
) -> list[Step]:
    """A watched training (`w`) of one batch a step."""
    loop, args, kwargs = loop_settings(one, len(batch.labels), max(watching.steps, watching.epochs))
    return [
        *one.before,
        *watching.before,
        *(Put(path, Ref(code)) for path, code in IN_ORDER),
        *example_steps(one.inventory, one.subject, batch),
        *instance(one, weights or {}, {**loop, **(attributes or {})}, len(batch.labels)),
        Watch(
            "c",
            one.trainer,
            "w",
            args,
            kwargs,
            steps=watching.steps,
            losses_only=watching.losses_only,
            seed=watching.seed,
            scalars=True,
        ),
    ]


def losses(watched: Watched | None) -> list[float]:
    found = [array(event.loss) for event in watched.tape] if watched else []
    return [float(np.mean(loss)) for loss in found if loss is not None and loss.size]
