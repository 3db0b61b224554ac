"""What a function returned, as facts: numbers, or a word for what is none; of a tuple, list or dict part by part.

A tuple may hold more than the lab asks for, and a dict may stand for a tuple. But names that the model answer gives to
its results are asked for, and so is the length of a list: of words it is a part of the answer.
"""

from collections.abc import Iterator, Sequence

from grader.judging.comparing.arrays import Numbers, array
from grader.judging.comparing.compare import NUMERIC
from grader.judging.declared.readings import INCOMPARABLE, Fact
from grader.model import Level
from grader.sandbox.guest.wire import Listing, Mapping, Value


def result_facts(name: str, function: str, value: object, by_name: bool) -> Iterator[tuple[str, Fact]]:
    """`name`: of the call. `by_name`: the parts of a dict stand in the order of their names, not in its own."""
    told = f"the result of `{function}`"
    own = ", ".join(names(value))
    word = f"has the names {own}" if own else "has no names"
    yield f"{name}: names", Fact(Level.VALUES, told, word, part=name, asked=bool(own))
    kind = value.kind if isinstance(value, Listing) and value.items and array(value) is None else ""
    length = f"has the length {len(value.items)}" if isinstance(value, Listing) else "is no list"
    yield f"{name}: length", Fact(Level.VALUES, told, length, part=name, asked=kind == "list")
    word = "is a list" if kind == "list" else "is no list"
    yield f"{name}: list", Fact(Level.VALUES, told, word, part=name, asked=not kind and not own)
    for place, (numbers, word) in enumerate(results(value, by_name), 1):
        which = f"{name}: result{f' {place}' if place > 1 else ''}"
        shape = f"has the shape {list(numbers.shape)}" if numbers is not None else kind_of(word)
        yield f"{which} shape", Fact(Level.SHAPES, told, shape, part=name)
        yield which, Fact(Level.VALUES, told, word if numbers is None else numbers, part=name)


def results(value: object, by_name: bool) -> Iterator[tuple[Numbers | None, str]]:
    numbers = array(value)
    if numbers is not None and numbers.shape == (0,):
        yield None, "is empty"
    elif numbers is not None:
        yield (numbers if numbers.dtype.kind in NUMERIC else None), f"is {numbers}"
    elif isinstance(value, Listing | Mapping) and value.items:
        for part in parts(value, by_name):
            yield from results(part, by_name)
    else:
        yield None, said(value)


def parts(value: Listing | Mapping, by_name: bool) -> Sequence[Value]:
    if isinstance(value, Listing):
        return value.items
    return [value.items[name] for name in (sorted(value.items) if by_name else value.items)]


def names(value: object) -> Iterator[str]:
    """Of all dicts in it."""
    if isinstance(value, Mapping):
        yield from sorted(value.items)
    if isinstance(value, Listing | Mapping):
        for part in parts(value, by_name=True):
            yield from names(part)


def kind_of(word: str) -> str:
    return "is a text" if word.startswith(("is '", 'is "')) else word


def said(value: object) -> str:
    if value is None:
        return "is None, since nothing is returned"
    if isinstance(value, Listing | Mapping):
        return "is empty"
    return f"is {value!r}" if isinstance(value, str) else INCOMPARABLE
