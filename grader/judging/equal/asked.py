"""The questions by which a training is shown to be the lab's own, of whole instances, of its own examples."""

import re
from collections.abc import Mapping

import numpy as np
from msgspec import Struct, structs
from msgspec.structs import replace

from grader.judging.comparing.arrays import Numbers, array, send
from grader.judging.equal.understood import NotShown, Understood
from grader.judging.examiner import Examiner
from grader.judging.instruments.measured import as_handed_out
from grader.judging.instruments.predicted import predicted, sets_by_split
from grader.judging.instruments.retraining import own
from grader.judging.meeting.asking import weight
from grader.judging.meeting.classes import training_arguments, usable
from grader.judging.meeting.watching import watched_in
from grader.judging.trainer import Encoded
from grader.sandbox.guest.wire import (
    FRAME_LIMIT,
    Call,
    Listing,
    ListVariables,
    Make,
    Put,
    Ref,
    Scalar,
    Step,
    Training,
    Value,
    VariableList,
    Watch,
    Watched,
)
from grader.sandbox.guest.wire import (
    Mapping as WireMapping,
)

INSTANCES = 12  # whose start values are looked at
REST = 7  # examples beyond two batches, so that a last, smaller batch of an epoch is seen
STEPS = 9  # more than two epochs of them have
CALM = 0.4  # times the secret weights of other questions, where gradients of a plain network may be long
STEEP = 10_000.0  # times the secret weights of the last layer: all gradients below it are long then
CLASSIFIED = 40  # dev examples
NEVER = 1_000_000  # epochs, after which figures are shown
EPOCHS = re.compile(r"epo[ckq]|(^|_)eps?(_|$)", re.IGNORECASE)
SHOWN = re.compile(r"freq|display|print|every|show", re.IGNORECASE)
BATCH = 256  # where no attribute tells
SMALLER = 64  # examples of a batch of long vectors; so few batches have enough of them to see in which order they come


class Case(Struct, frozen=True):
    """What is trained, as the notebook did it: one of its trainings and all that it was given."""

    understood: Understood
    training: Training
    splits: dict[str, str]  # training, dev, test -> where the notebook keeps its examples
    epochs: int  # as many as it asked for
    batch: int
    sized: Mapping[str, Scalar] = {}  # attributes that make batches so small, where they were larger

    @property
    def examples(self) -> int:
        return 2 * self.batch + REST


def case(x: Examiner, u: Understood) -> Case:
    """Of the training that is longest; of several the last, before others one by the lab's own settings.

    What these reach is known, and a glance, by which nothing learns, chooses others at random. Raises NotShown.
    """
    done = [t for t in u.contact.inventory.trainings if t.cls == u.contact.info.name and t.method == u.contact.trainer]
    if not done:
        raise NotShown("it trained nothing while it ran")
    lengths = [epochs_of(u, t) for t in done]
    given = structs.asdict(x.head.settings) if x.head.settings and u.examples.sweeps else None
    known = [given is not None and as_handed_out(x.head, one, given) for one in done]
    place = max(range(len(done)), key=lambda i: (lengths[i] or 0, known[i], i))
    epochs = lengths[place]
    if epochs is None:
        raise NotShown("how many epochs it asks for could not be told")
    splits = sets_by_split(x)
    if {*splits} != {"training", "dev", "test"}:
        raise NotShown("its examples were not found as lists under names of their own")
    scalars = done[place].scalars
    sizes = {v for name, v in scalars.items() if type(v) is int and "batch" in name.lower() and 0 < v <= 4096}
    return Case(u, done[place], splits, epochs, sizes.pop() if sizes else BATCH)


def in_a_frame(c: Case, start: Mapping[str, Numbers]) -> Case:
    """With smaller batches where two epochs of long vectors would be too much for one reply. Raises NotShown."""
    longest = max(value.shape[0] for value in start.values()) if c.understood.examples.held == "bags" else 0
    if 2 * c.examples * longest * 4 < FRAME_LIMIT:
        return c
    names = [n for n in c.understood.contact.scalars if "batch" in n.lower() and c.training.scalars.get(n) == c.batch]
    if not names or c.batch <= SMALLER:
        raise NotShown("its vectors are too long for its training to be watched")
    return replace(c, batch=SMALLER, sized=dict.fromkeys(names, SMALLER))


def epochs_of(u: Understood, t: Training) -> int | None:
    """By the training's arguments, else the object's attributes; that they count epochs is seen later."""
    names = [p.name for p in u.contact.info.methods.get(t.method, ())]
    given = {**dict(zip(names, t.args, strict=False)), **t.kwargs}
    for told in (given, t.scalars):
        found = {v for name, v in told.items() if type(v) is int and counts(name)}
        if found:
            return found.pop() if len(found) == 1 else None
    return None


def counts(name: str) -> bool:
    return bool(EPOCHS.search(name)) and not SHOWN.search(name)


def instance(c: Case, slot: str, attributes: Mapping[str, Scalar]) -> list[Step]:
    """One like that which was trained, with the settings of that moment but for these."""
    u = c.understood
    made = [i for i, _ in enumerate(u.contact.inventory.constructions) if f"[{i}]" in c.training.owner]
    recipes = [u.contact.inventory.constructions[i] for i in made] or usable(u.contact.inventory, u.contact.info)[-1:]
    if not recipes or recipes[0] not in usable(u.contact.inventory, u.contact.info):
        raise NotShown("another instance like the trained one could not be made")
    settings = {n: v for n, v in c.training.scalars.items() if n in u.contact.scalars} | dict(attributes)
    puts = [Put(f"{slot}.{name}", value) for name, value in settings.items() if name.isidentifier()]
    return [Make(slot, recipes[0].cls, recipes[0].args, recipes[0].kwargs), *puts]


def fresh(x: Examiner, c: Case) -> list[dict[str, Numbers]]:
    """Start values of a few whole instances, by path as of one in slot `c`."""
    listed = []
    for i in range(INSTANCES):  # a reply holds one: they may have a table of words each
        begin = Call("len", (Listing(()),), seed=i + 1)
        seen = x.ask(f"equal.starts.{i}", begin, *instance(c, "c", {}), ListVariables("c", "v", values=True))
        if isinstance(one := seen.values.get("v"), VariableList):
            listed.append(one)
    found = [{v.path: a for v in one.variables if (a := array(v.value)) is not None} for one in listed]
    if len(found) < INSTANCES or any(one.keys() != found[0].keys() for one in found):
        raise NotShown("whole instances could not be made")
    return found


def encoded(x: Examiner, c: Case) -> Encoded:
    """What the examples hold of each sentence, under keys that have as many numbers for all."""
    found: Encoded = {}
    for name, split in (("train", "training"), ("dev", "dev"), ("test", "test")):
        told = x.ask(f"equal.encoded.{name}", Call("grader_encoded", (Ref(c.splits[split]),), into="e"), seconds=60)
        value = told.values.get("e")
        items = value.items if isinstance(value, WireMapping) else {}
        texts, held = items.get("texts"), items.get(c.understood.examples.held)
        labels, arrays = array(items.get("labels")), held.items if isinstance(held, WireMapping) else {}
        by_key = {str(key): a for key, v in arrays.items() if (a := array(v)) is not None and a.ndim == 2}
        rows = c.understood.examples.rows(by_key)
        if not isinstance(texts, Listing) or labels is None or not len(texts.items) == len(rows) == len(labels):
            raise NotShown("its examples were not found as lists under names of their own")
        found[name] = (tuple(map(str, texts.items)), rows, labels)
    return found


def secret(x: Examiner, start: Mapping[str, Numbers], vocabulary: int) -> dict[str, Numbers]:
    """Small enough for no gradient to be long."""
    weights = {path: weight(x, path, value.shape, vocabulary) for path, value in start.items()}
    return {path: (CALM * value).astype(np.float32) for path, value in weights.items()}


def two_epochs(x: Examiner, c: Case, weights: Mapping[str, Numbers]) -> Watched:
    """Of a few of the notebook's own examples, by its own training; the figures it shows are left out."""
    return trained(x, c, "epochs", weights, 2, STEPS)


def one_steep_step(x: Examiner, c: Case, weights: Mapping[str, Numbers], path: str) -> Watched:
    steep = {**weights, path: (STEEP * weights[path]).astype(np.float32)}
    return trained(x, c, "steep", steep, 1, 1)


def trained(x: Examiner, c: Case, name: str, weights: Mapping[str, Numbers], epochs: int, steps: int) -> Watched:
    u, few = c.understood, slice_of(c)
    attributes: dict[str, Scalar] = {**u.quiet, **c.sized}
    for attribute, value in c.training.scalars.items():
        if type(value) is int and (EPOCHS.search(attribute) or SHOWN.search(attribute)):
            attributes[attribute] = epochs if counts(attribute) else NEVER
    inventory = replace(u.contact.inventory, trainings=(c.training,))
    args, kwargs = training_arguments(inventory, u.contact.info, u.contact.trainer)
    names = [p.name for p in u.contact.info.methods.get(u.contact.trainer, ())]
    watch = Watch(
        "c", u.contact.trainer, "w",
        tuple(shortened(n, own(v, c.splits), epochs) for n, v in zip([*names, *[""] * len(args)], args, strict=False)),
        {n: shortened(n, own(v, c.splits), epochs) for n, v in kwargs.items()},
        steps,
    )  # fmt: skip
    seen = x.ask(
        f"equal.{name}",
        *instance(c, "c", attributes),
        *(Put(path, send(value)) for path, value in weights.items()),
        *few,
        watch,
        seconds=60,
    )
    found = watched_in(seen)
    if found is None or not found.tape:
        raise NotShown("its training could not be watched on a few of its own examples")
    return found


def classes(x: Examiner, c: Case, weights: Mapping[str, Numbers]) -> Numbers:
    """What an instance with these weights says of the first dev examples. Raises NotShown."""
    name = classifier(c)
    seen = x.ask(
        "equal.classes",
        *instance(c, "c", {}),
        *(Put(path, send(value)) for path, value in weights.items()),
        Call("grader_predictions", (Ref("c"), name, Ref(f"{c.splits['dev']}[:{CLASSIFIED}]")), into="p"),
    )
    found = predicted(seen.values.get("p"))
    if found is None:
        raise NotShown("what its classes are could not be seen")
    return found.predictions


def shortened(name: str, value: Value, epochs: int) -> Value:
    return epochs if type(value) is int and counts(name) else value


def slice_of(c: Case) -> list[Step]:
    sizes = {"training": c.examples, "dev": c.batch, "test": c.batch}
    return [Put(path, Ref(f"{path}[:{sizes[split]}]")) for split, path in c.splits.items()]


def classes_of_logits(x: Examiner, c: Case, weights: Mapping[str, Numbers], classes: int) -> set[int]:
    """Those that the logits mean which `classify` itself computes for a batch of dev examples."""
    examples = Ref(f"{c.splits['dev']}[:{c.batch}]")
    watched = watched_in(
        x.ask(
            "equal.logits",
            *instance(c, "c", {}),
            *(Put(path, send(value)) for path, value in weights.items()),
            Watch("c", classifier(c), "w", (examples,)),
        )
    )
    returned = [outputs(call.result) for call in watched.calls] if watched else []
    logits = [one for one in returned if one is not None and one.shape == (c.batch, classes)]
    return {*np.argmax(np.concatenate(logits), axis=1).tolist()} if logits else set()


def outputs(result: Value) -> Numbers | None:
    """The logits, alone or first of several things that are returned."""
    return array(result.items[0] if isinstance(result, Listing) and result.items else result)


def classifier(c: Case) -> str:
    return c.understood.contact.classifier or "classify"
