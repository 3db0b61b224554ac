"""What of dropout shows only over several steps.

Whether it outlasts an evaluation in the middle of a training and ends with the training, since what switches it off may
never switch it on again, and the other way round; and whether all examples of a step share one mask.
"""

import ast
import itertools
import re
from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from msgspec import Struct
from msgspec.structs import replace

from grader.judging.binding.layers import Chain
from grader.judging.binding.slices import put_together, with_slices
from grader.judging.comparing.arrays import Numbers, array, send
from grader.judging.examiner import Examiner
from grader.judging.meeting.asking import classifying, loop_attributes, training
from grader.judging.meeting.contact import Contact
from grader.judging.meeting.source import trees
from grader.judging.meeting.watching import logits_in, watched_in
from grader.model import Cell
from grader.sandbox.guest.wire import Put, Scalar, Watch, Watched

EPOCHS = 3  # each with an evaluation at its end; a rate that falls to zero in the last is still above it in the second
STEPS = 20  # of a loop whose epochs are written into it; what took fewer came to its end by itself
ROWS = 64
DUST = 1e-6
OF_THE_LOOP = re.compile(r"^(train|fit)$|learn|^lr|epoch|freq|batch", re.IGNORECASE)


class Lasting(Struct, frozen=True):
    vanishes: bool = False  # units are dropped in the first step, and in none after the first evaluation
    remains: bool = False  # after a training equal examples differ in `classify`


def question_lasting(
    x: Examiner,
    contact: Contact,
    attributes: Mapping[str, Scalar],
    chain: Chain,
    weights: Mapping[str, Numbers],
) -> Lasting:
    rows = max(ROWS, contact.batch)
    data, labels = np.ones((rows, contact.features), np.float32), np.zeros(rows, np.int64)
    planted = put_together(contact.initial, weights)
    several = {**attributes, **loop_attributes(contact, rows, EPOCHS)}
    *before, watch = training(contact, data, labels, weights=planted, attributes=several)
    assert isinstance(watch, Watch)
    *_, classify = classifying(contact, data, labels)
    steps = [
        *before,
        replace(watch, into="t", steps=STEPS),
        *(Put(path, send(value)) for path, value in planted.items()),
        classify,
    ]
    seen = x.ask(f"{contact.info.name}.lasting", *steps)
    trained, classified = seen.values.get("t"), watched_in(seen)
    if not isinstance(trained, Watched) or trained.trouble is not None:
        return Lasting()
    ended = len(trained.tape) < STEPS and not switched_outside(x.cells, contact)
    shown = logits_in(classified, data, under_tape=False) if ended else None
    return Lasting(vanishes(trained, data, chain, contact), shown is not None and differ(shown))


def one_mask(x: Examiner, contact: Contact, attributes: Mapping[str, Scalar], chain: Chain) -> bool:
    """Whether equal examples have equal logits in a step, but others in a step of another seed."""
    rows = max(ROWS, contact.batch)
    data, labels = np.ones((rows, contact.features), np.float32), np.zeros(rows, np.int64)
    weights = {layer.W: layer.turn(np.full(layer.shape, 1.0 / layer.shape[0], np.float32)) for layer in chain}
    weights |= {layer.b: np.zeros(layer.shape[1], np.float32) for layer in chain if layer.b}
    planted = put_together(contact.initial, weights)
    *before, watch = training(contact, data, labels, weights=planted, attributes=attributes)
    assert isinstance(watch, Watch)
    seen = [x.ask(f"{contact.info.name}.seed.{seed}", *before, replace(watch, seed=seed)) for seed in (1, 2, 3)]
    drawn = [logits_in(watched_in(each), data, under_tape=True) for each in seen]
    known = [z for z in drawn if z is not None]
    return len(known) == len(seen) and not any(map(differ, known)) and differ(np.concatenate(known))


def vanishes(trained: Watched, data: Numbers, chain: Chain, contact: Contact) -> bool:
    each = logits_of_each(trained, data)
    if len(each) < EPOCHS or not differ(each[0]) or any(differ(z) or not np.all(np.isfinite(z)) for z in each[1:]):
        return False
    made = {v.path: value for v in trained.after if (value := array(v.value)) is not None}
    return alive(data, chain, with_slices(contact.initial, made))


def logits_of_each(trained: Watched, data: Numbers) -> list[Numbers]:
    """Of every forward pass under a tape, in their order; of `model` where it is there."""
    found = [(c.method, logits_in(replace(trained, calls=(c,)), data, under_tape=True)) for c in trained.calls]
    methods = [method for method, z in found if z is not None]
    chosen = "model" if "model" in methods else next(iter(methods[-1:]), None)
    return [z for method, z in found if z is not None and method == chosen]


def differ(logits: Numbers) -> bool:
    return bool(np.max(np.ptp(logits, axis=0)) > 1e-5 * max(float(np.max(np.abs(logits))), 1e-6))


def alive(data: Numbers, chain: Chain, weights: Mapping[str, Numbers]) -> bool:
    """Whether every hidden layer has a unit above zero that the next one hears, so that dropout could silence it."""
    if any(layer.W not in weights for layer in chain):
        return False
    h = data[:1].astype(np.float64)
    for layer, after in itertools.pairwise(chain):
        h = np.maximum(h @ layer.turn(weights[layer.W]) + (weights[layer.b].reshape(-1) if layer.b else 0.0), 0.0)
        said = h.T * after.turn(weights[after.W])
        if np.max(np.abs(said)) <= DUST * np.max(h, initial=1.0):
            return False
    return True


def switched_outside(cells: Sequence[Cell], contact: Contact) -> bool:
    """Whether the notebook itself sets something of an instance, or calls what may: classifier.training = False."""
    nodes = [node for _, tree in trees(cells) for part in tree.body for node in outside(part)]
    written = [target for node in nodes if isinstance(node, ast.Assign) for target in node.targets]
    called = [node.value.func for node in nodes if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call)]
    touched = {part.attr for part in (*written, *called) if isinstance(part, ast.Attribute)}
    known = (contact.scalars.keys() | contact.info.methods.keys()) - {contact.trainer, contact.classifier}
    return any(not OF_THE_LOOP.search(name) for name in touched & known)


def outside(node: ast.AST) -> Iterable[ast.AST]:
    """A statement and what stands in it, without classes."""
    if not isinstance(node, ast.ClassDef):
        yield node
        for part in ast.iter_child_nodes(node):
            yield from outside(part)
