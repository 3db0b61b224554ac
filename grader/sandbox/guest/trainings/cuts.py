"""How far a training of the notebook is shortened: fewer epochs and, where that is not enough, less data."""

import inspect
import re
from collections.abc import Callable
from typing import Any, NamedTuple

from ..answers import own_code, written
from ..answers.constructions import are_examples
from ..answers.values import kind_of_array
from ..config import GuestConfig
from . import equality, shared
from .dependence import ANY_NAME, ITEMS, reached

EPOCHS = re.compile(r"epo[ckq]|(^|_)eps?(_|$)", re.IGNORECASE)  # English, Spanish and Basque
SHOWN = re.compile(r"freq|display|print|every|show", re.IGNORECASE)
COUNTER = re.compile(r"(epoch|epoca|epoka|ep)(_?(i|idx|index|num|no|number))?", re.IGNORECASE)  # an argument: which one
LEAST = 5.0  # seconds that even a training has which comes after all others
Undo = Callable[[], None]


class Plan(NamedTuple):
    seconds: float  # it may take
    epochs: int | None  # after the cut; None: it does not say how many
    steps_an_epoch: int  # 0: not known
    cut: bool  # whether it is shorter than the notebook asked for

    @property
    def steps(self) -> int:
        return (self.epochs or 0) * self.steps_an_epoch


def shorten(
    method: Any, owner: Any, bound: inspect.BoundArguments, config: GuestConfig, spent: float
) -> tuple[Plan, Undo]:
    """Cut epochs (and with policy `none`, or the seconds used up, the data to one batch); returns an undo for the data.

    The number of epochs stays cut, so that later cells that plot over it fit what training returned.
    """
    size = batch_size(owner)
    if config.train_policy == "full":
        return Plan(float("inf"), None, examples(bound) // size, False), lambda: None
    left = config.train_seconds - spent
    short = config.train_policy == "none" or left <= 0
    cut, epochs = cut_epochs(method, owner, bound, 1 if short else config.train_epochs)
    plan = Plan(max(left, LEAST), epochs, examples(bound) // size, cut)
    if not short:
        return plan, lambda: None
    plan = plan._replace(cut=True, steps_an_epoch=min(1, plan.steps_an_epoch))
    return plan, cut_data(bound, size, reached(method, type(owner)))


def refit(
    method: Any, owner: Any, bound: inspect.BoundArguments, plan: Plan, seconds_a_step: float
) -> tuple[Plan, Undo]:
    """The plan of a training that would not be done in its seconds, when a step takes so long."""
    steps = max(1, int(plan.seconds / seconds_a_step))
    _, epochs = cut_epochs(method, owner, bound, max(1, steps // plan.steps_an_epoch))
    fitting = plan._replace(epochs=epochs, cut=True, steps_an_epoch=min(steps, plan.steps_an_epoch))
    if steps >= plan.steps_an_epoch:
        return fitting, lambda: None
    return fitting, cut_data(bound, steps * batch_size(owner), reached(method, type(owner)))


def batch_size(owner: Any) -> int:
    size = getattr(owner, "batch_size", 256)
    return size if type(size) is int and size > 0 else 256


def training_lists(bound: inspect.BoundArguments) -> list[Any]:
    """What may be the training data: `training_set`, what is handed to training first, lists of the object itself."""
    handed = [value for value in bound.arguments.values() if is_long(value)][:1]
    owner = next(iter(bound.arguments.values()), None)
    own = [value for value in getattr(owner, "__dict__", {}).values() if are_examples(value)]
    given = [*(names.get("training_set") for names in own_code.namespaces()), *handed, *own]
    return [value for value in given if is_long(value)]


def is_long(value: Any) -> bool:
    """A list, or inputs stacked into an array."""
    return isinstance(value, list) or (kind_of_array(value) in ("numpy", "tensor") and len(value.shape) > 1)


def examples(bound: inspect.BoundArguments) -> int:
    return max(map(len, training_lists(bound)), default=0)


def counts_epochs(function: Any, cls: type) -> bool:
    """Whether the code mentions how many epochs there are."""
    code = written.code_of(function)
    names = {*reached(function, cls), *code.co_varnames} if code else set()
    return any(EPOCHS.search(name) for name in names)


def cut_epochs(method: Any, owner: Any, bound: inspect.BoundArguments, epochs: int) -> tuple[bool, int | None]:
    """Whether anything was cut, and the number of epochs now; how often figures are shown only follows a cut."""
    main = own_code.globals_of(method)
    used = reached(method, type(owner))
    own = {name: value for name, value in written.plain_attributes(owner).items() if name in used or used & ANY_NAME}
    held = [vars(part) for part in equality.own_parts(owner)] if hasattr(owner, "__dict__") else []
    read = [*getattr(owner, "__dict__", {}).values(), *(main[name] for name in used if name in main)]
    tables = [value for value in read if type(value) is dict and len(value) <= ITEMS]
    found = [
        (holder, name, value)
        for holder in (own, bound.arguments, main, *held, *tables)
        for name, value in list(holder.items())
        if type(value) is int
        and type(name) is str
        and EPOCHS.search(name)
        and (holder is not main or name in used)
        and not (holder is bound.arguments and COUNTER.fullmatch(name))
    ]
    lengths = [one for one in found if not SHOWN.search(one[1])]
    now = max((min(value, epochs) for *_, value in lengths), default=None)
    cut = any(value > epochs for *_, value in lengths)
    for holder, name, value in found if cut else ():
        new = min(value, max(1, epochs // 5)) if SHOWN.search(name) else min(value, epochs)
        if holder is own:
            setattr(owner, name, new)
        elif holder is bound.arguments:
            holder[name] = new
        else:
            shared.cut(holder, name, value, new)
    return cut, now


def cut_data(bound: inspect.BoundArguments, size: int, used: set[str]) -> Undo:
    """Show the first `size` examples only, of what may be the training data, under every name it has."""
    targets = [value for value in training_lists(bound) if len(value) > size]
    beside = [*stacked_beside(targets, used), *handed_beside(targets, bound)]
    shorter = {id(value): value[:size] for value in (*targets, *beside)}
    swapped = [(names, name, value) for names in own_code.namespaces() for name, value in names.items()
               if id(value) in shorter]  # fmt: skip
    for names, name, value in swapped:
        names[name] = shorter[id(value)]
    for name, value in bound.arguments.items():
        if id(value) in shorter:
            bound.arguments[name] = shorter[id(value)]

    def undo() -> None:
        for names, name, value in swapped:
            names[name] = value

    return undo


def handed_beside(targets: list[Any], bound: inspect.BoundArguments) -> list[Any]:
    """What training was handed as well, with an entry for each example: labels, weights of examples."""
    lengths = {len(target) for target in targets}
    given = [value for value in bound.arguments.values() if not any(value is target for target in targets)]
    arrays = [value for value in given if kind_of_array(value) in ("numpy", "tensor") and len(value.shape)]
    return [value for value in (*arrays, *(v for v in given if isinstance(v, list))) if len(value) in lengths]


def stacked_beside(targets: list[Any], used: set[str]) -> list[Any]:
    """Global arrays that the training reads, a row for each example: inputs and labels taken out of the examples."""
    held = [names[name] for names in own_code.namespaces() for name in used if name in names]
    arrays = (value for value in held if kind_of_array(value) in ("numpy", "tensor"))
    lengths = {len(target) for target in targets}
    return [value for value in arrays if len(value.shape) and value.shape[0] in lengths]
