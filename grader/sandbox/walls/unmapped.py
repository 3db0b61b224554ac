"""What a kernel's processes hold beside the memory they have mapped, estimated where no control group counts it."""

import contextlib
import os
from collections.abc import Iterable

DESCRIPTORS = 1000  # of a kernel that are not counted; files, pipes and sockets of honest notebooks
DESCRIPTOR = 256 * 1024  # bytes that may lie in a socket until it is read
ENTRY = 1024  # bytes of an empty file in memory
MOUNTS = ("tmp", "home", "dev/shm")


def unmapped(pids: Iterable[int], most: int) -> int:
    """Bytes; `most` is how many descriptors a process may have, which is taken where it hides them."""
    pids = tuple(pids)
    open_ones = sum(descriptors(pid, most) for pid in pids)
    return max(open_ones - DESCRIPTORS, 0) * DESCRIPTOR + max(map(entries, pids), default=0) * ENTRY


def descriptors(pid: int, most: int) -> int:
    try:
        return len(os.listdir(f"/proc/{pid}/fd"))
    except PermissionError:
        return most
    except OSError:  # gone, or no Linux
        return 0


def entries(pid: int) -> int:
    """Files, folders and links on the mounts in memory that a jail has of its own."""
    total = 0
    for name in MOUNTS:
        with contextlib.suppress(OSError):
            inside = f"/proc/{pid}/root/{name}"
            if os.stat(inside).st_dev != os.stat(f"/{name}").st_dev:
                mount = os.statvfs(inside)
                total += mount.f_files - mount.f_ffree
    return total
