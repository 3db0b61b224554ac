"""Colab's /content and the machine's /tmp stand for folders of the kernel's own where they are not its to write to.

Python's own doors are covered; a shell command or TensorFlow's own writers meet the real places.
"""

import functools
import os
from collections.abc import Callable
from typing import Any

from ..config import GuestConfig
from . import paths

NOT_OURS = (FileNotFoundError, NotADirectoryError, PermissionError)
DOORS = ("stat", "lstat", "listdir", "scandir", "chdir", "open", "mkdir", "rmdir", "remove", "unlink", "listxattr")


def install(config: GuestConfig) -> None:
    """After paths: course data is looked for first."""
    own = {"content": config.home, "tmp": os.environ.get("TMPDIR", "/tmp")}
    for name in filter(functools.partial(hasattr, os), DOORS):
        paths.put(name, leading_home(getattr(os, name), own))
    paths.put_open(leading_home(open, own))


def leading_home(original: Callable[..., Any], own: dict[str, str]) -> Callable[..., Any]:
    """The same function, tried again in the kernel's own place when the one that was named is not there or not ours."""

    @functools.wraps(original)
    def call(path: Any = ".", *args: Any, **kwargs: Any) -> Any:
        try:
            return original(path, *args, **kwargs)
        except NOT_OURS:
            place = meant(path, own)
            if place is None:
                raise
        return original(place, *args, **kwargs)

    return call


def meant(path: Any, own: dict[str, str]) -> str | None:
    parts = paths.parts_of(path)
    if len(parts) < 2 or parts[0] or parts[1] not in own:
        return None
    place = os.path.join(own[parts[1]], *parts[2:])
    return None if place == os.sep.join(parts) else place
