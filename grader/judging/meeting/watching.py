"""What a watched step showed: logits in the order of our examples, gradients and changes of every variable."""

from collections.abc import Iterable, Iterator

import numpy as np

from grader.judging.comparing.arrays import Numbers, array
from grader.model import Observation, Status
from grader.sandbox.guest.wire import Array, Listing, Mapping, MethodCall, Scalar, Value, Watched
from grader.sandbox.guest.wire import Mapping as WireMapping

SHOWN = 6  # variables by name in a sentence


def watched_in(seen: Observation) -> Watched | None:
    found = seen.values.get("w") if seen.status in (Status.ANSWERED, Status.RAISED) else None
    return found if isinstance(found, Watched) else None


def logits_in(watched: Watched | None, data: Numbers, under_tape: bool) -> Numbers | None:
    """The [rows, C] result of `model`, else of the last function that gave one, in the order of `data`.

    A function that was given the data comes before one that was not (one-hot labels have the same shape). Training
    shuffles its examples; what a function was given tells which row of its answer belongs to which example.
    """
    calls = [call for call in (watched.calls if watched else ()) if call.under_tape == under_tape]
    likely = sorted(reversed(calls), key=lambda call: (call.method != "model", given_to(call, data) is None))
    # columns [C, rows] only where no other function has rows: a lookup's [8, rows] looks like eight classes
    for call, turned in [*((c, t) for c in likely if c.method == "model" for t in (False, True)),
                         *((c, t) for t in (False, True) for c in likely)]:  # fmt: skip
        for value in (call.result, *parts_of(call.result)):
            found = scores(array(value), len(data), turned)
            if found is not None:
                return found[order(call, data)]
    return None


def scores(found: Numbers | None, rows: int, turned: bool) -> Numbers | None:
    """[rows, C] as it is; when turned, of [C, rows], or of [rows, C, 1] where each example is a column."""
    if found is None or found.ndim not in ((2, 3) if turned else (2,)):
        return None
    flat = found.T if turned and found.ndim == 2 else found[:, :, 0] if found.shape[2:] == (1,) else found
    return flat if flat.ndim == 2 and flat.shape[0] == rows and 2 <= flat.shape[1] <= 10 else None


def parts_of(result: Value) -> tuple[Value, ...]:
    """What a tuple, list or dict that a function returned holds."""
    if isinstance(result, Mapping):
        return tuple(result.items.values())
    return result.items if isinstance(result, Listing) else ()


def given_to(call: MethodCall, data: Numbers) -> Numbers | None:
    """The argument that has the shape of the data, or has its rows as columns."""
    arrays = [found for value in (*call.args, *call.kwargs.values()) if (found := array(value)) is not None]
    straight = next((given for given in arrays if given.shape == data.shape), None)
    turned = (given.T for given in arrays if given.ndim == 2 and given.shape == data.shape[::-1])
    return straight if straight is not None else next(turned, None)


def other_input(watched: Watched | None, data: Numbers) -> Numbers | None:
    """What the forward pass was given when it was not our examples, as where vectors were stacked before the class."""
    for call in watched.calls if watched else ():
        given = given_to(call, data)
        if call.under_tape and given is not None:
            ours = np.sort(given, axis=0).shape == data.shape and np.allclose(
                np.sort(given, 0), np.sort(data, 0), atol=1e-4
            )
            return None if ours else given
    return None


def order(call: MethodCall, data: Numbers) -> Numbers:
    """For each row of `data` the row of the call's input that holds it; as they stand when that is not one to one."""
    as_is, given = np.arange(len(data)), given_to(call, data)
    if given is None or len(data) > 300:
        return as_is
    rows = np.argmin(np.abs(data[:, None, :] - given[None, :, :]).sum(-1), axis=1)
    return rows if len(set(rows.tolist())) == len(rows) else as_is


def first_gradients(watched: Watched) -> dict[str, Numbers | None]:
    """Gradient of the first step for each variable's path; None where it is not connected.

    A step may ask for one variable after the other; the next step begins where a variable comes again.
    """
    found: dict[str, Numbers | None] = {}
    for event in watched.tape:
        new = {path: array(g) for path, g in zip(event.sources, event.gradients, strict=False) if path}
        if found.keys() & new.keys():
            break
        found |= new
    return found


def moved(watched: Watched) -> dict[str, Numbers]:
    """after − before of every variable."""
    after = {v.path: array(v.value) for v in watched.after}
    changes: dict[str, Numbers] = {}
    for variable in watched.before:
        old, new = array(variable.value), after.get(variable.path)
        if old is not None and new is not None and new.shape == old.shape:
            changes[variable.path] = new - old
    return changes


def stride(watched: Watched | None, path: str) -> float | None:
    """lr where a step changes a variable by −lr times its gradient."""
    change, gradient = (moved(watched).get(path), first_gradients(watched).get(path)) if watched else (None, None)
    if change is None or gradient is None or change.shape != gradient.shape or not np.any(gradient):
        return None
    if not np.all(np.isfinite(change) & np.isfinite(gradient)):
        return None
    change, gradient = change.astype(np.float64), gradient.astype(np.float64)
    found = -float(np.sum(change * gradient) / np.sum(gradient * gradient))
    return found if float(np.max(np.abs(change + found * gradient))) < 0.02 * float(np.max(np.abs(change))) else None


def arguments_of(call: MethodCall) -> Iterator[tuple[int | str, Value]]:
    yield from enumerate(call.args)
    yield from call.kwargs.items()


def value_of(seen: Observation, name: str) -> Value | None:
    found = seen.values.get(name)
    return found if isinstance(found, Scalar | Array | Listing | WireMapping) else None


def listed(paths: Iterable[str]) -> str:
    names = [path.removeprefix("c.") for path in paths]
    return ", ".join([*names[:SHOWN], *(["…"] if len(names) > SHOWN else [])])
