"""What a machine offers the grader, and what would make it better."""

import importlib.util
import os
import platform
import shutil

from grader.data.folder import data_folder
from grader.errors import GraderError
from grader.model import Isolation
from grader.sandbox.isolation import best_isolation, why_not_jailed, why_unisolated


def findings() -> list[tuple[str, bool, str]]:
    """(what, whether it is as it should be, a sentence) in the order of their importance."""
    return [
        isolation(),
        tensorflow(),
        gpu(),
        data(),
        browser(),
        (
            "machine",
            True,
            f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}",
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


def tensorflow() -> tuple[str, bool, str]:
    if importlib.util.find_spec("tensorflow") is None:
        return "tensorflow", False, "missing; install it with: pip install tensorflow"
    return "tensorflow", True, "installed."


def gpu() -> tuple[str, bool, str]:
    if shutil.which("nvidia-smi"):
        return "gpu", True, "an NVIDIA driver is there; running notebooks on a GPU has not been tried by us."
    return "gpu", True, "none found; notebooks run on the CPU."


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
