"""What would wait for somebody at the keyboard is passed over: debuggers go on, a question gets an empty answer."""

import builtins
import code
import functools
import importlib
import pdb
import sys
from collections.abc import Callable
from typing import Any

from .. import notes
from ..config import GuestConfig
from . import excuses, quiet

ENTRIES = ("set_trace", "pm", "post_mortem", "interact", "embed")
DEBUGGERS = ("ipdb", "pudb", "web_pdb", "pdbpp")  # not installed here, and not missed
ANSWERS = 20  # empty ones in a row; a loop that asks until it hears something else is to end

_asked = 0


def install(config: GuestConfig) -> None:
    sys.breakpointhook = passed_over
    from IPython.core import debugger  # noqa: PLC0415 - exists only inside a kernel
    from IPython.terminal import embed  # noqa: PLC0415

    for module in (pdb, debugger, code, embed, importlib.import_module("IPython")):
        for name in filter(functools.partial(hasattr, module), ENTRIES):
            setattr(module, name, passed_over)
    for kind in (pdb.Pdb, debugger.Pdb):
        kind.set_trace = passed_over  # type: ignore[method-assign]
    pdb.runcall = called  # type: ignore[assignment]
    for name in DEBUGGERS:
        quiet.module(name, dict.fromkeys((*ENTRIES, "launch_ipdb_on_exception"), passed_over) | {"runcall": called})
    install_input()


def install_input() -> None:
    builtins.input = answered
    from IPython import get_ipython  # noqa: PLC0415 - exists only inside a kernel

    if shell := get_ipython():
        shell.kernel.raw_input = shell.kernel.getpass = answered
        for name in ("debug", "pdb"):
            shell.register_magic_function(passed_over, "line_cell", name)
        shell.events.register("pre_run_cell", begin)


def passed_over(*_: Any, **__: Any) -> None:
    notes.change("A debugger was skipped: nobody is there to use it.")


def called(function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    passed_over()
    return function(*args, **kwargs)


def answered(prompt: object = "", *_: Any, **__: Any) -> str:
    global _asked  # noqa: PLW0603 - one kernel, one cell at a time
    _asked += 1
    notes.change("A question that waits for somebody to type was answered with an empty text.")
    excuses.hollow(excuses.UPLOAD)
    if _asked > ANSWERS:
        raise EOFError("nobody is there to answer")
    print(prompt)
    return ""


def begin(_: Any) -> None:
    global _asked  # noqa: PLW0603
    _asked = 0
