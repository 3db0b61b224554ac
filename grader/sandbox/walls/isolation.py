"""How well student code can be kept apart on this machine, found out by trying rather than by the platform's name."""

import functools
import os
import subprocess
import sys
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from grader.errors import UsageError
from grader.model import Device, Isolation, Limits
from grader.sandbox.walls import confine, jail, landlock, seccomp, zygote
from grader.sandbox.walls.groups import Group
from grader.sandbox.walls.jail import Places, Plan, Shown
from grader.sandbox.walls.leftovers import remove

LEVELS = (Isolation.BUBBLEWRAP, Isolation.LANDLOCK)  # the best first
ROOMS = {Isolation.BUBBLEWRAP: jail, Isolation.LANDLOCK: landlock}
COUNTS = "import tensorflow as tf; print(len(tf.config.list_physical_devices('GPU')))"
PROBE = f"""
import msgspec, os, sys
os.listdir(sys.argv[1])
try:
    open({__file__!r})
except OSError:
    print('inside')
"""


def best_isolation(levels: tuple[Isolation, ...] = LEVELS) -> Isolation:
    return next((level for level in levels if why_not_jailed(level) is None), Isolation.NONE)


def insist_on_isolation(isolation: Isolation, count: int, allowed: bool) -> None:
    if isolation is Isolation.NONE and count > 1 and not allowed:
        raise UsageError(
            f"Without a jail, a batch of other people's code is not run: {why_unisolated()}. "
            "If you trust every notebook, add --allow-unisolated."
        )


def why_unisolated() -> str:
    return "; and ".join(filter(None, (why_not_jailed(level) for level in LEVELS)))


@functools.cache
def why_not_jailed(level: Isolation = Isolation.BUBBLEWRAP) -> str | None:
    """None when a jail works here, otherwise what stands in its way and what would help."""
    if level is Isolation.LANDLOCK and (abi := confine.abi()) < landlock.LEAST_ABI:
        offered = f"offers Landlock's ABI {abi}" if abi else "offers no Landlock"
        return f"this kernel {offered}, and ABI {landlock.LEAST_ABI} is needed (Linux 6.12 or later)"
    try:
        done = run_jailed(PROBE, level=level)
    except FileNotFoundError as missing:
        return f"bubblewrap cannot be started ({missing}); install it, for example with: apt install bubblewrap"
    except (ImportError, OSError, RuntimeError, subprocess.TimeoutExpired) as error:
        return f"the jail could not be made: {error}; check that {level} and libseccomp2 are installed"
    if done.returncode == 0 and done.stdout.strip() == "inside":
        return None
    return f"{level} does not work here: {(done.stderr or done.stdout).strip()[-300:]}"


def warm(isolation: Isolation, device: Device | None) -> bool:
    """Whether such kernels are forked from a zygote. On a GPU none is: no one has tried what CUDA makes of it."""
    return isolation is Isolation.BUBBLEWRAP and device is None and why_cold() is None


@functools.cache
def why_cold() -> str | None:
    """None where forks get into their jail, else what stands in their way; found out by trying."""
    if missing := why_not_jailed():
        return missing
    try:
        said = run_forked(PROBE)
    except (OSError, RuntimeError) as error:
        return f"a kernel cannot be forked into its jail: {error}"
    return None if said == "inside" else f"a kernel that was forked into its jail says: {said[-300:]}"


def sees_gpu(device: Device) -> bool:
    """Whether TensorFlow in a jail can use it; takes seconds."""
    try:
        done = run_jailed(COUNTS, seconds=120.0, device=device)
    except (OSError, ImportError, RuntimeError, subprocess.TimeoutExpired):
        return False
    return done.stdout.split()[-1:] == ["1"]


def run_jailed(
    program: str,
    seconds: float = 30.0,
    level: Isolation = Isolation.BUBBLEWRAP,
    device: Device | None = None,
) -> subprocess.CompletedProcess[str]:
    """A Python program in the jail that kernels get, without data; its argument is the data folder."""
    with planned(level, Shown(device=device)) as (places, plan, rules):
        inner = [sys.executable, "-s", "-P", "-c", program, places.data]
        return subprocess.run(
            ROOMS[level].command(inner, plan, rules),
            env=jail.environment(places, device),
            pass_fds=[rules],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=seconds,
            check=False,
        )


def run_forked(program: str, seconds: float = 30.0) -> str:
    """What the same program writes in a jail that it was forked into; raises OSError where it could not be."""
    with planned(Isolation.BUBBLEWRAP, Shown()) as (places, plan, rules), open(os.devnull, "rb") as nothing:
        inside = zygote.Inside(("-c", places.data), {}, uuid.uuid4().hex, nothing.fileno(), program)
        return zygote.forked(inside, Group(), plan, rules).said_in_all(seconds)


@contextmanager
def planned(level: Isolation, shown: Shown) -> Iterator[tuple[Places, Plan, int]]:
    """What is inside a jail, what it is made by, and the descriptor of its filter."""
    folder = Path(tempfile.mkdtemp(prefix="grader-", dir="/tmp"))
    try:
        with tempfile.TemporaryFile() as rules:
            seccomp.write_filter(rules, level)
            (folder / "sockets").mkdir()
            places = ROOMS[level].furnish(folder, 0, shown)
            yield places, Plan(0, shown, folder, Limits()), rules.fileno()
    finally:
        remove(folder)
