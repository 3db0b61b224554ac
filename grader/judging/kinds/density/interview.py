"""Lab1: asks np_fn and tf_fn for the normal density of secret numbers."""

import re
from collections.abc import Mapping, Sequence

import numpy as np

from grader.judging.checks import blocked, check, failed, interview, passed, remarks, unattempted, unsure
from grader.judging.comparing.arrays import Numbers, array, send
from grader.judging.comparing.compare import agree, difference, distance, nearest, slug
from grader.judging.examiner import Examiner
from grader.judging.instruments.libraries import library_named
from grader.judging.kinds.density import gradient as density_gradient  # noqa: F401 - the check of the gradient
from grader.judging.kinds.density.evidence import LAB, SESSION, Answering, Asked, Evidence, Named
from grader.judging.meeting import source
from grader.model import Finding, Remark, Status, Verdict
from grader.sandbox.guest.wire import Array, Call, FunctionInfo, Gradient, Inventory, Listing, Opaque, Ref
from grader.wording.counting import article

# Forms an argument may have; a right function may refuse some (tf maths on an int array), none may give wrong numbers.
FORMS = ("int array", "float array", "2-D array", "float32 tensor", "2-D tensor")
ROUNDED = 3e-5  # of the largest density: more than float32 loses on the way
OF_TENSORFLOW_1 = re.compile(r"\bSession\s*\(|\bplaceholder\s*\(")


@interview(LAB)
def ask_both(x: Examiner) -> Evidence:
    survey = x.survey()
    np_fn, tf_fn = names_of(x, survey.functions if isinstance(survey, Inventory) else ())
    generator = x.generator("x")
    flat = generator.uniform(-3, 3, 7)
    grid = generator.uniform(-3, 3, (3, 5))
    whole = np.array([0, 1, 2, 3, int(generator.integers(4, 6)), -1, -2])
    inputs = {
        "int array": (whole, "numpy"),
        "float array": (flat, "numpy"),
        "2-D array": (grid, "numpy"),
        "float32 tensor": (flat.astype(np.float32), "tensor"),
        "2-D tensor": (grid.astype(np.float32), "tensor"),
    }
    numpy = question(x, np_fn, {form: inputs[form] for form in FORMS[:3]})
    tensorflow = question(x, tf_fn, inputs)
    point = inputs["float32 tensor"][0]
    gradient = x.ask("gradient", Gradient(tf_fn.name, (send(point, "tensor"),), "dx"))
    return Evidence(
        numpy,
        tensorflow,
        gradient,
        x.answers("gradients", x=point.astype(np.float64)),
        how(x, "grader_touched", tf_fn.name, point),
        how(x, "grader_led", tf_fn.name, point),
        library_named(x.cells),
        any(OF_TENSORFLOW_1.search(cell.source) for cell in x.cells if cell.kind == "code"),
        {who.name: other_sigma(x, who.name, flat) for who in (np_fn, tf_fn)},
    )


def names_of(x: Examiner, functions: Sequence[FunctionInfo]) -> tuple[Named, Named]:
    """np_fn and tf_fn; where one is missing, the function in its cell, or one whose name says NumPy or TensorFlow."""
    found = []
    known = {f.name for f in functions}
    cells = {cell.index: cell.colab_id for cell in x.cells}
    for wanted, hole, hint in (("np_fn", "YGTHTpqmJvhz", "np|num"), ("tf_fn", "0aUb7TUcJvia", "tf|tensor")):
        others = [
            f for f in functions if sum(p.required for p in f.parameters) == 1 and f.name not in ("np_fn", "tf_fn")
        ]
        in_cell = [f.name for f in others if f.cell is not None and cells.get(f.cell) == hole]
        called = [f.name for f in others if re.search(hint, f.name, re.IGNORECASE)]
        name = wanted if wanted in known else next(iter([*in_cell[-1:], *called[-1:]]), wanted)
        found.append(Named(name, name in known))
    return found[0], found[1]


def question(x: Examiner, who: Named, inputs: Mapping[str, tuple[Numbers, str]]) -> Answering:
    name, asked = who.name, []
    for form, (values, made_by) in inputs.items() if who.exists else ():
        observation = x.ask(f"{name}.{form}", Call(name, (send(values, made_by),), into="p"))
        asked.append(Asked(form, values, observation, x.answers("values", x=values.astype(np.float64))))
    found = source.definition(x.cells, name)
    values, made_by = inputs["float array"]
    given = (Ref(name), send(values, made_by))
    ready = x.ask(f"{name}.ready-made", Call("grader_ready_made", given, into="r")).values.get("r")
    read = x.ask(f"{name}.tables", Call("grader_tables", given, into="t")).values.get("t")
    tables = tuple(map(str, read.items)) if isinstance(read, Listing) else ()
    cell, idle = (found[0], source.idle(found[1])) if found else (None, True)
    return Answering(name, who.exists, tuple(asked), cell, ready is True, idle, mixed(x, name, asked), tables)


def mixed(x: Examiner, name: str, asked: Sequence[Asked]) -> bool:
    """Whether the first numbers of a row have other answers without the rest of it."""
    whole = next((a for a in asked if a.form == "float array" and a.value is not None), None)
    if whole is None or whole.value is None or whole.value.shape != whole.x.shape:
        return False
    alone = array(x.ask(f"{name}.alone", Call(name, (send(whole.x[:3]),), into="p")).values.get("p"))
    return alone is not None and alone.shape == (3,) and not agree(alone, whole.value[:3])


def how(x: Examiner, way: str, name: str, point: Numbers) -> bool | None:
    """Whether NumPy works on the numbers of the tensor in tf_fn, or whether TensorFlow's operations lead from it."""
    seen = x.ask(way, Call(way, (Ref(name), send(point, "tensor")), into="n")).values.get("n")
    return seen if isinstance(seen, bool) else None


def other_sigma(x: Examiner, name: str, values: Numbers) -> bool:
    """A precedence slip hides behind σ = 1; with another literal in its place it shows.

    True where nothing can be varied.
    """
    found = source.definition(x.cells, name)
    varied = source.with_literal(found[1], ("sigma", "sd", "std", "s", "desv", "σ"), 1.7) if found else None
    if varied is None:
        return True
    path = f"(lambda space: (exec({varied!r}, space), space[{name!r}])[1])(dict(globals()))"
    seen = array(x.ask(f"{name}.sigma", Call(path, (send(values),), into="p")).values.get("p"))
    return seen is None or agree(seen, x.answers("scaled_values", x=values, sigma=1.7)["deck"]["p"])


def judged_values(who: Answering, library: str | None) -> Finding:
    """Right on every form it answers, and it answers at least one; refusing a form is no mistake."""
    if not who.exists:
        return failed(f"There is no function called `{who.name}` in your notebook after it has run.")
    if who.ready_made:
        return failed(mistake="ready-made-density", cell=who.cell)
    answered = [a for a in who.asked if a.observation.status is Status.ANSWERED]
    if not answered:
        return raised(who, who.asked[0])
    if who.silent:
        return failed(f"`{who.name}` returns None: nothing comes back from it yet.", cell=who.cell)
    if deaf(answered):
        return failed(f"`{who.name}` gives the same numbers whatever it is called with.", cell=who.cell)
    if wrong := next(filter(None, (judged_value(who, asked) for asked in answered)), None):
        return wrong
    if who.tables:
        return looked_up(who, library)
    return passed(f"`{who.name}` gives the density for {', '.join(a.form + 's' for a in answered)}.")


def deaf(answered: list[Asked]) -> bool:
    """Whether arguments of other numbers and shapes get one and the same answer: that of a global, perhaps."""
    values = [a.value for a in answered]
    first = values[0]
    shapes = {a.x.shape for a in answered}
    return first is not None and len(shapes) > 1 and all(v is not None and np.array_equal(v, first) for v in values)


def looked_up(who: Answering, library: str | None) -> Finding:
    """Whose formula filled the table cannot be seen, but where a library's density is at hand there is little doubt."""
    told = f"without the numbers kept in `{'`, `'.join(who.tables)}` it gives others"
    if library:
        return failed(mistake="ready-made-density", seen=f"`{library}` is used in the notebook; {told}", cell=who.cell)
    return unsure(
        f"`{who.name}` gives the right numbers, but looks them up in a table: {told}. The lab asks for the formula; "
        "your instructor will look at it."
    )


def raised(who: Answering, asked: Asked) -> Finding:
    trouble = asked.observation.trouble
    if trouble is None:
        return failed(f"`{who.name}` gave no answer in time for {article(asked.form)}.", cell=who.cell)
    return failed(
        f"`{who.name}` stops with {trouble.kind} for {article(asked.form)}: {trouble.message[:200]}", cell=trouble.cell
    )


def judged_value(who: Answering, asked: Asked) -> Finding | None:
    value, deck = asked.value, asked.answers["deck"]["p"]
    if value is None:
        thing = asked.observation.values.get("p")
        seen = thing.type_name if isinstance(thing, Opaque) else type(thing).__name__
        return failed(f"`{who.name}` returns something that is no array of numbers ({seen}).", cell=who.cell)
    if value.shape != deck.shape and value.size != deck.size:
        return failed(
            mistake="not-elementwise", difference=difference("Values of the density", value, deck), cell=who.cell
        )
    name = nearest({"p": value.reshape(deck.shape)}, asked.answers)
    if name == "deck":
        return None
    mistake = slug(name) if name else "not-elementwise" if who.mixed else None
    message = "" if mistake else f"For {article(asked.form)}, `{who.name}` gives other numbers than the density."
    return failed(
        message,
        mistake,
        difference=difference("Values of the density", value.reshape(deck.shape), deck),
        cell=who.cell,
    )


def judged_shape(who: Answering, form: str) -> Finding:
    asked = next((a for a in who.asked if a.form == form), None)
    if asked is None or asked.value is None:
        return raised(who, asked) if asked else failed(f"`{who.name}` does not exist.")
    if asked.value.shape != asked.x.shape:
        return failed(
            mistake=None,
            message="The result does not keep the shape of x.",
            difference=difference("Values of the density", asked.value, asked.answers["deck"]["p"]),
            cell=who.cell,
        )
    return passed("The result has the shape of x.")


@check(LAB, "functions")
def functions_exist(e: Evidence) -> Finding:
    missing = [who.name for who in (e.numpy, e.tensorflow) if not who.exists]
    if missing:
        return failed(f"No function called {' and '.join(f'`{name}`' for name in missing)} was left by your notebook.")
    return passed("Both functions are there.")


@check(LAB, "numpy-values")
def numpy_values(e: Evidence) -> Finding:
    return judged_values(e.numpy, e.library)


@check(LAB, "numpy-broadcasting")
def numpy_broadcasting(e: Evidence) -> Finding:
    return judged_shape(e.numpy, "2-D array")


@check(LAB, "tf-values")
def tf_values(e: Evidence) -> Finding:
    return judged_values(e.tensorflow, e.library)


@check(LAB, "tf-tensor")
def tf_tensor(e: Evidence) -> Finding:
    """A tensor (or variable) of x's shape for at least one form; NumPy arrays and Python's lists never."""
    things = [a.observation.values.get("p") for a in e.tensorflow.asked]
    kinds = [thing.made_by for thing in things if isinstance(thing, Array)]
    if any(isinstance(thing, Listing) for thing in things):
        return failed("`tf_fn` returns a list of Python, not one tensor.", cell=e.tensorflow.cell)
    if any(kind not in ("tensor", "variable") for kind in kinds) and e.in_a_session:
        return failed(SESSION, cell=e.tensorflow.cell)
    if any(kind not in ("tensor", "variable") for kind in kinds):
        return failed("`tf_fn` returns a NumPy array, not a tensor.", "numpy-in-tf", cell=e.tensorflow.cell)
    answered = [a for a in e.tensorflow.asked if a.value is not None]
    for asked in answered:
        if asked.value is not None and asked.value.shape != asked.x.shape:
            return failed(
                "The result does not keep the shape of x.",
                cell=e.tensorflow.cell,
                difference=difference("Values of the density", asked.value, asked.answers["deck"]["p"]),
            )
    return (
        passed("`tf_fn` returns a tensor of x's shape.")
        if answered
        else blocked("Not checked because `tf_fn` gave no numbers.")
    )


@remarks(LAB)
def remarks_on(e: Evidence) -> tuple[Remark, ...]:
    found = []
    for who in (e.numpy, e.tensorflow):
        if not e.other_sigma[who.name] and judged_values(who, e.library).verdict is Verdict.PASS:
            found.append(
                Remark(
                    "precedence",
                    f"`{who.name}` is right for σ = 1, but not for other values of σ: look at which "
                    "part of the formula your brackets hold together.",
                )
            )
        if rounded(who) and judged_values(who, e.library).verdict is Verdict.PASS:
            found.append(
                Remark(
                    "rounded",
                    f"`{who.name}` is off by more than a float's rounding, as with π = 3.14: `np.pi` has all the "
                    "digits that a float can hold.",
                )
            )
    refused = [a.form for a in e.tensorflow.asked if a.observation.status is Status.RAISED]
    if refused and any(a.value is not None for a in e.tensorflow.asked):
        found.append(
            Remark(
                "forms",
                f"`tf_fn` does not take every kind of input: {', '.join(refused)} made it stop. "
                "`tf.cast(x, tf.float32)` at its start would accept them all.",
            )
        )
    if e.library and not any(who.ready_made or who.tables for who in (e.numpy, e.tensorflow)):
        found.append(
            Remark(
                "library-density",
                f"A cell of yours names a library's density (`{e.library}`): good to compare with, as long as both "
                "functions compute the formula themselves.",
            )
        )
    return tuple(found)


def rounded(who: Answering) -> bool:
    gaps = [distance(a.value.reshape(a.x.shape), a.answers["deck"]["p"]) for a in who.asked if a.value is not None]
    return bool(gaps) and min(gaps) > ROUNDED


@unattempted(LAB)
def nothing_begun(e: Evidence) -> bool:
    return all(who.exists and who.silent and who.idle for who in (e.numpy, e.tensorflow))
