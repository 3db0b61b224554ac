"""Which number of a notebook steers what.

Each plain attribute, constructor argument, train argument or global is moved in turn, in a dictionary too.
"""

import ast
import math
import re
from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from msgspec import Struct
from msgspec.structs import replace

from grader.judging.comparing.arrays import Numbers, array, number
from grader.judging.examiner import Examiner
from grader.judging.meeting.asking import training
from grader.judging.meeting.contact import Contact, Recipe
from grader.judging.meeting.source import within_classes
from grader.judging.meeting.watching import first_gradients, moved, watched_in
from grader.model import Cell
from grader.sandbox.guest.wire import Array, Put, Scalar, Step, Training, Value, Watched
from grader.sandbox.guest.wire import Mapping as WireMapping
from grader.syntax import literal

MOVED_TO = 0.37
ROUGHLY = 0.01  # of a multiple, by which numbers may miss it
NEGLIGIBLE = 0.9e-5  # a factor of W in the gradient
PENALTY_NAME = re.compile(r"reg|l2|lam|penal|decay", re.IGNORECASE)
RATE_NAME = re.compile(r"lr|learn|rate|eta|alpha", re.IGNORECASE)
HIDDEN = re.compile(
    r"(\.get\(|\[)'\w*(l2|lam|reg|penal|decay)\w*'|self\.\w+\.(l2|lam|reg|penal|weight_?decay)", re.IGNORECASE
)
# What a notebook may keep, without a penalty and with MOVED_TO: λ, also where it has to be above 0, C = 1 / λ, or λ's
# logarithm to the base 10 or e.
WRITTEN_AS = (
    (0.0, MOVED_TO),
    (1e-9, MOVED_TO),
    (1e12, 1 / MOVED_TO),
    (-30.0, math.log10(MOVED_TO)),
    (-70.0, math.log(MOVED_TO)),
)
NOT_STEERING = re.compile(  # `step_size` is a learning rate
    r"batch|epoch|freq|display|verbose|seed|class|steps(_|$)|(^|_|\W)(n|ep|num|dims?|dimension|features)(_|$|\W)"
    r"|^num_|(?<!step)(?<!step_)size",
    re.IGNORECASE,
)
HIDDEN_SETTINGS = (
    "Your class seems to keep the penalty's weight in a dictionary or an object that we could not change, so we could "
    "not see what it does."
)
MADE = re.compile(r"_made\[(\d+)\]")  # the place of a construction, in the name of an object
GLOBAL_NAMES = re.compile(r"reg|l2|lam|penal|decay|^lr|learning|eta$|alpha", re.IGNORECASE)


class Knob(Struct, frozen=True):
    kind: str  # attribute | argument | train | global
    name: str  # of a dictionary's entry: config['l2']

    @property
    def from_outside(self) -> bool:
        return self.kind in ("argument", "train")


def knobs(contact: Contact) -> list[Knob]:
    found = [
        Knob("argument", name)
        for name in contact.recipe.parameters[1:]
        if is_number(contact.recipe.argument(name)) or default_of(contact, name) is not None
    ]
    found += [
        Knob("argument", f"{name}[{key!r}]")
        for name in contact.recipe.parameters
        for key, value in items(contact.recipe.argument(name)).items()
        if is_number(value)
    ]
    found += [Knob("attribute", name) for name, value in contact.scalars.items() if is_number(value)]
    found += [Knob("train", name) for name, value in numbered_arguments(contact).items() if is_number(value)]
    found += [
        Knob("global", name)
        for name, value in contact.inventory.scalars.items()
        if is_number(value) and GLOBAL_NAMES.search(name)
    ]
    return [knob for knob in found if not NOT_STEERING.search(knob.name)][:24]


def dictionary_knobs(cells: Sequence[Cell]) -> list[Knob]:
    """Entries of dictionaries that the text of a class reads: of an attribute, self.config['l2'], or of a global."""
    found = dict.fromkeys(
        knob for node in within_classes(cells) for knob in entry_knob(node) if not NOT_STEERING.search(knob.name)
    )
    return list(found)[:8]


def entry_knob(node: ast.AST) -> Iterator[Knob]:
    if not isinstance(node, ast.Subscript) or not isinstance(node.slice, ast.Constant):
        return
    owner, key = node.value, node.slice.value
    if not isinstance(key, str) or not isinstance(node.ctx, ast.Load):
        return
    if isinstance(owner, ast.Attribute) and isinstance(owner.value, ast.Name) and owner.value.id == "self":
        yield Knob("attribute", f"{owner.attr}[{key!r}]")
    elif isinstance(owner, ast.Name) and GLOBAL_NAMES.search(key):
        yield Knob("global", f"{owner.id}[{key!r}]")


def may_hide_settings(cells: Sequence[Cell]) -> bool:
    """A class reads a penalty's weight by name out of what is no plain attribute: self.settings.get('l2')."""
    return any(isinstance(node, ast.ClassDef) and HIDDEN.search(ast.unparse(node)) for node in within_classes(cells))


def written_last(knob: Knob) -> int:
    """An attribute that a constructor argument fills is written after it, so it decides when both are set."""
    return ("attribute", "train", "argument", "global").index(knob.kind)


def default_of(contact: Contact, name: str) -> Scalar:
    return next((p.default for p in contact.info.parameters if p.name == name and is_number(p.default)), None)


def numbered_arguments(contact: Contact) -> dict[str, Value]:
    """Arguments of the training method by name: as passed, else by their default."""
    parameters = contact.info.methods.get(contact.trainer, ())
    given = {p.name: v for p, v in zip(parameters, contact.train_args, strict=False)} | contact.train_kwargs
    return {p.name: given.get(p.name, p.default) for p in parameters}


def is_number(value: object) -> bool:
    return type(value) in (int, float) or (isinstance(value, Array) and value.shape == () and value.dtype != "bool")


def items(value: Value) -> Mapping[str, Value]:
    return value.items if isinstance(value, WireMapping) else {}


def entry_of(name: str) -> tuple[str, str]:
    """config['l2'] as (config, l2), lr as (lr, "")."""
    before, _, key = name.partition("[")
    return before, literal(key[:-1]) if key else ""


def argument(recipe: Recipe, name: str) -> Value:
    outer, key = entry_of(name)
    value = recipe.argument(outer)
    return items(value).get(key) if key else value


def with_argument(recipe: Recipe, name: str, value: float) -> Recipe:
    outer, key = entry_of(name)
    held = recipe.argument(outer)
    if not key or not isinstance(held, WireMapping):
        return recipe.changed(outer, value)
    return recipe.changed(outer, replace(held, items={**held.items, key: value}))


def with_knob(contact: Contact, knob: Knob, value: float) -> tuple[Contact, dict[str, Scalar], list[Step]]:
    """The contact, the attributes and the steps before construction that set one knob."""
    if knob.kind == "argument":
        return replace(contact, recipe=with_argument(contact.recipe, knob.name, value)), {}, []
    if knob.kind == "attribute":
        known = {**contact.scalars, knob.name: value}  # attributes that an instance does not have are not set
        return replace(contact, scalars=known), {knob.name: value}, []
    if knob.kind == "global":
        return contact, {}, [Put(knob.name, value)]
    names = [p.name for p in contact.info.methods.get(contact.trainer, ())]
    at = names.index(knob.name)
    if at < len(contact.train_args):
        args = (*contact.train_args[:at], value, *contact.train_args[at + 1 :])
        return replace(contact, train_args=args), {}, []
    return replace(contact, train_kwargs={**contact.train_kwargs, knob.name: value}), {}, []


def step_with(
    x: Examiner,
    contact: Contact,
    data: tuple[Numbers, Numbers],
    weights: Mapping[str, Numbers],
    settings: Mapping[Knob, float],
) -> Watched | None:
    """One watched step with these weights and every knob in `settings` set."""
    attributes: dict[str, Scalar] = {}
    before: list[Step] = []
    for knob, value in settings.items():
        contact, more, steps = with_knob(contact, knob, value)
        attributes |= more
        before += steps
    named = ".".join(f"{k.kind}-{k.name}" for k in settings) or "as-is"
    seen = x.ask(
        f"{contact.info.name}.step.{named}",
        *training(contact, *data, weights=weights, attributes=attributes, before=before),
    )
    watched = watched_in(seen)
    return watched if watched is not None and watched.tape else None


def steering(base: Watched, other: Watched | None, path: str) -> str | None:
    """Which a knob's move changed of a variable: its "gradient", else its "update" in a step, else None.

    An update that differs by a negative multiple of the variable itself is a "decay"; one that differs by what is no
    multiple of itself or of the gradient has something added to it, which no learning rate does.
    """
    if other is None:
        return None
    old, new = first_gradients(base).get(path), first_gradients(other).get(path)
    if old is None or new is None or old.shape != new.shape:
        return None
    if not np.allclose(old, new, rtol=1e-3, atol=1e-6 + 1e-4 * float(np.max(np.abs(old)))):
        return "gradient"
    before, after = moved(base).get(path), moved(other).get(path)
    if before is None or after is None or np.allclose(before, after, rtol=1e-2, atol=1e-7):
        return None
    start = next((array(v.value) for v in base.before if v.path == path), None)
    more = after - before
    left = min(beyond(more, one)[1] for one in (before, after, old))
    factor, rest = (0.0, np.inf) if start is None else beyond(more, start)
    if factor < 0 and rest < min(ROUGHLY, left):  # a gradient may be as good as a multiple of the weights, too
        return "decay"
    return "update" if left < ROUGHLY else None


def beyond(more: Numbers, of: Numbers) -> tuple[float, float]:
    """By which factor the one is nearest to the other, and which share of it that leaves unexplained."""
    factor = float(np.sum(more * of) / max(np.sum(of * of), 1e-30))
    whole = float(np.max(np.abs(factor * of)))
    return factor, float(np.max(np.abs(more - factor * of))) / max(whole, 1e-30)


def values_tried(contact: Contact, knob: Knob) -> set[float]:
    """Settings of a knob over the trainings of the notebook; an instance that was only made tried nothing."""
    tried: set[float] = set()
    names = [p.name for p in contact.info.methods.get(contact.trainer, ())]
    for t in trainings_of(contact):
        at = names.index(knob.name) if knob.name in names else len(t.args)
        given = t.kwargs.get(knob.name, t.args[at] if at < len(t.args) else None)
        value = t.scalars.get(knob.name) if knob.kind == "attribute" else given
        if (found := number(value)) is not None:
            tried.add(found)
    return tried | {value for value, trains in constructed(contact, knob) if trains}


def values_only_made(contact: Contact, knob: Knob) -> set[float]:
    """Settings of instances that were never trained."""
    return {value for value, trains in constructed(contact, knob) if not trains}


def constructed(contact: Contact, knob: Knob) -> Iterator[tuple[float, bool]]:
    """The setting each instance of the notebook was made with, and whether a training ran with it."""
    trainings = trainings_of(contact)
    for place, c in enumerate(contact.inventory.constructions) if knob.kind == "argument" else ():
        value = argument(Recipe(c.cls, c.args, c.kwargs, contact.recipe.parameters), knob.name)
        value = default_of(contact, knob.name) if value is None else value
        if (found := number(value)) is not None:
            yield found, any(is_training_of(t, place, found) for t in trainings)


def trainings_of(contact: Contact) -> list[Training]:
    """Those that took a step, as far as steps were counted at all."""
    every = contact.inventory.trainings
    return [t for t in every if t.steps] or list(every)


def is_training_of(training: Training, place: int, value: float) -> bool:
    """Whether it trained this construction.

    Of an object without a place (a copy, or one that trains while it is made) its attributes hold the setting.
    """
    made = MADE.match(training.owner)
    if made:
        return int(made.group(1)) == place
    return value in [v for v in training.scalars.values() if type(v) in (int, float)]
