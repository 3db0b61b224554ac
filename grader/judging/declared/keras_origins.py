"""Where a notebook's model of Keras comes from: a function that builds it, a class, a global."""

from collections.abc import Iterator

from msgspec import Struct

from grader.course.subject import Subject
from grader.judging.declared.arguments import wired
from grader.judging.declared.keras_facts import listed
from grader.judging.examiner import Examiner
from grader.judging.meeting.classes import recipes
from grader.judging.meeting.contact import Inputs
from grader.sandbox.guest.wire import Call, FunctionInfo, Inventory, Make, Ref, Step

NO_ARGUMENTS = Inputs(())
BUILDING = ("build", "make", "create", "model", "crea", "modelo", "sortu", "eredu")  # in names of functions


class Origin(Struct, frozen=True):
    """Steps that put the model into slot `c`."""

    name: str
    steps: tuple[Step, ...]
    cell: int | None = None


def origins(x: Examiner, subject: Subject) -> Iterator[Origin]:
    """What the lab names first: a function that builds it, a class, a global; then any global that is a model."""
    survey = x.survey()
    if survey is None:
        return
    functions = sorted(survey.functions, key=lambda f: f.name != subject.build)
    for info in functions if subject.build else ():
        named = info.name == subject.build
        if named or (any(word in info.name.lower() for word in BUILDING) and can_be_called(info, subject)):
            given = tuple(wired(value, "numpy", wide=False) for value in subject.arguments.values())
            names = [parameter.name for parameter in info.parameters]
            made = Call(info.name, (), dict(zip(subject.arguments, given, strict=True)), "made", keep=True)
            if not set(subject.arguments) <= set(names):
                made = Call(info.name, given[: len(names)], {}, "made", keep=True)
            yield Origin(info.name, (made, as_slot("made")), info.cell)
    yield from of_classes(survey, subject)
    for name in listed(x.ask("keras.models", Call("grader_keras_models", into="m")).values.get("m")):
        yield Origin(str(name), (as_slot(str(name)),))


def can_be_called(info: FunctionInfo, subject: Subject) -> bool:
    return sum(parameter.required for parameter in info.parameters) <= len(subject.arguments)


def as_slot(path: str) -> Step:
    return Call("(lambda thing: thing)", (Ref(path),), {}, "c", keep=True)


def of_classes(survey: Inventory, subject: Subject) -> Iterator[Origin]:
    """Classes with a method `call`, that of the lab's name first."""
    able = [info for info in survey.classes if "call" in info.methods]
    for info in sorted(reversed(able), key=lambda info: info.name != subject.build):
        made = recipes(survey, info, NO_ARGUMENTS)[-1]
        yield Origin(info.name, (Make("c", made.cls, made.args, made.kwargs),), info.cell)
