"""Which numbers of a notebook steer its learning rate and its penalty, and what they do: of labs that ask for both.

Each number is moved in turn. A step of training whose gradients change then shows a penalty, one that only moves the
variables farther a learning rate.
"""

import ast
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain

import numpy as np
from msgspec import Struct
from msgspec.structs import replace

from grader.course.subject import Steered
from grader.judging.comparing.arrays import Numbers
from grader.judging.declared.feeding import EXAMPLES, INPUTS, STACKED
from grader.judging.declared.penalty import PenaltyKind, penalty_of
from grader.judging.declared.readings import Fact
from grader.judging.declared.scene import SECONDS, Scene, sure_step
from grader.judging.declared.training import AS_WRITTEN, Trainee, Watching, training
from grader.judging.instruments.silence import whole
from grader.judging.meeting.contact import Contact
from grader.judging.meeting.knobs import (
    GLOBAL_NAMES,
    HIDDEN_SETTINGS,
    MOVED_TO,
    NEGLIGIBLE,
    NOT_STEERING,
    PENALTY_NAME,
    RATE_NAME,
    WRITTEN_AS,
    Knob,
    dictionary_knobs,
    knobs,
    may_hide_settings,
    steering,
    with_knob,
    written_last,
)
from grader.judging.meeting.source import trees, within_classes
from grader.judging.meeting.watching import first_gradients, watched_in
from grader.model import Cell, Level
from grader.sandbox.guest.wire import Ref, Watched

CHOSEN = "can be chosen from outside, and reaches the update"
IN_VAIN = "can be given, and leaves the update as it is"
NOWHERE = "cannot be chosen from outside"
PENALISED, FREE, LOST = "is that of Σw²", "is nothing", "is weighed by a number that is 0 whatever is given"
OTHER_FACTOR = (
    "Your penalty pulls the weights towards zero by another multiple of them than 2λ. Your instructor will look at it."
)
NO_PENALTY = 1e-6  # in a gradient


class Steering(Struct, frozen=True):
    """A class whose penalty is off, and with it at MOVED_TO, and what steers."""

    as_made: Trainee
    quiet: Scene
    moved: Scene | None  # None: no number steers a penalty
    rates: tuple[Knob, ...]
    penalties: tuple[Knob, ...]
    decays: tuple[Knob, ...]
    decayed: frozenset[str]  # roles that these pull towards zero in the update


def steering_of(scene: Scene) -> Steering:
    base = step_of(scene)
    found: dict[str, list[Knob]] = {"gradient": [], "update": [], "decay": []}
    decayed: set[str] = set()
    paths = {role: place.pieces[0].path for role, place in scene.binding.places.items()}
    for knob in dict.fromkeys((*knobs_of(scene.one), *dictionary_knobs(scene.x.cells), *nested(scene.x.cells))):
        moved = step_of(turned(scene, knob, MOVED_TO))
        did = {role: steering(base, moved, path) for role, path in paths.items()} if base else {}
        what = next((kind for kind in ("gradient", "decay", "update") if kind in did.values()), "")
        if what:
            found[what].append(knob)
        decayed |= {role for role, kind in did.items() if kind == "decay"}
    penalties = sorted(found["gradient"], key=written_last)
    quiet, moved_scene = with_penalty(scene, penalties) if penalties else (scene, None)
    return Steering(
        scene.one,
        quiet,
        moved_scene,
        tuple(found["update"]),
        tuple(penalties),
        tuple(found["decay"]),
        frozenset(decayed),
    )


def knobs_of(one: Trainee) -> Iterator[Knob]:
    """Also arguments that stand in the notebook as something to be computed, lrs[best], or are None by default."""
    yield from knobs(contact_of(one))
    yield from (
        Knob("argument", p.name)
        for p in one.info.parameters[1:]
        if RATE_NAME.match(p.name) or PENALTY_NAME.search(p.name)
    )
    computed = [("argument", name, one.recipe.argument(name)) for name in one.recipe.parameters[1:]]
    names = [parameter.name for parameter in one.info.methods.get(one.trainer, ())]
    computed += [("train", name, value) for name, value in (*zip(names, one.args, strict=False), *one.kwargs.items())]
    for kind, name, value in computed:
        if (
            isinstance(value, Ref)
            and value.path not in (EXAMPLES, STACKED)
            and not value.path.startswith(INPUTS)
            and not NOT_STEERING.search(name)
        ):
            yield Knob(kind, name)


def nested(cells: Sequence[Cell]) -> Iterator[Knob]:
    """Numbers of an object that a class keeps: self.config.l2."""
    for node in within_classes(cells):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Attribute):
            if ast.unparse(node.value.value) == "self" and GLOBAL_NAMES.search(node.attr):
                yield Knob("attribute", f"{node.value.attr}.{node.attr}")


def with_penalty(scene: Scene, penalties: Sequence[Knob]) -> tuple[Scene, Scene]:
    """Without one and with MOVED_TO; as λ itself where no way to write it takes the penalty away."""
    for off, on in (*WRITTEN_AS, WRITTEN_AS[0]):  # noqa: B007 - the last way that was tried
        quiet = scene
        for knob in penalties:
            quiet = turned(quiet, knob, off)
        if not is_penalised(quiet):
            break
    return quiet, turned(quiet, penalties[0], on)


def is_penalised(scene: Scene) -> bool:
    """Whether anything is left of the gradients where the cost's own is gone, or none are seen: 1 / 0, for instance."""
    sure = sure_step(scene)
    gradients = [g for g in first_gradients(sure).values() if g is not None] if sure else []
    return not gradients or any(np.any(np.abs(g) > NO_PENALTY) for g in gradients)


def contact_of(one: Trainee) -> Contact:
    return Contact(
        inputs=AS_WRITTEN,
        info=one.info,
        recipe=one.recipe,
        trainer=one.trainer,
        train_args=one.args,
        train_kwargs=one.kwargs,
        classifier=one.predictor,
        scalars=one.scalars,
        initial=one.variables,
        watched=one.watched,
        features=0,
        vocabulary=0,
        batch=one.rows,
        inventory=one.inventory,
    )


def turned(scene: Scene, knob: Knob, value: float) -> Scene:
    """The same class, with one of its numbers set."""
    one = scene.one
    contact, attributes, before = with_knob(contact_of(one), knob, value)
    settled = replace(
        one,
        recipe=contact.recipe,
        args=contact.train_args,
        kwargs=dict(contact.train_kwargs),
        scalars=contact.scalars,
        set_to={**one.set_to, **attributes},
        before=(*one.before, *before),
    )
    return replace(scene, one=settled)


def step_of(scene: Scene) -> Watched | None:
    steps = training(scene.one, scene.batch, scene.planted(), {}, Watching(tuple(whole())))
    watched = watched_in(scene.x.ask(f"{scene.one.info.name}.turned", *steps, seconds=SECONDS))
    return watched if watched is not None and watched.tape else None


def steered_facts(seen: Steering) -> Iterator[tuple[str, Fact]]:
    asked = seen.quiet.subject.steered
    if Steered.RATE in asked:
        word = rate_word(seen)
        if word:
            yield "learning rate", Fact(Level.GRADIENTS, "the learning rate", word, part="learning rate")
    if Steered.PENALTY in asked:
        yield from penalty_facts(seen)


def rate_word(seen: Steering) -> str:
    """Nothing where it may be kept in an object, or is set on one of which only the text of a notebook tells."""
    one, cells = seen.as_made, seen.quiet.x.cells
    steering_ones = {knob.name for knob in seen.rates if knob.kind == "attribute"}
    if any(RATE_NAME.match(name) and name not in steering_ones and is_set(name, cells) for name in one.scalars):
        return IN_VAIN
    if any(knob.from_outside for knob in seen.rates) or any(is_set(name, cells) for name in steering_ones):
        return CHOSEN
    inside = any("[" in knob.name for knob in seen.rates) or may_hide_rate(cells)
    gathered = any(RATE_NAME.match(name) and name not in one.recipe.parameters for name in one.recipe.kwargs)
    if inside or gathered or (steering_ones and not cells):
        return ""
    return IN_VAIN if any(RATE_NAME.match(p.name) for p in one.info.parameters) else NOWHERE


def is_set(attribute: str, cells: Sequence[Cell]) -> bool:
    """Whether a notebook sets it from outside its class."""
    outside = chain.from_iterable(tree.body for _, tree in trees(cells))
    nodes = chain.from_iterable(ast.walk(node) for node in outside if not isinstance(node, ast.ClassDef))
    return any(isinstance(n, ast.Attribute) and n.attr == attribute and isinstance(n.ctx, ast.Store) for n in nodes)


def may_hide_rate(cells: Sequence[Cell]) -> bool:
    """Whether a class reads something with such a name from what is not its own object: config.learning_rate."""
    return any(
        isinstance(node, ast.Attribute) and RATE_NAME.match(node.attr) and ast.unparse(node.value) != "self"
        for node in within_classes(cells)
    )


def penalty_facts(seen: Steering) -> Iterator[tuple[str, Fact]]:
    """By role: what the penalty adds to its gradient for each of λ, where it is not the plain one; else a word."""
    scene = seen.quiet
    hidden = not (seen.penalties or seen.decays) and may_hide_settings(scene.x.cells)
    added = added_by(seen)
    for role in scene.binding.places:
        name = role.removeprefix("c.")
        value = added.get(role, FREE)
        told = f"the penalty on {name}"
        reason = HIDDEN_SETTINGS if hidden and not added else ""
        odd = not isinstance(value, str) and penalty_of(value, scene.values[role])
        other = OTHER_FACTOR if odd and odd.kind is PenaltyKind.L2 and odd.strength > 0 else ""
        yield f"penalty on {name}", Fact(Level.REGULARISATION, told, value, part=name, open=reason, unknown=other)


def added_by(seen: Steering) -> Mapping[str, str | Numbers]:
    if seen.moved is None:
        fixed = fixed_penalties(seen.quiet)
        return fixed if fixed or not seen.decays else dict.fromkeys(seen.decayed, PENALISED)
    quiet, moved = step_of(seen.quiet), step_of(seen.moved)
    if quiet is None or moved is None:
        return {}
    off, on = (seen.quiet.binding.by_role(first_gradients(watched)) for watched in (quiet, moved))
    values, found = seen.quiet.values, dict[str, str | Numbers]()
    for role, gradient in on.items():
        plain = off.get(role)
        if gradient is not None and plain is not None:
            found[role] = word_of((gradient - plain) / MOVED_TO, values[role], len(seen.quiet.batch.labels))
    return dict.fromkeys(found, LOST) if is_lost(seen) else found


def word_of(slope: Numbers, weight: Numbers, rows: int) -> str | Numbers:
    """A word for the penalties that are right: Σw², its half, and either divided by the number of examples."""
    known = penalty_of(slope, weight)
    if known.kind is PenaltyKind.NONE:
        return FREE
    factors = (part / each for part in (1, 0.5) for each in (1, rows))
    right = known.kind is PenaltyKind.L2 and any(abs(known.strength / factor - 1) < 0.02 for factor in factors)
    return PENALISED if right else slope


def fixed_penalties(scene: Scene) -> dict[str, str | Numbers]:
    """Of a class whose penalty has its weight written into it, from a step in which nothing else is in a gradient."""
    sure = sure_step(scene)
    found: dict[str, str | Numbers] = {}
    for role, gradient in scene.binding.by_role(first_gradients(sure)).items() if sure else ():
        if gradient is not None and role != scene.task.certain:
            known = penalty_of(gradient, scene.values[role])
            if known.kind is PenaltyKind.L2 and known.strength > NEGLIGIBLE:
                found[role] = PENALISED
    return found


def is_lost(seen: Steering) -> bool:
    """Whether an argument named like λ moves nothing, and the attribute that does is 0 in a new object."""
    one = seen.as_made
    offered = any(PENALTY_NAME.search(p.name) for p in one.info.parameters)
    if not offered or any(knob.kind != "attribute" for knob in seen.penalties):
        return False
    return all(one.scalars.get(knob.name) == 0 for knob in seen.penalties)
