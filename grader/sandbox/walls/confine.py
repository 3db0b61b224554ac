"""First process of a kernel that Landlock confines: starts it in a domain of its own, and ends all that is left of it.

Run by its path in a bare interpreter (`python -I -S`), so it imports the standard library alone. This process stays
outside the kernel's domain, in one that scopes its own signals: its kill(-1) reaches what it started, whoever the
parents are by now, and nothing else. Numbers are those of <linux/landlock.h>, <linux/prctl.h> and <asm/unistd.h>.
"""

import contextlib
import ctypes
import json
import os
import platform
import signal
import sys
from collections.abc import Iterable

EXECUTE, WRITE_FILE, READ_FILE, READ_DIR = 1 << 0, 1 << 1, 1 << 2, 1 << 3
MAKE_CHAR, MAKE_BLOCK, IOCTL_DEV = 1 << 6, 1 << 11, 1 << 15
EVERYTHING = (1 << 16) - 1  # all that ABI 5 and later knows of files
OF_FILES = EXECUTE | WRITE_FILE | READ_FILE | 1 << 14 | IOCTL_DEV  # what may be said of something that is no folder
BIND_TCP, CONNECT_TCP = 1 << 0, 1 << 1
ABSTRACT_SOCKETS, SIGNALS = 1 << 0, 1 << 1

CREATE_RULESET, ADD_RULE, RESTRICT_SELF = 444, 445, 446  # the same on every architecture
ASK_VERSION = 1
BENEATH = 1
PDEATHSIG, SECCOMP, SUBREAPER, NO_NEW_PRIVS = 1, 22, 36, 38
FILTER = 2
ENDINGS = (signal.SIGCHLD, signal.SIGTERM)


class Ruleset(ctypes.Structure):
    _fields_ = (("files", ctypes.c_uint64), ("network", ctypes.c_uint64), ("scoped", ctypes.c_uint64))


class Beneath(ctypes.Structure):
    _pack_ = 1
    _fields_ = (("access", ctypes.c_uint64), ("folder", ctypes.c_int32))


class Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("instructions", ctypes.c_void_p))


def abi() -> int:
    """Landlock's version in this kernel; 0 where it is not offered."""
    if platform.system() != "Linux":
        return 0
    try:
        return _call("syscall", CREATE_RULESET, None, ctypes.c_size_t(0), ASK_VERSION)
    except OSError:
        return 0


def main() -> None:
    with open(sys.argv[1], "rb") as file:
        plan = json.load(file)
    _call("prctl", PDEATHSIG, signal.SIGTERM, 0, 0, 0)
    _call("prctl", SUBREAPER, 1, 0, 0, 0)
    restrict(Ruleset(0, 0, SIGNALS), ())
    insist_on_own_domain()
    signal.pthread_sigmask(signal.SIG_BLOCK, ENDINGS)
    kernel = os.fork()
    if kernel == 0:
        shut_in(plan["allowed"])
        load_filter(plan["filter"])
        os.chdir(plan["home"])
        signal.pthread_sigmask(signal.SIG_UNBLOCK, ENDINGS)
        os.execv(plan["command"][0], plan["command"])
    os.closerange(3, os.sysconf("SC_OPEN_MAX"))
    code = ended(kernel)
    end_the_rest()
    sys.exit(code)


def insist_on_own_domain() -> None:
    """Otherwise the last kill(-1) would end what is not ours."""
    try:
        os.kill(os.getppid(), 0)
    except PermissionError:
        return
    sys.exit("Landlock does not keep signals inside here")


def shut_in(allowed: Iterable[tuple[str, int]]) -> None:
    restrict(Ruleset(EVERYTHING, BIND_TCP | CONNECT_TCP, ABSTRACT_SOCKETS | SIGNALS), allowed)


def restrict(ruleset: Ruleset, allowed: Iterable[tuple[str, int]]) -> None:
    """Confine this thread and what it starts. Places that are not there need no rule."""
    rules = _call("syscall", CREATE_RULESET, ctypes.byref(ruleset), ctypes.c_size_t(ctypes.sizeof(ruleset)), 0)
    for path, access in allowed:
        with contextlib.suppress(FileNotFoundError):
            place = os.open(path, os.O_PATH | os.O_CLOEXEC)
            possible = access if os.path.isdir(path) else access & OF_FILES
            _call("syscall", ADD_RULE, rules, BENEATH, ctypes.byref(Beneath(possible, place)), 0)
            os.close(place)
    _call("prctl", NO_NEW_PRIVS, 1, 0, 0, 0)
    _call("syscall", RESTRICT_SELF, rules, 0)
    os.close(rules)


def load_filter(descriptor: int) -> None:
    instructions = os.read(descriptor, 1 << 20)
    program = Program(len(instructions) // 8, ctypes.cast(ctypes.c_char_p(instructions), ctypes.c_void_p))
    _call("prctl", SECCOMP, FILTER, ctypes.byref(program), 0, 0)
    os.close(descriptor)


def ended(kernel: int) -> int:
    """How the kernel ended, or 1 when we are to end it: at the starter's death, or at its wish."""
    while signal.sigwait(ENDINGS) == signal.SIGCHLD:
        with contextlib.suppress(ChildProcessError):
            while (one := os.waitpid(-1, os.WNOHANG))[0]:
                if one[0] == kernel:
                    code = os.waitstatus_to_exitcode(one[1])
                    return code if code >= 0 else 128 - code
    return 1


def end_the_rest() -> None:
    with contextlib.suppress(ChildProcessError):
        while True:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(-1, signal.SIGKILL)
            os.waitpid(-1, 0)


def _call(name: str, *arguments: object) -> int:
    result = getattr(ctypes.CDLL(None, use_errno=True), name)(*arguments)
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{name}{arguments[:1]}: {os.strerror(number)}")
    return int(result)


if __name__ == "__main__":
    main()
