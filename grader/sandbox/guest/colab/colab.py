"""What a notebook finds of Google Colab here: its modules and magics, answered on the spot."""

import functools
import importlib
import os
import sys
import types
from collections.abc import Callable
from typing import Any

from .. import notes
from ..config import GuestConfig
from . import excuses, paths, quiet

IGNORED_MAGICS = ("tensorboard", "pip", "conda", "mamba", "uv", "bigquery", "autosave", "nbagg")


def install(config: GuestConfig) -> None:
    install_modules(config.home)
    from IPython import get_ipython  # noqa: PLC0415 - exists only inside a kernel

    if shell := get_ipython():
        install_magics(shell)


def install_modules(home: str) -> None:
    try:
        google: types.ModuleType = importlib.import_module("google")
    except ImportError:
        google = quiet.module("google", {})
    google.colab = quiet.module("google.colab", {})  # type: ignore[attr-defined]
    for name, members in _members(home).items():
        setattr(google.colab, name, quiet.module(f"google.colab.{name}", members))
    sys.meta_path.append(quiet.Finder("google.colab"))


def _members(home: str) -> dict[str, dict[str, Any]]:
    mount = functools.partial(mount_drive, home)
    return {
        "drive": {"mount": mount, "_mount": mount, "flush_and_unmount": nothing},
        "files": {"upload": upload, "upload_file": upload, "download": nothing, "view": nothing},
        "userdata": {
            "get": secret,
            "SecretNotFoundError": type("SecretNotFoundError", (Exception,), {}),
            "NotebookAccessError": type("NotebookAccessError", (Exception,), {}),
        },
        "patches": {"cv2_imshow": show},
        "auth": {"authenticate_user": nothing},
        "output": dict.fromkeys(("clear", "eval_js", "enable_custom_widget_manager", "no_vertical_scroll"), nothing),
        "runtime": {"unassign": nothing},
        "data_table": {
            "DataTable": lambda frame, *_, **__: frame,
            "load_ipython_extension": nothing,
            "enable_dataframe_formatter": nothing,
            "disable_dataframe_formatter": nothing,
        },
    }


def mount_drive(home: str, mountpoint: str = "/content/drive", *_: Any, **__: Any) -> None:
    notes.change("Google Drive was not mounted: course data is found without it, other files of yours are not here.")
    os.makedirs(os.path.join(home, "drive", "MyDrive"), exist_ok=True)
    if not os.path.lexists(os.path.join(home, "drive", "My Drive")):
        os.symlink("MyDrive", os.path.join(home, "drive", "My Drive"))
    print(f"Mounted at {mountpoint}")


class Uploaded(dict[str, bytes]):
    """No file; a name that is asked for all the same may be one of the course's."""

    def __missing__(self, name: str) -> bytes:
        file = paths.find(name)
        if file is None:
            raise KeyError(name)
        with open(file, "rb") as data:
            return data.read()


def upload(*_: Any, **__: Any) -> dict[str, bytes]:
    notes.change("files.upload() was answered with no file: nobody is there to choose one.")
    excuses.hollow(excuses.UPLOAD)
    return Uploaded()


def secret(key: str) -> str:
    notes.change(f"The Colab secret {key!r} was answered with an empty text.")
    excuses.hollow(excuses.UPLOAD)
    return ""


def show(image: Any) -> None:
    import IPython.display  # noqa: PLC0415 - cv2_imshow is rarely called
    from PIL import Image  # noqa: PLC0415

    IPython.display.display(
        Image.fromarray(image.clip(0, 255).astype("uint8")[..., ::-1] if image.ndim == 3 else image)
    )


def nothing(*_: Any, **__: Any) -> None:
    """Accepted and without effect here."""


def install_magics(shell: Any) -> None:
    shell.register_magic_function(ignored("tensorflow_version"), "line", "tensorflow_version")
    for name in IGNORED_MAGICS:
        shell.register_magic_function(ignored(name), "line_cell", name)
    shell.register_magic_function(tolerant_cd(shell.find_line_magic("cd")), "line", "cd")
    shell.register_magic_function(tolerant_load(shell.find_line_magic("load_ext")), "line", "load_ext")


def ignored(name: str) -> Callable[..., None]:
    def magic(line: str, cell: str | None = None) -> None:
        notes.change(f"%{name} {line}".strip() + " was ignored.")

    return magic


def tolerant_cd(original: Callable[[str], Any]) -> Callable[[str], Any]:
    def cd(line: str) -> Any:
        asked = line.strip().strip("'\"").replace("\\ ", " ")
        if asked and not asked.startswith("-") and not os.path.isdir(os.path.expanduser(asked)):
            notes.change(f"%cd {asked} stayed where it was: there is no such folder here.")
            return print(os.getcwd())
        if found := None if os.path.lexists(os.path.expanduser(asked)) else paths.find(asked):
            return original(found)
        return original(line)

    return cd


def tolerant_load(original: Callable[[str], Any]) -> Callable[[str], Any]:
    def load_ext(line: str) -> Any:
        if line.strip() in IGNORED_MAGICS:
            return notes.change(f"%load_ext {line} was ignored.")
        try:
            return original(line)
        except ImportError:
            notes.change(f"%load_ext {line} was ignored: it is not installed here.")

    return load_ext
