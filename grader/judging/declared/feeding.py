"""Examples of ours, in place of a notebook's own: as arguments of its training, and under the names it may read."""

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import cycle, islice, permutations
from typing import Any

import numpy as np
from msgspec import Struct
from msgspec.structs import replace

from grader.course.subject import INPUT, Subject
from grader.judging.comparing.arrays import Numbers, array, examples, send
from grader.judging.declared.arguments import draw
from grader.judging.examiner import Examiner
from grader.judging.meeting.classes import guess
from grader.sandbox.guest.wire import Array, ClassInfo, Inventory, Listing, Opaque, Put, Ref, Step, Value

INPUTS, LABELS, ONE_HOT, EXAMPLES = "inputs_of_ours", "labels_of_ours", "one_hot_labels_of_ours", "examples_of_ours"
STACKED = "stacked_inputs_of_ours"  # [n, inputs, …]
COLUMNS = f"{INPUTS}.T"  # an example in each
NEAR = np.float32(0.1)
ORDERS = 6  # of several inputs that are tried
LABELLED = re.compile(r"(^|_)(y|labels?|targets?|classes|etiquetas?|etiketak?)", re.IGNORECASE)
SETS = re.compile(r"^(x|data|inputs?|images?|train|dev|val|test|training|examples|dataset|datos|datuak)", re.IGNORECASE)


class Batch(Struct, frozen=True):
    """Examples of ours."""

    inputs: tuple[Numbers, ...]  # in the order of the subject's
    labels: Numbers  # whole numbers from 0, or targets


def batch_of(x: Examiner, subject: Subject, rows: int, purpose: str = "x") -> Batch:
    return Batch(drawn_inputs(x, subject, f"classifier {purpose}", rows), labels_of(subject, rows))


def drawn_inputs(x: Examiner, subject: Subject, purpose: str, rows: int) -> tuple[Numbers, ...]:
    """The numbers of each input stay with its name, in whatever order they are taken."""
    names = sorted(subject.inputs)
    drawn = tuple(
        draw(x, subject.inputs[name], purpose if name == INPUT else f"{purpose} {name}", (rows,)) for name in names
    )
    by_name = dict(zip(names, with_neighbours(drawn, max(subject.classes, 1)), strict=True))
    return tuple(by_name[name] for name in subject.inputs)


def with_neighbours(inputs: tuple[Numbers, ...], classes: int) -> tuple[Numbers, ...]:
    """Of inputs alike some examples lie close to each other, of each class: else a margin between them never shows."""
    first, *others = inputs
    if first.dtype.kind != "f" or any((one.shape, one.dtype) != (first.shape, first.dtype) for one in others):
        return inputs
    near = np.arange(len(first)) // classes % 2 == 1
    return (first, *(np.where(near.reshape(-1, *[1] * (one.ndim - 1)), first + NEAR * one, one) for one in others))


def labels_of(subject: Subject, rows: int) -> Numbers:
    if not subject.classes:
        return np.linspace(-1.0, 1.0, rows, dtype=np.float32)
    return np.arange(rows, dtype=np.int32) % subject.classes


def orders_of(subject: Subject) -> Iterator[Subject]:
    """Inputs may be taken in any order, the lab's first; its own numbers stay with each."""
    yield subject
    ways = islice(permutations(subject.spelled.items()), 1, ORDERS) if not subject.example else ()
    yield from (replace(subject, input=dict(way)) for way in ways)


def orders_alike(subject: Subject) -> Iterator[Subject]:
    """The same of inputs that have one shape; others are told apart by their shapes."""
    alike = len({one.shape for one in subject.inputs.values()}) == 1
    yield from orders_of(subject) if alike else (subject,)


def place_of(number: int) -> str:
    """The name under which one of the inputs lies."""
    return f"{INPUTS}_{number + 1}" if number else INPUTS


def training_arguments(
    subject: Subject, inventory: Inventory, info: ClassInfo, trainer: str
) -> tuple[tuple[Value, ...], dict[str, Value]]:
    """As the notebook passed them last, with our examples for its own; guessed by names where it never trained."""
    names = [parameter.name for parameter in info.methods.get(trainer, ())]
    done = [t for t in inventory.trainings if t.cls == info.name and t.method == trainer]
    if done:
        args, kwargs = done[-1].args, done[-1].kwargs
        called = [*(names[i] if i < len(names) else "" for i in range(len(args))), *kwargs]
        given = in_place_of(subject, called, [*args, *kwargs.values()])
        return tuple(given[: len(args)]), dict(zip(kwargs, given[len(args) :], strict=True))
    needed = [parameter.name for parameter in info.methods.get(trainer, ()) if parameter.required]
    return by_names(subject, needed), {}


def in_place_of(subject: Subject, names: Sequence[str], values: Sequence[Value]) -> list[Value]:
    """Ours for its examples; all else as it is."""
    arrays = [(i, v.shape) for i, v in enumerate(values) if isinstance(v, Array | Opaque) and v.shape]
    held = data_in(subject, [(names[i], shape) for i, shape in arrays])
    ours = {i: own if own is not None else by_name(subject, names[i]) for (i, _), own in zip(arrays, held, strict=True)}
    return [ours[i] if i in ours else in_place_of_one(subject, names[i], value) for i, value in enumerate(values)]


def in_place_of_one(subject: Subject, name: str, value: Value) -> Value:
    """Of what has no shape."""
    if isinstance(value, Listing) and value.items:
        if subject.example:
            return Ref(EXAMPLES)
        if any(isinstance(item, Array | Opaque) and item.shape for item in value.items):
            return replace(value, items=tuple(in_place_of(subject, [name] * len(value.items), value.items)))
    if isinstance(value, Array | Opaque):
        listed = isinstance(value, Opaque) and value.type_name in ("list", "tuple")
        if listed and (subject.example or (len(subject.inputs) > 1 and not called_after_one(subject, name))):
            return Ref(EXAMPLES) if subject.example else rows_of_ours(subject)
        return by_name(subject, name)
    return value


def rows_of_ours(subject: Subject) -> Ref:
    """A list with a tuple for each example: its inputs and its label."""
    return Ref(f"list(zip({', '.join(map(place_of, range(len(subject.inputs))))}, {LABELS}))")


def called_after_one(subject: Subject, name: str) -> bool:
    return bool(LABELLED.match(name)) or any(own.lower() in name.lower() for own in subject.inputs)


def data_in(subject: Subject, arrays: Sequence[tuple[str, tuple[int, ...]]]) -> list[Ref | None]:
    """What of ours each array, by name and shape, stands for: an input, all of them, the labels, or none of these.

    Of several inputs with one shape a name that holds an input's tells which it is; else they come by turns. Labels
    have the shape of an input that is a number for each example, and come after them.
    """
    shapes = [one.shape for one in subject.inputs.values()]
    called = [called_by(subject, name, shape[1:]) for name, shape in arrays]
    turns = {}
    stacked = (len(shapes), *shapes[0]) if 1 < len(shapes) and len({*shapes}) == 1 else None
    together = any(shape[1:] == stacked for _, shape in arrays)
    for shape in {*shapes}:
        places = [place_of(i) for i, own in enumerate(shapes) if own == shape and not (together and shape == ())]
        places += [LABELS] if shape == () else []
        turns[shape] = cycle([place for place in places if place not in called] or places)
    found: list[Ref | None] = []
    for (_, whole), known in zip(arrays, called, strict=True):
        shape = whole[1:]
        if known is not None or shape in turns:
            found.append(Ref(known or next(turns[shape])))
        elif shape == stacked:
            found.append(Ref(STACKED))
        else:
            found.append(labels_in(subject, shape) or in_columns(subject, whole))
    return found


def in_columns(subject: Subject, whole: tuple[int, ...]) -> Ref | None:
    """Ours with each example in a column, where the notebook has its own so."""
    (first, *others), rows = subject.inputs.values(), whole[:-1]
    if len(whole) != 2 or others:
        return None
    if rows == first.shape:
        return Ref(COLUMNS)
    if rows == (1,):
        return Ref(f"{LABELS}[None]")
    return Ref(f"{ONE_HOT}.T") if rows == (subject.classes,) else None


def called_by(subject: Subject, name: str, shape: tuple[int, ...]) -> str | None:
    """The input, or the labels, that an array of this shape is called after."""
    if shape == () and LABELLED.search(name):
        return LABELS
    alike = [(i, own) for i, (own, one) in enumerate(subject.inputs.items()) if one.shape == shape and own != INPUT]
    found = [i for i, own in alike if own.lower() in name.lower()]
    return place_of(found[0]) if len(found) == 1 else None


def labels_in(subject: Subject, shape: tuple[int, ...]) -> Ref | None:
    """`shape`: without the axis of examples."""
    if shape == ():
        return Ref(LABELS)
    if shape == (1,):
        return Ref(f"{LABELS}[:, None]")
    return Ref(ONE_HOT) if shape == (subject.classes,) else None


def by_names(subject: Subject, names: Sequence[str]) -> tuple[Value, ...]:
    """Of parameters that nobody has seen filled; of several inputs they come by turns."""
    turns = cycle(map(place_of, range(len(subject.inputs))))
    given: list[Value] = []
    for name in names:
        guessed = by_name(subject, name)
        given.append(Ref(next(turns)) if len(subject.inputs) > 1 and guessed == Ref(INPUTS) else guessed)
    return tuple(given)


def by_name(subject: Subject, name: str) -> Value:
    if subject.example and SETS.match(name):
        return Ref(EXAMPLES)
    if LABELLED.match(name):
        return Ref(LABELS)
    called = [place_of(i) for i, own in enumerate(subject.inputs) if own != INPUT and own.lower() in name.lower()]
    if len(called) == 1:
        return Ref(called[0])
    return Ref(INPUTS) if SETS.match(name) else guess(name)


def example_steps(inventory: Inventory, subject: Subject, batch: Batch) -> list[Step]:
    """Our examples, under names of ours and under all names by which the notebook may read its own."""
    classes = max(subject.classes, 1)
    one_hot = np.eye(classes, dtype=np.float32)[batch.labels.astype(int) % classes]
    data = {place_of(i): send(one) for i, one in enumerate(batch.inputs)}
    data |= {LABELS: send(spoken(subject, batch.labels)), ONE_HOT: send(one_hot)}
    if len(batch.inputs) > 1 and len({one.shape for one in batch.inputs}) == 1:
        data[STACKED] = send(np.stack(batch.inputs, axis=1))
    steps: list[Step] = [Put(name, value) for name, value in data.items()]
    if subject.example:
        steps.append(Put(EXAMPLES, dictionaries(subject, batch)))
        steps += [Put(name, Ref(EXAMPLES)) for name in inventory.data_sets]
    for length in {shape[0] for shape in inventory.arrays.values()}:  # those of a set lie side by side
        alike = [(name, shape) for name, shape in inventory.arrays.items() if shape[0] == length]
        held = data_in(subject, alike)
        inputs = {place for place in data if place not in (LABELS, ONE_HOT)}
        if any(ref is not None and ref.path in inputs for ref in held):
            steps += [
                Put(name, data[ref.path])
                for (name, _), ref in zip(alike, held, strict=True)
                if ref is not None and ref.path in data
            ]
    return steps


def spoken(subject: Subject, labels: Numbers) -> Numbers:
    """As the lab writes them: −1 and 1 for 0 and 1, for instance."""
    return np.asarray(subject.labels, np.float32)[labels.astype(int)] if subject.labels else labels


def dictionaries(subject: Subject, batch: Batch) -> Listing:
    inputs = tuple(zip(subject.inputs, map(send, batch.inputs), strict=True))
    return listed(tuple(subject.example.items()), inputs, send(spoken(subject, batch.labels)))


@lru_cache(16)  # every form is given the same ones
def listed(example: tuple[tuple[str, str], ...], inputs: tuple[tuple[str, Array], ...], labels: Array) -> Listing:
    spelled, rows = array(labels), {name: array(one) for name, one in inputs}
    assert spelled is not None
    given: dict[str, Any] = {name: list(one) for name, one in rows.items() if one is not None}
    given["label"] = spelled.tolist()
    return examples(**{key: given.get(what, [what] * len(spelled)) for key, what in example})
