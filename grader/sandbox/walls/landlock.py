"""What a kernel confined by Landlock may open: the command that starts it where bubblewrap cannot be used.

It sees the machine's own folders under their own names and may open what is listed here. Landlock does not decide over
`stat`, `readlink` and what `access` tells: whether a file exists, how large it is and whose can be found out anywhere.
Nor does it decide over UDP, sockets with a name in a folder, chmod, chown and the like: the filter of system calls does
(seccomp.py). There are no namespaces: kernels share the machine's processes, which they can neither see nor signal.
"""

import json
import os
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

import psutil
from msgspec import structs

from grader.model import Device, Limits
from grader.sandbox.walls import confine, jail
from grader.sandbox.walls.hiding import covered
from grader.sandbox.walls.jail import Places, Plan, Shown

LEAST_ABI = 6  # of Linux 6.12; before it a notebook could signal the grader, and what is left could not be ended surely
LOOK = confine.READ_FILE | confine.READ_DIR
RUN = LOOK | confine.EXECUTE
WORK = confine.EVERYTHING & ~(confine.MAKE_CHAR | confine.MAKE_BLOCK | confine.IOCTL_DEV)
DEVICE = confine.READ_FILE | confine.WRITE_FILE
SHOWN_OF_ETC = (*jail.SHOWN_OF_ETC, "passwd", "group", "hosts", "nsswitch.conf")
SHOWN_OF_PROC = ("self", "cpuinfo", "meminfo", "stat", "loadavg", "uptime", "version", "filesystems")
DEVICES = ("null", "zero", "full", "random", "urandom")
KERNELS_AT_ONCE = 16  # whose processes count together where all run as the same uid
OWN_FOLDERS = ("home", "tmp", "sockets")


def furnish(folder: Path, slot: int, shown: Shown) -> Places:
    places = jail.places_below(folder, shown.data)
    if (uid := jail.uid_of(slot)) is not None:
        for own in (places.home, places.tmp):
            os.chown(own, uid, uid)
        folder.chmod(0o711)
    return places


def command(inner: Iterable[str], plan: Plan, filter_fd: int) -> list[str]:
    """The plan's folder holds the kernel's `home`, `tmp` and `sockets`, and `data` with links to the course's."""
    shown, folder = plan.shown, plan.folder
    allowed = [
        *_system(),
        *_device(shown.device),
        *((str(part.resolve()), LOOK) for part in shown.data.values()),
        *((str(folder / name), WORK) for name in OWN_FOLDERS),
        (str(folder / "data"), LOOK),
        (str(jail.GUEST), LOOK),
    ]
    software = (Path(sys.prefix), Path(sys.base_prefix), jail.GUEST, *shown.data.values())
    limits = _counted(plan.limits, jail.uid_of(plan.slot))
    start = [*jail.drop_privileges(plan.slot, _keys(software)), *jail.rlimits(limits, shown.device)]
    orders = {"allowed": allowed, "filter": filter_fd, "home": str(folder / "home"), "command": [*start, *inner]}
    (folder / "plan").write_text(json.dumps(orders), encoding="utf-8")  # too long for an argument
    return [sys.executable, "-I", "-S", "-B", confine.__file__, str(folder / "plan")]


def _system() -> Iterator[tuple[str, int]]:
    for name in ("bin", "sbin", "lib", "lib64", "lib32"):
        yield f"/{name}", RUN
    for shown in dict.fromkeys(Path(p) for p in ("/usr", sys.base_prefix, sys.prefix)):
        yield from without(covered(shown), shown.resolve())
    for name in SHOWN_OF_ETC:
        yield f"/etc/{name}", LOOK
    for name in SHOWN_OF_PROC:
        yield f"/proc/{name}", LOOK
    for name in DEVICES:
        yield f"/dev/{name}", DEVICE
    yield "/sys/devices/system", LOOK


def _device(device: Device | None) -> Iterator[tuple[str, int]]:
    """As in the full jail; no one has tried it with a card yet."""
    if device is None:
        return
    for name in (f"nvidia{device.minor}", *jail.GPU_CONTROLS):
        yield f"/dev/{name}", DEVICE | LOOK | confine.IOCTL_DEV
    for path in ("/sys", "/proc/driver/nvidia", "/proc/devices", "/proc/modules"):
        yield path, LOOK


def without(hidden: tuple[Path, ...], shown: Path) -> Iterator[tuple[str, int]]:
    """A rule holds for all below its folder, so a folder with something to hide in it is told by what else it holds."""
    if shown in hidden:
        return
    if not any(place.is_relative_to(shown) for place in hidden):
        yield str(shown), RUN
        return
    yield str(shown), confine.READ_DIR
    for entry in shown.iterdir():
        if not entry.is_symlink():
            yield from without(hidden, entry)


def _keys(shown: Iterable[Path]) -> tuple[str, ...]:
    """Started by root, the kernel's own uid may not get to the interpreter, in a home of mode 0700 for instance.

    bubblewrap shows it elsewhere; here the one capability to read and search past modes is kept, within what Landlock
    allows.
    """
    return () if all(_open_to_all(path.resolve()) for path in shown) else ("dac_read_search",)


def _open_to_all(folder: Path) -> bool:
    return folder.stat().st_mode & 0o005 == 0o005 and all(p.stat().st_mode & 0o001 for p in folder.parents)


def _counted(limits: Limits, uid: int | None) -> Limits:
    """The limit of processes counts all that run as its uid; without one of its own, also the user's other ones."""
    if uid is not None:
        return limits
    already = 0
    for process in psutil.process_iter(["uids", "num_threads"]):
        if process.info["uids"] and process.info["uids"].real == os.getuid():
            already += process.info["num_threads"] or 0
    return structs.replace(limits, processes=KERNELS_AT_ONCE * limits.processes + already)
