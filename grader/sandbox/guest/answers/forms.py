"""Several forms of one notebook in one kernel: each begins where it first differs, and is there to be asked.

Only kernels of ours are asked for them: they hold a model answer, and the ways to get it right or wrong.
"""

import sys
from typing import Any, NamedTuple

from .. import wire
from ..config import GuestConfig
from ..trainings import shared, training
from . import constructions


class State(NamedTuple):
    """What a notebook has defined so far."""

    names: dict[str, Any]
    classes: dict[str, type]
    made: list[constructions.Made]
    trained: list[wire.Training]
    cut: dict[tuple[int, str], shared.Cut]


BEFORE: dict[int, State] = {}  # by the index of the cell that was about to run
FORMS: dict[str, State] = {}
_shell: Any = None


def install(config: GuestConfig, shell: Any) -> None:
    global _shell  # noqa: PLW0603 - one kernel, one shell
    if config.forms:
        _shell = shell
        shell.events.register("pre_run_cell", note)


def note(info: Any) -> None:
    if info.cell_id is not None and str(info.cell_id).isdigit():
        BEFORE.setdefault(int(info.cell_id), state())


def state() -> State:
    names = dict(vars(sys.modules["__main__"]))
    made, trained = list(constructions.CONSTRUCTIONS), list(training.TRAININGS)
    return State(names, dict(training.CLASSES), made, trained, dict(shared.CUTS))


def enter(form: State) -> None:
    """In place: functions of all forms look their names up in this one dictionary."""
    replaced(vars(sys.modules["__main__"]), form.names)
    replaced(training.CLASSES, form.classes)
    replaced(shared.CUTS, form.cut)
    constructions.CONSTRUCTIONS[:] = form.made
    training.TRAININGS[:] = form.trained


def replaced(mapping: dict[Any, Any], kept: dict[Any, Any]) -> None:
    mapping.clear()
    mapping.update(kept)


def before(cell: int) -> State:
    """What there was before this cell of the notebook, or one that would stand here, ran."""
    return next((BEFORE[index] for index in sorted(BEFORE) if index >= cell), FORMS[""])


def take(step: wire.Form) -> None:
    """Enter the form, after its own cells have run where it is asked for the first time."""
    FORMS.setdefault("", state())
    if step.name not in FORMS:
        enter(before(min(step.cells)) if step.anew else FORMS[""])
        for index, source in sorted(step.cells.items()):
            _shell.run_cell(source, store_history=False, cell_id=str(index))
        FORMS[step.name] = state()
    enter(FORMS[step.name])
    shared.uncut()
