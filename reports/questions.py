"""What a notebook was asked and what came back, for a terminal: arrays by shape, type and first numbers."""

from collections.abc import Iterable, Iterator

import numpy as np
from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.text import Text

from grader.model import Observation, Report, Status
from grader.sandbox.guest.wire import (
    Array,
    Call,
    Form,
    Gradient,
    Inventory,
    Listing,
    ListVariables,
    Make,
    Mapping,
    Opaque,
    ParameterInfo,
    Put,
    Question,
    Read,
    Ref,
    Step,
    Survey,
    Trouble,
    Value,
    VariableInfo,
    VariableList,
    Watch,
    Watched,
    array_is_sound,
)
from grader.wording.counting import quantity
from reports import words
from reports.scrub import name, visible

LINE, TEXT = 240, 80  # characters of a line, and of a text in it
NUMBERS, ITEMS = 4, 6  # of an array, of a list
CALLS = 8  # and steps that are listed


def questions_view(report: Report, exchanges: Iterable[tuple[Question, Observation]]) -> RenderableType:
    """Every question with its steps, and what came back for each."""
    told = list(exchanges)
    of = report.submission
    head = f"{name(of.student)}, {name(of.lab or '')}: {words.score(report.card, report.outcome)}"
    parts: list[RenderableType] = [
        Text(visible(head), style="bold"),
        Text(f"{quantity(len(told), 'question')} to {visible(str(of.path))}", style="dim"),
    ]
    for number, (question, answer) in enumerate(told, 1):
        style = "" if answer.status is Status.ANSWERED else "yellow"
        parts += [Text(), Text(line(f"{number}. {question.id}: {answer.status}"), style=f"bold {style}".strip())]
        parts += [indented(text, "dim") for text in map(step_told, question.steps)]
        parts += [indented(text) for text in answer_told(answer)]
    return Group(*parts)


def line(text: str) -> str:
    """Nothing that steers a terminal, on one line, cut where it is long."""
    flat = visible(" ".join(text.split()))
    return flat if len(flat) <= LINE else flat[: LINE - 1] + "…"


def indented(text: str, style: str = "") -> RenderableType:
    return Padding(Text(line(text), style=style), (0, 0, 0, 3))


def step_told(step: Step) -> str:
    match step:
        case Put():
            return f"{step.path} = {value_told(step.value)}"
        case Read():
            return f"{step.path} → {step.into}"
        case ListVariables():
            return f"variables of {step.path} → {step.into}"
        case Survey():
            return f"what the notebook left behind → {step.into}"
        case Form():
            return f"as {step.name}"
        case _:
            return call_told(step)


def call_told(step: Make | Call | Watch | Gradient) -> str:
    match step:
        case Make():
            return f"{step.into} = {step.cls}({arguments(step.args, step.kwargs)})"
        case Call():
            into = f" → {step.into}" if step.into else ""
            return f"{step.path}({arguments(step.args, step.kwargs)}){into}"
        case Watch():
            inside = arguments(step.args, step.kwargs)
            return f"{step.owner}.{step.method}({inside}), watched for {quantity(step.steps, 'step')} → {step.into}"
        case Gradient():
            return f"gradient of the sum of {step.path}({arguments(step.args, {})}) in its first argument → {step.into}"


def arguments(args: Iterable[Value], kwargs: dict[str, Value]) -> str:
    return ", ".join((*map(value_told, args), *(f"{key}={value_told(value)}" for key, value in kwargs.items())))


def answer_told(answer: Observation) -> Iterator[str]:
    for key, value in answer.values.items():
        match value:
            case Watched():
                yield from watched_told(key, value)
            case Inventory():
                yield from inventory_told(value)
            case VariableList():
                yield f"{key}: {', '.join(map(variable_told, value.variables)) or 'no variables'}"
                yield f"{key}: {', '.join(f'{k} = {value_told(v)}' for k, v in value.scalars.items()) or 'no numbers'}"
            case Mapping():
                yield from (f"{key}[{part!r}] = {value_told(item)}" for part, item in value.items.items())
            case _:
                yield f"{key} = {value_told(value)}"
    if answer.trouble:
        at = f" in step {answer.at + 1}" if answer.at is not None else ""
        yield f"raised{at}: {trouble_told(answer.trouble)}"
    if answer.printed.strip():
        yield f"printed: {cut(answer.printed)}"


def trouble_told(trouble: Trouble) -> str:
    place = f" (cell {trouble.cell}, line {trouble.line})" if trouble.cell is not None else ""
    return f"{trouble.kind}: {trouble.message}{place}"


def watched_told(key: str, watched: Watched) -> Iterator[str]:
    yield from (f"{key}, {told}" for told in (*steps_told(watched), *calls_told(watched)))
    before = {variable.path: variable.value for variable in watched.before}
    moved = [v.path for v in watched.after if v.value is not None and v.value != before.get(v.path)]
    if any(variable.value is not None for variable in watched.after):
        yield f"{key}, moved: {', '.join(moved) or 'no variable'}"
    if watched.returned is not None:
        yield f"{key}, returned: {value_told(watched.returned)}"
    if watched.trouble:
        yield f"{key}, raised: {trouble_told(watched.trouble)}"


def steps_told(watched: Watched) -> Iterator[str]:
    for number, event in enumerate(watched.tape[:CALLS], 1):
        yield f"step {number}: loss {value_told(event.loss)}"
        for source, gradient in zip(event.sources, event.gradients, strict=False) if number == 1 else ():
            told = value_told(gradient) if gradient is not None else "none: not connected"
            yield f"gradient of {source or 'a variable that cannot be reached'}: {told}"
    if len(watched.tape) > CALLS:
        yield f"… {len(watched.tape)} steps in all"


def calls_told(watched: Watched) -> Iterator[str]:
    for call in watched.calls[:CALLS]:
        yield f"called {call.method}({arguments(call.args, call.kwargs)}) = {value_told(call.result)}"
    if len(watched.calls) > CALLS:
        yield f"… {len(watched.calls)} calls in all"


def inventory_told(found: Inventory) -> Iterator[str]:
    for info in found.functions:
        yield f"function {info.name}({parameters(info.parameters)})"
    for one in found.classes:
        trains = f", trained by {', '.join(one.trains)}" if one.trains else ""
        yield f"class {one.name}({parameters(one.parameters)}): {', '.join(one.methods)}{trains}"
    if found.arrays:
        yield "arrays: " + ", ".join(f"{key} {list(shape)}" for key, shape in found.arrays.items())
    if found.scalars:
        yield "numbers and texts: " + ", ".join(f"{key} = {value_told(v)}" for key, v in found.scalars.items())
    for training in found.trainings:
        cut_short = ", cut short" if training.cut else ""
        yield f"trained {training.cls}.{training.method}, {quantity(training.steps, 'step')}{cut_short}"


def parameters(infos: Iterable[ParameterInfo]) -> str:
    return ", ".join(p.name if p.required else f"{p.name}={value_told(p.default)}" for p in infos)


def variable_told(variable: VariableInfo) -> str:
    return f"{variable.path} {list(variable.shape)}"


def value_told(value: Value) -> str:
    match value:
        case Array():
            return array_told(value)
        case Listing():
            return f"[{cut_list([value_told(item) for item in value.items[: ITEMS + 1]], len(value.items))}]"
        case Mapping():
            told = [f"{key}: {value_told(item)}" for key, item in list(value.items.items())[: ITEMS + 1]]
            return f"{{{cut_list(told, len(value.items))}}}"
        case Ref():
            return value.path
        case Opaque():
            return f"<{value.type_name}{f' {list(value.shape)}' if value.shape else ''}>"
        case str():
            return repr(cut(value))
        case _:
            return str(value)


def array_told(value: Array) -> str:
    """`tensor float32 [4, 6]: 0.126, -0.132, 0.64, 0.105, …`"""
    about = f"{value.made_by} {value.dtype} {list(value.shape)}"
    if not array_is_sound(value):
        return f"{about}, damaged"
    numbers = np.frombuffer(value.data, np.dtype(value.dtype))
    first = ", ".join(f"{n:.4g}" if value.dtype.startswith("float") else str(n) for n in numbers[:NUMBERS].tolist())
    return f"{about}: {first}{', …' if numbers.size > NUMBERS else ''}" if numbers.size else about


def cut_list(told: list[str], count: int) -> str:
    return ", ".join(told[:ITEMS]) + (f", … {count} in all" if count > ITEMS else "")


def cut(text: str) -> str:
    return text if len(text) <= TEXT else text[: TEXT - 1] + "…"
