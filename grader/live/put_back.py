"""What a question may change in a running notebook beside TensorFlow: kept before, put back after."""

import builtins
import contextlib
import io
import os
import random
import sys
import tempfile
import types
from collections import deque
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

DEEP = 3  # lists within lists that are looked at
MANY = 20_000  # things that are looked at, at most
LARGEST = 64 * 1024**2  # bytes of an array that is kept
WRITES = frozenset("wax+")
NO_INPUT = "`input()` would wait for somebody to type while your work is checked; call it outside of it"


@contextlib.contextmanager
def put_back() -> Iterator[None]:
    """Whatever happens meanwhile, the notebook is as it was: names, what they hold, random numbers, figures, files."""
    with contextlib.ExitStack() as stack:
        for keep in (process, random_numbers, names_and_values, figures, files, questions_to_people, silence):
            stack.enter_context(keep())
        yield


@contextlib.contextmanager
def names_and_values() -> Iterator[None]:
    """The notebook's globals; and lists, dictionaries, arrays and objects of its own that can be reached from there."""
    names = vars(sys.modules["__main__"])
    before = dict(names)
    undo = list(kept_contents(before))
    try:
        yield
    finally:
        for name in set(names) - set(before):
            names.pop(name)
        names.update(before)
        for put in undo:
            put()


def kept_contents(names: dict[str, Any]) -> Iterator[Callable[[], None]]:
    waiting = deque((value, 0) for name, value in names.items() if not name.startswith("_"))
    seen: set[int] = set()
    while waiting and len(seen) < MANY:
        thing, depth = waiting.popleft()
        if id(thing) in seen or depth > DEEP:
            continue
        seen.add(id(thing))
        if (put := kept(thing)) is not None:
            yield put
            waiting.extend((inner, depth + 1) for inner in inside(thing))


def kept(thing: Any) -> Callable[[], None] | None:
    """How it gets back what it holds now; None for what holds nothing that is put back."""
    if type(thing) is list:
        return put_items(thing, list(thing))
    if isinstance(thing, dict | set):
        return put_entries(thing, thing.copy())
    if type(thing) is np.ndarray and thing.nbytes <= LARGEST and thing.dtype != object:
        return put_numbers(thing, thing.copy())
    if is_own(thing):
        return put_entries(vars(thing), dict(vars(thing)))
    return put_stream(thing)


def put_stream(thing: Any) -> Callable[[], None] | None:
    """Of a generator of random numbers that the notebook made for itself."""
    if isinstance(thing, np.random.Generator):
        bits, state = thing.bit_generator, thing.bit_generator.state
        return lambda: setattr(bits, "state", state)
    if isinstance(thing, np.random.RandomState):
        return partial(thing.set_state, thing.get_state())
    return partial(thing.setstate, thing.getstate()) if type(thing) is random.Random else None


def put_items(things: list[Any], before: list[Any]) -> Callable[[], None]:
    def put() -> None:
        things[:] = before

    return put


def put_entries(things: Any, before: Any) -> Callable[[], None]:
    def put() -> None:
        things.clear()
        things.update(before)

    return put


def put_numbers(array: Any, before: Any) -> Callable[[], None]:
    def put() -> None:
        if array.flags.writeable:
            array[...] = before

    return put


def inside(thing: Any) -> Iterator[Any]:
    """Few of a long list: examples are not written to by those who train."""
    if isinstance(thing, np.ndarray | np.random.Generator | np.random.RandomState | random.Random):
        return
    values = thing if isinstance(thing, list | set) else (thing if isinstance(thing, dict) else vars(thing)).values()
    for _, value in zip(range(500), values, strict=False):
        yield value


def is_own(thing: Any) -> bool:
    """An object of a class that the notebook wrote, or that only holds attributes."""
    own = type(thing).__module__ in ("__main__", "types") and hasattr(thing, "__dict__")
    return own and not isinstance(thing, type | types.FunctionType | types.ModuleType)


@contextlib.contextmanager
def random_numbers() -> Iterator[None]:
    python, numpy = random.getstate(), np.random.get_state()
    try:
        yield
    finally:
        random.setstate(python)
        np.random.set_state(numpy)


@contextlib.contextmanager
def process() -> Iterator[None]:
    folder, environment, filters = Path.cwd(), dict(os.environ), np.get_printoptions()
    try:
        yield
    finally:
        os.chdir(folder)
        os.environ.clear()
        os.environ.update(environment)
        np.set_printoptions(**filters)


@contextlib.contextmanager
def figures() -> Iterator[None]:
    """Those that are open are out of reach, those that are drawn meanwhile are closed, and none is shown."""
    pyplot: Any = sys.modules.get("matplotlib.pyplot")
    if pyplot is None:
        yield
        return
    open_ones = pyplot._pylab_helpers.Gcf.figs
    before, shown = dict(open_ones), pyplot.show
    open_ones.clear()
    pyplot.show = lambda *args, **kwargs: None
    try:
        yield
    finally:
        pyplot.show = shown
        for number in list(open_ones):
            pyplot.close(number)
        open_ones.update(before)


@contextlib.contextmanager
def files() -> Iterator[None]:
    """What is opened to be written is written elsewhere, and gone afterwards."""
    plain, plain_io = builtins.open, io.open
    with tempfile.TemporaryDirectory() as elsewhere:

        def opened(file: Any, mode: str = "r", *args: Any, **kwargs: Any) -> Any:
            if WRITES.isdisjoint(mode) or isinstance(file, int):
                return plain(file, mode, *args, **kwargs)
            return plain(Path(elsewhere, Path(os.fsdecode(file)).name), mode.replace("x", "w"), *args, **kwargs)

        builtins.open = io.open = opened
        try:
            yield
        finally:
            builtins.open, io.open = plain, plain_io


@contextlib.contextmanager
def questions_to_people() -> Iterator[None]:
    plain = builtins.input

    def asked(prompt: object = "") -> str:
        raise RuntimeError(NO_INPUT)

    builtins.input = asked
    try:
        yield
    finally:
        builtins.input = plain


@contextlib.contextmanager
def silence() -> Iterator[None]:
    """What the notebook prints or shows while it is asked is nobody's output."""
    capture = sys.modules.get("IPython.utils.capture")
    with capture.capture_output() if capture is not None else contextlib.redirect_stdout(io.StringIO()):
        yield
