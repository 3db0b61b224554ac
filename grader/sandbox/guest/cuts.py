"""How far a training of the notebook is shortened: fewer epochs and, where that is not enough, less data."""

import inspect
import sys
from collections.abc import Callable
from typing import Any, NamedTuple

import written
from config import GuestConfig

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
    return plan._replace(cut=True, steps_an_epoch=min(1, plan.steps_an_epoch)), cut_data(bound, size)


def refit(
    method: Any, owner: Any, bound: inspect.BoundArguments, plan: Plan, seconds_a_step: float
) -> tuple[Plan, Undo]:
    """The plan of a training that would not be done in its seconds, when a step takes so long."""
    steps = max(1, int(plan.seconds / seconds_a_step))
    _, epochs = cut_epochs(method, owner, bound, max(1, steps // plan.steps_an_epoch))
    fitting = plan._replace(epochs=epochs, cut=True, steps_an_epoch=min(steps, plan.steps_an_epoch))
    if steps >= plan.steps_an_epoch:
        return fitting, lambda: None
    return fitting, cut_data(bound, steps * batch_size(owner))


def batch_size(owner: Any) -> int:
    size = getattr(owner, "batch_size", 256)
    return size if type(size) is int and size > 0 else 256


def training_lists(bound: inspect.BoundArguments) -> list[Any]:
    """What may be the training data: `training_set` and the first list handed to training."""
    handed = [value for value in bound.arguments.values() if isinstance(value, list)][:1]
    given = [sys.modules["__main__"].__dict__.get("training_set"), *handed]
    return [value for value in given if isinstance(value, list)]


def examples(bound: inspect.BoundArguments) -> int:
    return max(map(len, training_lists(bound)), default=0)


def cut_epochs(method: Any, owner: Any, bound: inspect.BoundArguments, epochs: int) -> tuple[bool, int | None]:
    """Whether anything was cut, and the number of epochs now."""
    cut, now = False, None
    used = written.names_used(method.__code__)
    main = sys.modules["__main__"].__dict__
    own = written.plain_attributes(owner)
    for holder in (own, bound.arguments, {n: main[n] for n in used if n in main}):
        for name, value in list(holder.items()):
            low = name.lower()
            if type(value) is not int or "epoch" not in low:
                continue
            shown = any(word in low for word in ("freq", "display", "print", "every"))
            new = min(value, max(1, epochs // 5)) if shown else min(value, epochs)
            now = now if shown else max(now or 0, new)
            if new == value:
                continue
            cut = cut or new < value
            if holder is bound.arguments:
                bound.arguments[name] = new
            elif holder is own:
                setattr(owner, name, new)
            else:
                main[name] = new
    return cut, now


def cut_data(bound: inspect.BoundArguments, size: int) -> Undo:
    """Show the first `size` examples only, of what may be the training data, under every name it has."""
    main = sys.modules["__main__"].__dict__
    targets = [value for value in training_lists(bound) if len(value) > size]
    swapped = [(name, value) for name, value in main.items() if any(value is target for target in targets)]
    for name, value in swapped:
        main[name] = value[:size]
    for name, value in bound.arguments.items():
        if any(value is target for target in targets):
            bound.arguments[name] = next((main[n] for n, v in swapped if v is value), value[:size])
    return lambda: main.update(swapped)
