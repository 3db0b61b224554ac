"""Which class of a notebook is the decoder, in which sizes it can be made, and which of its variables is what."""

import re
from collections.abc import Iterator, Mapping
from itertools import permutations

from msgspec import Struct
from msgspec.structs import replace

from grader.judging.arrays import Numbers, array, send
from grader.judging.examiner import Examiner
from grader.judging.meeting import guess
from grader.model import Observation
from grader.sandbox.guest.wire import (
    Call,
    ClassInfo,
    Inventory,
    Listing,
    ListVariables,
    Make,
    Opaque,
    Step,
    Trouble,
    Value,
    VariableInfo,
    VariableList,
)

BATCH, PLACES, DEPTH = 3, 64, 2048
STEPS_TAKEN = ("call", "__call__", "step", "forward", "decode")
DECODER = re.compile(r"deco|desco|deskod", re.IGNORECASE)
ATTENTION = re.compile(r"attention|atenci|arreta|bahdanau|luong", re.IGNORECASE)
SIZES = {  # what a size is called, in English, Spanish or Basque
    "embedding": re.compile(r"emb|incrust|txertat", re.IGNORECASE),
    "units": re.compile(r"unit|unid|hidden|ocult|ezkut|state|rnn|gru|^dim$", re.IGNORECASE),
    "vocabulary": re.compile(r"voc|hiztegi|words|palabra|hitz", re.IGNORECASE),
}
SMALL = {"embedding": 12, "units": 10, "vocabulary": 17}


class Sizes(Struct, frozen=True):
    embedding: int
    units: int
    vocabulary: int


class Group(Struct, frozen=True):
    """The variables of one layer: what stands in one object."""

    owner: str
    matrices: tuple[VariableInfo, ...]
    vectors: tuple[VariableInfo, ...]


class Decoder(Struct, frozen=True):
    """What is known of a class that may be the decoder, once an instance was made and called."""

    info: ClassInfo
    inventory: Inventory
    args: tuple[Value, ...]
    kwargs: dict[str, Value]
    sizes: Sizes
    bound_to: str  # the notebook's own decoder
    variables: tuple[VariableInfo, ...] = ()
    trouble: Trouble | None = None

    def made(self, into: str = "d") -> list[Step]:
        return [Make(into, self.info.name, self.args, self.kwargs)]

    def called(self, given: "Given", into: str) -> Step:
        words, features, hidden = given
        return Call("d", (send(words.astype("int32"), "tensor"), tensor(features), tensor(hidden)), into=into)


Given = tuple[Numbers, Numbers, Numbers]  # words [B, 1], features [B, 64, e], states [B, U]


def tensor(values: Numbers) -> Value:
    return send(values.astype("float32"), "tensor")


def candidates(inventory: Inventory) -> list[ClassInfo]:
    """Classes that could be a decoder: called so before others, those defined last before earlier ones."""
    fitting = [c for c in inventory.classes if any(len(c.methods.get(name, ())) >= 3 for name in STEPS_TAKEN)]
    last = list(reversed(fitting))
    return sorted(last, key=lambda c: (not DECODER.search(c.name), bool(ATTENTION.search(c.name))))[:4]


def meet(x: Examiner, inventory: Inventory, info: ClassInfo) -> Decoder:
    """The decoder in small sizes, else in those of the notebook; `trouble` says why neither works."""
    first, own = ways(inventory, info)
    small = attempt(x, first)
    if small.trouble is None:
        return small
    large = attempt(x, own)
    return small if large.trouble else large


def ways(inventory: Inventory, info: ClassInfo) -> Iterator[Decoder]:
    own = next((c for c in reversed(inventory.constructions) if c.cls == info.name), None)
    names = [parameter.name for parameter in info.parameters]
    given: dict[str, Value] = dict(zip(names, own.args, strict=False)) | own.kwargs if own else {}
    for parameter in info.parameters:
        if parameter.required and isinstance(given.get(parameter.name), Opaque | None):
            given[parameter.name] = guess(parameter.name)
    roles = roles_of(names, given)
    small = given | {name: SMALL[role] for name, role in roles.items()}
    bound = own.bound_to if own else ""
    yield Decoder(info, inventory, (), small, Sizes(**SMALL), bound)
    yield Decoder(info, inventory, (), given, own_sizes(inventory, roles, given), bound)


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
        sizes[role] = next((v for v in (*handed, *named) if type(v) is int and v > 1), sizes[role])
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
    return replace(decoder, variables=tuple(v for v in listed.variables if v.dtype.startswith("float")))


def outputs(seen: Observation, into: str = "r") -> tuple[Value, ...]:
    """What a call returned, one by one."""
    value = seen.values.get(into)
    if isinstance(value, Listing):
        return value.items
    return (value,) if array(value) is not None else ()  # type: ignore[return-value]


def groups(variables: tuple[VariableInfo, ...]) -> list[Group]:
    found: dict[str, list[VariableInfo]] = {}
    for v in variables:
        owner = v.path[: max(v.path.rfind("."), v.path.rfind("["))]
        found.setdefault(owner if owner != "d" else v.path, []).append(v)
    return [
        Group(owner, tuple(v for v in own if len(v.shape) == 2 and not is_bias(v)), tuple(v for v in own if is_bias(v)))
        for owner, own in found.items()
    ]


def is_bias(v: VariableInfo) -> bool:
    return len(v.shape) == 1 or (len(v.shape) == 2 and v.shape[0] == 2 and v.shape[1] % 3 == 0)


Roles = dict[str, str]  # role as in reference/lab6_captioning.py -> path of its variable


def assignments(decoder: Decoder, state: int) -> tuple[list[Roles], tuple[str, ...]]:
    """Possible roles of the variables, the likeliest first, and the paths that have none; `state` is U."""
    every = groups(decoder.variables)
    roles: dict[str, str] = {}
    dense = []
    for group in every:
        shapes = [m.shape for m in group.matrices]
        recurrent = next((m for m in group.matrices if m.shape == (state, 3 * state)), None)
        kernel = next((m for m in group.matrices if m is not recurrent and m.shape[1] == 3 * state), None)
        if recurrent and kernel and "K" not in roles:
            roles |= {"K": kernel.path, "R": recurrent.path}
            roles |= {"b": group.vectors[0].path} if group.vectors else {}
        elif len(shapes) == 1 and not group.vectors and "E" not in roles:
            roles["E"] = group.matrices[0].path
        elif len(shapes) == 1:
            dense.append(group)
    found = [roles | chosen for chosen in layered(dense, state, decoder.sizes)]
    best = found or [roles]
    others = tuple(v.path for v in decoder.variables if v.path not in best[0].values())
    return best, others


LAYERS = (("W1", "b1"), ("W2", "b2"), ("v", "bv"), ("F1", "f1"), ("F2", "f2"))


def layered(dense: list[Group], state: int, sizes: Sizes) -> list[Roles]:
    """Ways to take dense layers as those of attention and output; where some are not there, the others alone."""
    depth, vocabulary = sizes.embedding, sizes.vocabulary

    def inner(rows: int) -> list[Group]:
        """Layers inside, neither the scores of places nor those of words."""
        shapes = [(g, g.matrices[0].shape) for g in dense]
        return [g for g, shape in shapes if shape[0] == rows and shape[1] not in (1, vocabulary)]

    known = {
        "v": [g for g in dense if g.matrices[0].shape[1] == 1],
        "F2": [g for g in dense if g.matrices[0].shape[1] == vocabulary],
        "W1": inner(depth),
    }
    fixed = {role: found[0] for role, found in known.items() if found}
    left = [g for g in inner(state) if g not in fixed.values()]
    near = fixed.get("v") or fixed.get("W1")
    beside = near.owner.rpartition(".")[0] if near else "?"
    left.sort(key=lambda g: g.owner.rpartition(".")[0] != beside)
    if len(left) == 1:
        is_attention = left[0].owner.rpartition(".")[0] == beside != "d" or "F2" not in fixed
        pairs = [{"W2": left[0]}, {"F1": left[0]}]
        pairs = pairs if is_attention else pairs[::-1]
    else:
        pairs = [{"W2": one, "F1": other} for one, other in permutations(left, 2)][:6] or [{}]
    return [paths(fixed | pair) for pair in pairs]


def paths(layers: Mapping[str, Group]) -> Roles:
    found: dict[str, str] = {}
    for matrix, bias in LAYERS:
        if group := layers.get(matrix):
            found[matrix] = group.matrices[0].path
            found |= {bias: group.vectors[0].path} if group.vectors else {}
    return found
