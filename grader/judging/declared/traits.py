"""How a function comes to its numbers: by its own work, as a tensor, by operations that a gradient passes."""

from collections.abc import Iterator
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
    x: Examiner, name: str, call: FunctionCall, given: tuple[str, Any], seen: Observation
) -> Iterator[tuple[str, Fact]]:
    """`given` are the function of the notebook and its first argument, `seen` what it returned."""
    told, (function, first) = f"the numbers of `{call.function}`", given
    if not isinstance(first, np.ndarray):
        return
    if Trait.OWN_WORK in call.traits:
        word, reason = own_work(x, name, function, first)
        yield f"{name}: own work", Fact(Level.VALUES, told, word, part=name, open=reason)
    if Trait.TENSOR in call.traits:
        word = "are a tensor" if made_by(seen) in ("tensor", "variable") else "are no tensor"
        yield f"{name}: tensor", Fact(Level.SHAPES, told, word, part=name)
    if Trait.TENSORFLOW in call.traits:
        word, reason = NUMPY, ""
        if made_by(seen) != "numpy":
            word, reason = tensorflow(x, name, function, first)
        yield f"{name}: tensorflow", Fact(Level.GRADIENTS, told, word, part=name, open=reason)


def made_by(seen: Observation) -> str:
    value = seen.values.get("value")
    return value.made_by if isinstance(value, Array) else ""


def own_work(x: Examiner, name: str, function: str, first: Any) -> Word:
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


def tensorflow(x: Examiner, name: str, function: str, first: Any) -> Word:
    """A gradient may be missing for x itself where it is put into a tensor anew, and all is TensorFlow's work."""
    unseen = UNSEEN, f"It could not be seen how `{function}` computes its numbers. Your instructor will look at it."
    given = (Ref(function), send(first, "tensor"))
    touched = ask(x, f"{name}.touched", Call("grader_touched", given, into="n"), "n")
    if not isinstance(touched, bool):
        return unseen
    if touched:
        return NUMPY, ""
    gradient = ask(x, f"{name}.traced", Gradient(function, (send(first, "tensor"),), "g"), "g")
    if array(gradient) is not None:
        return TRACED, ""
    led = ask(x, f"{name}.led", Call("grader_led", given, into="n"), "n")
    return (TRACED if led else STOPPED, "") if isinstance(led, bool) else unseen


def ask(x: Examiner, purpose: str, step: Call | Gradient, into: str) -> Any:
    return x.ask(purpose, step, seconds=SECONDS).values.get(into)
