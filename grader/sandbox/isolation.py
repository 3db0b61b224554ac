"""How well student code can be kept apart on this machine, found out by trying rather than by the platform's name."""

import functools
import subprocess
import sys
import tempfile
from pathlib import Path

from grader.errors import UsageError
from grader.model import Device, Isolation, Limits
from grader.sandbox import jail, seccomp

PROBE = "import msgspec, os; os.listdir('/data'); print('inside')"
COUNTS = "import tensorflow as tf; print(len(tf.config.list_physical_devices('GPU')))"


def best_isolation() -> Isolation:
    return Isolation.NONE if why_not_jailed() else Isolation.BUBBLEWRAP


def insist_on_isolation(isolation: Isolation, count: int, allowed: bool) -> None:
    if isolation is Isolation.NONE and count > 1 and not allowed:
        raise UsageError(
            f"Without a jail, a batch of other people's code is not run: {why_not_jailed()}. "
            "If you trust every notebook, add --allow-unisolated."
        )


@functools.cache
def why_not_jailed() -> str | None:
    """None when a jail works here, otherwise what stands in its way and what would help."""
    try:
        done = run_jailed(PROBE)
    except FileNotFoundError as missing:
        return f"bubblewrap cannot be started ({missing}); install it, for example with: apt install bubblewrap"
    except (ImportError, OSError, RuntimeError, subprocess.TimeoutExpired) as error:
        return f"the jail could not be made: {error}; check that bubblewrap and libseccomp2 are installed"
    if done.returncode == 0 and done.stdout.strip() == "inside":
        return None
    return f"bubblewrap does not work here: {(done.stderr or done.stdout).strip()[-300:]}"


def sees_gpu(device: Device) -> bool:
    """Whether TensorFlow in a jail can use it; takes seconds."""
    try:
        done = run_jailed(COUNTS, seconds=120.0, device=device)
    except (OSError, ImportError, RuntimeError, subprocess.TimeoutExpired):
        return False
    return done.stdout.split()[-1:] == ["1"]


def run_jailed(
    program: str, seconds: float = 30.0, device: Device | None = None
) -> subprocess.CompletedProcess[str]:
    """A Python program in the jail that kernels get, without data."""
    with tempfile.TemporaryDirectory(prefix="grader-", dir="/tmp") as name, tempfile.TemporaryFile() as rules:
        folder = Path(name)
        seccomp.write_filter(rules)
        rules.seek(0)
        (folder / "sockets").mkdir()
        jail.write_etc(folder / "etc", jail.uid_of(0))
        inner = [sys.executable, "-s", "-P", "-c", program]
        return subprocess.run(
            jail.command(inner, 0, jail.Shown(device=device), folder, Limits(), rules.fileno()),
            env=jail.environment(jail.INSIDE, device),
            pass_fds=[rules.fileno()],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=seconds,
            check=False,
        )
