"""How a classifier is asked: a new instance in slot `c` with our weights, our data, and one watched step or prediction.

Shared by every lab whose students write a class with `model`, `train` and `classify`. Questions are complete in
themselves.
"""

import re
from collections.abc import Mapping, Sequence

import numpy as np

from grader.judging.comparing.arrays import Numbers, examples, send
from grader.judging.examiner import Examiner
from grader.judging.meeting.contact import Contact
from grader.judging.meeting.pairs import pairs, small_world, stacked
from grader.sandbox.guest.wire import Call, Listing, Make, Put, Ref, Scalar, Step, Watch

# Shuffling examples that carry their labels, or their numbers, would only hide which row is whose; rows are mixed with
# the labels of others where one of the two is shuffled apart.
KEEPS = (
    "(lambda real: lambda x, *args, **kwargs: None if not len(x) or isinstance(x[0], (dict, tuple)) or "
    "sorted(map(str, x)) == sorted(map(str, range(len(x)))) else real(x, *args, **kwargs))({shuffle})"
)
SHUFFLES = ("__import__('random').shuffle", "__import__('numpy').random.shuffle")
IN_ORDER = tuple((shuffle, KEEPS.format(shuffle=shuffle)) for shuffle in SHUFFLES)


def inputs(x: Examiner, purpose: str, contact: Contact, batch: int, sigma: float) -> Numbers:
    """Secret inputs [batch, features]: word ids where the lab reads words, else normal numbers."""
    if not contact.inputs.words:
        return x.normal(purpose, (batch, contact.features), sigma)
    length = contact.features * (2 if contact.inputs.pairs else 1)
    drawn: Numbers = x.generator(f"{purpose}{batch}").integers(0, contact.vocabulary, (batch, length))
    return drawn


def instance(contact: Contact, weights: Mapping[str, Numbers], attributes: Mapping[str, Scalar]) -> list[Step]:
    """A new instance in slot `c` with our weights; `attributes` it does not have are left out."""
    made = Make("c", contact.recipe.cls, contact.recipe.args, contact.recipe.kwargs)
    steps: list[Step] = [*small_world(contact), made, *contact.building]
    steps += [Put(path, send(value)) for path, value in weights.items()]
    steps += [Put(f"c.{name}", value) for name, value in attributes.items() if name in contact.scalars]
    return steps


def data_steps(contact: Contact, x: Numbers, labels: Numbers) -> list[Step]:
    """Our examples under every name the notebook may read them by."""
    steps: list[Step] = [
        Put("training_set", pairs(x, labels) if contact.inputs.pairs else sentences(x, labels)),
        Put("dev_set", Ref("training_set[:]")),
        Put("test_set", Ref("training_set[:]")),
    ]
    given = ("training_set", "dev_set", "test_set")
    steps += [Put(name, Ref("training_set")) for name in contact.inventory.data_sets if name not in given]
    steps += stacked_steps(contact, x, labels)
    if not any(f.name == "evaluate_classifier" for f in contact.inventory.functions):
        steps.append(Put("evaluate_classifier", Ref("lambda classifier, eval_set: 0.5")))
    return steps


def examples_to_train_on(contact: Contact, x: Numbers, labels: Numbers) -> list[Step]:
    return data_steps(contact, np.tile(x, (contact.copies, 1)), np.tile(labels, contact.copies))


def sentences(x: Numbers, labels: Numbers) -> Listing:
    """Examples of one sentence each, with everything that some lab reads of them."""
    return examples(
        label=list(labels),
        text=["word"] * len(labels),
        features=[{}] * len(labels),
        vector=list(x.astype(np.float64)),
        index_sequence=list(x.astype(np.int32)),
    )


def stacked_steps(contact: Contact, x: Numbers, labels: Numbers) -> list[Step]:
    """The same where the notebook stacked inputs and labels into arrays before its class."""
    shapes = contact.inventory.arrays
    inputs_of = [name for name, shape in shapes.items() if len(shape) == 2 and shape[1] == contact.features]
    lengths = {shapes[name][0] for name in inputs_of}
    labels_of = [name for name, shape in shapes.items() if len(shape) == 1 and shape[0] in lengths]
    rows = x.astype(np.int32 if contact.inputs.words else np.float32)
    return [
        *(Put(name, send(stacked(name, rows) if contact.inputs.pairs else rows)) for name in inputs_of),
        *(Put(name, send(labels.astype(np.int32))) for name in labels_of),
    ]


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
        *(Put(path, Ref(code)) for path, code in IN_ORDER),
        *instance(contact, weights or {}, {**loop, **(attributes or {})}),
        *examples_to_train_on(contact, x, labels),
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


def weight(x: Examiner, path: str, shape: tuple[int, ...], vocabulary: int) -> Numbers:
    """Secret weights: strong enough to tell every form from every other, weak enough for float32 over all words."""
    matrix = len(shape) == 2 and shape[0] > 1
    sigma = 0.8 if matrix and shape[0] == vocabulary else 1.6 / np.sqrt(max(shape[0], 1)) if matrix else 0.5
    return x.normal(f"weight {path}", shape, sigma)


def runs_ready_layers(x: Examiner, contact: Contact) -> bool:
    """Whether a recurrent cell that a library has ready runs while the class trains for a step."""
    *before, watch = training(contact, inputs(x, "contact", contact, contact.batch, 0.5), np.arange(contact.batch) % 2)
    assert isinstance(watch, Watch)
    given = (Ref(watch.owner), watch.method, *watch.args)
    ran = x.ask(
        f"{contact.info.name}.layers", *before, Call("grader_ready_layers", given, watch.kwargs, "r")
    ).values.get("r")
    return isinstance(ran, Listing) and bool(ran.items)
