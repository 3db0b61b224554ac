"""What a jailed kernel can see and do: the bubblewrap command line, and the environment it starts with.

Started by root, the jail has no user namespace (inside one, root's files would stay readable) and the kernel runs as
a uid of its own per slot; started by anybody else, it has a user namespace and can make no further one.
"""

import os
import shutil
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from msgspec import Struct

from grader.errors import UsageError
from grader.model import Device, Limits
from grader.sandbox.walls.hiding import covered
from grader.sandbox.walls.uids import first_uid

GUEST = Path(__file__).resolve().parents[1] / "guest"
FILE_LIMIT = 1024**3
OPEN_FILES = 1024  # of one process
SLACK = 2 * 1024**3  # address space a kernel maps and never touches; the watch over the process tree is the real limit
SHOWN_OF_ETC = (
    "ld.so.cache",
    "ld.so.conf",
    "ld.so.conf.d",
    "alternatives",
    "localtime",
    "fonts",
    "mime.types",
    "ssl/certs",
)
GPU_CONTROLS = ("nvidiactl", "nvidia-uvm", "nvidia-uvm-tools", "nvidia-modeset", "nvidia-caps")
KEPT_VARIABLES = (
    "OPENBLAS_CORETYPE",
    "MKL_ENABLE_INSTRUCTIONS",
    "ONEDNN_MAX_CPU_ISA",
    "TF_ENABLE_ONEDNN_OPTS",
)


class Places(Struct, frozen=True):
    """Folders by the names the kernel knows them under."""

    guest: str
    data: str
    home: str
    sockets: str
    tmp: str = "/tmp"


INSIDE = Places(guest="/guest", data="/data", home="/home/student", sockets="/sockets")


def uid_of(slot: int) -> int | None:
    """The uid a jailed kernel has outside; None when it is ours."""
    return first_uid() + slot if os.geteuid() == 0 else None


def environment(places: Places, device: Device | None = None) -> dict[str, str]:
    kept = {name: os.environ[name] for name in KEPT_VARIABLES if name in os.environ}
    threads = (
        "OMP_NUM_THREADS",
        "OPENBLAS_NUM_THREADS",
        "MKL_NUM_THREADS",
        "TF_NUM_INTRAOP_THREADS",
        "TF_NUM_INTEROP_THREADS",
    )
    return kept | dict.fromkeys(threads, "1") | {
        "PATH": f"{sys.prefix}/bin:/usr/local/bin:/usr/bin:/bin",
        "HOME": places.home,
        "TMPDIR": places.tmp,
        "USER": "student",
        "LOGNAME": "student",
        "LANG": "C.UTF-8",
        "PYTHONHASHSEED": "0",
        "PYTHONDONTWRITEBYTECODE": "1",
        "TF_CPP_MIN_LOG_LEVEL": "3",
        "HF_HUB_OFFLINE": "1",
        "TRANSFORMERS_OFFLINE": "1",
        "TRANSFORMERS_NO_ADVISORY_WARNINGS": "1",
        "TOKENIZERS_PARALLELISM": "false",
        "HDF5_USE_FILE_LOCKING": "FALSE",  # a lock on the course's data would be felt in every other jail
        "PIP_NO_INDEX": "1",
        "COLAB_RELEASE_TAG": "local",
        "CUDA_VISIBLE_DEVICES": device.uuid if device else "-1",
        "TF_FORCE_GPU_ALLOW_GROWTH": "true",
    }  # fmt: skip


Parts = Mapping[str, Path]  # of the course's data, by the names of their folders: trees, snli …


class Shown(Struct, frozen=True):
    """What of the machine one jail has beside the software."""

    data: Parts = {}
    device: Device | None = None


class Plan(Struct, frozen=True):
    """What one jail is made by. `folder` holds `sockets`, shared with the kernel, and `etc`, shown to it."""

    slot: int
    shown: Shown
    folder: Path
    limits: Limits


def places_below(folder: Path, data: Parts) -> Places:
    """Make what a kernel finds in `folder` where no mount shows other places to it."""
    for name in ("home", "tmp"):
        (folder / name).mkdir(mode=0o700)
    (folder / "data").mkdir(mode=0o755)
    for name, part in data.items():
        (folder / "data" / name).symlink_to(part.resolve())
    home, sockets, seen, tmp = (str(folder / name) for name in ("home", "sockets", "data", "tmp"))
    return Places(guest=str(GUEST), data=seen, home=home, sockets=sockets, tmp=tmp)


def furnish(folder: Path, slot: int, shown: Shown) -> Places:
    """Make what is shown to the kernel beside its sockets."""
    insist_on_readable(shown.data, uid_of(slot))
    write_etc(folder / "etc", uid_of(slot))
    return INSIDE


def command(inner: Iterable[str], plan: Plan, filter_fd: int, info_fd: int | None = None) -> list[str]:
    """`info_fd` is told the first pid inside."""
    bwrap = shutil.which("bwrap")
    if bwrap is None:
        raise FileNotFoundError("bwrap")
    return [
        bwrap,
        *_namespaces(),
        *_system(plan.limits, plan.folder),
        *_software(),
        *("--ro-bind", str(GUEST), INSIDE.guest, "--perms", "0755", "--dir", INSIDE.data),
        *_data(plan.shown.data),
        *("--bind", str(plan.folder / "sockets"), INSIDE.sockets),
        *_device(plan.shown.device),
        *("--remount-ro", "/dev", "--remount-ro", "/", "--chdir", INSIDE.home, "--seccomp", str(filter_fd)),
        *(() if info_fd is None else ("--info-fd", str(info_fd))),
        "--",
        *drop_privileges(plan.slot),
        *rlimits(plan.limits, plan.shown.device),
        *inner,
    ]


def _namespaces() -> list[str]:
    shared = ["--unshare-pid", "--unshare-net", "--unshare-ipc", "--unshare-uts", "--unshare-cgroup-try"]
    shared += ["--die-with-parent", "--new-session", "--hostname", "colab", "--cap-drop", "ALL"]
    if os.geteuid() == 0:
        return [*shared, "--cap-add", "CAP_SETUID", "--cap-add", "CAP_SETGID", "--cap-add", "CAP_SETPCAP"]
    return ["--unshare-user", "--disable-userns", *shared]


def _system(limits: Limits, folder: Path) -> list[str]:
    """The operating system and the sized places to write to, which come before anything bound below them."""
    disk = str(limits.disk)
    out = ["--ro-bind", "/usr", "/usr"]
    for name in ("bin", "sbin", "lib", "lib64", "lib32"):
        link = Path("/", name)
        if link.is_symlink():
            out += ["--symlink", os.readlink(link), str(link)]
        elif link.is_dir():
            out += ["--ro-bind", str(link), str(link)]
    for name in SHOWN_OF_ETC:
        out += ["--ro-bind-try", f"/etc/{name}", f"/etc/{name}"]
    for file in sorted((folder / "etc").iterdir()):
        out += ["--ro-bind", str(file), f"/etc/{file.name}"]
    out += ["--proc", "/proc", "--dev", "/dev"]
    out += [
        "--perms",
        "1777",
        "--size",
        disk,
        "--tmpfs",
        "/tmp",
        "--perms",
        "1777",
        "--size",
        disk,
        "--tmpfs",
        "/dev/shm",
    ]
    out += ["--perms", "0777", "--size", disk, "--tmpfs", "/home", "--perms", "0777", "--dir", INSIDE.home]
    return [*out, "--symlink", INSIDE.home, "/content"]  # where Colab works


def _software() -> list[str]:
    """The interpreter and its packages, without anything of ours that was installed among them."""
    out = []
    for shown in dict.fromkeys(Path(p) for p in ("/usr", sys.base_prefix, sys.prefix)):
        if not shown.is_relative_to("/usr"):
            for parent in reversed(shown.parents[:-1]):  # which bubblewrap would make for its own uid alone
                out += ["--perms", "0755", "--dir", str(parent)]
            out += ["--ro-bind", str(shown), str(shown)]
        for place in covered(shown):
            seen_at = str(shown / place.relative_to(shown.resolve()))
            out += ["--tmpfs", seen_at] if place.is_dir() else ["--ro-bind", "/dev/null", seen_at]
    return out


def _data(parts: Parts) -> list[str]:
    bound = [("--ro-bind", str(part.resolve()), f"{INSIDE.data}/{name}") for name, part in parts.items()]
    return [word for words in bound for word in words]


def _device(device: Device | None) -> list[str]:
    """One GPU and what all of them are reached through; the others are not there."""
    if device is None:
        return []
    nodes = [f"/dev/{name}" for name in (f"nvidia{device.minor}", *GPU_CONTROLS)]
    return ["--ro-bind-try", "/sys", "/sys", *(word for node in nodes for word in ("--dev-bind-try", node, node))]


def insist_on_readable(data: Parts, uid: int | None) -> None:
    """A folder that only root can read would look to the notebook like missing data, and cost the student points."""
    if uid is None:
        return
    for place in data.values():
        if place.stat().st_mode & 0o005 != 0o005:
            raise UsageError(
                f"The data folder {place} cannot be read by notebooks, which run as uid {uid}; "
                f"run: chmod -R a+rX {place}"
            )


def drop_privileges(slot: int, kept: Sequence[str] = ()) -> list[str]:
    """`kept` are capabilities as setpriv names them."""
    uid = uid_of(slot)
    if uid is None:
        return []
    who = [f"--reuid={uid}", f"--regid={uid}", "--clear-groups"]
    keys = ",".join(["-all", *(f"+{name}" for name in kept)])
    return [
        "/usr/bin/setpriv",
        *who,
        f"--inh-caps={keys}",
        f"--ambient-caps={keys}",
        f"--bounding-set={keys}",
        "--no-new-privs",
    ]


def rlimits(limits: Limits, device: Device | None) -> list[str]:
    return ["/usr/bin/prlimit", *(f"--{name}={size}" for name, size in sizes(limits, device).items())]


def sizes(limits: Limits, device: Device | None) -> dict[str, int]:
    """What one process may have, by the names of prlimit."""
    found = {"core": 0, "nproc": limits.processes, "fsize": FILE_LIMIT, "nofile": OPEN_FILES}
    if device is None:  # CUDA maps many times what it touches
        found["data"] = limits.memory + SLACK
    return found


def write_etc(folder: Path, uid: int | None) -> None:
    """Who the kernel is, and no way to a name server."""
    number = os.getuid() if uid is None else uid
    group = os.getgid() if uid is None else uid
    folder.mkdir(mode=0o755)
    for name, text in {
        "passwd": f"student:x:{number}:{group}::{INSIDE.home}:/bin/bash\n",
        "group": f"student:x:{group}:\n",
        "hosts": "127.0.0.1 localhost colab\n",
        "nsswitch.conf": "passwd: files\ngroup: files\nhosts: files\n",
    }.items():
        (folder / name).write_text(text)
