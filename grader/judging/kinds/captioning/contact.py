"""Which class of a notebook is the decoder, in which sizes it can be made, and which of its variables is what."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from msgspec import Struct
from msgspec.structs import replace

from grader.judging.comparing.arrays import Numbers, array, send
from grader.judging.drawing import insist_on_writable
from grader.judging.examiner import Examiner
from grader.judging.instruments.silence import NORMS, NORMS_HAND_ON, passing_on
from grader.judging.kinds.captioning.anew import Graph, graphs_in
from grader.judging.kinds.captioning.calling import HELD, way_by_keys, ways_to_call
from grader.judging.meeting.classes import VARIABLES, guess
from grader.model import Observation
from grader.sandbox.guest.wire import (
    Array,
    Call,
    ClassInfo,
    Inventory,
    Listing,
    ListVariables,
    Make,
    Opaque,
    Put,
    Ref,
    Step,
    Trouble,
    Value,
    VariableInfo,
    VariableList,
)
from grader.sandbox.guest.wire import Mapping as Mapping_

BATCH, PLACES, DEPTH = 3, 64, 2048
DECODER = re.compile(r"deco|desco|deskod", re.IGNORECASE)
ENCODER = re.compile(r"enco|codif|kodetz|cnn", re.IGNORECASE)
ATTENTION = re.compile(r"attention|atenci|arreta|bahdanau|luong", re.IGNORECASE)
SIZES = {  # what a size is called, in English, Spanish or Basque
    "embedding": re.compile(r"emb|incrust|txertat", re.IGNORECASE),
    "units": re.compile(r"unit|unid|hidden|ocult|ezkut|state|rnn|gru|lstm", re.IGNORECASE),
    "vocabulary": re.compile(r"voc|hiztegi|words|palabra|hitz", re.IGNORECASE),
}
SMALL = {"embedding": 12, "units": 10, "vocabulary": 17}


# Dropout and normalisation hand on what they are given: what is left is the course's step, wherever they stand.
NEUTRAL = (
    *map(passing_on, ("Dropout", "SpatialDropout1D", "GaussianDropout")),
    *NORMS_HAND_ON,
    Put("__import__('tensorflow').nn.dropout", Ref("lambda x, *_, **__: x")),
)  # fmt: skip


class Sizes(Struct, frozen=True):
    embedding: int
    units: int
    vocabulary: int


class Decoder(Struct, frozen=True):
    """What is known of a class that may be the decoder, once an instance was made and called."""

    info: ClassInfo
    inventory: Inventory
    args: tuple[Value, ...]
    kwargs: dict[str, Value]
    sizes: Sizes
    bound_to: str  # the notebook's own decoder
    variables: tuple[VariableInfo, ...] = ()  # without those of layers that normalise
    trouble: Trouble | None = None
    way: str = "d(x, f, h)"  # how its step is called
    maker: str = ""  # what makes it, where that is no class or function of the notebook's
    lost: bool = False  # this maker makes nothing that can be called, though the notebook's cell did

    @property
    def step(self) -> str:
        return f"(lambda d, x, f, h: {self.way})"

    def made(self, into: str = "d") -> list[Step]:
        if self.maker:
            return [Call(self.maker, self.args, self.kwargs, into, keep=True)]
        return [Make(into, self.info.name, self.args, self.kwargs)]

    def called(self, given: "Given", into: str) -> Step:
        return Call(self.step, (Ref("d"), *tensors(given)), into=into)

    def computed(self, given: "Given", into: str) -> Step:
        """The same, for all that its operations give until it breaks off."""
        return Call("grader_computed", (Ref(self.step), Listing(()), Ref("d"), *tensors(given)), into=into)


Given = tuple[Numbers, Numbers, Numbers]  # words [B, 1], features [B, 64, e], states [B, U]


def tensors(given: Given) -> tuple[Value, ...]:
    words, features, hidden = given
    return send(words.astype("int32"), "tensor"), tensor(features), tensor(hidden)


def tensor(values: Numbers) -> Value:
    return send(values.astype("float32"), "tensor")


def candidates(inventory: Inventory) -> list[ClassInfo]:
    """Classes that could be a decoder: called so before others, those defined last before earlier ones."""
    named = [c for c in inventory.classes if DECODER.search(c.name) or not ENCODER.search(c.name)]
    fitting = [c for c in named if ways_to_call(c)]
    last = list(reversed(fitting))
    return sorted(last, key=lambda c: (not DECODER.search(c.name), bool(ATTENTION.search(c.name))))[:4]


def meet(x: Examiner, inventory: Inventory, info: ClassInfo) -> Decoder:
    """The decoder in small sizes, else in those of the notebook; `trouble` says why neither works."""
    tried = []
    alone = graphs_in(x.cells, inventory.scalars).get(info.name)
    by_keys = way_by_keys(alone.keys) if alone else []
    for sized in ways(inventory, info):
        for way in by_keys or ways_to_call(info):
            met = attempt(x, replace(sized, way=way, maker=alone.maker if alone else ""))
            if met.trouble is None and alone and not made_as_it_was(x, alone):
                return replace(met, trouble=Trouble("Other", ""), lost=True)
            if met.trouble is None:
                return with_weights_it_keeps(x, met)
            tried.append(met)
    ended_well = alone is not None and not any(run.index == alone.cell and run.trouble for run in x.run.cells)
    return replace(tried[0], lost=ended_well)


def made_as_it_was(x: Examiner, graph: Graph) -> bool:
    """Whether the statements that lead to it make a network of the same layers, with variables of the same shapes."""
    parts = "(lambda d: [[type(part).__name__ for part in d.layers], [str(v.shape) for v in d.weights]])"
    steps = [Call(graph.maker, (), {}, "again", keep=True), Call(parts, (Ref("again"),), into="new")]
    seen = x.ask(f"{graph.name}.again", *steps, Call(parts, (Ref(graph.name),), into="old"), seconds=60)
    return "new" in seen.values and seen.values["new"] == seen.values.get("old")


def with_weights_it_keeps(x: Examiner, decoder: Decoder) -> Decoder:
    """Where no weights come back, those that the object holds on to are added to what does."""
    keeping = replace(decoder, way=f"[{decoder.way}, {HELD}]")

    def maps(one: Decoder) -> int:
        seen = x.ask(f"{one.info.name}.weights", *one.made(), one.called(data(x, one.sizes, "contact"), "r"))
        return sum(PLACES in found.shape for value in outputs(seen) if (found := array(value)) is not None)

    return keeping if not maps(decoder) and maps(keeping) else decoder


def ways(inventory: Inventory, info: ClassInfo) -> Iterator[Decoder]:
    given = handed_to(inventory, info)
    for parameter in info.parameters:
        if parameter.required and isinstance(given.get(parameter.name), Opaque | None):
            given[parameter.name] = guess(parameter.name)
    roles = roles_of([parameter.name for parameter in info.parameters], given)
    small = given | {name: SMALL[role] for name, role in roles.items()}
    small |= {name: shrunk(value) for name, value in given.items() if isinstance(value, Mapping_)}
    bound = next((c.bound_to for c in reversed(inventory.constructions) if c.cls == info.name), "")
    yield Decoder(info, inventory, (), small, Sizes(**SMALL), bound)
    yield Decoder(info, inventory, (), given, own_sizes(inventory, roles, given), bound)


def handed_to(inventory: Inventory, info: ClassInfo) -> dict[str, Value]:
    """What its constructor was last given."""
    own = next((c for c in reversed(inventory.constructions) if c.cls == info.name), None)
    names = [parameter.name for parameter in info.parameters]
    return dict(zip(names, own.args, strict=False)) | own.kwargs if own else {}


def shrunk(settings: Mapping_) -> Mapping_:
    """An object of settings with small sizes in it, those that say by their names which they are."""
    roles = {name: role for role, name in named_in(settings).items()}
    return replace(settings, items={**settings.items, **{name: SMALL[role] for name, role in roles.items()}})


def named_in(settings: Mapping_) -> dict[str, str]:
    """Which of them is which size."""
    numbers = [name for name, value in settings.items.items() if type(value) is int]
    found = {role: next(filter(pattern.search, numbers), "") for role, pattern in SIZES.items()}
    return {role: name for role, name in found.items() if name}


def roles_of(names: list[str], given: Mapping[str, Value]) -> dict[str, str]:
    """Which parameter takes which size: by name, else in the order of the handout."""
    found: dict[str, str] = {}
    for name in names:
        role = next(
            (role for role, pattern in SIZES.items() if pattern.search(name) and role not in found.values()), ""
        )
        if role and (name not in given or type(given[name]) is int):
            found[name] = role
    left = [name for name in names if name not in found and type(given.get(name, 0)) is int]
    open_roles = [role for role in SIZES if role not in found.values()]
    return found | (dict(zip(left, open_roles, strict=False)) if len(left) >= len(open_roles) else {})


def own_sizes(inventory: Inventory, roles: Mapping[str, str], given: Mapping[str, Value]) -> Sizes:
    """Of the notebook: what its constructor was given, else its global numbers, else those of the handout."""
    sizes = {"embedding": 256, "units": 512, "vocabulary": 5001}
    for role, pattern in SIZES.items():
        named = [v for name, v in inventory.scalars.items() if type(v) is int and pattern.search(name)]
        handed = [v for name, v in given.items() if roles.get(name) == role and type(v) is int]
        settings = [one for one in given.values() if isinstance(one, Mapping_)]
        held = [v for one in settings for name, v in one.items.items() if named_in(one).get(role) == name]
        sizes[role] = next((v for v in (*handed, *held, *named) if type(v) is int and v > 1), sizes[role])
    return Sizes(**sizes)


def data(x: Examiner, sizes: Sizes, purpose: str) -> Given:
    """Secret ones."""
    words: Numbers = x.generator(f"words {purpose}").integers(1, sizes.vocabulary, (BATCH, 1))
    features = abs(x.normal(f"features {purpose}", (BATCH, PLACES, sizes.embedding), 1.0))
    return words, features, x.normal(f"hidden {purpose}", (BATCH, sizes.units), 0.7)


def attempt(x: Examiner, decoder: Decoder) -> Decoder:
    given = data(x, decoder.sizes, "contact")
    seen = x.ask(
        f"{decoder.info.name}.contact", *decoder.made(), decoder.called(given, "r"), ListVariables("d", "v"),
        seconds=60,
    )  # fmt: skip
    listed = seen.values.get("v")
    if not isinstance(listed, VariableList):
        told = seen.trouble or Trouble("NoAnswer", str(seen.status))
        return replace(decoder, trouble=told)
    return replace(decoder, variables=own_variables(listed))


def own_variables(listed: VariableList) -> tuple[VariableInfo, ...]:
    """Without those of layers that normalise."""
    insist_on_writable(listed.variables[:VARIABLES])
    return tuple(v for v in listed.variables[:VARIABLES] if not NORMS.search(v.path))


def outputs(seen: Observation, into: str = "r") -> tuple[Value, ...]:
    """What a call returned, one by one."""
    value = seen.values.get(into)
    return tuple(flat(value)) if isinstance(value, Listing | Mapping_) or array(value) is not None else ()


def flat(value: Any) -> Iterator[Value]:
    """The values inside tuples and dictionaries, however deep; a list of numbers is one."""
    if isinstance(value, Mapping_):
        value = Listing(tuple(value.items.values()))
    if not isinstance(value, Listing) or (
        value.items and not any(isinstance(v, Array | Listing | Mapping_ | None) for v in value.items)
    ):
        yield value
        return
    for item in value.items:
        yield from flat(item)


def calls_on(x: Examiner, decoder: Decoder, given: Given) -> dict[str, Given]:
    """These inputs as `r`, and with one of them changed."""
    words, features, hidden = given
    others = data(x, decoder.sizes, "others")
    words_of_others = (words % (decoder.sizes.vocabulary - 1)) + 1
    first = (
        np.concatenate([words_of_others[:1], words[1:]]), np.concatenate([others[1][:1], features[1:]]),
        np.concatenate([others[2][:1], hidden[1:]]),
    )  # fmt: skip
    return {
        "r": given, "words": (words_of_others, features, hidden), "features": (words, others[1], hidden),
        "hidden": (words, features, others[2]), "first": first,
    }  # fmt: skip


def placed(returned: list[Numbers | None], decoder: Decoder) -> tuple[Numbers | None, Numbers | None, Numbers | None]:
    """Logits, state and attention by their shapes; what is left first is the state."""
    vocabulary = decoder.sizes.vocabulary
    known = [r for r in returned if r is not None]
    logits = next((r for r in known if r.ndim > 1 and r.shape[-1] == vocabulary), None)
    maps = [(r, weights) for r in known if r is not logits and (weights := weights_in(r)) is not None]
    taken, attention = maps[0] if maps else (None, None)
    state = next((r for r in known if r is not logits and r is not taken), None)
    return logits, state, attention


def weights_in(returned: Numbers) -> Numbers | None:
    """One number for each place; the mean of several heads where these are weights."""
    if PLACES in returned.shape and returned.size == BATCH * PLACES:
        return returned
    if returned.ndim < 3 or len(returned) != BATCH or PLACES not in returned.shape[1:]:
        return None
    each = np.moveaxis(returned, returned.shape.index(PLACES, 1), 1).reshape(BATCH, PLACES, -1)
    heads = each.min() >= 0 and np.allclose(each.sum(axis=1), 1, atol=1e-3)
    return each.mean(axis=2, keepdims=True) if heads else None
