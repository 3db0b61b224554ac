"""Examples of ours, in place of a notebook's own: as arguments of its training, and under the names it may read."""

import re
from functools import lru_cache
from typing import Any

import numpy as np
from msgspec import Struct

from grader.course.subject import Subject, secret
from grader.judging.comparing.arrays import Numbers, array, examples, send
from grader.judging.declared.arguments import draw
from grader.judging.examiner import Examiner
from grader.judging.meeting.classes import guess
from grader.sandbox.guest.wire import Array, ClassInfo, Inventory, Listing, Opaque, Put, Ref, Step, Value

INPUTS, LABELS, ONE_HOT, EXAMPLES = "inputs_of_ours", "labels_of_ours", "one_hot_labels_of_ours", "examples_of_ours"
LABELLED = re.compile(r"(^|_)(y|labels?|targets?|classes|etiquetas?|etiketak?)", re.IGNORECASE)
SETS = re.compile(r"^(x|data|inputs?|images?|train|dev|val|test|training|examples|dataset|datos|datuak)", re.IGNORECASE)


class Batch(Struct, frozen=True):
    """Examples of ours."""

    inputs: Numbers
    labels: Numbers  # whole numbers from 0, or targets


def batch_of(x: Examiner, subject: Subject, rows: int, purpose: str = "x") -> Batch:
    data = draw(x, secret(subject.input), f"classifier {purpose}", (rows,))
    return Batch(data, labels_of(subject, rows))


def labels_of(subject: Subject, rows: int) -> Numbers:
    if not subject.classes:
        return np.linspace(-1.0, 1.0, rows, dtype=np.float32)
    return np.arange(rows, dtype=np.int32) % subject.classes


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
        listed = subject.example and isinstance(value, Opaque) and value.type_name in ("list", "tuple")
        return (
            by_shape(subject, name, value.shape) if value.shape else Ref(EXAMPLES) if listed else by_name(subject, name)
        )
    return Ref(EXAMPLES) if subject.example and isinstance(value, Listing) and value.items else value


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


def example_steps(inventory: Inventory, subject: Subject, batch: Batch) -> list[Step]:
    """Our examples, under names of ours and under all names by which the notebook may read its own."""
    classes = max(subject.classes, 1)
    one_hot = np.eye(classes, dtype=np.float32)[batch.labels.astype(int) % classes]
    data = {INPUTS: send(batch.inputs), LABELS: send(spoken(subject, batch.labels)), ONE_HOT: send(one_hot)}
    steps: list[Step] = [Put(name, value) for name, value in data.items()]
    if subject.example:
        steps.append(Put(EXAMPLES, dictionaries(subject, batch)))
        steps += [Put(name, Ref(EXAMPLES)) for name in inventory.data_sets]
    arrays = inventory.arrays
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


def spoken(subject: Subject, labels: Numbers) -> Numbers:
    """As the lab writes them: −1 and 1 for 0 and 1, for instance."""
    return np.asarray(subject.labels, np.float32)[labels.astype(int)] if subject.labels else labels


def dictionaries(subject: Subject, batch: Batch) -> Listing:
    return listed(tuple(subject.example.items()), send(batch.inputs), send(spoken(subject, batch.labels)))


@lru_cache(16)  # every form is given the same ones
def listed(example: tuple[tuple[str, str], ...], inputs: Array, labels: Array) -> Listing:
    rows, spelled = array(inputs), array(labels)
    assert rows is not None and spelled is not None
    columns: dict[str, Any] = {}
    for key, what in example:
        given = {"input": list(rows), "label": spelled.tolist()}.get(what)
        columns[key] = given if given is not None else [what] * len(spelled)
    return examples(**columns)
