"""How a process that has loaded everything walks into a jail that stands already, and gives up all it could do outside.

Bubblewrap has made the jail; what it does to a kernel that it starts itself, with setpriv and prlimit, is done here to
one that is a fork. Numbers are those of <linux/prctl.h> and <linux/capability.h>.
"""

import ctypes
import os
import resource

from msgspec import Struct

SECCOMP, BOUNDING_DROP, AMBIENT, DUMPABLE, NO_NEW_PRIVS = 22, 24, 47, 4, 38
FILTER, CLEAR_ALL = 2, 4
CAPABILITY_VERSION_3 = 0x20080522
LARGEST_FILTER = 1 << 20


class Walls(Struct, frozen=True, forbid_unknown_fields=True):
    namespaces: int  # those of the jail that are not the zygote's own, as flags of <linux/sched.h>
    groups: tuple[str, ...]  # folders of the control group
    uid: int | None  # None: a user namespace stands in for a uid
    rlimits: dict[str, int]  # names as prlimit has them


class Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("instructions", ctypes.c_void_p))


libc = ctypes.CDLL(None, use_errno=True)


def enter(walls: Walls, jail: int, rules: int) -> None:
    """`jail` is a pidfd of a process inside. The next fork is inside in every way; raises OSError where one fails."""
    for group in walls.groups:
        with open(os.path.join(group, "cgroup.procs"), "w", encoding="ascii") as file:
            file.write("0")
    first_to_end_where_memory_runs_short()
    instructions = os.pread(rules, LARGEST_FILTER, 0)  # bubblewrap has read it through the same descriptor
    call("setns", jail, walls.namespaces)
    os.umask(0o022)
    give_up_capabilities(walls.uid)
    for name, size in walls.rlimits.items():
        resource.setrlimit(getattr(resource, f"RLIMIT_{name.upper()}"), (size, size))
    call("prctl", NO_NEW_PRIVS, 1, 0, 0, 0)
    program = Program(len(instructions) // 8, ctypes.cast(ctypes.c_char_p(instructions), ctypes.c_void_p))
    call("prctl", SECCOMP, FILTER, ctypes.byref(program), 0, 0)


def first_to_end_where_memory_runs_short() -> None:
    try:
        with open("/proc/self/oom_score_adj", "w", encoding="ascii") as file:
            file.write("300")
    except OSError:
        pass  # some systems let nobody write there


def give_up_capabilities(uid: int | None) -> None:
    with open("/proc/sys/kernel/cap_last_cap", encoding="ascii") as file:
        last = int(file.read())
    for capability in range(last + 1):
        call("prctl", BOUNDING_DROP, capability, 0, 0, 0)
    if uid is not None:
        os.setgroups([])
        os.setresgid(uid, uid, uid)
        os.setresuid(uid, uid, uid)
    call("prctl", AMBIENT, CLEAR_ALL, 0, 0, 0)
    header, none = (ctypes.c_uint32 * 2)(CAPABILITY_VERSION_3, 0), (ctypes.c_uint32 * 6)()
    call("capset", ctypes.byref(header), ctypes.byref(none))
    call("prctl", DUMPABLE, 1, 0, 0, 0)  # as after a program is started; else its own /proc would be root's


def call(name: str, *arguments: object) -> None:
    if getattr(libc, name)(*arguments) < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{name}{arguments[:1]}: {os.strerror(number)}")
