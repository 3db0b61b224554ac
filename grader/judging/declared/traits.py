"""How a function comes to its numbers: by its own work, as a tensor, by operations that a gradient passes."""

from collections.abc import Callable
from typing import Any

import numpy as np

from grader.course.subject import FunctionCall, Trait
from grader.judging.comparing.arrays import array, send
from grader.judging.declared.readings import Fact
from grader.judging.examiner import Examiner
from grader.judging.instruments.libraries import library_named
from grader.model import Level, Observation
from grader.sandbox.guest.wire import Array, Call, Gradient, Listing, Ref

OWN, LIBRARY, TABLE = "are computed by a formula", "are computed by a library", "are looked up in a table"
TRACED, NUMPY, STOPPED = (
    "come of x by operations of TensorFlow",
    "are computed by NumPy on the way",
    "do not come of x by operations that a gradient passes",
)
UNSEEN = "could not be followed"
SECONDS = 20.0
Word = tuple[str, str]  # what is said, and why it is left open where no form says it


def trait_facts(
    x: Examiner, name: str, call: FunctionCall, first: Any, function: str, seen: Observation
) -> dict[str, Fact]:
    """`first` is its first argument, `seen` what it returned."""
    found: dict[str, Fact] = {}
    for trait in call.traits if isinstance(first, np.ndarray) else ():
        level, asked = LOOKED_AT[trait]
        word, reason = asked(x, name, function, first, seen)
        told = f"the numbers of `{call.function}`"
        found[f"{name}: {trait}"] = Fact(level, told, word, part=name, open=reason)
    return found


def own_work(x: Examiner, name: str, function: str, first: Any, seen: Observation) -> Word:
    """Whose formula filled a table cannot be seen; where a library's density is at hand there is little doubt."""
    given = (Ref(function), send(first))
    if ask(x, f"{name}.ready-made", Call("grader_ready_made", given, into="r"), "r") is True:
        return LIBRARY, ""
    tables = ask(x, f"{name}.tables", Call("grader_tables", given, into="t"), "t")
    if not isinstance(tables, Listing) or not tables.items:
        return OWN, ""
    if library_named(x.cells):
        return LIBRARY, ""
    kept = "`, `".join(map(str, tables.items))
    return TABLE, (
        f"`{function}` gives the right numbers, but looks them up in a table: without the numbers kept in `{kept}` it "
        "gives others. The lab asks for the formula; your instructor will look at it."
    )


def tensor(x: Examiner, name: str, function: str, first: Any, seen: Observation) -> Word:
    return ("are no tensor" if made_by(seen) not in ("tensor", "variable") else "are a tensor"), ""


def made_by(seen: Observation) -> str:
    value = seen.values.get("value")
    return value.made_by if isinstance(value, Array) else ""


def tensorflow(x: Examiner, name: str, function: str, first: Any, seen: Observation) -> Word:
    """A gradient may be missing for x itself where it is put into a tensor anew, and all is TensorFlow's work."""
    unseen = UNSEEN, f"It could not be seen how `{function}` computes its numbers. Your instructor will look at it."
    given = (Ref(function), send(first, "tensor"))
    touched = ask(x, f"{name}.touched", Call("grader_touched", given, into="n"), "n")
    if not isinstance(touched, bool):
        return unseen
    if touched or made_by(seen) == "numpy":
        return NUMPY, ""
    gradient = ask(x, f"{name}.traced", Gradient(function, (send(first, "tensor"),), "g"), "g")
    if array(gradient) is not None:
        return TRACED, ""
    led = ask(x, f"{name}.led", Call("grader_led", given, into="n"), "n")
    return (TRACED if led else STOPPED, "") if isinstance(led, bool) else unseen


def ask(x: Examiner, purpose: str, step: Call | Gradient, into: str) -> Any:
    return x.ask(purpose, step, seconds=SECONDS).values.get(into)


LOOKED_AT: dict[Trait, tuple[Level, Callable[[Examiner, str, str, Any, Observation], Word]]] = {
    Trait.OWN_WORK: (Level.VALUES, own_work),
    Trait.TENSOR: (Level.SHAPES, tensor),
    Trait.TENSORFLOW: (Level.GRADIENTS, tensorflow),
}
