"""What a function returned, as facts: numbers, or a word for what is none; of a tuple, list or dict part by part.

A tuple may hold more than the lab asks for, and a dict or tuples in tuples may stand for one. Results that differ in
shape may stand in any order. But names that the model answer gives to its results are asked for, and so is the length
of a list: of words it is a part of the answer.
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import count, takewhile

import numpy as np

from grader.judging.comparing.arrays import Numbers, array
from grader.judging.comparing.compare import NUMERIC
from grader.judging.declared.readings import INCOMPARABLE, Fact
from grader.model import Level
from grader.sandbox.guest.wire import Listing, Value
from grader.sandbox.guest.wire import Mapping as WireMapping

Result = tuple[Numbers | None, str]  # numbers, or a word for what holds none


def result_facts(
    name: str, function: str, value: object, by_name: bool, asked: Sequence[str]
) -> Iterator[tuple[str, Fact]]:
    """`name`: of the call. `by_name`: the parts of a dict stand in the order of their names, not in its own.

    `asked`: what the model answer's results are, as shapes in words; empty for itself.
    """
    told = f"the result of `{function}`"
    own = ", ".join(names(value))
    word = f"has the names {own}" if own else "has no names"
    yield f"{name}: names", Fact(Level.VALUES, told, word, part=name, asked=bool(own))
    kind = value.kind if isinstance(value, Listing) and value.items and array(value) is None else ""
    length = f"has the length {len(value.items)}" if isinstance(value, Listing) else "is no list"
    yield f"{name}: length", Fact(Level.VALUES, told, length, part=name, asked=kind == "list")
    word = "is a list" if kind == "list" else "is no list"
    yield f"{name}: list", Fact(Level.VALUES, told, word, part=name, asked=not kind and not own)
    for place, (numbers, word) in enumerate(arranged(list(results(value, by_name)), asked)):
        which = f"{name}: result{number(place)}"
        yield f"{which} shape", Fact(Level.SHAPES, told, shape_of((numbers, word)), part=name)
        yield which, Fact(Level.VALUES, told, word if numbers is None else numbers, part=name)


def number(place: int) -> str:
    """In the name of a fact: nothing for the first result, " 2" for the second."""
    return f" {place + 1}" if place else ""


def shape_of(result: Result) -> str:
    numbers, word = result
    return f"has the shape {list(numbers.shape)}" if numbers is not None else kind_of(word)


def shapes_asked(name: str, deck: Mapping[str, Fact]) -> list[str]:
    """Of the model answer's results, in its order."""
    facts = (deck.get(f"{name}: result{number(place)} shape") for place in count())
    return [str(fact.value) for fact in takewhile(lambda fact: fact is not None, facts) if fact is not None]


def arranged(found: list[Result], asked: Sequence[str]) -> list[Result]:
    """In the model answer's order, where shapes tell it; in one array where it has arrays of one shape."""
    if len({*asked}) == len(asked) == len(found) and {*asked} == {*map(shape_of, found)}:
        return sorted(found, key=lambda one: asked.index(shape_of(one)))
    parts = [numbers for numbers, _ in found if numbers is not None]
    if len(asked) == 1 < len(found) == len(parts):
        least = min(part.ndim for part in parts)
        rows = [part if part.ndim > least else part[None] for part in parts]  # some may stand in a tuple of their own
        if len({one.shape[1:] for one in rows}) == 1:
            whole = np.concatenate(rows)
            return [(whole, f"is {whole}")] if shape_of((whole, "")) == asked[0] else found
    return found


def results(value: object, by_name: bool) -> Iterator[tuple[Numbers | None, str]]:
    numbers = array(value)
    if numbers is not None and numbers.shape == (0,):
        yield None, "is empty"
    elif numbers is not None:
        yield (numbers if numbers.dtype.kind in NUMERIC else None), f"is {numbers}"
    elif isinstance(value, Listing | WireMapping) and value.items:
        for part in parts(value, by_name):
            yield from results(part, by_name)
    else:
        yield None, said(value)


def parts(value: Listing | WireMapping, by_name: bool) -> Sequence[Value]:
    if isinstance(value, Listing):
        return value.items
    return [value.items[name] for name in (sorted(value.items) if by_name else value.items)]


def names(value: object) -> Iterator[str]:
    """Of all dicts in it."""
    if isinstance(value, WireMapping):
        yield from sorted(value.items)
    if isinstance(value, Listing | WireMapping):
        for part in parts(value, by_name=True):
            yield from names(part)


def kind_of(word: str) -> str:
    return "is a text" if word.startswith(("is '", 'is "')) else word


def said(value: object) -> str:
    if value is None:
        return "is None, since nothing is returned"
    if isinstance(value, Listing | WireMapping):
        return "is empty"
    return f"is {value!r}" if isinstance(value, str) else INCOMPARABLE
