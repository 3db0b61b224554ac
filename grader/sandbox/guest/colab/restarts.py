"""A kernel that a notebook restarts, ends or empties goes on instead: what was made before it stays.

Notebooks do so to load a package anew, to free memory, or because a person stands ready to run the cells below.
Processes that the notebook starts may end as they like.
"""

import functools
import os
import shlex
import signal
import threading
from collections.abc import Callable
from typing import Any

from .. import notes
from ..config import GuestConfig, Note
from . import quiet
from .shell import script

SAID = "A restart of the notebook's Python was skipped: everything before it is kept, and the cells below ran."
ENDERS = ("pkill", "killall", "reboot", "shutdown", "poweroff")
DEADLY = (signal.SIGKILL, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT)


class Restart(BaseException):
    """Ends the statement that asks for a restart; no `except Exception` of the notebook keeps it."""


def install(config: GuestConfig) -> None:
    install_commands(config)
    own = os.getpid()
    for name in ("_exit", "execv", "execve"):
        setattr(os, name, unless(getattr(os, name), lambda *_: os.getpid() == own))
    for name in ("kill", "killpg"):
        setattr(os, name, unless(getattr(os, name), functools.partial(deadly, own)))
    from IPython import get_ipython  # noqa: PLC0415 - exists only inside a kernel

    if shell := get_ipython():
        shell.user_ns["exit"] = shell.user_ns["quit"] = shell.ask_exit = restart
        shell.user_ns.setdefault("dbutils", quiet.Quiet("dbutils"))
        shell.unobserve_all("exit_now")
        shell.kernel.do_shutdown = kept
        shell.register_magic_function(kept, "line", "reset")


def unless(original: Callable[..., Any], ends: Callable[..., bool]) -> Callable[..., Any]:
    @functools.wraps(original)
    def call(*args: Any, **kwargs: Any) -> Any:
        return restart() if ends(*args, **kwargs) else original(*args, **kwargs)

    return call


def deadly(own: int, target: int, number: int) -> bool:
    """Whether this signal would end the kernel: sent to it, to its group or to everybody, by itself."""
    return os.getpid() == own and number in DEADLY and target in (own, os.getppid(), os.getpgrp(), 0, -1)


def restart(*_: Any, **__: Any) -> None:
    notes.change(SAID)
    if threading.current_thread() is not threading.main_thread():
        raise SystemExit  # under a question there is nothing to go on with
    raise Restart(SAID)


def kept(*_: Any, **__: Any) -> dict[str, Any]:
    """Of what returns to the cell in any case."""
    notes.change(SAID)
    return {"status": "ok", "restart": True}


def install_commands(config: GuestConfig) -> None:
    """`kill` is a word of the shell itself, which is told otherwise in the file that each bash reads first."""
    said = notes.line(Note(change=SAID))
    telling = f"printf %s {shlex.quote(said)} >> {shlex.quote(config.notes)} 2>/dev/null\n" if config.notes else ":\n"
    folder = os.path.join(config.home, ".colab", "bin")
    for name in ENDERS:
        script(folder, name, telling)
    first = os.path.join(config.home, ".colab", "bash")
    with open(first, "w", encoding="utf-8") as file:
        file.write(f"kill() {{\n{telling}}}\n")
    os.environ["BASH_ENV"] = first
