"""First contact with a classifier class: which one, how to construct and train it small, which variables it has.

Shared by every lab whose students write a class with `model`, `train` and `classify`. Questions are complete in themselves:
each makes a new instance in slot `c`.
"""

import re
from collections.abc import Mapping, Sequence

import numpy as np
from msgspec import Struct
from msgspec.structs import replace

from grader.judging.arrays import Numbers, array, examples, send
from grader.judging.examiner import Examiner
from grader.model import Observation, Status
from grader.sandbox.guest.wire import (
    ClassInfo,
    Inventory,
    ListVariables,
    Make,
    MethodCall,
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

D, B = 11, 6  # features and examples of a question, unlike each other and any hidden size
DATA_NAMES = re.compile(r"(train|dev|val|test)(ing)?(_?(set|data|examples))?$", re.IGNORECASE)
GUESSES = (
    (r"epoch|ep$", 1),
    (r"^(lr|learning|eta|alpha)", 0.1),
    (r"drop|rate|^dr$|prob", 0.2),
    (r"keep", 0.8),
    (r"l2|reg|lam|lw|decay|penal|weight", 0.01),
    (r"size|hidden|unit|dim", 13),
    (r"class|label|out", 2),
)
DROPOUT_NAME = re.compile(r"(drop|keep|^dr$|^rate$|^p$|prob)", re.IGNORECASE)


class Recipe(Struct, frozen=True):
    """How an instance is made: the notebook's own arguments, with a small number of features."""

    cls: str
    args: tuple[Value, ...]
    kwargs: dict[str, Value]
    parameters: tuple[str, ...]

    def argument(self, name: str) -> Value:
        if name in self.kwargs:
            return self.kwargs[name]
        at = self.parameters.index(name) if name in self.parameters else len(self.args)
        return self.args[at] if at < len(self.args) else None

    def changed(self, name: str, value: Value) -> "Recipe":
        at = self.parameters.index(name)
        if at < len(self.args):
            return Recipe(self.cls, (*self.args[:at], value, *self.args[at + 1 :]), self.kwargs, self.parameters)
        return Recipe(self.cls, self.args, {**self.kwargs, name: value}, self.parameters)


class Contact(Struct, frozen=True):
    """What the first training step of a small instance showed."""

    info: ClassInfo
    recipe: Recipe
    trainer: str
    train_args: tuple[Value, ...]
    train_kwargs: dict[str, Value]
    classifier: str | None
    scalars: Mapping[str, Scalar]  # plain attributes of a fresh instance
    initial: tuple[VariableInfo, ...]  # variables of a fresh instance, with values
    watched: Watched | None  # None: it could not be made or trained
    features: int
    batch: int
    inventory: Inventory
    trouble: Trouble | None = None

    @property
    def works(self) -> bool:
        return self.watched is not None and bool(self.watched.tape)


def candidates(inventory: Inventory) -> list[ClassInfo]:
    """Classes that can be trained, the last defined first; a base of another one only stands behind it."""
    able = [info for info in inventory.classes if info.trains]
    return list(reversed(able))[:3]


def meet(x: Examiner, inventory: Inventory, info: ClassInfo) -> Contact:
    """Make a small instance and watch its first step: with few features if the constructor lets us, else as it is."""
    first = None
    for recipe in recipes(inventory, info):
        contact = try_recipe(x, inventory, info, recipe)
        if contact.works:
            return contact
        first = first or contact
    assert first is not None
    return first


def recipes(inventory: Inventory, info: ClassInfo) -> list[Recipe]:
    names = tuple(p.name for p in info.parameters)
    made = [
        c
        for c in inventory.constructions
        if c.cls == info.name and not any(isinstance(v, Opaque) for v in (*c.args, *c.kwargs.values()))
    ]
    own = Recipe(info.name, made[-1].args, dict(made[-1].kwargs), names) if made else guessed(info, names)
    dim = next(
        (n for n in names if re.fullmatch(r"(input_?)?(dim|size|dims)|n_?features|D|d|num_features|vocab(_size)?", n)),
        names[0] if names else None,
    )
    small = [own.changed(dim, D)] if dim and isinstance(own.argument(dim), int) else []
    return [*small, own]


def guessed(info: ClassInfo, names: tuple[str, ...]) -> Recipe:
    kwargs: dict[str, Value] = {}
    for i, parameter in enumerate(info.parameters):
        if parameter.required:
            kwargs[parameter.name] = D if i == 0 else guess(parameter.name)
    return Recipe(info.name, (), kwargs, names)


def guess(name: str) -> Value:
    return next((value for pattern, value in GUESSES if re.search(pattern, name, re.IGNORECASE)), 1)


def try_recipe(x: Examiner, inventory: Inventory, info: ClassInfo, recipe: Recipe) -> Contact:
    made = x.ask(
        f"{info.name}.make", Make("c", recipe.cls, recipe.args, recipe.kwargs), ListVariables("c", "v", values=True)
    )
    contact = untouched(inventory, info, recipe)
    listed = made.values.get("v")
    if not isinstance(listed, VariableList):
        return replace(contact, trouble=made.trouble)
    contact = replace(contact, scalars=listed.scalars, initial=listed.variables, features=features_of(listed.variables))
    for batch in (B, 256):  # the second for a notebook that has its batch size written into the loop
        contact = replace(contact, batch=batch)
        data, labels = x.normal("contact", (batch, contact.features), 0.5), np.arange(batch) % 2
        seen = x.ask(f"{info.name}.contact", *training(contact, data, labels), seconds=60)
        watched = watched_in(seen)
        if watched is not None and watched.tape:
            return replace(contact, watched=watched)
        contact = replace(contact, trouble=seen.trouble or (watched.trouble if watched else None))
        if contact.trouble is not None:
            break
    return contact


def untouched(inventory: Inventory, info: ClassInfo, recipe: Recipe) -> Contact:
    """What is known before an instance was made."""
    trainer = "train" if "train" in info.trains else info.trains[0]
    args, kwargs = training_arguments(inventory, info, trainer)
    named = [m for m in info.methods if re.search(r"classif|predict|clasific|sailka", m, re.IGNORECASE)]
    classifier = "classify" if "classify" in info.methods else named[0] if named else None
    return Contact(info, recipe, trainer, args, kwargs, classifier, {}, (), None, D, B, inventory)


def features_of(variables: Sequence[VariableInfo]) -> int:
    """Rows of the first matrix: D where the constructor took it, else what the notebook's own instance has."""
    rows = [v.shape[0] for v in variables if len(v.shape) == 2]
    return D if D in rows or not rows else max(rows)


def training_arguments(
    inventory: Inventory, info: ClassInfo, trainer: str
) -> tuple[tuple[Value, ...], dict[str, Value]]:
    """Data sets as references to our globals, all else as the notebook passed it last, or guessed from its name."""
    sets = iter(["training_set", "dev_set", "test_set", "test_set"])
    done = [t for t in inventory.trainings if t.cls == info.name and t.method == trainer]
    if done:
        kwargs = {k: Ref(data_named(k)) if isinstance(v, Opaque) else v for k, v in done[-1].kwargs.items()}
        return tuple(Ref(next(sets)) if isinstance(v, Opaque) else v for v in done[-1].args), kwargs
    arguments: list[Value] = []
    for parameter in info.methods.get(trainer, ()):
        if re.search(r"train|dev|val|test|data|set", parameter.name, re.IGNORECASE):
            arguments.append(Ref(next(sets, "dev_set")))
        elif parameter.required:
            arguments.append(guess(parameter.name))
        else:
            break
    return tuple(arguments), {}


def data_named(keyword: str) -> str:
    return "dev_set" if re.search(r"dev|val", keyword) else "test_set" if "test" in keyword else "training_set"


# --- questions ---


def instance(contact: Contact, weights: Mapping[str, Numbers], attributes: Mapping[str, Scalar]) -> list[Step]:
    """A new instance in slot `c` with our weights; `attributes` it does not have are left out."""
    steps: list[Step] = [Make("c", contact.recipe.cls, contact.recipe.args, contact.recipe.kwargs)]
    steps += [Put(path, send(value)) for path, value in weights.items()]
    steps += [Put(f"c.{name}", value) for name, value in attributes.items() if name in contact.scalars]
    return steps


def data_steps(contact: Contact, x: Numbers, labels: Numbers) -> list[Step]:
    """Our examples under every name the notebook may read them by."""
    rows = examples(
        label=list(labels), text=["word"] * len(labels), vector=list(x.astype(np.float64)), features=[{}] * len(labels)
    )  # type: ignore[arg-type]
    steps: list[Step] = [
        Put("training_set", rows),
        Put("dev_set", Ref("training_set[:]")),
        Put("test_set", Ref("training_set[:]")),
    ]
    steps += [
        Put(name, Ref("training_set"))
        for name in contact.inventory.sizes
        if DATA_NAMES.fullmatch(name) and name not in ("training_set", "dev_set", "test_set")
    ]
    if not any(f.name == "evaluate_classifier" for f in contact.inventory.functions):
        steps.append(Put("evaluate_classifier", Ref("lambda classifier, eval_set: 0.5")))
    return steps


def loop_attributes(contact: Contact, batch: int, epochs: int = 1) -> dict[str, Scalar]:
    """Settings of the training loop, under the names every copy keeps and under those that look like them."""
    found: dict[str, Scalar] = {}
    for name, value in contact.scalars.items():
        low = name.lower()
        if type(value) is int and "batch" in low:
            found[name] = batch
        elif type(value) is int and "epoch" in low:
            found[name] = 1 if re.search(r"freq|display|print", low) else epochs
    return found


def training(
    contact: Contact,
    x: Numbers,
    labels: Numbers,
    *,
    weights: Mapping[str, Numbers] | None = None,
    attributes: Mapping[str, Scalar] | None = None,
    before: Sequence[Step] = (),
) -> list[Step]:
    """One watched step (`w`) on a single batch of these examples."""
    loop = loop_attributes(contact, len(labels))
    return [
        *before,
        *instance(contact, weights or {}, {**loop, **(attributes or {})}),
        *data_steps(contact, x, labels),
        Watch("c", contact.trainer, "w", contact.train_args, contact.train_kwargs),
    ]


def classifying(
    contact: Contact,
    x: Numbers,
    labels: Numbers,
    *,
    weights: Mapping[str, Numbers] | None = None,
    attributes: Mapping[str, Scalar] | None = None,
) -> list[Step]:
    """One watched `classify` of these examples."""
    loop = loop_attributes(contact, len(labels))
    return [
        *instance(contact, weights or {}, {**loop, **(attributes or {})}),
        *data_steps(contact, x, labels),
        Watch("c", contact.classifier or "classify", "w", (Ref("training_set"),)),
    ]


def watched_in(seen: Observation) -> Watched | None:
    found = seen.values.get("w") if seen.status in (Status.ANSWERED, Status.RAISED) else None
    return found if isinstance(found, Watched) else None


def logits_in(watched: Watched | None, data: Numbers, under_tape: bool) -> Numbers | None:
    """The [rows, C] result of `model`, else of the last function that gave one, in the order of `data`.

    Training shuffles its examples; what a function was given tells which row of its answer belongs to which example.
    """
    calls = [call for call in (watched.calls if watched else ()) if call.under_tape == under_tape]
    for call in sorted(reversed(calls), key=lambda call: call.method != "model"):
        for value in (call.result, *getattr(call.result, "items", ())):
            found = array(value)
            if found is not None and found.ndim == 2 and found.shape[0] == len(data) and 2 <= found.shape[1] <= 10:
                return found[order(call, data)]
    return None


def order(call: MethodCall, data: Numbers) -> Numbers:
    """For each row of `data` the row of the call's input that holds it; as they stand when that is not one to one."""
    as_is = np.arange(len(data))
    for value in (*call.args, *call.kwargs.values()):
        given = array(value)
        if given is not None and given.shape == data.shape and len(data) <= 300:
            rows = np.argmin(np.abs(data[:, None, :] - given[None, :, :]).sum(-1), axis=1)
            return rows if len(set(rows.tolist())) == len(rows) else as_is
    return as_is


def first_gradients(watched: Watched) -> dict[str, Numbers | None]:
    """Gradient of the first step for each variable's path; None where it is not connected."""
    event = watched.tape[0]
    return {path: array(g) for path, g in zip(event.sources, event.gradients, strict=False) if path}


def moved(watched: Watched) -> dict[str, Numbers]:
    """after − before of every variable."""
    before = {v.path: array(v.value) for v in watched.before}
    after = {v.path: array(v.value) for v in watched.after}
    return {
        path: after[path] - old
        for path, old in before.items()  # type: ignore[operator]
        if old is not None and after.get(path) is not None and after[path].shape == old.shape
    }  # type: ignore[union-attr]
