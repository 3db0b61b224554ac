"""A process that has loaded what every kernel loads, and of which kernels are forked: they need not load it again.

It holds no secret, runs no TensorFlow operation and has one thread, without which no fork would be sound. It stands
outside the jails; a fork enters one (walls.py) before it opens anything of a notebook.
"""

import fcntl
import os
import signal
import socket
import sys
import types
from collections.abc import Callable
from pathlib import Path

import msgspec
from msgspec import Struct

from . import kernel, preload, walls
from .walls import Walls

QUESTIONS = 3  # descriptor of a fork's question socket
ABOVE = 100  # descriptors that are of use for a moment lie from here on
NOWHERE = "/proc/none"  # a folder that nobody can make: Keras would make one, and read settings there


class Order(Struct, frozen=True, forbid_unknown_fields=True):
    """One fork. With it come descriptors: pidfd of the jail, questions, output, leash, filter."""

    walls: Walls
    arguments: tuple[str, ...]  # as if it had been started with these
    mark: str
    home: str
    program: str = ""  # instead of a kernel: tries what can be done inside


class Covered(Struct, frozen=True, forbid_unknown_fields=True):
    """Places that no kernel may know of, but for those of the second that lie with the interpreter's packages."""

    places: tuple[str, ...]
    project: str


class Told(Struct, frozen=True, forbid_unknown_fields=True):
    """The answer to an order, and the first one, to none: that it is ready."""

    pid: int = 0  # as seen from outside
    fault: str = ""


def serve(control: int, loaded: Callable[[], None]) -> None:
    connection = socket.socket(fileno=control)
    forget(msgspec.json.decode(connection.recv(1 << 16), type=Covered))
    os.environ["KERAS_HOME"] = NOWHERE
    kernel.load()
    del os.environ["KERAS_HOME"]
    loaded()
    threads = len(os.listdir("/proc/self/task"))
    tell(connection, Told(fault="" if threads == 1 else f"what kernels load has started {threads - 1} threads"))
    preload.settle()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the system buries forks
    while True:
        message, received, _, _ = socket.recv_fds(connection, 1 << 16, 5)
        if not message:
            return
        if os.fork() == 0:
            try:
                lead_in(connection, message, *received)
            finally:
                os._exit(1)
        for descriptor in received:
            os.close(descriptor)


def forget(covered: Covered) -> None:
    """What the interpreter has read, when it started, of files that are covered up inside, such as where we lie."""
    hidden = {name for name, module in sys.modules.items() if is_hidden(getattr(module, "__file__", None), covered)}
    hidden.discard("__main__")
    sys.meta_path[:] = [finder for finder in sys.meta_path if getattr(finder, "__module__", None) not in hidden]
    sys.path_hooks[:] = [hook for hook in sys.path_hooks if getattr(hook, "__module__", None) not in hidden]
    for name in hidden:
        del sys.modules[name]
    sys.path[:] = [place for place in sys.path if os.path.isabs(place) and not is_hidden(place, covered)]
    for place in set(sys.path_importer_cache) - set(sys.path):
        del sys.path_importer_cache[place]


def is_hidden(place: object, covered: Covered) -> bool:
    """The environment often lies in the project's folder."""
    if not isinstance(place, str):
        return False
    file = Path(place).resolve()
    software = (Path(prefix).resolve() for prefix in (sys.prefix, sys.base_prefix))
    ours = file.is_relative_to(covered.project) and not any(map(file.is_relative_to, software))
    return ours or any(map(file.is_relative_to, covered.places))


def tell(connection: socket.socket, told: Told) -> None:
    connection.send(msgspec.json.encode(told))


def lead_in(connection: socket.socket, message: bytes, jail: int, questions: int, output: int, *rest: int) -> None:
    """Enters the jail and forks the kernel, since a process can enter all namespaces but that of processes itself.

    Then it waits for the kernel's end; with it ends its leash, on whose other end the jail's first process waits.
    """
    leash, rules = rest
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    os.setsid()
    try:
        order = msgspec.json.decode(message, type=Order)
        walls.enter(order.walls, jail, rules)
        pid = os.fork()
    except (OSError, ValueError, msgspec.DecodeError) as error:
        tell(connection, Told(fault=str(error)))
        os._exit(1)
    if pid == 0:
        os.setsid()
        become(order, questions, output)
    tell(connection, Told(pid))
    for descriptor in {*range(3, ABOVE), connection.fileno()} - {leash}:
        close(descriptor)
    os._exit(max(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), 0))


def become(order: Order, questions: int, output: int) -> None:
    """The fork, inside: nothing open but its questions and its output, no trace of what the zygote was started with."""
    code = 1
    try:
        os.dup2(os.open("/dev/null", os.O_RDWR), 0)
        os.dup2(output, 1)
        os.dup2(output, 2)
        kept = fcntl.fcntl(questions, fcntl.F_DUPFD, ABOVE)
        os.closerange(3, kept)
        os.closerange(kept + 1, os.sysconf("SC_OPEN_MAX"))
        os.dup2(kept, QUESTIONS)
        os.close(kept)
        os.environ.update(GRADER_KERNEL=order.mark, PWD=order.home)
        sys.argv = list(order.arguments)
        at_home(order.home)
        if order.program:
            exec(compile(order.program, "<inside>", "exec"), {"__name__": "__main__"})  # noqa: S102 - of ours
        else:
            kernel.run(order.arguments[1])
        code = 0
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else 1
    except BaseException:
        sys.excepthook(*sys.exc_info())
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def at_home(home: str) -> None:
    """Where Keras keeps its files, which it settles when it is imported."""
    for module in list(sys.modules.values()):
        names = vars(module) if isinstance(module, types.ModuleType) else {}  # to ask a lazy one would load it
        if names.get("_KERAS_DIR") == NOWHERE:
            names["_KERAS_DIR"] = os.path.join(home, ".keras")


def close(descriptor: int) -> None:
    try:
        os.close(descriptor)
    except OSError:
        pass
