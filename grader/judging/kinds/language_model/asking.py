"""How a language model is asked: its forward pass with words of ours, whatever it is called with and gives back."""

import re
from collections.abc import Mapping, Sequence
from itertools import permutations

import numpy as np
from msgspec import Struct
from msgspec.structs import replace

from grader.judging.comparing.arrays import Numbers, array, send
from grader.judging.meeting.asking import instance, loop_attributes
from grader.judging.meeting.contact import Contact
from grader.judging.meeting.watching import arguments_of, parts_of, value_of
from grader.model import Observation
from grader.sandbox.guest.wire import Array, Call, Listing, MethodCall, Put, Read, Ref, Scalar, Step, Value
from grader.sandbox.guest.wire import Mapping as WireMapping

RATE = re.compile(r"rate|drop|keep|prob", re.IGNORECASE)
LEARNING = re.compile(r"learn|lr|eta", re.IGNORECASE)
KEEP = re.compile(r"keep", re.IGNORECASE)

KEPT = (
    "{name: kept for name, kept in vars(c).items() if not hasattr(kept, 'assign') and name != 'trainable_variables'"
    " and (isinstance(kept, (list, tuple, dict)) or hasattr(kept, 'shape'))}"
)


class Forward(Struct, frozen=True):
    """How the notebook's own training calls its forward pass; `words` and `targets` say where our ids stand."""

    method: str
    args: tuple[Value, ...]
    kwargs: dict[str, Value]
    own: bool  # a method of the class, else a function of the notebook
    words: Mapping[int | str, str]  # place of an argument -> "x", "words" (without the last) or "targets" (the first)
    rates: Mapping[int | str, bool]  # place of an argument that is a rate of dropout -> whether it is the share kept
    source: str = ""  # the attribute that keeps the guesses, where they are not returned
    cut_anew: bool = False  # it reshapes [batch, words] to [words, batch] where the axes should be exchanged

    def read(self, x: Numbers) -> Numbers:
        """The words of each sentence as the model comes to read them."""
        return x.reshape(x.shape[::-1]).T if self.cut_anew else x

    def call(self, x: Numbers, rate: float, into: str, seed: int = 0) -> list[Step]:
        path = f"c.{self.method}" if self.own else self.method
        args = tuple(self.given(i, value, x, rate) for i, value in enumerate(self.args))
        kwargs = {name: self.given(name, value, x, rate) for name, value in self.kwargs.items()}
        kept = "" if self.source else into
        steps: list[Step] = [Call(path, args, kwargs, kept, seed)]
        return [*steps, Read(f"c.{self.source}", into)] if self.source else steps

    def given(self, place: int | str, value: Value, x: Numbers, rate: float) -> Value:
        if place in self.words and isinstance(value, Array):
            x = x.T.reshape(x.shape) if self.cut_anew else x  # so that it reads ours
            ids = {"x": x, "words": x[:, :-1], "targets": x[:, 1:]}[self.words[place]]
            return send(ids.astype(value.dtype), value.made_by)
        if place in self.rates:
            return 1 - rate if self.rates[place] else rate
        return rate > 0 if value is True else value  # whether it trains


def forward_of(contact: Contact, data: Numbers) -> Forward | None:
    """The call under the tape that was given our words; `model` before others, the outermost before what it calls."""
    ways = {"x": data, "words": data[:, :-1], "targets": data[:, 1:]}
    found = []
    for call in contact.watched.calls if contact.watched else ():
        places: dict[int | str, str] = {}
        for place, value in arguments_of(call):
            given = array(value)
            for way, ids in ways.items():
                if given is not None and given.shape == ids.shape and np.array_equal(given, ids):
                    places.setdefault(place, way)
        if call.under_tape and {"x", "words"} & set(places.values()):
            own = call.method in contact.info.methods
            found.append(Forward(call.method, call.args, call.kwargs, own, places, rates_in(contact, call)))
    return min(reversed(found), key=lambda f: f.method != "model") if found else None


def rates_in(contact: Contact, call: MethodCall) -> dict[int | str, bool]:
    """By the parameters' names, else numbers between 0 and 1."""
    names = [parameter.name for parameter in contact.info.methods.get(call.method, ())]
    found: dict[int | str, bool] = {}
    for place, value in arguments_of(call):
        name = place if isinstance(place, str) else names[place] if place < len(names) else ""
        if type(value) in (int, float) and (RATE.search(name) or (type(value) is float and 0 < value < 1)):
            found[place] = bool(KEEP.search(name))
    return found


def settings(contact: Contact, rate: float, batch: int | None = None) -> dict[str, Scalar]:
    """Attributes of the loop and of dropout, under whatever names look like them."""
    rates: dict[str, Scalar] = {
        name: (1 - rate if KEEP.search(name) else rate)
        for name, value in contact.scalars.items()
        if type(value) is float and RATE.search(name) and not LEARNING.search(name)
    }
    return {**(loop_attributes(contact, batch) if batch else {}), **rates}


def begin(contact: Contact, weights: Mapping[str, Numbers], rate: float = 0.0) -> list[Step]:
    """An instance with our weights and rate."""
    return [*instance(contact, weights, settings(contact, rate, contact.batch)), in_parts(rate)]


def at_rate(contact: Contact, rate: float) -> list[Step]:
    """An instance that is there already, with another rate."""
    return [*(Put(f"c.{name}", value) for name, value in settings(contact, rate).items()), in_parts(rate)]


def in_parts(rate: float) -> Step:
    """Rates that parts of the instance keep."""
    return Call("grader_set_rates", (Ref("c"), rate))


def guesses_in(value: Value | None, shape: tuple[int, int, int]) -> Numbers | None:
    """Logits [n, B, V] in whatever axes, with a guess more or less, inside a value; `shape` is (n, B, V)."""
    found = stacked(value)
    if found is not None and found.ndim == 3 and found.dtype.kind == "f":
        return turned(found, shape)
    for part in parts_of(value):
        inside = guesses_in(part, shape)
        if inside is not None:
            return inside
    return None


def stacked(value: Value | None) -> Numbers | None:
    """An array, a list of such, or a dictionary with one for each step."""
    return array(Listing(tuple(value.items.values())) if isinstance(value, WireMapping) else value)


def turned(found: Numbers, shape: tuple[int, int, int]) -> Numbers | None:
    n, batch, last = shape
    for axes in sorted(permutations(range(3)), key=lambda axes: axes[2] != 2):
        sizes = tuple(found.shape[i] for i in axes)
        if sizes[1:] == (batch, last) and n - 1 <= sizes[0] <= n + 1:
            return found.transpose(axes)
    return None


def with_source(forward: Forward, seen: Observation, shape: tuple[int, int, int]) -> tuple[Forward, Numbers] | None:
    """Where the guesses are, and they: in what was returned, else in an attribute, one that is called so first."""
    if (guesses := guesses_in(value_of(seen, "r"), shape)) is not None:
        return forward, guesses
    kept = value_of(seen, "kept")
    names = kept.items if isinstance(kept, WireMapping) else {}
    for name in sorted(names, key=lambda name: "logit" not in name.lower()):
        if (guesses := guesses_in(names[name], shape)) is not None:
            return replace(forward, source=name), guesses
    return None


def kept_states(seen: Observation, batch: int, dim: int) -> dict[str, Numbers]:
    """What attributes and results keep as a row of states, [number, batch, dim]."""
    found: dict[str, Numbers] = {}

    def look(name: str, value: Value | None, depth: int) -> None:
        held = array(value)
        if held is not None and held.ndim == 4 and 2 in held.shape:
            axis = held.shape.index(2)
            found.update(
                {f"{name}.{i}": s for i in (0, 1) if (s := row_of(held.take(i, axis), batch, dim)) is not None}
            )
        elif held is not None and held.ndim == 3 and (states := row_of(held, batch, dim)) is not None:
            found[name] = states
        elif (
            (each := stacked(value)) is not None and each.ndim == 3 and (states := row_of(each, batch, dim)) is not None
        ):
            found[name] = states
        elif held is None and depth:
            items = value.items.items() if isinstance(value, WireMapping) else enumerate(parts_of(value))
            for key, part in items:
                look(f"{name}.{key}", part, depth - 1)

    look("kept", value_of(seen, "kept"), 2)
    look("returned", value_of(seen, "r"), 2)
    return found


def row_of(held: Numbers, batch: int, dim: int) -> Numbers | None:
    for axes in ((0, 1, 2), (1, 0, 2), (0, 2, 1), (2, 1, 0), (1, 2, 0), (2, 0, 1)):
        moved = held.transpose(axes)
        if moved.shape[1:] == (batch, dim) and moved.shape[0] > 1:
            return moved
    return None


def many(forward: Forward, x: Numbers, weights: Sequence[Mapping[str, Numbers]]) -> list[Step]:
    """One forward pass after another, each after a few variables were changed; the answers are r0, r1, …"""
    return [
        step
        for i, changed in enumerate(weights)
        for step in (*(Put(path, send(value)) for path, value in changed.items()), *forward.call(x, 0.0, f"r{i}"))
    ]
