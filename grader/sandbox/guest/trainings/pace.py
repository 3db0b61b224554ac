"""How long the trainings of a notebook may take: one that would take longer is begun anew, shorter, or broken off."""

import time
from collections import Counter
from typing import Any

from ..answers import tape
from ..config import GuestConfig

FIRST, LAST = 3, 8  # steps from which the pace is taken: the first ones build graphs
PATIENCE = 2.0  # times the seconds that are left; evaluations between the steps take time that nobody can foretell
CALLS = 5  # in one cell, of what trains one object for an epoch or less; more are taken for a loop
MOMENT = 1.5  # seconds of a loop at the top of a cell under policy `none`, over trainings of different settings
STEPS_MOMENT = 0.4  # the same over single steps, of which the first is always done
GLANCE = 0.05  # the same in a model answer, whose every form would train otherwise


class TrainingOver(BaseException):
    """Ends a training that has used up its seconds; no `except Exception` of the notebook keeps it."""


class TooSlow(BaseException):
    """Ends a training that will not be done in time, before much of it has happened."""

    def __init__(self, seconds_a_step: float) -> None:
        super().__init__()
        self.seconds_a_step = seconds_a_step


class Paced(tape.Losses):
    """The losses of a training that has `seconds` for `steps` (0: not known), evaluations after each epoch included."""

    def __init__(self, seconds: float, steps: int, steps_an_epoch: int) -> None:
        super().__init__()
        self.seconds, self.planned = seconds, steps
        self.looks = {LAST: 1.0, max(LAST, steps_an_epoch) + 1: PATIENCE}
        self.begun = time.monotonic()
        self.third = self.begun

    def gradient(self, target: Any, sources: Any, gradients: Any) -> None:
        super().gradient(target, sources, gradients)
        now = time.monotonic()
        if self.steps == FIRST:
            self.third = now
        elif self.steps in self.looks:
            each = (now - self.third) / (self.steps - FIRST)
            if each * self.planned > self.looks[self.steps] * self.seconds:
                raise TooSlow(each)
        if now - self.begun > PATIENCE * self.seconds:
            raise TrainingOver


class Standing(tape.Losses):
    """Watches over loops at the top of a cell, which no method of the notebook surrounds."""

    def __init__(self, seconds: float, of_steps: float) -> None:
        super().__init__()
        self.seconds, self.of_steps, self.begun = seconds, of_steps, 0.0
        self.opened_at, self.has_stepped = 0.0, False
        self.calls: Counter[tuple[int, str]] = Counter()

    def restart(self, *_: Any) -> None:
        """Each cell has the seconds anew."""
        self.begun, self.has_stepped = 0.0, False
        self.calls.clear()

    def opened(self) -> None:
        """A step begins, which is not begun where the time is over: some take seconds."""
        if self.has_stepped:
            self.look(self.of_steps)
        else:
            self.opened_at = time.monotonic()

    def gradient(self, target: Any, sources: Any, gradients: Any) -> None:
        self.begun = self.begun or self.opened_at or time.monotonic()
        if self.has_stepped:
            self.look(self.of_steps)
        self.has_stepped = True

    def look(self, seconds: float) -> None:
        if time.monotonic() - self.begun > seconds:
            raise TrainingOver("as asked for with --train, this training was stopped before its end")

    def before(self, owner: Any, method: str) -> None:
        if self.calls[id(owner), method] > CALLS:
            self.begun = self.begun or time.monotonic()
            self.look(self.seconds)

    def after(self, owner: Any, method: str) -> None:
        self.calls[id(owner), method] += 1
        self.begun = self.begun or time.monotonic()


def before_part(owner: Any, method: str) -> None:
    """Raises TrainingOver where a loop of the cell has called this for its epochs or steps for too long."""
    for standing in tape.standing_by():
        standing.before(owner, method)


def after_part(owner: Any, method: str) -> None:
    """A training of one epoch or less has ended, whose loop may stand in the cell."""
    for standing in tape.standing_by():
        standing.after(owner, method)


def install(config: GuestConfig) -> None:
    """Interrupts loops at the top of cells; what they made until then stays."""
    if config.train_policy == "full":
        return
    moments = (GLANCE, GLANCE) if config.forms else (MOMENT, STEPS_MOMENT)
    standing = Standing(*(moments if config.train_policy == "none" else [config.train_seconds] * 2))
    tape.stand_by(standing)
    from IPython import get_ipython  # noqa: PLC0415 - exists only inside a kernel

    if shell := get_ipython():
        shell.events.register("pre_run_cell", standing.restart)
