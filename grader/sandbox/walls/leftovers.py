"""Which kernel folders in /tmp belong to a grader that is gone, killed before it could tidy up, and may be removed."""

import contextlib
import fcntl
import functools
import os
import shutil
import stat
import tempfile
from pathlib import Path
from typing import IO

TMP = Path("/tmp")  # TMPDIR may be too long for a socket
PREFIX = "grader-kernel-"
OWNER = "owner"  # locked as long as its process lives; unlike a number, a lock cannot be another process's


def claimed_folder() -> tuple[Path, IO[bytes]]:
    """A new folder, and the lock that keeps it ours until it is closed."""
    sweep()
    folder = Path(tempfile.mkdtemp(prefix=PREFIX, dir=TMP))
    file = (folder / "claim").open("wb")
    fcntl.flock(file, fcntl.LOCK_EX)
    (folder / "claim").rename(folder / OWNER)
    return folder, file


@functools.cache
def sweep() -> None:
    """Once per process: remove what others left."""
    for folder in TMP.glob(f"{PREFIX}*"):
        with contextlib.suppress(OSError):
            entry = folder.lstat()
            if stat.S_ISDIR(entry.st_mode) and entry.st_uid == os.geteuid() and abandoned(folder / OWNER):
                remove(folder)


def abandoned(owner: Path) -> bool:
    with open(os.open(owner, os.O_RDONLY | os.O_NOFOLLOW), "rb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True


def remove(folder: Path) -> None:
    """With what a notebook has made unreadable in it, for which every folder is opened first."""
    shutil.rmtree(folder, ignore_errors=True)
    for here, below, _ in os.walk(folder):
        for name in below:
            with contextlib.suppress(OSError):
                if not os.path.islink(inside := os.path.join(here, name)):
                    os.chmod(inside, stat.S_IRWXU)
    shutil.rmtree(folder, ignore_errors=True)
