"""What a machine offers the grader, and what would make it better."""

import importlib.util
import os
import platform
import shutil
from collections import Counter

from grader.commands.course_needs import needs
from grader.commands.gpu_test import gpu_findings
from grader.course.folder import current_course
from grader.data.folder import data_folder
from grader.errors import GraderError
from grader.model import Isolation
from grader.running.gpus import Inventory, installed
from grader.running.slots import slots
from grader.sandbox.walls import groups
from grader.sandbox.walls.isolation import best_isolation, sees_gpu, why_cold, why_not_jailed, why_unisolated
from grader.wording.counting import quantity


def findings(tries_gpu: bool = False) -> list[tuple[str, bool, str]]:
    """(what, whether it is as it should be, a sentence) in the order of their importance."""
    return [
        isolation(),
        start(),
        limits(),
        tensorflow(),
        gpu(),
        *(gpu_findings() if tries_gpu else ()),
        data(),
        browser(),
        *needs(current_course()),
        (
            "machine",
            True,
            f"{platform.system()} {platform.machine()}, {quantity(os.cpu_count() or 1, 'core')}, "
            f"Python {platform.python_version()}",
        ),
    ]


def isolation() -> tuple[str, bool, str]:
    match best_isolation():
        case Isolation.BUBBLEWRAP:
            return "isolation", True, "bubblewrap works; student code runs in a jail."
        case Isolation.LANDLOCK:
            return "isolation", True, f"landlock works; a fuller jail is missing: {why_not_jailed()}."
        case _:
            return "isolation", False, f"none: {why_unisolated()}."


def start() -> tuple[str, bool, str]:
    """How a notebook's kernel comes up."""
    if (why := why_cold()) is None:
        return (
            "start",
            True,
            "warm: TensorFlow is loaded once, and notebooks' kernels are forked from there into their jails.",
        )
    return "start", True, f"cold: each notebook loads TensorFlow for itself, about 3 s: {why}."


def limits() -> tuple[str, bool, str]:
    """Who counts what a notebook takes."""
    if (why := groups.why_none()) is None:
        of = ", ".join(name for name in ("memory", *groups.OTHERS) if name in groups.places())
        return "limits", True, f"each notebook has a control group of its own for {of}."
    return (
        "limits",
        False,
        (
            f"{why}, so memory is added up by a watch, which sees less, and processors are shared out less strictly. "
            "Run as root, or as: systemd-run --user --scope -p Delegate=yes grader …"
        ),
    )


def tensorflow() -> tuple[str, bool, str]:
    if importlib.util.find_spec("tensorflow") is None:
        return "tensorflow", False, "missing; install it with: pip install tensorflow"
    return "tensorflow", True, "installed."


def gpu(inventory: Inventory = installed) -> tuple[str, bool, str]:
    found = inventory()
    if not found.gpus:
        return "gpu", True, f"none; notebooks run on the CPU: {found.why_none}"
    names = Counter(f"{gpu.name} ({gpu.free / 1024**3:.0f} of {gpu.total / 1024**3:.0f} GB free)" for gpu in found.gpus)
    told = ", ".join(f"{count} × {name}" for name, count in names.items())
    (slot,) = slots(found, memory=0, jobs=1)
    if slot.device is None:
        return "gpu", False, f"{told}: too full for a notebook; notebooks run on the CPU."
    if why_not_jailed() is None and not sees_gpu(slot.device):
        return "gpu", False, f"{told}: but TensorFlow in the jail does not see {slot.device.name}, so it uses the CPU."
    return "gpu", True, f"{told}: notebooks run there, which we have never tried; `grader doctor --gpu` does."


def data() -> tuple[str, bool, str]:
    try:
        return "data", True, data_folder(None).description
    except GraderError as trouble:
        return "data", False, str(trouble)


def browser() -> tuple[str, bool, str]:
    found = shutil.which("chromium") or shutil.which("google-chrome")
    return (
        "chromium",
        True,
        "there; the tests use it to look at pages." if found else "not found; only our own tests would use it.",
    )
