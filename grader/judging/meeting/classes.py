"""First contact with a classifier class: which one, how to construct and train it small, which variables it has."""

import re
from itertools import product

import numpy as np
from msgspec.structs import replace

from grader.judging.binding.layers import chains
from grader.judging.comparing.arrays import Numbers
from grader.judging.drawing import insist_on_writable
from grader.judging.examiner import Examiner
from grader.judging.meeting.asking import inputs, instance, training
from grader.judging.meeting.contact import Contact, Inputs, Recipe
from grader.judging.meeting.forward import forward_of
from grader.judging.meeting.pairs import is_small, small_world
from grader.judging.meeting.watching import watched_in
from grader.sandbox.guest.wire import (
    Call,
    ClassInfo,
    Construction,
    Inventory,
    Listing,
    ListVariables,
    Make,
    Opaque,
    Ref,
    Value,
    VariableList,
)

B = 5  # examples of a question; like every size of ours unlike the others and any hidden size
VECTORS = Inputs(((r"(input_?)?(dim|size|dims)|n_?features|D|d|num_features|vocab(_size)?", 11),))
LENGTH = "seq|len|long|luz"  # of a sentence, in English, Spanish and Basque
WORDS = Inputs(((r".*(voc|hizt).*", 13), (rf".*({LENGTH}|max|steps|words).*", 7)), words=True)
GUESSES = (
    (r"epoch|ep$", 1),
    (r"^(lr|learning|eta|alpha)", 0.1),
    (r"drop|rate|^dr$|prob", 0.2),
    (r"keep", 0.8),
    (r"l2|reg|lam|lw|decay|penal|weight", 0.01),
    (r"size|hidden|unit|dim", 13),
    (r"class|label|out", 2),
)
KINDS = 3  # of arguments, the last of which may be what does not train
VARIABLES = 100  # of a class that are looked at; with copies of the best weights the largest have half as many
CLASSIFIES = re.compile(r"classif|predic|clasific|sailka|iragar", re.IGNORECASE)
COUNTED = re.compile(r"\blen\(|\.shape\b")
LAYERS = re.compile(r"sizes|layers|dims|units|hidden", re.IGNORECASE)  # may want a list of sizes


def candidates(inventory: Inventory) -> list[ClassInfo]:
    """Classes that can be trained, the last defined first; a base of another one only stands behind it."""
    able = [info for info in inventory.classes if info.trains]
    return list(reversed(able))[:3]


def meet(x: Examiner, inventory: Inventory, info: ClassInfo, kind: Inputs) -> Contact:
    """Make a small instance and watch its first step: with few features if the constructor lets us, else as it is."""
    first = None
    for recipe in recipes(inventory, info, kind):
        contact = try_recipe(x, untouched(inventory, info, recipe, kind))
        if contact.works:
            return contact
        first = first or contact
    assert first is not None
    if usable(inventory, info) or first.initial:
        return first
    return replace(first, trouble=None)  # our guess at the arguments failed, not the student's work


def usable(inventory: Inventory, info: ClassInfo) -> list[Construction]:
    """What the notebook made of this class with arguments that can be given again."""
    return [
        made
        for made in inventory.constructions
        if made.cls == info.name and not any(isinstance(v, Opaque) for v in (*made.args, *made.kwargs.values()))
    ]


def recipes(inventory: Inventory, info: ClassInfo, kind: Inputs) -> list[Recipe]:
    names = tuple(p.name for p in info.parameters)
    made = usable(inventory, info)
    if not made:
        plain = guessed(info, names, kind)
        layered = replace(
            plain, kwargs={n: Listing((13, 17)) if LAYERS.search(n) else v for n, v in plain.kwargs.items()}
        )
        return [plain, layered] if layered != plain else [plain]
    likely: list[Recipe] = []
    for one in of_each_kind(made)[:KINDS]:
        own = Recipe(info.name, one.args, dict(one.kwargs), names)
        likely += [small(own, kind), own]
    return [recipe for place, recipe in enumerate(likely) if recipe not in likely[:place]]


def of_each_kind(made: list[Construction]) -> list[Construction]:
    """The last made with arguments of each kind: one that got a None from a cell that had failed may not train."""
    kinds: dict[object, Construction] = {}
    for one in reversed(made):
        kinds.setdefault((*map(type, one.args), *((n, type(v)) for n, v in sorted(one.kwargs.items()))), one)
    return list(kinds.values())


def small(own: Recipe, kind: Inputs) -> Recipe:
    """Our sizes in place of the notebook's: by the parameters' names, else in the order the handout has them."""
    matching = [
        (next((name for name in own.parameters if re.fullmatch(pattern, name, re.IGNORECASE)), None), size)
        for pattern, size in kind.sizes
    ]
    named = [(name, size) for name, size in matching if name is not None]
    if len(named) < len(kind.sizes):
        named = [(name, size) for name, (_, size) in zip(own.parameters, kind.sizes, strict=False)]
    for name, size in named[:1] if kind.pairs else named:  # get_attn of the handout has the length written into it
        own = own.changed(name, size) if is_size(own.argument(name)) else own
    return own


def is_size(given: Value) -> bool:
    """A number; or how it is written, `len(words)`, where nobody saw the number."""
    return type(given) is int or (isinstance(given, Ref) and COUNTED.search(given.path) is not None)


def guessed(info: ClassInfo, names: tuple[str, ...], kind: Inputs) -> Recipe:
    given = [size for _, size in kind.sizes]
    kwargs: dict[str, Value] = {}
    for i, parameter in enumerate(info.parameters):
        if parameter.required:
            kwargs[parameter.name] = given[i] if i < len(given) else guess(parameter.name)
    return Recipe(info.name, (), kwargs, names)


def guess(name: str) -> Value:
    return next((value for pattern, value in GUESSES if re.search(pattern, name, re.IGNORECASE)), 1)


def try_recipe(x: Examiner, contact: Contact) -> Contact:
    name, recipe = contact.info.name, contact.recipe
    made = x.ask(
        f"{name}.make",
        *small_world(contact),
        Make("c", recipe.cls, recipe.args, recipe.kwargs),
        ListVariables("c", "v", values=True),
    )
    listed = made.values.get("v")
    if not isinstance(listed, VariableList):
        return replace(contact, trouble=made.trouble)
    contact = sized(replace(contact, scalars=listed.scalars, initial=listed.variables[:VARIABLES]))
    insist_on_writable(contact.initial)
    sizes = dict.fromkeys((B, own_batch(contact), 256))  # for a batch size that is written into class or loop
    stopped = None
    for batch, copies in product(sizes, (1, 2)):
        if copies > 1 and stopped is not None:
            continue
        contact = replace(contact, batch=batch, copies=copies)
        data, labels = inputs(x, "contact", contact, batch, 0.5), np.arange(batch) % 2
        seen = x.ask(f"{name}.contact", *training(contact, data, labels), seconds=60)
        watched = watched_in(seen)
        if watched is not None and watched.tape:
            return once_built(x, replace(contact, watched=watched, trouble=None, broken_off=None), data)
        stopped = seen.trouble or (watched.trouble if watched else None)
        contact = replace(contact, trouble=contact.trouble or stopped, broken_off=contact.broken_off or watched)
    return replace(contact, batch=B, copies=1)


def once_built(x: Examiner, contact: Contact, data: Numbers) -> Contact:
    """With the variables of layers that make them at their first call, which a class may have listed too early."""
    known = {v.path for v in contact.initial}
    after = contact.watched.after if contact.watched else ()
    late = any(v.path not in known for v in after)
    forward = forward_of(contact, data) if contact.inputs.pairs and late else None
    return contact if forward is None else built_by(x, contact, forward.call(data, ""))


def built_by(x: Examiner, contact: Contact, call: Call) -> Contact:
    """With the variables that this call makes: it comes before each question."""
    known = {v.path for v in contact.initial}
    built = replace(contact, building=(call,))
    listed = x.ask(f"{contact.info.name}.built", *instance(built, {}, {}), ListVariables("c", "v", values=True))
    found = listed.values.get("v")
    if not isinstance(found, VariableList) or len(found.variables) <= len(known):
        return contact
    insist_on_writable(found.variables[:VARIABLES])
    return replace(built, initial=found.variables[:VARIABLES])


def own_batch(contact: Contact) -> int:
    sizes = [v for name, v in contact.scalars.items() if type(v) is int and "batch" in name.lower() and 0 < v < 1000]
    return next(iter(sizes), 256)


def untouched(inventory: Inventory, info: ClassInfo, recipe: Recipe, kind: Inputs) -> Contact:
    """What is known before an instance was made."""
    trainer = "train" if "train" in info.trains else info.trains[0]
    args, kwargs = training_arguments(inventory, info, trainer)
    return Contact(kind, info, recipe, trainer, args, kwargs, classifier_of(info), {}, (), None, 0, 0, B, inventory)


def classifier_of(info: ClassInfo) -> str | None:
    """The method that predicts, in English, Spanish or Basque."""
    named = [m for m in info.methods if CLASSIFIES.search(m)]
    return "classify" if "classify" in info.methods else named[0] if named else None


def sized(contact: Contact) -> Contact:
    """Sizes of an input: ours where the constructor took them, else what the notebook's own instance has."""
    rows = [v.shape[0] for v in contact.initial if len(v.shape) == 2]
    asked = [size for _, size in contact.inputs.sizes]
    sides = {size for v in contact.initial for size in v.shape}
    with_bias = not contact.inputs.words and asked[0] + 1 in sides  # as one more row, for an input that is always 1
    ours = asked[0] in sides or with_bias or not rows or (contact.inputs.pairs and is_small(contact))
    first = asked[0] if ours else widest(contact, max(rows))
    if not contact.inputs.words:
        return replace(contact, features=first)
    lengths = [v for name, v in contact.scalars.items() if type(v) is int and re.search(LENGTH, name, re.IGNORECASE)]
    given = [v for v in (*contact.recipe.args, *contact.recipe.kwargs.values()) if type(v) is int and v != first]
    return replace(contact, vocabulary=first, features=next(iter([*lengths, *given]), contact.inputs.length))


def widest(contact: Contact, rows: int) -> int:
    """Words, or features, of the notebook's own instance: the rows of its largest matrix, or its columns if turned."""
    columns = max(v.shape[1] for v in contact.initial if len(v.shape) == 2)
    if contact.inputs.words:
        return max(rows, columns)
    return columns if not chains(contact.initial, rows, ()) and chains(contact.initial, columns, ()) else rows


def training_arguments(
    inventory: Inventory, info: ClassInfo, trainer: str
) -> tuple[tuple[Value, ...], dict[str, Value]]:
    """Data sets as references to our globals, all else as the notebook passed it last, or guessed from its name."""
    sets = iter(["training_set", "dev_set", "test_set", "test_set"])
    done = [t for t in inventory.trainings if t.cls == info.name and t.method == trainer]
    arguments: list[Value] = []
    if done:
        arguments += [Ref(next(sets)) if isinstance(v, Opaque) else v for v in done[-1].args]
        return tuple(arguments), {
            name: Ref(data_named(name)) if isinstance(v, Opaque) else v for name, v in done[-1].kwargs.items()
        }
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
