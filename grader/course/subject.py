"""What a lab asks students to write, and how that is asked: the part of a rubric that the declared judge goes by."""

import re
from collections.abc import Iterator
from enum import StrEnum
from typing import Any

from msgspec import Struct

from grader.course.pages import Complaint, meant
from grader.model import Level

SPELLING = re.compile(r"(normal|uniform|booleans|integers) \[([\d, ]*)\](?: below (\d+))?")
INPUT = "input"  # the name of a single one
SPOKEN = '"normal [5, 7]", "uniform [3]", "booleans [4]" or "integers [4, 7] below 13"'


class SubjectKind(StrEnum):
    FUNCTION = "function"  # plain functions
    CLASSIFIER = "classifier"  # a class with variables of its own, a model and a training loop
    KERAS = "keras"  # a model of Keras: built by a function, a global, or a class


class Settings(StrEnum):
    FREE = "free"  # students may choose sizes, rates and strengths of their own
    FIXED = "fixed"  # they are those of the model answer


class Trait(StrEnum):
    """How a function comes to its numbers, where the numbers do not tell."""

    OWN_WORK = "own work"  # no density of a library, no table (level values)
    TENSOR = "tensor"  # it returns one (level shapes)
    TENSORFLOW = "tensorflow"  # its operations lead from the first argument to the result (level gradients)


class Steered(StrEnum):
    """What students have to make a number of that can be chosen from outside."""

    RATE = "learning rate"  # (level gradients)
    PENALTY = "penalty"  # its weight λ (level regularisation)


LEVELS = {
    SubjectKind.FUNCTION: (Level.RUNS, Level.SHAPES, Level.VALUES, Level.GRADIENTS, Level.MANUAL),
    SubjectKind.CLASSIFIER: tuple(Level),
    SubjectKind.KERAS: tuple(Level),
}


class FunctionCall(Struct, frozen=True, forbid_unknown_fields=True):
    function: str  # its name in the model answer
    arguments: tuple[Any, ...]  # a number, a text, a list, or secret numbers: "normal [5, 7]"
    gradient: tuple[int, ...] = ()  # arguments, from 1, in which the sum of the result is differentiated
    traits: tuple[Trait, ...] = ()


class Reached(Struct, frozen=True, forbid_unknown_fields=True):
    """What the trained object has to reach on examples it was not trained on."""

    inputs: str | tuple[str, ...]  # the global of the model answer that holds them; of several inputs each
    labels: str  # and the one that holds their labels
    at_least: float  # share that has to be right, from 0 to 1

    @property
    def globals(self) -> tuple[str, ...]:
        return (self.inputs,) if isinstance(self.inputs, str) else self.inputs


class Subject(Struct, frozen=True, forbid_unknown_fields=True):
    kind: SubjectKind
    calls: dict[str, FunctionCall] = {}  # of a function: what is asked, by a name that checks refer to
    input: str | dict[str, str] = ""  # of a classifier or a Keras model, one example: "normal [64]"; several by name
    arguments: dict[str, Any] = {}  # of the constructor, or of what builds the model: by name, else in this order
    own: dict[str, Any] = {}  # arguments by name, for the model answer: sizes that are equal otherwise
    classes: int = 0  # labels lie below this; 0: targets are numbers
    labels: tuple[float, ...] = ()  # how the lab writes its classes, where not 0, 1, …
    build: str = ""  # the function, class or global that is, or makes, the Keras model
    example: dict[str, str] = {}  # where examples are dicts: each key, and `input`, `label` or what stands there
    settings: Settings = Settings.FREE
    steered: tuple[Steered, ...] = ()  # of a classifier: settings of the training that students add
    outcome: Reached | None = None

    @property
    def inputs(self) -> dict[str, "Secret"]:
        """By name, in the order in which the lab takes them."""
        return {name: secret(text) for name, text in self.spelled.items()}

    @property
    def spelled(self) -> dict[str, str]:
        return self.input if isinstance(self.input, dict) else {INPUT: self.input}


class Secret(Struct, frozen=True):
    """`distribution`: normal (mean 0, deviation 1), uniform (0 to 1), booleans, integers (0 up to below `below`)."""

    distribution: str
    shape: tuple[int, ...]
    below: int = 2


def is_secret(value: Any) -> bool:
    return isinstance(value, str) and re.match(r"(normal|uniform|booleans|integers)\b", value.strip()) is not None


def secret(text: str) -> Secret:
    """Raises ValueError where the text is no description of numbers."""
    match = SPELLING.fullmatch(text.strip())
    if match is None or (match[1] == "integers") != (match[3] is not None):
        raise ValueError(f"{text!r} describes no numbers; write {SPOKEN}")
    shape = tuple(int(size) for size in match[2].replace(" ", "").split(",") if size)
    return Secret(match[1], shape, int(match[3] or 2))


def complaints(
    subject: Subject, levels: tuple[Level, ...], parts: tuple[tuple[str, ...], ...], graded: bool = True
) -> Iterator[Complaint]:
    """What types cannot say. `levels` and `parts` are those of the checks, in their order.

    Not `graded` by it: some of its checks may be of no level that the subject has.
    """
    if subject.kind is SubjectKind.FUNCTION:
        if not subject.calls:
            yield ("subject",), "a lab of functions says under `calls` which are called, and with what"
        for name, call in subject.calls.items():
            yield from ((("subject", "calls", name, *place), said) for place, said in _of_call(call))
    else:
        several = isinstance(subject.input, dict)
        for name, text in subject.spelled.items():
            place = ("subject", "input", name) if several else ("subject", "input")
            yield from ((place, said) for said in _unspoken(text))
        yield from _of_example(subject)
        if subject.outcome is not None and len(subject.outcome.globals) != len(subject.spelled):
            said = f"there are {len(subject.spelled)} inputs; name the global that holds each of them"
            yield ("subject", "outcome", "inputs"), said
        yield from _of_labels(subject)
    if graded:
        yield from _of_checks(subject, levels, parts)


def _of_labels(subject: Subject) -> Iterator[Complaint]:
    if subject.labels and len(subject.labels) != subject.classes:
        yield ("subject", "labels"), f"there are {subject.classes} classes; write as many labels"


def _of_example(subject: Subject) -> Iterator[Complaint]:
    if not subject.spelled:
        yield ("subject", "input"), "no input is named"
    for name in subject.spelled if subject.example else ():
        if name not in subject.example.values():
            yield ("subject", "example"), f"no key of an example holds {name!r}"


def _of_call(call: FunctionCall) -> Iterator[Complaint]:
    for place, argument in enumerate(call.arguments):
        yield from ((("arguments", *where), said) for where, said in _of_argument(argument, (place,)))
    for place, number in enumerate(call.gradient):
        if not 1 <= number <= len(call.arguments):
            yield ("gradient", place), f"there is no argument {number}; they are counted from 1"


def _of_argument(value: Any, where: tuple[str | int, ...]) -> Iterator[Complaint]:
    if is_secret(value):
        yield from ((where, said) for said in _unspoken(value))
    elif isinstance(value, dict | list):
        for place, part in value.items() if isinstance(value, dict) else enumerate(value):
            if isinstance(value, dict) and not isinstance(place, str):
                yield where, f"the name {place!r} of a dict is no text; write it in quotes"
            yield from _of_argument(part, (*where, place))
    elif not isinstance(value, bool | int | float | str | None):
        yield where, f"{value} is no number and no text; write a text in quotes"


def _unspoken(text: str) -> Iterator[str]:
    try:
        secret(text)
    except ValueError as error:
        yield str(error)


def _of_checks(subject: Subject, levels: tuple[Level, ...], parts: tuple[tuple[str, ...], ...]) -> Iterator[Complaint]:
    for n, (level, of) in enumerate(zip(levels, parts, strict=True)):
        if level not in LEVELS[subject.kind]:
            there = ", ".join(LEVELS[subject.kind])
            yield ("checks", n, "level"), f"nothing of a {subject.kind} is of the level {level}; there are {there}"
        if level is Level.OUTCOME and subject.outcome is None:
            yield ("checks", n, "level"), "`subject` has no `outcome`, which says what has to be reached"
        if subject.kind is SubjectKind.FUNCTION:
            for k, part in enumerate(of):
                if part not in subject.calls:
                    yield ("checks", n, "of", k), f"{part!r} is none of the calls{meant(part, subject.calls, '.')}"
