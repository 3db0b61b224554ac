"""The part of a classifier that attends: what its method takes and gives back, and the rows that add up to one."""

import re
from collections.abc import Iterator, Mapping

import numpy as np
from msgspec import Struct

from grader.judging.comparing.arrays import Numbers, array, send
from grader.judging.meeting.contact import Contact
from grader.judging.meeting.pairs import halves
from grader.judging.meeting.watching import arguments_of, parts_of
from grader.sandbox.guest.wire import Array, Call, Listing, Ref, Value
from grader.sandbox.guest.wire import Mapping as WireMapping

ATTENDS = re.compile(r"at(t|en)|arreta|aten|pesos|weight", re.IGNORECASE)
DRAWS = re.compile(r"plot|draw|show|dibuj|pint|marraz|graf|visual", re.IGNORECASE)


class Forward(Struct, frozen=True):
    """How the notebook's own training calls its forward pass; `places` says where premises and hypotheses stand."""

    path: str
    args: tuple[Value, ...]
    kwargs: dict[str, Value]
    places: Mapping[int | str, int]  # of an argument -> 0 premises, 1 hypotheses
    results: tuple[int, ...] | None = None  # of its operations, by place, in place of its own; none named: all of them

    def call(self, x: Numbers, into: str) -> Call:
        args = tuple(self.given(i, value, x) for i, value in enumerate(self.args))
        kwargs = {name: self.given(name, value, x) for name, value in self.kwargs.items()}
        if self.results is not None:
            return Call("grader_computed", (Ref(self.path), Listing(self.results), *args), kwargs, into)
        return Call(self.path, args, kwargs, into)

    def given(self, place: int | str, value: Value, x: Numbers) -> Value:
        if place not in self.places or not isinstance(value, Array):
            return value
        return send(halves(x)[self.places[place]].astype(value.dtype), value.made_by)


def forward_of(contact: Contact, data: Numbers) -> Forward | None:
    """The call under the tape that was given both sentences; `model` first, else the outermost."""
    found: list[Forward] = []
    step = contact.watched or contact.broken_off
    for call in step.calls if step else ():
        own = call.method in contact.info.methods
        places: dict[int | str, int] = {}
        for place, value in arguments_of(call):
            given = array(value)
            for side, ids in enumerate(halves(data)):
                if given is not None and given.shape == ids.shape and same_rows(given, ids):
                    places.setdefault(place, side)
        if call.under_tape and set(places.values()) == {0, 1}:
            found.append(Forward(f"c.{call.method}" if own else call.method, call.args, call.kwargs, places))
    return min(reversed(found), key=lambda f: f.path != "c.model") if found else None


def same_rows(one: Numbers, other: Numbers) -> bool:
    """In whatever order: minibatches may be shuffled."""
    return bool(np.array_equal(np.sort(one, axis=0), np.sort(other, axis=0)))


def floats(value: Value | None) -> Iterator[Numbers]:
    """Arrays of a result, the outer ones first."""
    if value is None:
        return
    if (found := array(value)) is not None:
        yield found
        return
    for part in value.items.values() if isinstance(value, WireMapping) else parts_of(value):
        yield from floats(part)


def weights(found: Numbers, batch: int, length: int) -> Numbers | None:
    """[B, L], be there axes of 1 between them, or the words first."""
    if found.ndim == 3 and found.shape[:2] == (batch, length) and found.shape[2] > 1:
        return found
    longer = tuple(n for n in found.shape if n > 1)
    if found.ndim < 2 or longer not in ((batch, length), (length, batch)) or found.ndim > 4:
        return None
    plain = found.reshape(longer)
    return plain if longer == (batch, length) else plain.T


def attender_of(contact: Contact) -> str | None:
    """The method that tells the attention of examples."""
    names = [name for name in contact.info.methods if ATTENDS.search(name) and not DRAWS.search(name)]
    taken = [name for name in names if len([p for p in contact.info.methods[name] if p.required]) == 1]
    return "get_attn" if "get_attn" in contact.info.methods else next(iter(taken), None)
