"""What a lab asks students to write, and how that is asked: the part of a rubric that the declared judge goes by."""

from enum import StrEnum
from typing import Any

from msgspec import Struct


class SubjectKind(StrEnum):
    FUNCTION = "function"  # plain functions
    CLASSIFIER = "classifier"  # a class with variables of its own, a model and a training loop
    KERAS = "keras"  # a model of Keras: built by a function, a global, or a class


class Settings(StrEnum):
    FREE = "free"  # students may choose sizes, rates and strengths of their own
    FIXED = "fixed"  # they are those of the model answer


class FunctionCall(Struct, frozen=True, forbid_unknown_fields=True):
    function: str  # its name in the model answer
    arguments: tuple[Any, ...]  # a number, a text, a list, or secret numbers: "normal [5, 7]"
    gradient: tuple[int, ...] = ()  # arguments, from 1, in which the sum of the result is differentiated


class Subject(Struct, frozen=True, forbid_unknown_fields=True):
    kind: SubjectKind
    calls: dict[str, FunctionCall] = {}  # of a function: what is asked, by a name that checks refer to
    input: str = ""  # of a classifier or a Keras model, one example: "normal [64]", "integers [7] below 13"
    arguments: dict[str, int] = {}  # of a classifier's constructor, where it is to be made in a size of ours
    classes: int = 0  # labels lie below this; 0: targets are numbers
    build: str = ""  # the function, class or global that is, or makes, the Keras model
    example: dict[str, str] = {}  # where examples are dicts: each key, and `input`, `label` or what stands there
    settings: Settings = Settings.FREE
